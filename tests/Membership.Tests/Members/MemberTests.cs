using Community.EventStore;
using Community.Membership.Members;
using Community.Testing;

namespace Community.Membership.Tests.Members;

public sealed class MemberTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Ann = Guid.Parse("0196a000-0000-7000-8000-000000000001");
    private static readonly Guid Olga = Guid.Parse("0196a000-0000-7000-8000-000000000002");
    private static readonly Sealed Name = new(Ann, "c2VhbGVk");
    private static readonly Sealed Address = new(Ann, "YWRkcmVzcw==");
    private static readonly MemberJoined Registered = new(Name, Address, Noon, Imported: false);

    [Fact]
    public void Somebody_joins() => Spec.For(Member.Decider)
        .Given()
        .When(new Join(Name, Address, Noon))
        .Then(new MemberJoined(Name, Address, Noon, Imported: false));

    [Fact]
    public void The_same_registration_again_changes_nothing() => Spec.For(Member.Decider)
        .Given(Registered)
        .When(new Join(Name, Address, Noon))
        .ThenNothing();

    [Fact]
    public void Nobody_who_has_not_joined_is_given_a_role() => Spec.For(Member.Decider)
        .Given()
        .When(new GrantRole("creator", Olga, Noon))
        .ThenRejected("not-found");

    [Fact]
    public void A_role_is_granted_once() => Spec.For(Member.Decider)
        .Given(Registered, new RoleGranted("creator", Olga, Noon))
        .When(new GrantRole("creator", Olga, Noon))
        .ThenNothing();

    [Fact]
    public void A_role_can_be_granted_again_after_it_was_revoked() => Spec.For(Member.Decider)
        .Given(Registered, new RoleGranted("creator", Olga, Noon), new RoleRevoked("creator", Olga, Noon))
        .When(new GrantRole("creator", Olga, Noon))
        .Then(new RoleGranted("creator", Olga, Noon));

    [Fact]
    public void A_role_that_is_not_held_is_not_revoked() => Spec.For(Member.Decider)
        .Given(Registered)
        .When(new RevokeRole("creator", Olga, Noon))
        .ThenNothing();

    [Fact]
    public void Nobody_stops_being_a_member_by_role() => Spec.For(Member.Decider)
        .Given(Registered)
        .When(new RevokeRole("member", Olga, Noon))
        .ThenRejected("role-inseparable");

    [Fact]
    public void The_state_follows_the_events()
    {
        var state = (Joined)Spec.For(Member.Decider)
            .Given(Registered, new BioRewritten(Address, Noon), new RoleGranted("expert", Olga, Noon), new MemberRenamed(Address, Noon), new BioRewritten(null, Noon))
            .State;

        Assert.Equal(["expert", "member"], state.Roles);
        Assert.Equal(Address, state.Name);
        Assert.Null(state.Bio);
        Assert.Equal(Noon, state.JoinedAt);
    }
}
