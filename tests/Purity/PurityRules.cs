using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Deterministic.Tests.Purity;

/// <summary>
/// What kernel code may refer to: an allow-list of types, and a short list of members of allowed types that would
/// bring in
/// a process-random hash code, an unspecified order, or the machine.
/// </summary>
public static class PurityRules
{
    private static readonly string[] AllowedNamespaces =
    [
        "System.Buffers", "System.Buffers.Binary", "System.Buffers.Text", "System.Numerics", "System.Text",
        "System.Runtime.Intrinsics", "System.Runtime.Intrinsics.X86", "System.Runtime.Intrinsics.Arm",
        "System.Diagnostics.CodeAnalysis", "System.Runtime.CompilerServices", "System.Runtime.InteropServices",
        "System.Globalization", "System.Text.Unicode",
    ];

    private static readonly HashSet<string> Allowed = new(StringComparer.Ordinal)
    {
        "System.Object", "System.ValueType", "System.Enum", "System.Void", "System.Boolean", "System.Byte", "System.SByte",
        "System.Int16", "System.UInt16", "System.Int32", "System.UInt32", "System.Int64", "System.UInt64", "System.Int128",
        "System.UInt128", "System.IntPtr", "System.UIntPtr", "System.Char", "System.Double", "System.Single", "System.String",
        "System.StringComparison", "System.StringComparer", "System.Array", "System.Attribute", "System.Delegate",
        "System.IConvertible", "System.ICloneable", "System.Text.Unicode.Utf8",
        "System.Runtime.Serialization.ISerializable", "System.MulticastDelegate",
        "System.IAsyncResult", "System.AsyncCallback",
        "System.Exception", "System.ArgumentException", "System.ArgumentNullException", "System.ArgumentOutOfRangeException",
        "System.InvalidOperationException", "System.NotSupportedException", "System.FormatException", "System.OverflowException",
        "System.Nullable", "System.Nullable`1", "System.Span`1", "System.ReadOnlySpan`1", "System.Memory`1",
        "System.ReadOnlyMemory`1", "System.MemoryExtensions", "System.Math", "System.BitConverter", "System.Range",
        "System.Index", "System.IDisposable", "System.IComparable", "System.IComparable`1", "System.IEquatable`1",
        "System.IFormattable", "System.ISpanFormattable", "System.IUtf8SpanFormattable", "System.IFormatProvider",
        "System.FormattableString", "System.Type", "System.RuntimeTypeHandle", "System.RuntimeFieldHandle",
        "System.RuntimeMethodHandle", "System.Convert", "System.Buffer",
        "System.Comparison`1", "System.Predicate`1", "System.Action", "System.Func`1", "System.GC", "System.Environment",
        "System.Collections.IEnumerator", "System.Collections.IEnumerable", "System.Collections.IList",
        "System.Collections.ICollection", "System.Collections.IComparer", "System.Collections.IEqualityComparer",
        "System.Collections.IStructuralEquatable", "System.Collections.IStructuralComparable",
        "System.Collections.Generic.IEnumerator`1", "System.Collections.Generic.IEnumerable`1",
        "System.Collections.Generic.ICollection`1", "System.Collections.Generic.IList`1",
        "System.Collections.Generic.IReadOnlyList`1", "System.Collections.Generic.IReadOnlyCollection`1",
        "System.Collections.Generic.IComparer`1", "System.Collections.Generic.Comparer`1",
        "System.Collections.Generic.IEqualityComparer`1", "System.Collections.Generic.EqualityComparer`1",
        "System.Collections.Generic.List`1", "System.Collections.Generic.List`1+Enumerator",
        "System.Collections.Generic.Queue`1", "System.Collections.Generic.Queue`1+Enumerator",
        "System.Collections.Generic.Stack`1", "System.Collections.Generic.PriorityQueue`2",
        "System.Collections.Generic.LinkedList`1", "System.Collections.Generic.LinkedListNode`1",
        "System.Collections.Generic.LinkedList`1+Enumerator",
        "System.Collections.Generic.Dictionary`2", "System.Collections.Generic.HashSet`1",
        "System.Collections.Generic.SortedDictionary`2", "System.Collections.Generic.SortedDictionary`2+Enumerator",
        "System.Collections.Generic.SortedDictionary`2+KeyCollection",
        "System.Collections.Generic.SortedDictionary`2+KeyCollection+Enumerator",
        "System.Collections.Generic.SortedDictionary`2+ValueCollection",
        "System.Collections.Generic.SortedDictionary`2+ValueCollection+Enumerator",
        "System.Collections.Generic.SortedSet`1", "System.Collections.Generic.SortedSet`1+Enumerator",
        "System.Collections.Generic.SortedList`2",
        "System.Collections.Generic.KeyValuePair`2", "System.Collections.Generic.KeyValuePair",
        "System.Collections.Generic.CollectionExtensions",
        "System.Collections.Generic.KeyNotFoundException",
    };

    /// <summary>
    /// Compression is a pure function of its bytes, done by libraries that work on streams and pools: they are
    /// allowed in
    /// this one namespace and nowhere else.
    /// </summary>
    private const string CompressionRoom = "Deterministic.Protocol.Compression.";

