using Community.Analytics.Activities;
using Community.Analytics.Revenue;
using Community.Analytics.Zone;
using Community.Privacy;

namespace Community.Analytics;

/// <summary>What this service hands out to a member about the member.</summary>
internal static class Exports
{
    public static readonly Disclosure[] All =
    [
        Disclosure.Of<ActivityRecorded>(e => [e.Data.MemberId]),
        Disclosure.Of<MemberJoinRecorded>(e => [e.Data.MemberId]),
        Disclosure.Of<RecurringRevenueRecorded>(e => [e.Data.MemberId]),
        Disclosure.Nobodys<TimeZoneRecorded>()
    ];
}
