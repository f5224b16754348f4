using Community.Client.Content;
using Community.Client.Incentives;
using Community.Client.Membership;

namespace Community.Importer;

/// <summary>What a community takes, one for each import endpoint, in the order in which one builds on the other.</summary>
/// <param name="Send">Sends a batch to the endpoint.</param>
internal sealed record Kind(string Name, string Service, string Path, Func<Services, IReadOnlyList<Fact>, CancellationToken, Task<Verdicts>> Send)
{
    public static readonly Kind Members = new("members", "membership", "imports/members", async (services, batch, ct) =>
        Verdicts.Of((await services.Membership.PostImportsMembersAsync(new() { Items = Items<ImportedMember>(batch) }, cancellationToken: ct)).Result));

    public static readonly Kind Questions = new("questions", "content", "imports/topics", async (services, batch, ct) =>
        Verdicts.Of((await services.Content.PostImportsTopicsAsync(new() { Items = Items<ImportedTopic>(batch) }, cancellationToken: ct)).Result));

    public static readonly Kind Answers = new("answers", "content", "imports/replies", async (services, batch, ct) =>
        Verdicts.Of((await services.Content.PostImportsRepliesAsync(new() { Items = Items<ImportedReply>(batch) }, cancellationToken: ct)).Result));

    public static readonly Kind Comments = new("comments", "content", "imports/comments", async (services, batch, ct) =>
        Verdicts.Of((await services.Content.PostImportsCommentsAsync(new() { Items = Items<ImportedComment>(batch) }, cancellationToken: ct)).Result));

    public static readonly Kind Accepted = new("accepted answers", "content", "imports/accepted-replies", async (services, batch, ct) =>
        Verdicts.Of((await services.Content.PostImportsAcceptedRepliesAsync(new() { Items = Items<ImportedAcceptance>(batch) }, cancellationToken: ct)).Result));

    public static readonly Kind Votes = new("votes", "content", "imports/votes", async (services, batch, ct) =>
        Verdicts.Of((await services.Content.PostImportsVotesAsync(new() { Items = Items<ImportedVote>(batch) }, cancellationToken: ct)).Result));

    public static readonly Kind Badges = new("badges", "incentives", "imports/badges", async (services, batch, ct) =>
        Verdicts.Of((await services.Incentives.PostImportsBadgesAsync(new() { Items = Items<ImportedBadge>(batch) }, cancellationToken: ct)).Result));

    private static List<TItem> Items<TItem>(IReadOnlyList<Fact> batch) => [.. batch.Select(fact => (TItem)fact.Item)];
}

/// <summary>The services that take an import.</summary>
internal sealed record Services(MembershipClient Membership, ContentClient Content, IncentivesClient Incentives);

/// <summary>What a service says to a batch: the same of each of them, though each has its own document.</summary>
internal sealed record Verdicts(int Taken, int Already, IReadOnlyList<(Guid Id, string Code, string Detail)> Refused)
{
    public static Verdicts Of(Client.Membership.ImportResult result) =>
        new(result.Taken, result.Already, [.. result.Refused.Select(item => (item.Id, item.Code, item.Detail))]);

    public static Verdicts Of(Client.Content.ImportResult result) =>
        new(result.Taken, result.Already, [.. result.Refused.Select(item => (item.Id, item.Code, item.Detail))]);

    public static Verdicts Of(Client.Incentives.ImportResult result) =>
        new(result.Taken, result.Already, [.. result.Refused.Select(item => (item.Id, item.Code, item.Detail))]);
}

/// <summary>One thing to bring in: the item as the endpoint takes it, where it was read, and roughly how many bytes it is.</summary>
internal sealed record Fact(Guid Id, Place From, object Item, int Weight = 200);

internal readonly record struct Place(string File, int Line)
{
    public override string ToString() => $"{File}:{Line}";
}

/// <summary>The facts of one kind; <paramref name="Expected"/> serves the progress bar only.</summary>
internal sealed record Consignment(Kind Kind, int Expected, IEnumerable<Fact> Facts);

/// <summary>The import cannot go on; the message is for its user.</summary>
internal sealed class ImportFailedException(string message, Exception? cause = null) : Exception(message, cause);
