namespace Community.Portal.Components.Charts;

/// <param name="Link">Who or what is behind it.</param>
public sealed record ChartCell(string Text, string? Link = null)
{
    public static implicit operator ChartCell(string text) => new(text);
}

/// <param name="Value">What was; null: it is still to come.</param>
/// <param name="Low">Of the band, where something was expected.</param>
/// <param name="High">Of the band, where something was expected.</param>
/// <param name="Running">The period is not over.</param>
public sealed record LinePoint(string Name, double? Value, double? Expected = null, double? Low = null, double? High = null, bool Running = false);

/// <param name="Share">From 0 to 1, by which it is coloured; null: too few members for a share.</param>
/// <param name="Running">The period is not over.</param>
public sealed record HeatCell(string Text, double? Share, string Link, bool Running);

public sealed record HeatRow(string Name, string Size, IReadOnlyList<HeatCell> Cells);

/// <param name="Total">It stands on the ground: a sum, not a movement.</param>
public sealed record WaterfallStep(string Name, double Value, string Text, bool Total = false);

public sealed record FunnelBar(string Name, long Members, string Text);
