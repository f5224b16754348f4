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
    public void Who_comes_by_a_provider_and_an_invitation_has_a_confirmed_address_and_somebody_who_brought_them() => Spec.For(Member.Decider)
        .Given()
        .When(new Join(Name, Address, Noon, Language: Language.Zh) { Provider = "github", Invitation = (Olga, Olga) })
        .Then(Registered, new LanguageChosen(Language.Zh, Noon), new AddressConfirmed(Noon), new SignInLinked("github", Noon), new MemberBrought(Olga, Olga, Noon));

    [Fact]
    public void What_is_shown_of_a_member_follows_the_events()
    {
        MemberEvent[] events = [Registered, new BioRewritten(Address, Noon), new RoleGranted("expert", Olga, Noon), new MemberRenamed(Address, Noon), new BioRewritten(null, Noon)];
        var member = events.Aggregate((MemberDetails?)null, MemberDetails.Evolve)!;

        Assert.Equal(["expert", "member"], member.Roles);
        Assert.Equal(Address, member.Name);
        Assert.Null(member.Bio);
        Assert.Equal(Noon, member.JoinedAt);
    }
}
