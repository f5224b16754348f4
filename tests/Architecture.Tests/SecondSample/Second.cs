using Community.Architecture.Tests.FirstSample;

namespace Community.Architecture.Tests.SecondSample;

/// <summary>The other half.</summary>
[Marked]
public sealed class Second;
