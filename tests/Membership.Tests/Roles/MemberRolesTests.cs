using Community.EventStore;
using Community.Membership.Members;
using Community.Membership.Roles;
using Community.Testing;

namespace Community.Membership.Tests.Roles;

public sealed class MemberRolesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Ann = Guid.Parse("0196a000-0000-7000-8000-000000000001");
    private static readonly Guid Olga = Guid.Parse("0196a000-0000-7000-8000-000000000002");
    private static readonly MemberJoined Registered = new(new Sealed(Ann, "c2VhbGVk"), null, Noon, Imported: false);

    [Fact]
    public void Nobody_who_has_not_joined_is_given_a_role() => Spec.For(MemberRoles.Decider)
        .Given()
        .When(new GrantRole("creator", Olga, Noon))
        .ThenRejected("not-found");

    [Fact]
    public void A_role_is_granted_once() => Spec.For(MemberRoles.Decider)
        .Given(Registered, new RoleGranted("creator", Olga, Noon))
        .When(new GrantRole("creator", Olga, Noon))
        .ThenNothing();

    [Fact]
    public void A_role_can_be_granted_again_after_it_was_revoked() => Spec.For(MemberRoles.Decider)
        .Given(Registered, new RoleGranted("creator", Olga, Noon), new RoleRevoked("creator", Olga, Noon))
        .When(new GrantRole("creator", Olga, Noon))
        .Then(new RoleGranted("creator", Olga, Noon));

    [Fact]
    public void A_role_that_is_not_held_is_not_revoked() => Spec.For(MemberRoles.Decider)
        .Given(Registered)
        .When(new RevokeRole("creator", Olga, Noon))
        .ThenNothing();

    [Fact]
    public void Nobody_stops_being_a_member_by_role() => Spec.For(MemberRoles.Decider)
        .Given(Registered)
        .When(new RevokeRole("member", Olga, Noon))
        .ThenRejected("role-inseparable");

    [Fact]
    public void Who_has_left_is_given_none_and_gives_back_what_is_left()
    {
        var gone = Spec.For(MemberRoles.Decider).Given(Registered, new RoleGranted("creator", Olga, Noon), new MemberDeparted(Noon));
        gone.When(new GrantRole("expert", Olga, Noon)).ThenRejected("member-departed");
        gone.When(new RevokeRole("creator", Olga, Noon)).Then(new RoleRevoked("creator", Olga, Noon));
        gone.Given(new MemberReturned(Noon)).When(new GrantRole("expert", Olga, Noon)).Then(new RoleGranted("expert", Olga, Noon));
    }
}
