using System.ComponentModel.DataAnnotations;
using Community.Content.Access;
using Community.Content.Discussions;
using Community.Content.Engagement;
using Community.Content.Publishing;

namespace Community.Content.Imports;

internal interface IImportedFact : IImported
{
    /// <summary>All that it names.</summary>
    IEnumerable<(string Name, Guid? Id)> Ids { get; }

    string? Html => null;
}

internal enum ImportedStage { Draft, Submitted, Published }

/// <param name="Body">Markdown.</param>
/// <param name="At">When it was published; of what is not, when it was submitted or drafted.</param>
/// <param name="Quality">What its reviewer thought of it, 1 to 5; absent: 3.</param>
/// <param name="ReviewerId">Absent: who imports it.</param>
/// <param name="WrittenAt">When it was begun; absent: as <paramref name="At"/>.</param>
internal sealed record ImportedContent(
    Guid ContentId, Guid AuthorId,
    [property: Text(200)] string Title,
    [property: Text(100)] string Topic,
    Format Format,
    [property: Text(100_000, MultiLine = true)] string Body,
    [property: Text(50), MaxLength(10)] List<string> Tags,
    DateTimeOffset At,
    ImportedStage Status = ImportedStage.Published,
    AccessRuleRequest? Requires = null,
    [property: Range(1, 5)] int? Quality = null,
    Guid? ReviewerId = null,
    DateTimeOffset? WrittenAt = null) : IImportedFact
{
    Guid IImported.Id => ContentId;

    IEnumerable<(string Name, Guid? Id)> IImportedFact.Ids => [("contentId", ContentId), ("authorId", AuthorId), ("reviewerId", ReviewerId)];

    internal ContentBody Text => new(Title, Topic, Format, Body);

    internal Requirements Requirements => Requires?.ToRequirements() ?? Access.Requirements.None;

    internal DateTimeOffset DraftedAt => WrittenAt ?? At;

    /// <summary>What is wrong with a content beyond what may be wrong with any fact.</summary>
    internal Rejection? OwnFault()
    {
        var faults = new List<ValidationResult>();

        return Requires is { } rule && !(Validator.TryValidateObject(rule, new ValidationContext(rule), faults, validateAllProperties: true)
                && (rule.Price is not { } price || Validator.TryValidateObject(price, new ValidationContext(price), faults, validateAllProperties: true)))
            ? new Rejection("invalid", string.Join(", ", faults.Select(fault => $"requires.{fault.MemberNames.FirstOrDefault()} {fault.ErrorMessage}")))
            : WrittenAt > At || WrittenAt < DateTimeOffset.UnixEpoch ? new Rejection("invalid", "writtenAt must lie between 1970 and at.")
            : WrittenText.Fault(Body) is { } fault ? new Rejection(WrittenText.Code, $"body {fault}.")
            : null;
    }
}

/// <summary>What a member did with a content.</summary>
internal interface IOfContent : IImportedFact
{
    Guid ContentId { get; }

    Guid MemberId { get; }

    IEnumerable<(string Name, Guid? Id)> IImportedFact.Ids => [("id", Id), ("contentId", ContentId), ("memberId", MemberId)];
}

internal sealed record ImportedView(Guid Id, Guid ContentId, Guid MemberId, DateTimeOffset At) : IOfContent;

internal sealed record ImportedShare(Guid Id, Guid ContentId, Guid MemberId, [property: Text(50)] string Channel, DateTimeOffset At) : IOfContent;

internal sealed record ImportedReaction(Guid Id, Guid ContentId, Guid MemberId, ReactionKind Kind, DateTimeOffset At) : IOfContent;

internal sealed record ImportedFeedback(
    Guid Id, Guid ContentId, Guid MemberId,
    [property: Range(1, 5)] int Rating,
    DateTimeOffset At,
    [property: Text(5000, MultiLine = true, MayBeBlank = true)] string? Text = null) : IOfContent;

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
