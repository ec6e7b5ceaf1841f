using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Deterministic.Tests.Tidy;

/// <summary>
/// The shape of the code as a test: sizes, leftovers, and words that hide what a thing is. No exceptions are listed.
/// </summary>
public sealed class TidyTests
{
    private const int MaxFileLines = 600;
    private const int MaxTestFileLines = 500;
    private const int MaxMethodLines = 60;
    private const int MaxParameters = 6;
    private const int MaxLineLength = 130;
    private const int MaxFields = 18;

    private static readonly string[] BannedWords =
        ["Manager", "Helper", "Util", "Utils", "Processor", "Service", "Info"];

    private static readonly Lazy<List<(string File, SyntaxNode Root)>> Parsed = new(() =>
        [.. SourceTree.WithEnding(".cs").Select(file => (file, Parse(file)))]);

    [Fact]
    public void Files_are_no_longer_than_a_reader_can_hold()
    {
        var broken = SourceTree.WithEnding(".cs")
            .Select(file => (File: file, Lines: SourceTree.Read(file).Count(c => c == '\n')))
            .Where(x => x.Lines > (x.File.StartsWith("tests/", StringComparison.Ordinal) ? MaxTestFileLines : MaxFileLines))
            .Select(x => $"{x.File}: {x.Lines} lines");
        AssertNone(broken);
    }

    [Fact]
    public void Methods_fit_on_a_page()
    {
        var broken =
            from tree in Parsed.Value
            from method in tree.Root.DescendantNodes().OfType<BaseMethodDeclarationSyntax>()
            let lines = LinesOf(method)
            where lines > MaxMethodLines
            select $"{tree.File}: {NameOf(method)} has {lines} lines";
        AssertNone(broken);
    }

    [Fact]
    public void Methods_take_few_parameters()
    {
        var broken =
            from tree in Parsed.Value
            from method in tree.Root.DescendantNodes().OfType<BaseMethodDeclarationSyntax>()
            where method.ParameterList.Parameters.Count > MaxParameters
            select $"{tree.File}: {NameOf(method)} takes {method.ParameterList.Parameters.Count} parameters";
        AssertNone(broken);
    }

    [Fact]
    public void Kernel_types_have_few_fields()
    {
        var broken =
            from tree in Parsed.Value
            where tree.File.StartsWith("kernel/Broker/", StringComparison.Ordinal)
            from type in tree.Root.DescendantNodes().OfType<TypeDeclarationSyntax>()
            let fields = type.Members.OfType<FieldDeclarationSyntax>()
                .Count(field => !field.Modifiers.Any(SyntaxKind.ConstKeyword) && !field.Modifiers.Any(SyntaxKind.StaticKeyword))
            where fields > MaxFields && type.Identifier.Text != "Effects"
            select $"{tree.File}: {type.Identifier} has {fields} fields";
        AssertNone(broken);
    }

    [Fact]
    public void Lines_are_short_and_clean()
    {
        var broken = new List<string>();
        foreach (var file in SourceTree.WithEnding(".cs"))
        {
            var number = 0;
            foreach (var line in SourceTree.Read(file).Split('\n'))
            {
                number++;
                if (line.Length > MaxLineLength || line.Contains('\t') || line.EndsWith(' ') || line.EndsWith('\r'))
                {
                    broken.Add($"{file}:{number}: {line.Length} characters, or a tab, or white space at the end");
                }
            }
        }

        AssertNone(broken);
    }

    [Fact]
    public void Nothing_unfinished_is_left()
    {
        string[] words = ["FIX" + "ME", "TO" + "DO", "HA" + "CK", "NotImplemented" + "Exception", "#reg" + "ion"];
        var broken =
            from file in SourceTree.WithEnding(".cs")
            let text = SourceTree.Read(file)
            from word in words
            where text.Contains(word, StringComparison.Ordinal)
            select $"{file}: {word}";
        AssertNone(broken);
    }

    [Fact]
    public void Kernel_type_names_say_what_a_thing_is()
    {
        var broken =
            from tree in Parsed.Value
            where tree.File.StartsWith("kernel/", StringComparison.Ordinal)
            from type in tree.Root.DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
            where BannedWords.Any(word => type.Identifier.Text.EndsWith(word, StringComparison.Ordinal))
            select $"{tree.File}: {type.Identifier}";
        AssertNone(broken);
    }

    [Fact]
    public void Types_are_not_split_over_files()
    {
        var broken =
            from tree in Parsed.Value
            from type in tree.Root.DescendantNodes().OfType<TypeDeclarationSyntax>()
            where type.Modifiers.Any(SyntaxKind.PartialKeyword)
            let isForGenerator = type.DescendantNodes().OfType<MethodDeclarationSyntax>()
                .Any(method => method.Modifiers.Any(SyntaxKind.PartialKeyword))
            where !isForGenerator
            select $"{tree.File}: {type.Identifier} is partial";
        AssertNone(broken);
    }

    [Fact]
    public void Kernel_files_open_with_what_they_are()
    {
        var broken =
            from tree in Parsed.Value
            where tree.File.StartsWith("kernel/", StringComparison.Ordinal)
            let type = tree.Root.DescendantNodes().OfType<BaseTypeDeclarationSyntax>().FirstOrDefault()
            where type is not null && !type.GetLeadingTrivia().Any(trivia => trivia.HasStructure)
            select $"{tree.File}: {type.Identifier} has no header";
        AssertNone(broken);
    }

    private static SyntaxNode Parse(string file) =>
        CSharpSyntaxTree.ParseText(
            SourceTree.Read(file),
            new CSharpParseOptions(LanguageVersion.Preview, DocumentationMode.Parse)).GetRoot();

    private static int LinesOf(SyntaxNode node)
    {
        var span = node.SyntaxTree.GetLineSpan(node.Span);
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static string NameOf(BaseMethodDeclarationSyntax method) => method switch
    {
        MethodDeclarationSyntax named => named.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        _ => method.Kind().ToString(),
    };

    private static void AssertNone(IEnumerable<string> broken)
    {
        var all = broken.ToList();
        Assert.True(all.Count == 0, string.Join('\n', all));
    }
}
