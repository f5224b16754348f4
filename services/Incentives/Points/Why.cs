using System.Globalization;
using System.Resources;
using Community.EventStore;
using Community.Incentives.Rules;
using Marten;

namespace Community.Incentives.Points;

/// <param name="Service">Where it happened.</param>
/// <param name="Type">Of the fact, as that service tells it.</param>
/// <param name="EventId">The fact's id in the log of that service; null: of a release that did not keep it.</param>
/// <param name="Text">A sentence for a member, in the language of the request.</param>
internal sealed record WhyStep(string Service, string Type, Guid? EventId, DateTimeOffset At, string Text);

internal sealed record WhyAnswer(IReadOnlyList<WhyStep> Steps);

/// <summary>The chain from the fact that another service told to an entry of the ledger.</summary>
internal sealed class Why(IDocumentStore store, PointsQueries points, RulesInForce rulesInForce)
{
    private static readonly ResourceManager Texts = new("Community.Incentives.Points.WhyTexts", typeof(Why).Assembly);

    /// <summary>Null: the member has no such entry.</summary>
    public async Task<WhyAnswer?> Explain(Guid member, Guid entryId, CultureInfo language, CancellationToken ct)
    {
        if (await points.Entry(member, entryId, ct) is not { } entry)
        {
            return null;
        }

        await using var session = store.QuerySession();
        var told = (await session.Events.FetchStreamAsync(Cause.Stream(entry.Cause), token: ct)).ToList();
        var steps = new List<WhyStep>();

        foreach (var e in told.OrderBy(e => ((e.Data as CauseRecorded)?.At ?? (e.Data as CauseWithdrawn)?.At, e.Version)))
        {
            var (type, at) = e.Data switch
            {
                CauseRecorded recorded => (recorded.Activity, recorded.At),
                CauseWithdrawn withdrawn => (withdrawn.ForGood ? "deleted" : "withdrawn", withdrawn.At),
                _ => ("", default)
            };

            // The table keeps microseconds.
            if (at < entry.At.AddMicroseconds(1) || entry.Kind != EntryKind.Earned)
            {
                steps.Add(new WhyStep(
                    type == Activities.Order ? "payments" : "content", type, Guid.TryParse(e.CausationId, out var source) ? source : null, at, Say($"Activity.{type}", language)));
            }
        }

        if (entry.RuleVersion > 0 && (await rulesInForce.Read(ct)).Sets.Find(set => set.Version == entry.RuleVersion) is { } set)
        {
            var rule = set.Rules.Find(one => one.Rule == entry.Rule);
            steps.Add(new WhyStep(
                "incentives", "rule", null, set.Since == DateTimeOffset.MinValue ? entry.At : set.Since,
                Say(rule is null ? "RuleGone" : rule.Points < 0 ? "RuleTakes" : "RuleGives", language, entry.Rule, set.Version, Math.Abs(rule?.Points ?? 0))));

            if (rule is not null && entry.Kind == EntryKind.Earned && entry.Points < rule.Points)
            {
                steps.Add(new WhyStep("incentives", "cap", null, entry.At, Say("Cap", language, entry.Points)));
            }
        }

        steps.Add(new WhyStep("incentives", entry.Kind.ToString().ToLowerInvariant(), entry.EntryId, entry.At, entry switch
        {
            { Kind: EntryKind.Reversed, Reason: { } reason } => Say($"Reversed.{reason}", language, entry.Points.ToString("+0;−0", language)),
            { Kind: EntryKind.Adjusted } => Say("Adjusted", language, entry.Points.ToString("+0;−0", language), entry.Reason ?? ""),
            _ => Say(entry.Kind.ToString(), language, entry.Points.ToString("+0;−0", language))
        }));

        return new WhyAnswer(steps);
    }

    private static string Say(string name, CultureInfo language, params object[] with) =>
        string.Format(language, Texts.GetString(name, language) ?? throw new InvalidOperationException($"There is no text {name}."), with);
}
