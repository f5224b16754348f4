using Community.Membership.Settings;
using Community.Testing;

namespace Community.Membership.Tests.Settings;

public sealed class CommunityStateTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Olga = Guid.Parse("0196a000-0000-7000-8000-000000000001");
    private static readonly Guid Otto = Guid.Parse("0196a000-0000-7000-8000-000000000002");
    private static readonly CommunitySetUp IsSetUp = new("Programmers", Olga, Noon);

    [Fact]
    public void A_community_is_founded() => Spec.For(CommunityState.Decider)
        .Given()
        .When(new SetUpCommunity("Programmers", Olga, Noon))
        .Then(IsSetUp);

    [Fact]
    public void A_community_is_founded_once() => Spec.For(CommunityState.Decider)
        .Given(IsSetUp)
        .When(new SetUpCommunity("Others", Otto, Noon))
        .ThenRejected("already-set-up");

    [Fact]
    public void The_last_owner_stays() => Spec.For(CommunityState.Decider)
        .Given(IsSetUp, new OwnershipGiven(Otto, Olga, Noon), new OwnershipTaken(Olga, Otto, Noon))
        .When(new TakeOwnership(Otto, Olga, Noon))
        .ThenRejected("last-owner");

    [Fact]
    public void One_of_two_owners_may_go() => Spec.For(CommunityState.Decider)
        .Given(IsSetUp, new OwnershipGiven(Otto, Olga, Noon))
        .When(new TakeOwnership(Olga, Otto, Noon))
        .Then(new OwnershipTaken(Olga, Otto, Noon));

    [Fact]
    public void Ownership_is_given_once() => Spec.For(CommunityState.Decider)
        .Given(IsSetUp, new OwnershipGiven(Otto, Olga, Noon))
        .When(new GiveOwnership(Otto, Olga, Noon))
        .ThenNothing();

    [Fact]
    public void Without_a_community_there_is_no_ownership_to_give() => Spec.For(CommunityState.Decider)
        .Given()
        .When(new GiveOwnership(Otto, Olga, Noon))
        .ThenRejected("not-set-up");
}
