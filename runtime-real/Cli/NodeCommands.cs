using System;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Deterministic.Runtime.Real.Hosting;

namespace Deterministic.Runtime.Real.Cli;

/// <summary>
/// <c>--interactive</c>: breaks a cluster on purpose. Reads kill N, stop N and start N from standard input, a line each, and
/// answers each with a line. A start is answered when the node serves, and commands after it are carried out meanwhile: where
/// most nodes are down, the first one serves only once the next one is started.
/// </summary>
internal sealed class NodeCommands(DeterministicCluster cluster, TextReader input, TextWriter output, CancellationToken stop)
{
    public const string Usage = "kill N, stop N or start N";

    private readonly Task[] _starts = NothingStarts(cluster.Count);

    /// <summary>Ends with the input: a terminal's Ctrl-D, a file's end. The cluster goes on.</summary>
    public async Task RunAsync()
    {
        while (await input.ReadLineAsync(stop).ConfigureAwait(false) is { } line)
        {
            if (line.Trim() is { Length: > 0 } words)
            {
                Say(await CarryOutAsync(words.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ConfigureAwait(false));
            }
        }
    }

    /// <summary>Completes when no node is being started any more; each has said how it went.</summary>
    public Task WhenStartedAsync() => Task.WhenAll(_starts);

    /// <summary>What to say, null where that follows.</summary>
    private async Task<string?> CarryOutAsync(string[] words)
    {
        if (words is not ["kill" or "stop" or "start", var text]
            || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var node)
            || node < 1 || node > cluster.Count)
        {
            return $"not understood: {string.Join(' ', words)}; {Usage}, N from 1 to {cluster.Count}";
        }

        if (!_starts[node - 1].IsCompleted)
        {
            return $"node {node} is being started";
        }

        switch (words[0])
        {
            case "start" when cluster.IsRunning(node):
                return $"node {node} runs already";
            case "start":
                _starts[node - 1] = StartAsync(node);
                return null;
            case var _ when !cluster.IsRunning(node):
                return $"node {node} does not run";
            case "kill":
                await cluster.KillAsync(node).ConfigureAwait(false);
                return $"node {node} is killed";
            default:
                await cluster.StopNodeAsync(node).ConfigureAwait(false);
                return $"node {node} is stopped";
        }
    }

    private async Task StartAsync(int node)
    {
        try
        {
            await cluster.StartNodeAsync(node, stop).ConfigureAwait(false);
            Say($"node {node} serves");
        }
        catch (Exception e)
        {
            // Whatever it is, who typed the command is waiting for its answer.
            Say($"node {node} did not start: {e.Message}");
        }
    }

    private void Say(string? line)
    {
        if (line is not null)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    private static Task[] NothingStarts(int count)
    {
        var starts = new Task[count];
        Array.Fill(starts, Task.CompletedTask);
        return starts;
    }
}
