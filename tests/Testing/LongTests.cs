using System.Runtime.CompilerServices;
using Xunit;
using Xunit.v3;

namespace Community.Testing;

/// <summary>
/// A test of the long suite: <c>.ci/run-long</c> runs it, a plain <c>dotnet test</c> does not. A test belongs there when it takes
/// minutes; tests/Architecture.Tests lists all of them.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongFactAttribute : FactAttribute, ITraitAttribute
{
    public LongFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line) => Explicit = true;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => LongSuite.Traits;
}

/// <inheritdoc cref="LongFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongTheoryAttribute : TheoryAttribute, ITraitAttribute
{
    public LongTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line) => Explicit = true;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => LongSuite.Traits;
}

internal static class LongSuite
{
    public static readonly IReadOnlyCollection<KeyValuePair<string, string>> Traits = [KeyValuePair.Create("Suite", "Long")];
}
