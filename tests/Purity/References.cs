using System;
using System.Collections.Generic;
using System.Reflection;
using System.Reflection.Emit;

namespace Deterministic.Tests.Purity;

/// <summary>One thing that a member of a checked type refers to: from where, and what.</summary>
public sealed record Reference(string From, Type Type, MemberInfo? Member);

/// <summary>
/// Everything that compiled code refers to, read from its metadata and its instructions: what was written in the
/// source does
/// not matter here, only what the compiler made of it (a <c>lock</c> is a call of Monitor, a <c>foreach</c> an
/// enumerator).
/// </summary>
public static class References
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> Codes = ReadOpCodes();

    /// <summary>References of one type, of its members and of the types nested in it.</summary>
    public static IEnumerable<Reference> Of(Type type)
    {
        var from = type.FullName!;
        if (type.BaseType is { } parent)
        {
            yield return new Reference(from, parent, null);
        }

        foreach (var contract in type.GetInterfaces())
        {
            yield return new Reference(from, contract, null);
        }

        foreach (var field in type.GetFields(All))
        {
            yield return new Reference($"{from}.{field.Name}", field.FieldType, null);
        }

        foreach (var method in Methods(type))
        {
            foreach (var reference in OfMethod($"{from}.{method.Name}", method))
            {
                yield return reference;
            }
        }

        foreach (var nested in type.GetNestedTypes(All))
        {
            foreach (var reference in Of(nested))
            {
                yield return reference;
            }
        }
    }

    private static IEnumerable<MethodBase> Methods(Type type)
    {
        foreach (var method in type.GetMethods(All))
        {
            yield return method;
        }

        foreach (var constructor in type.GetConstructors(All))
        {
            yield return constructor;
        }
    }

    private static IEnumerable<Reference> OfMethod(string from, MethodBase method)
    {
        if (method is MethodInfo { ReturnType: var returned })
        {
            yield return new Reference(from, returned, null);
        }

        foreach (var parameter in method.GetParameters())
        {
            yield return new Reference(from, parameter.ParameterType, null);
        }

        if (method.GetMethodBody() is not { } body)
        {
            yield break;
        }

        foreach (var local in body.LocalVariables)
        {
            yield return new Reference(from, local.LocalType, null);
        }

        foreach (var token in Tokens(body.GetILAsByteArray()!))
        {
            if (Resolve(method, token) is { } member)
            {
                yield return new Reference(from, member as Type ?? member.DeclaringType!, member as Type is null ? member : null);
            }
        }
    }

    private static MemberInfo? Resolve(MethodBase method, int token)
    {
        var typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        return method.Module.ResolveMember(token, typeArguments, methodArguments);
    }

    private static IEnumerable<int> Tokens(byte[] code)
    {
        for (var at = 0; at < code.Length;)
        {
            var value = code[at] == 0xFE ? unchecked((short)(0xFE00 | code[at + 1])) : code[at];
            at += code[at] == 0xFE ? 2 : 1;
            var operand = Codes[value].OperandType;
            if (operand is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
            {
                yield return BitConverter.ToInt32(code, at);
            }

            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }
    }

    private static Dictionary<short, OpCode> ReadOpCodes()
    {
        var codes = new Dictionary<short, OpCode>();
        foreach (var field in typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            var code = (OpCode)field.GetValue(null)!;
            codes[code.Value] = code;
        }

        return codes;
    }
}
