using Community.Content.Access;
using Community.Content.Publishing;

namespace Community.Content.Tests.Contents;

public sealed class ContentItemSpec
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Author = new("01900000-0000-7000-8000-000000000001");
    private static readonly Guid Reviewer = new("01900000-0000-7000-8000-000000000002");
    private static readonly ContentBody Text = new("事件溯源", "architecture", Format.Article, "第一段。\n\n第二段。");
    private static readonly Requirements ForMoney = new(new Price(9900, "CNY"), null, null);
    private static readonly ContentDrafted Drafted = new(Author, Text, ["events"], ForMoney, new DateOnly(2026, 4, 1), Noon);
    private static readonly ContentReviewed Approved = new(Reviewer, Verdict.Approved, 4, "Clear.", Noon);
    private static readonly ContentPublished Published = new(Author, Text.Title, Text.Topic, Text.Format, 4, ForMoney.Price, Noon);

    private static readonly ContentEvent[] UpToApproval = [Drafted, new ContentSubmitted(Noon), Approved];

    [Fact]
    public void A_content_begins_as_a_draft() => Spec.For(ContentItem.Decider)
        .When(new DraftContent(Author, Text, ["events"], ForMoney, new DateOnly(2026, 4, 1), Noon))
        .Then(Drafted);

    [Fact]
    public void The_same_draft_again_is_nothing() => Spec.For(ContentItem.Decider)
        .Given(Drafted)
        .When(new DraftContent(Author, Text, ["events"], ForMoney, new DateOnly(2026, 4, 1), Noon.AddSeconds(3)))
        .ThenNothing();

    [Fact]
    public void Another_draft_under_its_id_is_refused() => Spec.For(ContentItem.Decider)
        .Given(Drafted)
        .When(new DraftContent(Author, Text with { Title = "Other" }, ["events"], ForMoney, null, Noon))
        .ThenRejected("already-different");

    [Fact]
    public void A_revision_says_what_changed_and_only_that() => Spec.For(ContentItem.Decider)
        .Given(Drafted)
        .When(new ReviseContent("CQRS", null, null, null, ["events"], Requirements.None, new DateOnly(2026, 4, 1), Noon))
        .Then(new ContentRevised(Text with { Title = "CQRS" }, Noon), new ContentRequirementsSet(Requirements.None, Noon));

    [Fact]
    public void What_is_in_review_does_not_change() => Spec.For(ContentItem.Decider)
        .Given(Drafted, new ContentSubmitted(Noon))
        .When(new ReviseContent("CQRS", null, null, null, null, null, null, Noon))
        .ThenRejected("content-in-review");

    [Fact]
    public void What_is_published_does_not_change() => Spec.For(ContentItem.Decider)
        .Given([.. UpToApproval, Published])
        .When(new ReviseContent(null, null, null, "Another text.", null, null, null, Noon))
        .ThenRejected("content-published");

    [Fact]
    public void An_approval_is_for_the_text_as_it_stood() => Spec.For(ContentItem.Decider)
        .Given([.. UpToApproval, new ContentRevised(Text with { Body = "Other." }, Noon)])
        .When(new PublishContent(Noon))
        .ThenRejected("content-not-approved");

    [Fact]
    public void A_new_price_needs_no_new_approval() => Spec.For(ContentItem.Decider)
        .Given([.. UpToApproval, new ContentRequirementsSet(new Requirements(new Price(1, "CNY"), null, null), Noon)])
        .When(new PublishContent(Noon))
        .Then(Published with { Price = new Price(1, "CNY") });

    [Fact]
    public void Nobody_reviews_what_they_wrote() => Spec.For(ContentItem.Decider)
        .Given(Drafted, new ContentSubmitted(Noon))
        .When(new ReviewContent(Author, Verdict.Approved, 5, "Splendid.", Noon))
        .ThenRejected("own-content");

    [Fact]
    public void Only_what_was_submitted_is_reviewed() => Spec.For(ContentItem.Decider)
        .Given(Drafted)
        .When(new ReviewContent(Reviewer, Verdict.Approved, 5, "", Noon))
        .ThenRejected("content-not-submitted");

    [Fact]
    public void The_same_review_again_is_nothing() => Spec.For(ContentItem.Decider)
        .Given(UpToApproval)
        .When(new ReviewContent(Reviewer, Verdict.Approved, 4, "Clear.", Noon.AddMinutes(1)))
        .ThenNothing();

    [Fact]
    public void What_needs_changes_may_come_back() => Spec.For(ContentItem.Decider)
        .Given(Drafted, new ContentSubmitted(Noon), Approved with { Verdict = Verdict.ChangesRequested })
        .When(new SubmitContent(Noon))
        .Then(new ContentSubmitted(Noon));

    [Fact]
    public void What_was_rejected_does_not_come_back_unchanged() => Spec.For(ContentItem.Decider)
        .Given(Drafted, new ContentSubmitted(Noon), Approved with { Verdict = Verdict.Rejected })
        .When(new SubmitContent(Noon))
        .ThenRejected("content-rejected");

    [Fact]
    public void Publishing_needs_approval() => Spec.For(ContentItem.Decider)
        .Given(Drafted, new ContentSubmitted(Noon))
        .When(new PublishContent(Noon))
        .ThenRejected("content-not-approved");

    [Fact]
    public void What_is_approved_is_published_with_the_reviewers_grade() => Spec.For(ContentItem.Decider)
        .Given(UpToApproval)
        .When(new PublishContent(Noon))
        .Then(Published);

    [Fact]
    public void Publishing_and_taking_back_twice_is_once()
    {
        Spec.For(ContentItem.Decider).Given([.. UpToApproval, Published]).When(new PublishContent(Noon)).ThenNothing();
        Spec.For(ContentItem.Decider).Given([.. UpToApproval, Published, new ContentUnpublished(Noon)]).When(new UnpublishContent(Noon)).ThenNothing();
    }

    [Fact]
    public void What_was_taken_back_is_published_again_without_a_new_review() => Spec.For(ContentItem.Decider)
        .Given([.. UpToApproval, Published, new ContentUnpublished(Noon)])
        .When(new PublishContent(Noon.AddDays(1)))
        .Then(Published with { At = Noon.AddDays(1) });

    [Fact]
    public void What_is_not_published_cannot_be_taken_back() => Spec.For(ContentItem.Decider)
        .Given(UpToApproval)
        .When(new UnpublishContent(Noon))
        .ThenRejected("content-not-published");

    [Fact]
    public void What_was_never_drafted_is_not_there() => Spec.For(ContentItem.Decider)
        .Given()
        .When(new SubmitContent(Noon))
        .ThenRejected("not-found");
}
