using System.Runtime.InteropServices;

namespace Deterministic.Runtime.Real.Native;

/// <summary>
/// The few error numbers of Linux that are answered in a particular way, and the words for all of them.
/// </summary>
internal static class Errno
{
    public const int Interrupted = 4;
    public const int TryAgain = 11;
    public const int Invalid = 22;
    public const int NotSupported = 95;

    /// <summary>The number the last call of this thread left behind.</summary>
    public static int Last => Marshal.GetLastPInvokeError();

    /// <summary>For example "fdatasync: No space left on device (errno 28)".</summary>
    public static string Describe(string call, int number) =>
        System.FormattableString.Invariant($"{call}: {Marshal.GetPInvokeErrorMessage(number)} (errno {number})");
}
