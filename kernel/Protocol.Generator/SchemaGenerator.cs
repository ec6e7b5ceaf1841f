using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Deterministic.Protocol.Generator;

/// <summary>
/// The compiler's side: each schema file becomes one source file, all of them together become the API table.
/// A file whose text has not changed is not read again.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class SchemaGenerator : IIncrementalGenerator
{
    private static readonly DiagnosticDescriptor Broken = new DiagnosticDescriptor(
        "DET001", "Schema cannot be read", "{0}", "Schemas", DiagnosticSeverity.Error, isEnabledByDefault: true);

    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var files = context.AdditionalTextsProvider
            .Where(text => text.Path.EndsWith(".schema", StringComparison.Ordinal))
            .Select(ReadFile);
        context.RegisterSourceOutput(files, EmitFile);
        context.RegisterSourceOutput(files.Collect(), EmitTable);
    }

    private static (string Path, string Text) ReadFile(AdditionalText file, CancellationToken cancellation) =>
        (file.Path, file.GetText(cancellation)?.ToString() ?? "");

    private static void EmitFile(SourceProductionContext context, (string Path, string Text) file)
    {
        try
        {
            var source = MessageEmitter.Emit(SchemaParser.Parse(file.Text));
            context.AddSource(NameOf(file.Path) + ".g.cs", SourceText.From(source, Encoding.UTF8));
        }
        catch (SchemaException error)
        {
            var position = new LinePosition(Math.Max(0, error.Line - 1), 0);
            var place = Location.Create(file.Path, default, new LinePositionSpan(position, position));
            context.ReportDiagnostic(Diagnostic.Create(Broken, place, error.Message));
        }
    }

    private static void EmitTable(SourceProductionContext context, ImmutableArray<(string Path, string Text)> files)
    {
        var messages = new List<Message>();
        foreach (var file in files)
        {
            try
            {
                messages.AddRange(SchemaParser.Parse(file.Text));
            }
            catch (SchemaException)
            {
                // Reported where the file itself is emitted.
                return;
            }
        }

        context.AddSource("ApiTable.g.cs", SourceText.From(ApiTableEmitter.Emit(messages), Encoding.UTF8));
    }

    private static string NameOf(string path)
    {
        var slash = Math.Max(path.LastIndexOf('/'), path.LastIndexOf('\\'));
        return path.Substring(slash + 1, path.Length - slash - 1 - ".schema".Length);
    }
}
