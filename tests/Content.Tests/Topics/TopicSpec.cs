using Community.Content.Discussions;
using Community.Content.Engagement;

namespace Community.Content.Tests.Topics;

public sealed class TopicSpec
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Asker = new("01900000-0000-7000-8000-000000000001");
    private static readonly Guid Helper = new("01900000-0000-7000-8000-000000000002");
    private static readonly Guid First = new("01900000-0000-7000-8000-0000000000a1");
    private static readonly Guid Second = new("01900000-0000-7000-8000-0000000000a2");
    private static readonly TopicOpened Question = new(TopicKind.Question, Asker, "为什么?", "Why?", ["why"], Noon, Imported: false);
    private static readonly ReplyAccepted Accepted = new(First, Helper, Asker, Noon, Imported: false);
    private static readonly VoteCast Up = new(First, SubjectKind.Reply, Second, Helper, Asker, 1, Noon, Imported: false);

    [Fact]
    public void The_asker_accepts_a_reply() => Spec.For(Topic.Decider)
        .Given(Question).When(new AcceptReply(First, Helper, Asker, Noon)).Then(Accepted);

    [Fact]
    public void Accepting_another_reply_takes_the_first_acceptance_back() => Spec.For(Topic.Decider)
        .Given(Question, Accepted)
        .When(new AcceptReply(Second, null, Asker, Noon))
        .Then(new ReplyAcceptanceWithdrawn(First, Helper, Noon), new ReplyAccepted(Second, null, Asker, Noon, Imported: false));

    [Fact]
    public void Accepting_twice_is_once() => Spec.For(Topic.Decider)
        .Given(Question, Accepted).When(new AcceptReply(First, Helper, Asker, Noon.AddDays(1))).ThenNothing();

    [Fact]
    public void Nobody_else_accepts_or_takes_back()
    {
        Spec.For(Topic.Decider).Given(Question).When(new AcceptReply(First, Helper, Helper, Noon)).ThenRejected("not-the-asker");
        Spec.For(Topic.Decider).Given(Question, Accepted).When(new WithdrawAcceptance(Helper, Noon)).ThenRejected("not-the-asker");
    }

    [Fact]
    public void A_discussion_has_no_answer() => Spec.For(Topic.Decider)
        .Given(Question with { Kind = TopicKind.Discussion }).When(new AcceptReply(First, Helper, Asker, Noon)).ThenRejected("not-a-question");

    [Fact]
    public void Taking_an_acceptance_back_twice_is_once()
    {
        Spec.For(Topic.Decider).Given(Question, Accepted).When(new WithdrawAcceptance(Asker, Noon)).Then(new ReplyAcceptanceWithdrawn(First, Helper, Noon));
        Spec.For(Topic.Decider).Given(Question).When(new WithdrawAcceptance(Asker, Noon)).ThenNothing();
    }

    [Fact]
    public void The_author_or_a_moderator_deletes_a_topic_and_with_it_goes_the_acceptance()
    {
        Spec.For(Topic.Decider).Given(Question, Accepted).When(new DeleteTopic(Asker, IsModerator: false, Noon))
            .Then(new ReplyAcceptanceWithdrawn(First, Helper, Noon), new TopicDeleted(Asker, Noon));
        Spec.For(Topic.Decider).Given(Question).When(new DeleteTopic(Helper, IsModerator: true, Noon)).Then(new TopicDeleted(Helper, Noon));
        Spec.For(Topic.Decider).Given(Question).When(new DeleteTopic(Helper, IsModerator: false, Noon)).ThenRejected("not-the-author");
        Spec.For(Topic.Decider).Given(Question, new TopicDeleted(Asker, Noon)).When(new DeleteTopic(Asker, IsModerator: false, Noon)).ThenNothing();
        Spec.For(Topic.Decider).Given(Question, new TopicDeleted(Asker, Noon)).When(new AcceptReply(First, Helper, Asker, Noon)).ThenRejected("not-found");
    }

    [Fact]
    public void A_reply_that_is_deleted_is_accepted_no_more_and_comes_back_by_no_import()
    {
        var posted = new ReplyPosted(First, Helper, "Because.", Noon, Imported: true);
        Spec.For(Topic.Decider).Given(Question, Accepted).When(new ForgetReply(First, Noon)).Then(new ReplyAcceptanceWithdrawn(First, Helper, Noon));
        Spec.For(Topic.Decider).Given(Question, Accepted).When(new ForgetReply(Second, Noon)).ThenNothing();
        Spec.For(Reply.Decider).Given(posted).When(new DeleteReply(Helper, IsModerator: false, Noon)).Then(new ReplyDeleted(First, Helper, Noon));
        Spec.For(Reply.Decider).Given(posted).When(new DeleteReply(Asker, IsModerator: false, Noon)).ThenRejected("not-the-author");
        Spec.For(Reply.Decider).Given(posted, new ReplyDeleted(First, Helper, Noon)).When(new PostReply(posted)).ThenNothing();
    }

    [Fact]
    public void A_vote_that_is_taken_back_is_cast_again_under_the_same_id()
    {
        var back = new VoteWithdrawn(First, SubjectKind.Reply, Second, Asker, Noon);
        Spec.For(Vote.Decider).Given(Up).When(back).Then(back);
        Spec.For(Vote.Decider).Given(Up, back).When(back).ThenNothing();
        Spec.For(Vote.Decider).When(back).ThenNothing();
        Spec.For(Vote.Decider).Given(Up, back).When(Up with { At = Noon.AddDays(1) }).Then(Up with { At = Noon.AddDays(1) });
    }

    [Fact]
    public void An_imported_topic_is_taken_once_and_another_under_its_id_refused()
    {
        var imported = Spec.For(Topic.Decider).Given(Question with { Imported = true });
        var same = new OpenTopic(Question.Kind, Asker, Question.Title, Question.Body, ["why"], Noon, Imported: true);

        imported.When(same).ThenNothing();
        imported.When(same with { Body = "Other" }).ThenRejected("already-different");
        imported.When(same with { At = Noon.AddSeconds(1) }).ThenRejected("already-different");
        imported.When(same with { Tags = ["other"] }).ThenRejected("already-different");
    }

    [Fact]
    public void An_imported_acceptance_is_taken_once_and_another_refused()
    {
        Spec.For(Topic.Decider).Given(Question).When(new AcceptReply(First, Helper, By: null, Noon))
            .Then(Accepted with { AcceptedBy = null, Imported = true });
        var accepted = Spec.For(Topic.Decider).Given(Question, Accepted with { AcceptedBy = null, Imported = true });
        accepted.When(new AcceptReply(First, Helper, By: null, Noon)).ThenNothing();
        accepted.When(new AcceptReply(Second, Helper, By: null, Noon)).ThenRejected("already-different");
    }

    [Fact]
    public void A_member_votes_once_and_voting_anew_changes_it()
    {
        Spec.For(Vote.Decider).When(Up).Then(Up);
        Spec.For(Vote.Decider).Given(Up).When(Up with { At = Noon.AddDays(1) }).ThenNothing();
        Spec.For(Vote.Decider).Given(Up).When(Up with { Value = -1, At = Noon.AddDays(1) }).Then(Up with { Value = -1, At = Noon.AddDays(1) });
    }

    [Fact]
    public void Nobody_votes_on_what_they_wrote() =>
        Spec.For(Vote.Decider).When(Up with { VoterId = Helper }).ThenRejected("own-post");

    [Fact]
    public void An_imported_vote_is_taken_once_and_never_changed()
    {
        var imported = Up with { VoterId = null, Imported = true };
        Spec.For(Vote.Decider).Given(imported).When(imported).ThenNothing();
        Spec.For(Vote.Decider).Given(imported).When(imported with { Value = -1 }).ThenRejected("already-different");
    }

    [Fact]
    public void A_reply_is_posted_once_under_its_id()
    {
        var reply = new ReplyPosted(First, Helper, "Because.", Noon, Imported: false);
        Spec.For(Reply.Decider).When(new PostReply(reply)).Then(reply);
        Spec.For(Reply.Decider).Given(reply).When(new PostReply(reply with { At = Noon.AddSeconds(1) })).ThenNothing();
        Spec.For(Reply.Decider).Given(reply).When(new PostReply(reply with { Body = "No." })).ThenRejected("already-different");
        Spec.For(Reply.Decider).Given(reply with { Imported = true }).When(new PostReply(reply with { Imported = true, At = Noon.AddSeconds(1) })).ThenRejected("already-different");
    }

    [Fact]
    public void A_reaction_counts_once_until_it_is_withdrawn()
    {
        var like = new ReactionAdded(First, Asker, ReactionKind.Like, Noon);
        var withdrawn = new ReactionWithdrawn(First, Asker, ReactionKind.Like, Noon);
        Spec.For(MemberFeedback.Decider).Given(like).When(new React(First, Asker, ReactionKind.Like, Noon)).ThenNothing();
        Spec.For(MemberFeedback.Decider).Given(like).When(new React(First, Asker, ReactionKind.Thanks, Noon)).Then(like with { Kind = ReactionKind.Thanks });
        Spec.For(MemberFeedback.Decider).Given(like).When(new WithdrawReaction(First, Asker, ReactionKind.Like, Noon)).Then(withdrawn);
        Spec.For(MemberFeedback.Decider).Given(like, withdrawn).When(new WithdrawReaction(First, Asker, ReactionKind.Like, Noon)).ThenNothing();
        Spec.For(MemberFeedback.Decider).Given(like, withdrawn).When(new React(First, Asker, ReactionKind.Like, Noon)).Then(like);
    }

    [Fact]
    public void Feedback_given_anew_takes_the_place_of_the_old()
    {
        var feedback = new FeedbackGiven(First, Asker, 5, "好", Noon);
        Spec.For(MemberFeedback.Decider).Given(feedback).When(new GiveFeedback(First, Asker, 5, "好", Noon.AddDays(1))).ThenNothing();
        Spec.For(MemberFeedback.Decider).Given(feedback).When(new GiveFeedback(First, Asker, 2, "嗯", Noon)).Then(feedback with { Rating = 2, Text = "嗯" });
    }
}
