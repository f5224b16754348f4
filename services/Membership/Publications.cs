using Community.Membership.Accounts.Sessions;
using Community.Membership.Members;
using Community.Membership.Settings;
using Community.Membership.Tokens;
using Community.Messaging;
using Community.Web;

namespace Community.Membership;

/// <summary>All that membership says aloud. No personal data: names and addresses never leave this service's database.</summary>
internal static class Publications
{
    public static readonly Publication[] All =
    [
        Publication.Of<CommunitySetUp, Contracts.CommunityArranged>(e => Configured(CommunitySettings.Initial(e.Data.Name), e.Version, e.Data.At)),
        Publication.Of<CommunityConfigured, Contracts.CommunityArranged>(e => Configured(e.Data.Settings, e.Version, e.Data.At)),
        Publication.Of<MemberJoined, Contracts.MemberJoined>(e => new(e.StreamId, e.Data.At, e.Data.Imported)),
        Publication.Of<RoleGranted, Contracts.RoleGranted>(e => new(e.StreamId, e.Data.Role, e.Data.At, e.Version)),
        Publication.Of<RoleRevoked, Contracts.RoleRevoked>(e => new(e.StreamId, e.Data.Role, e.Data.At, e.Version)),
        Publication.Of<MemberBrought, Contracts.MemberBrought>(e => new(e.StreamId, e.Data.By, e.Data.At)),
        Publication.Of<MemberSuspended, Contracts.MemberSuspended>(e => new(e.StreamId, e.Data.Until, e.Version, e.Data.At)),
        Publication.Of<SuspensionEnded, Contracts.SuspensionEnded>(e => new(e.StreamId, e.Version, e.Data.At)),
        Publication.Of<MemberDeparted, Contracts.MemberDeparted>(e => new(e.StreamId, e.Version, e.Data.At)),
        Publication.Of<MemberReturned, Contracts.MemberReturned>(e => new(e.StreamId, e.Version, e.Data.At)),
        Publication.Of<MemberErased, Contracts.MemberErased>(e => new(e.StreamId, e.Version, e.Data.At)),
        Publication.Of<TierGranted, Contracts.TierGranted>(e => new(e.StreamId, e.Data.Source.ToWord(), e.Data.Tier, e.Data.Until, e.Version, e.Data.At)),
        Publication.Of<TierEnded, Contracts.TierEnded>(e => new(e.StreamId, e.Data.Source.ToWord(), e.Version, e.Data.At)),
        // Each of several subscriptions gives its tier, whichever of them is shown.
        Publication.Of<SubscriptionNoted, Contracts.TierGranted>(e => e.Data.Tier is { } tier
            ? new(e.StreamId, $"subscription/{e.Data.SubscriptionId}", tier, null, e.Version, e.Data.At)
            : null),
        Publication.Of<SubscriptionNoted, Contracts.TierEnded>(e => e.Data.Tier is null
            ? new(e.StreamId, $"subscription/{e.Data.SubscriptionId}", e.Version, e.Data.At)
            : null),
        Publication.Of<TokenRevoked, Contracts.TokenRevoked>(e => new(e.StreamId, e.Data.ExpiresAt)),
        Publication.Of<SessionEnded, Contracts.SessionEnded>(e => new(e.StreamId, e.Data.ExpiresAt))
    ];

    private static Contracts.CommunityArranged Configured(CommunitySettings settings, long version, DateTimeOffset at) => new(
        settings.Name, settings.TimeZone, settings.Currency, settings.Languages, settings.Registration.ToWord(), settings.Points, version, at);
}
