using Community.Analytics.Decisions;
using Community.Analytics.Ingestion;
using Community.Analytics.Revenue;
using Community.Privacy;

namespace Community.Analytics;

/// <summary>What this service hands out to a member about the member.</summary>
internal static class Disclosures
{
    public static readonly Disclosure[] All =
    [
        Disclosure.Of<ActivityRecorded>(e => [e.Data.MemberId]),
        Disclosure.Of<MemberJoinRecorded>(e => [e.Data.MemberId]),
        Disclosure.Of<PaymentRecorded>(e => [e.Data.MemberId]),
        Disclosure.Of<RefundRecorded>(e => [e.Data.MemberId]),
        Disclosure.Of<RecurringRevenueRecorded>(e => [e.Data.MemberId]),
        Disclosure.Of<ContentRecorded>(e => [e.Data.AuthorId]),
        Disclosure.Of<RatingRecorded>(e => [e.Data.MemberId]),
        Disclosure.Of<ContentCommentRecorded>(e => [e.Data.MemberId]),
        Disclosure.Of<DecisionResolved>(e => [e.Data.By]),
        Disclosure.Nobodys<CommentDeletionRecorded>(),
        Disclosure.Nobodys<DecisionOpened>(),
        Disclosure.Nobodys<DecisionLapsed>(),
        Disclosure.Nobodys<DecisionMeasured>(),
        Disclosure.Nobodys<TimeZoneRecorded>()
    ];
}
