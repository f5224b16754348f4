using System.ComponentModel.DataAnnotations;
using Community.Content.Discussions;

namespace Community.Content.Imports;

/// <summary>A fact from elsewhere, with the id and the instant that its source gives it.</summary>
internal interface IImported
{
    Guid Id { get; }

    /// <summary>All that it names.</summary>
    IEnumerable<(string Name, Guid? Id)> Ids { get; }

    string? Html => null;

    DateTimeOffset At { get; }
}

internal sealed record ImportedTopic(
    Guid TopicId, TopicKind Kind, Guid? AuthorId,
    [property: Text(300)] string Title,
    [property: Text(100_000, MultiLine = true, MayBeBlank = true)] string Body,
    [property: Text(50), MaxLength(50)] List<string> Tags,
    DateTimeOffset At) : IImported
{
    Guid IImported.Id => TopicId;

    IEnumerable<(string Name, Guid? Id)> IImported.Ids => [("topicId", TopicId), ("authorId", AuthorId)];

    string? IImported.Html => Body;
}

internal sealed record ImportedReply(
    Guid ReplyId, Guid TopicId, Guid? AuthorId,
    [property: Text(100_000, MultiLine = true, MayBeBlank = true)] string Body,
    DateTimeOffset At) : IImported
{
    Guid IImported.Id => ReplyId;

    IEnumerable<(string Name, Guid? Id)> IImported.Ids => [("replyId", ReplyId), ("topicId", TopicId), ("authorId", AuthorId)];

    string? IImported.Html => Body;
}

internal sealed record ImportedComment(
    Guid CommentId, SubjectKind SubjectKind, Guid SubjectId, Guid? AuthorId,
    [property: Text(100_000, MultiLine = true, MayBeBlank = true)] string Body,
    DateTimeOffset At) : IImported
{
    Guid IImported.Id => CommentId;

    IEnumerable<(string Name, Guid? Id)> IImported.Ids => [("commentId", CommentId), ("subjectId", SubjectId), ("authorId", AuthorId)];

    string? IImported.Html => Body;
}

internal sealed record ImportedVote(
    Guid VoteId, SubjectKind SubjectKind, Guid SubjectId, Guid? VoterId,
    [property: AllowedValues(1, -1)] int Value,
    DateTimeOffset At) : IImported
{
    Guid IImported.Id => VoteId;

    IEnumerable<(string Name, Guid? Id)> IImported.Ids => [("voteId", VoteId), ("subjectId", SubjectId), ("voterId", VoterId)];
}

internal sealed record ImportedAcceptance(Guid TopicId, Guid ReplyId, DateTimeOffset At) : IImported
{
    Guid IImported.Id => TopicId;

    IEnumerable<(string Name, Guid? Id)> IImported.Ids => [("topicId", TopicId), ("replyId", ReplyId)];
}

internal abstract record Batch
{
    internal abstract void Check();
}

internal sealed record Batch<TItem>(List<TItem> Items) : Batch where TItem : IImported
{
    internal override void Check()
    {
        if (Items.Count is 0 or > 500)
        {
            throw new InvalidParameter("items", "must be from 1 to 500");
        }

        if (Items.Exists(item => item is null))
        {
            throw new InvalidParameter("items", "must not be null");
        }
    }
}

internal sealed record Refused(Guid Id, string Code, string Detail);

/// <param name="Taken">Facts that are new.</param>
/// <param name="Already">Facts that were here, just so.</param>
internal sealed record Told(int Taken, int Already, IReadOnlyList<Refused> Refused);

/// <summary>One fact on its way in: what it is to do, or why it cannot.</summary>
internal sealed class Item<TCommand>(Guid id, Guid stream, TCommand? command, DateTimeOffset at, Rejection? refusal) where TCommand : class
{
    public bool Taken { get; set; }

    public Refused? Refused => Rejection is { } rejection ? new Refused(id, rejection.Code, rejection.Detail) : null;

    public Rejection? Rejection { get; set; } = refusal;

    public (Guid, TCommand, CommandOptions) Command => (stream, command!, new CommandOptions { At = at });
}

internal static class Batches
{
    private static readonly DateTimeOffset Earliest = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Takes what can be taken, in one transaction; each item gets its own verdict.</summary>
    /// <param name="stream">The stream of an item that is valid.</param>
    /// <param name="command">What an item that is valid is to do there, or why it cannot.</param>
    public static async Task<Told> Take<TItem, TState, TCommand, TEvent>(
        this IDocumentStore store, Decider<TState, TCommand, TEvent> decider, Batch<TItem> batch,
        Func<TItem, Guid> stream, Func<TItem, (TCommand? Command, Rejection? Refusal)> command, DateTimeOffset now, CancellationToken ct)
        where TItem : IImported
        where TCommand : class
        where TEvent : class
    {
        var items = batch.Items.Select(item =>
        {
            var (wanted, refusal) = Fault(item, stream(item), now) is { } fault ? (null, fault) : command(item);

            return new Item<TCommand>(item.Id, stream(item), wanted, item.At, refusal);
        }).ToList();
        var possible = items.Where(item => item.Rejection is null).ToList();

        if (possible.Count > 0)
        {
            var handled = await store.HandleBatch(decider, [.. possible.Select(item => item.Command)], ct);

            foreach (var (item, answer) in possible.Zip(handled))
            {
                (item.Rejection, item.Taken) = (answer.Rejection, answer.Appended);
            }
        }

        var refused = items.Select(item => item.Refused).OfType<Refused>().ToList();
        var taken = items.Count(item => item.Taken);

        return new Told(taken, items.Count - taken - refused.Count, refused);
    }

    // One bad item must not hold up the others: it is refused by itself.
    private static Rejection? Fault<TItem>(TItem item, Guid stream, DateTimeOffset now) where TItem : IImported
    {
        var faults = new List<ValidationResult>();

        // An id of zeros is no id, and the store takes none for a stream.
        return item.Ids.FirstOrDefault(id => id.Id == Guid.Empty) is { Name: { } zero } ? new Rejection("invalid", $"{zero} must not be all zeros.")
            : item.At < Earliest || item.At > now ? new Rejection("invalid", "at must lie between 1970 and now.")
            : !Validator.TryValidateObject(item, new ValidationContext(item), faults, validateAllProperties: true)
                ? new Rejection("invalid", string.Join(", ", faults.Select(fault => $"{fault.MemberNames.FirstOrDefault()} {fault.ErrorMessage}")))
            : item.Html is { } html && SafeHtml.IsTooDeep(html)
                ? new Rejection(WrittenText.Code, $"body must not nest elements deeper than {SafeHtml.Deepest}.")
            : null;
    }
}
