using FsCheck.Xunit;

namespace Deterministic.Tests.Models;

public sealed class SmokeTests
{
    [Property]
    public bool Addition_commutes(int a, int b) => a + b == b + a;
}
