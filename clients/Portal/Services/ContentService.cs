using Community.Client.Content;

namespace Community.Portal.Services;

internal sealed class ContentService(HttpClient http)
{
    public const int PageSize = 12;

    /// <summary>So that a page stays small.</summary>
    private const int Posts = 30;

    private readonly ContentClient _client = new(http);

    public Task<Answer<ContentPage>> Published(string? after, CancellationToken ct, string? topic = null, Guid? author = null, Format? format = null, int limit = PageSize) =>
        Answers.Of(_client.GetContentsAsync(limit, after, null, author, topic, format is null ? null : Wording.Find<Format2>(format.ToString()), ct));

    public Task<Answer<PageOfTopicCount>> ContentTopics(CancellationToken ct) => Answers.Of(_client.GetContentsTopicsAsync(ct));

    /// <summary>One's own in this state; for reviewers and operators, all.</summary>
    public Task<Answer<ContentPage>> InState(Stage stage, CancellationToken ct, Guid? author = null, string? after = null, int limit = 50) =>
        Answers.Of(_client.GetContentsAsync(limit, after, Wording.Find<Status>(stage.ToString()), author, null, null, ct));

    public Task<Answer<ContentText>> Find(Guid id, CancellationToken ct) => Answers.Of(_client.GetContentsByIdAsync(id, null, ct));

    public Task<Answer<object>> View(Guid id, CancellationToken ct) => Answers.Of(_client.PostContentsByIdViewsAsync(id, null, ct));

    public Task<Answer<ContentText>> Draft(NewContent content, string key, CancellationToken ct) => Answers.Of(_client.PostContentsAsync(content, key, ct));

    public Task<Answer<ContentText>> Revise(Guid id, Revision change, string? version, CancellationToken ct) =>
        Answers.Of(_client.PatchContentsByIdAsync(id, change, version, ct));

    public Task<Answer<ContentText>> Submit(Guid id, CancellationToken ct) => Answers.Of(_client.PostContentsByIdSubmissionAsync(id, null, null, ct));

    public Task<Answer<ContentText>> Review(Guid id, Verdict verdict, int quality, string? notes, string key, CancellationToken ct) =>
        Answers.Of(_client.PostContentsByIdReviewsAsync(id, new NewReview { Verdict = verdict, Quality = quality, Notes = notes }, key, null, ct));

    public Task<Answer<ContentText>> Publish(Guid id, CancellationToken ct) => Answers.Of(_client.PostContentsByIdPublicationAsync(id, null, null, ct));

    public Task<Answer<object>> TakeBack(Guid id, CancellationToken ct) => Answers.Of(_client.DeleteContentsByIdPublicationAsync(id, null, ct));

    public Task<Answer<ReactionCounts>> Reactions(Guid id, CancellationToken ct) => Answers.Of(_client.GetContentsByIdReactionsAsync(id, ct));

    public Task<Answer<object>> React(Guid id, ReactionKind kind, CancellationToken ct) =>
        Answers.Of(_client.PostContentsByIdReactionsAsync(id, new Reaction { Kind = kind }, null, ct));

    public Task<Answer<object>> Unreact(Guid id, ReactionKind kind, CancellationToken ct) =>
        Answers.Of(_client.DeleteContentsByIdReactionsByKindAsync(id, Wording.Find<Kind>(kind.ToString())!.Value, ct));

    public Task<Answer<CommentPage>> Comments(Guid id, string? after, CancellationToken ct) => Answers.Of(_client.GetContentsByIdCommentsAsync(id, Posts, after, ct));

    public Task<Answer<ContentComment>> Comment(Guid id, string body, string key, CancellationToken ct) =>
        Answers.Of(_client.PostContentsByIdCommentsAsync(id, new NewComment { Body = body }, key, ct));

    public Task<Answer<ContentComment>> CommentOf(Guid id, CancellationToken ct) => Answers.Of(_client.GetCommentsByIdAsync(id, ct));

    public Task<Answer<Reply>> ReplyOf(Guid topic, Guid id, CancellationToken ct) => Answers.Of(_client.GetTopicsByIdRepliesByReplyIdAsync(topic, id, ct));

    public Task<Answer<object>> DeleteComment(Guid id, CancellationToken ct) => Answers.Of(_client.DeleteCommentsByIdAsync(id, ct));

    public Task<Answer<object>> DeleteReply(Guid topic, Guid id, CancellationToken ct) => Answers.Of(_client.DeleteTopicsByIdRepliesByReplyIdAsync(topic, id, ct));

    public Task<Answer<object>> DeleteTopic(Guid id, CancellationToken ct) => Answers.Of(_client.DeleteTopicsByIdAsync(id, ct));

    /// <summary>Events as they come, without end.</summary>
    public Task<HttpResponseMessage> Updates(string subjects, CancellationToken ct) =>
        http.GetAsync(new Uri(Query.Of("/updates", ("subjects", subjects)), UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, ct);

    public Task<Answer<TopicPage>> Topics(string? after, CancellationToken ct, TopicKind? kind = null, string? tag = null, bool unanswered = false, int limit = 20) =>
        Answers.Of(_client.GetTopicsAsync(limit, after, kind is null ? null : Wording.Find<Kind2>(kind.ToString()), tag, unanswered ? true : null, ct));

    public Task<Answer<TopicText>> Topic(Guid id, CancellationToken ct) => Answers.Of(_client.GetTopicsByIdAsync(id, ct));

    public Task<Answer<PageOfReplyAnswer>> Replies(Guid id, string? after, CancellationToken ct) => Answers.Of(_client.GetTopicsByIdRepliesAsync(id, Posts, after, ct));

    public Task<Answer<TopicText>> Open(TopicKind kind, string title, string body, IReadOnlyList<string> tags, string key, CancellationToken ct) =>
        Answers.Of(_client.PostTopicsAsync(new NewTopic { Kind = kind, Title = title, Body = body, Tags = tags }, key, ct));

    public Task<Answer<Reply>> Reply(Guid topic, string body, string key, CancellationToken ct) =>
        Answers.Of(_client.PostTopicsByIdRepliesAsync(topic, new NewReply { Body = body }, key, ct));

    public Task<Answer<object>> Accept(Guid topic, Guid reply, CancellationToken ct) =>
        Answers.Of(_client.PutTopicsByIdAcceptedReplyAsync(topic, new Acceptance { ReplyId = reply }, null, ct));

    public Task<Answer<object>> AcceptNone(Guid topic, CancellationToken ct) => Answers.Of(_client.DeleteTopicsByIdAcceptedReplyAsync(topic, null, ct));

    public Task<Answer<object>> Vote(Guid topic, Guid? reply, bool up, CancellationToken ct)
    {
        var vote = new NewVote { Value = up ? NewVoteValue._1 : NewVoteValue.__1 };

        return Answers.Of(reply is { } id ? _client.PostTopicsByIdRepliesByReplyIdVotesAsync(topic, id, vote, null, ct) : _client.PostTopicsByIdVotesAsync(topic, vote, null, ct));
    }
}
