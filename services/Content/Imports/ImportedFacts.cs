using System.ComponentModel.DataAnnotations;
using Community.Content.Discussions;

namespace Community.Content.Imports;

internal interface IImportedFact : IImported
{
    /// <summary>All that it names.</summary>
    IEnumerable<(string Name, Guid? Id)> Ids { get; }

    string? Html => null;
}

internal sealed record ImportedTopic(
    Guid TopicId, TopicKind Kind, Guid? AuthorId,
    [property: Text(300)] string Title,
    [property: Text(100_000, MultiLine = true, MayBeBlank = true)] string Body,
    [property: Text(50), MaxLength(50)] List<string> Tags,
    DateTimeOffset At) : IImportedFact
{
    Guid IImported.Id => TopicId;

    IEnumerable<(string Name, Guid? Id)> IImportedFact.Ids => [("topicId", TopicId), ("authorId", AuthorId)];

    string? IImportedFact.Html => Body;
}

internal sealed record ImportedReply(
    Guid ReplyId, Guid TopicId, Guid? AuthorId,
    [property: Text(100_000, MultiLine = true, MayBeBlank = true)] string Body,
    DateTimeOffset At) : IImportedFact
{
    Guid IImported.Id => ReplyId;

    IEnumerable<(string Name, Guid? Id)> IImportedFact.Ids => [("replyId", ReplyId), ("topicId", TopicId), ("authorId", AuthorId)];

    string? IImportedFact.Html => Body;
}

internal sealed record ImportedComment(
    Guid CommentId, SubjectKind SubjectKind, Guid SubjectId, Guid? AuthorId,
    [property: Text(100_000, MultiLine = true, MayBeBlank = true)] string Body,
    DateTimeOffset At) : IImportedFact
{
    Guid IImported.Id => CommentId;

    IEnumerable<(string Name, Guid? Id)> IImportedFact.Ids => [("commentId", CommentId), ("subjectId", SubjectId), ("authorId", AuthorId)];

    string? IImportedFact.Html => Body;
}

internal sealed record ImportedVote(
    Guid VoteId, SubjectKind SubjectKind, Guid SubjectId, Guid? VoterId,
    [property: AllowedValues(1, -1)] int Value,
    DateTimeOffset At) : IImportedFact
{
    Guid IImported.Id => VoteId;

    IEnumerable<(string Name, Guid? Id)> IImportedFact.Ids => [("voteId", VoteId), ("subjectId", SubjectId), ("voterId", VoterId)];
}

internal sealed record ImportedAcceptance(Guid TopicId, Guid ReplyId, DateTimeOffset At) : IImportedFact
{
    Guid IImported.Id => TopicId;

    IEnumerable<(string Name, Guid? Id)> IImportedFact.Ids => [("topicId", TopicId), ("replyId", ReplyId)];
}

internal static class ImportedFacts
{
    private static readonly DateTimeOffset Earliest = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <exception cref="InvalidParameter">It is no batch.</exception>
    public static void Check<TItem>(this BulkImport<TItem> import) where TItem : class, IImportedFact
    {
        if (import.Items.Count is 0 or > 500)
        {
            throw new InvalidParameter("items", "must be from 1 to 500");
        }

        if (import.Items.Any(item => item is null))
        {
            throw new InvalidParameter("items", "must not be null");
        }
    }

    /// <summary>Why a fact is refused whatever it is about; null where nothing is wrong with it.</summary>
    public static Rejection? Fault(this IImportedFact item, DateTimeOffset now)
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