    private static readonly string[] AllowedInCompression =
    [
        "System.IO.MemoryStream", "System.IO.UnmanagedMemoryStream", "System.IO.Stream", "System.IO.InvalidDataException",
        "System.IO.EndOfStreamException", "System.IO.IOException", "System.IO.SeekOrigin",
        // What our own Stream inherits, and what the catch around foreign code lets pass.
        "System.IAsyncDisposable", "System.OutOfMemoryException",
        "System.IO.Compression.GZipStream", "System.IO.Compression.CompressionLevel",
        "System.IO.Compression.CompressionMode", "System.IO.Compression.ZLibCompressionOptions",
    ];

    private static readonly string[] LibrariesOfCompression = ["Snappier", "K4os.", "ZstdSharp"];

    private static readonly HashSet<string> BannedMembers = new(StringComparer.Ordinal)
    {
        "System.Object.GetHashCode", "System.String.GetHashCode", "System.ValueType.GetHashCode",
        "System.Collections.Generic.Dictionary`2.GetEnumerator", "System.Collections.Generic.Dictionary`2.get_Keys",
        "System.Collections.Generic.Dictionary`2.get_Values", "System.Collections.Generic.HashSet`1.GetEnumerator",
        "System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode", "System.Type.GetType", "System.Object.GetType",
        "System.Globalization.CultureInfo.get_CurrentCulture", "System.Globalization.CultureInfo.get_CurrentUICulture",
        "System.Math.Sin", "System.Math.Cos", "System.Math.Tan", "System.Math.Exp", "System.Math.Log", "System.Math.Pow",
        "System.Math.Log2", "System.Math.Log10",
    };

    private static readonly HashSet<string> AllowedMembersOfGuardedTypes = new(StringComparer.Ordinal)
    {
        // Pinned and uninitialised arrays for lent memory; nothing that observes the collector.
        "System.GC.AllocateUninitializedArray", "System.GC.AllocateArray",
        // What an iterator's compiled form asks for when it is also an IEnumerable; it only decides whether to
        // clone itself.
        "System.Environment.get_CurrentManagedThreadId",
    };

    private static readonly string[] GuardedTypes = ["System.GC", "System.Environment"];

    /// <summary>Why this reference may not stand in kernel code; null where it may.</summary>
    public static string? Objection(Reference reference)
    {
        var type = Definition(reference.Type);
        if (type.IsGenericParameter || IsOurs(type))
        {
            return null;
        }

        var name = type.FullName ?? type.Name;
        if (!IsAllowed(reference.From, type, name))
        {
            return $"{reference.From} refers to {name}";
        }

        if (reference.Member is not { } member)
        {
            return null;
        }

        var full = $"{name}.{member.Name}";
        var isRecordsOwnHash = reference.From.EndsWith(".GetHashCode", StringComparison.Ordinal);
        if (BannedMembers.Contains(full) && !isRecordsOwnHash)
        {
            return $"{reference.From} calls {full}";
        }

        return GuardedTypes.Contains(name) && !AllowedMembersOfGuardedTypes.Contains(full)
            ? $"{reference.From} calls {full}"
            : null;
    }

    /// <summary>Static fields that can change after the type was initialised: state outside every node.</summary>
    public static IEnumerable<string> MutableStatics(Type type)
    {
        const BindingFlags statics =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (var field in type.GetFields(statics))
        {
            // The compiler keeps delegates made from static lambdas in such fields; they are written once, with one
            // value.
            var isCompilers = type.IsDefined(typeof(CompilerGeneratedAttribute)) || type.Name.StartsWith('<');
            if (!field.IsInitOnly && !field.IsLiteral && !isCompilers)
            {
                yield return $"{type.FullName}.{field.Name} is a static that can change";
            }
        }
    }

    private static bool IsAllowed(string from, Type type, string name)
    {
        if (Allowed.Contains(name) || name.StartsWith("System.ValueTuple", StringComparison.Ordinal)
            || name.StartsWith("System.Func`", StringComparison.Ordinal)
            || name.StartsWith("System.Action`", StringComparison.Ordinal))
        {
            return true;
        }

        if (from.StartsWith(CompressionRoom, StringComparison.Ordinal)
            && (AllowedInCompression.Contains(name)
                || LibrariesOfCompression.Any(library => type.Namespace?.StartsWith(library, StringComparison.Ordinal) == true)))
        {
            return true;
        }

        return AllowedNamespaces.Contains(type.Namespace) && !IsAsync(name);
    }

    /// <summary>The compiler services hold what async methods and hidden state machines are made of.</summary>
    private static bool IsAsync(string name) =>
        name.Contains("Async", StringComparison.Ordinal)
        || name.Contains("Awaiter", StringComparison.Ordinal)
        || name.Contains("ConditionalWeakTable", StringComparison.Ordinal);

    private static bool IsOurs(Type type) =>
        type.Assembly.GetName().Name!.StartsWith("Deterministic.", StringComparison.Ordinal);

    private static Type Definition(Type type)
    {
        while (type.HasElementType)
        {
            type = type.GetElementType()!;
        }

        return type.IsGenericType ? type.GetGenericTypeDefinition() : type;
    }
}
