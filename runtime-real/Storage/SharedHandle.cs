using System;
using Deterministic.Primitives;
using Microsoft.Win32.SafeHandles;

namespace Deterministic.Runtime.Real.Storage;

/// <summary>
/// An open file that several may need: the file table, a flush under way, an answer not yet sent. Whoever lets go last
/// closes it. Counted by the node's thread alone; helper threads use what the node's thread holds for them.
/// </summary>
internal sealed class SharedHandle
{
    private int _holders = 1;

    public SharedHandle(SafeFileHandle handle)
    {
        Handle = handle;
    }

    public SafeFileHandle Handle { get; }

    public SharedHandle Share()
    {
        Invariant.Check(_holders > 0);
        _holders++;
        return this;
    }

    public void Release()
    {
        Invariant.Check(_holders > 0);
        if (--_holders == 0)
        {
            Handle.Dispose();
        }
    }
}
