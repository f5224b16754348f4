using Community.EventStore;
using Community.Membership.Accounts;
using Community.Membership.Members;
using Community.Membership.Roles;
using Community.Membership.Suspensions;
using Community.Membership.Tiers;
using Community.Testing;

namespace Community.Membership.Tests.Members;

public sealed class StandingTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Ann = Guid.Parse("0196a000-0000-7000-8000-000000000001");
    private static readonly Guid Olga = Guid.Parse("0196a000-0000-7000-8000-000000000002");
    private static readonly Sealed Reason = new(Ann, "cmVhc29u");
    private static readonly MemberJoined Joined = new(new Sealed(Ann, "YQ=="), null, Noon, Imported: false);
    private static readonly MemberSuspended Suspended = new(Reason, Noon.AddDays(1), Olga, Noon);

    [Fact]
    public void Who_asks_to_be_let_in_joins_when_somebody_lets_them_in_or_is_declined_for_good()
    {
        var (name, address) = (new Sealed(Ann, "YQ=="), new Sealed(Ann, "Yg=="));
        var applied = Spec.For(Member.Decider).Given(new MemberApplied(name, address, Reason, Language.Zh, Noon));

        applied.When(new Apply(name, address, null, null, Noon)).ThenNothing();
        Spec.For(MemberProfile.Decider).Given(new MemberApplied(name, address, Reason, Language.Zh, Noon)).When(new Rename(Reason, Noon)).ThenRejected("not-found");
        applied.When(new LetIn(Olga, Noon.AddDays(1))).Then(
            new MemberJoined(name, address, Noon.AddDays(1), Imported: false), new LanguageChosen(Language.Zh, Noon.AddDays(1)));
        applied.When(new Decline(Olga, Noon)).Then(new ApplicationDeclined(Olga, Noon));
        applied.Given(new ApplicationDeclined(Olga, Noon)).When(new LetIn(Olga, Noon)).ThenRejected("not-found");
        Spec.For(Member.Decider).Given(Joined).When(new Decline(Olga, Noon)).ThenRejected("joined-already");
    }

    [Fact]
    public void A_suspension_ends_when_its_time_has_come_and_not_before()
    {
        Spec.For(MemberSuspension.Decider).Given(Joined, Suspended).When(new LetSuspensionExpire(Noon.AddDays(1).AddTicks(-1))).ThenNothing();
        Spec.For(MemberSuspension.Decider).Given(Joined, Suspended).When(new LetSuspensionExpire(Noon.AddDays(1))).Then(new SuspensionEnded(By: null, Noon.AddDays(1)));
        Spec.For(MemberSuspension.Decider).Given(Joined, Suspended, new SuspensionEnded(null, Noon.AddDays(1))).When(new LetSuspensionExpire(Noon.AddDays(2))).ThenNothing();
    }

    [Fact]
    public void One_without_an_end_does_not_end_by_itself() => Spec.For(MemberSuspension.Decider)
        .Given(Joined, Suspended, Suspended with { Until = null })
        .When(new LetSuspensionExpire(Noon.AddYears(100)))
        .ThenNothing();

    [Fact]
    public void A_suspension_is_lifted_once_also_of_who_has_left()
    {
        var gone = Spec.For(MemberSuspension.Decider).Given(Joined, Suspended, new MemberDeparted(Noon));
        gone.When(new LiftSuspension(Olga, Noon)).Then(new SuspensionEnded(Olga, Noon));
        gone.Given(new SuspensionEnded(Olga, Noon)).When(new LiftSuspension(Olga, Noon)).ThenNothing();
    }

    [Fact]
    public void An_owner_neither_is_suspended_nor_leaves_nor_is_erased()
    {
        MemberEvent[] owner = [Joined, new RoleGranted("owner", Olga, Noon)];
        Spec.For(MemberSuspension.Decider).Given(owner).When(new Suspend(Reason, null, Olga, Noon)).ThenRejected("owner-stays");
        Spec.For(Member.Decider).Given(owner).When(new Depart(Ann, Noon)).ThenRejected("owner-stays");
        Spec.For(Member.Decider).Given(owner).When(new Erase(Ann, Noon)).ThenRejected("owner-stays");

        var dismissed = Spec.For(MemberSuspension.Decider).Given([.. owner, new RoleRevoked("owner", Olga, Noon)]);
        dismissed.When(new Suspend(Reason, null, Olga, Noon)).Then(new MemberSuspended(Reason, null, Olga, Noon));
    }

    [Fact]
    public void Who_leaves_gives_the_roles_back() => Spec.For(Member.Decider)
        .Given(Joined, new RoleGranted("creator", Olga, Noon))
        .When(new Depart(Ann, Noon))
        .Then(new RoleRevoked("creator", Ann, Noon), new MemberDeparted(Noon));

    [Fact]
    public void Who_has_left_changes_and_is_given_nothing_until_they_return()
    {
        MemberEvent[] gone = [Joined, new MemberDeparted(Noon)];
        Spec.For(MemberProfile.Decider).Given(gone).When(new ChangeProfile([new Rename(Reason, Noon)], Noon)).ThenRejected("member-departed");
        Spec.For(MemberTiers.Decider).Given(gone).When(new GrantTier(TierSource.Gift, "gold", null, Olga, Noon)).ThenRejected("member-departed");
        Spec.For(Account.Decider).Given(gone).When(new TurnTwoFactorOn(Noon)).ThenRejected("member-departed");
        Spec.For(Account.Decider).Given(gone).When(new LinkSignIn("github", Noon)).ThenRejected("member-departed");
        Spec.For(Member.Decider).Given(gone).When(new Depart(Ann, Noon)).ThenNothing();
        Spec.For(Member.Decider).Given(gone).When(new Return(Noon)).Then(new MemberReturned(Noon));
        Spec.For(MemberProfile.Decider).Given([.. gone, new MemberReturned(Noon)]).When(new Rename(Reason, Noon)).Then(new MemberRenamed(Reason, Noon));
    }

    [Fact]
    public void Of_who_is_erased_nothing_more_can_be_said()
    {
        MemberEvent[] erased = [Joined, new MemberErased(Noon)];
        Spec.For(Member.Decider).Given(erased).When(new Erase(Ann, Noon)).ThenNothing();
        Spec.For(Member.Decider).Given(erased).When(new Return(Noon)).ThenRejected("not-found");
        Spec.For(MemberProfile.Decider).Given(erased).When(new Rename(Reason, Noon)).ThenRejected("not-found");
        Spec.For(Account.Decider).Given(erased).When(new ChangePassword(null, Noon)).ThenRejected("not-found");
        Spec.For(MemberRoles.Decider).Given(erased).When(new GrantRole("creator", Olga, Noon)).ThenRejected("not-found");
        Spec.For(MemberSuspension.Decider).Given(erased).When(new Suspend(Reason, null, Olga, Noon)).ThenRejected("not-found");
        Spec.For(MemberSuspension.Decider).Given(erased).When(new LetSuspensionExpire(Noon)).ThenRejected("not-found");
        Spec.For(MemberTiers.Decider).Given(erased).When(new LetTiersExpire(Noon)).ThenRejected("not-found");
    }

    [Fact]
    public void A_gift_ends_and_what_is_paid_for_goes_on()
    {
        MemberEvent[] events =
            [Joined, new TierGranted(TierSource.Subscription, "silver", null, null, Noon), new TierGranted(TierSource.Gift, "gold", Noon.AddDays(7), Olga, Noon)];
        var shown = events.Aggregate((MemberDetails?)null, MemberDetails.Evolve)!;
        var both = Spec.For(MemberTiers.Decider).Given(events);

        Assert.Equal("gold", shown.Tier(Noon));
        Assert.Equal("silver", shown.Tier(Noon.AddDays(7))); // also before anybody has noted it
        both.When(new LetTiersExpire(Noon.AddDays(7).AddTicks(-1))).ThenNothing();
        both.When(new LetTiersExpire(Noon.AddDays(7))).Then(new TierEnded(TierSource.Gift, By: null, Noon.AddDays(7)));
        both.When(new EndTier(TierSource.Gift, Olga, Noon)).Then(new TierEnded(TierSource.Gift, Olga, Noon));
        both.When(new GrantTier(TierSource.Gift, "gold", Noon.AddDays(7), Olga, Noon)).ThenNothing();
    }

    [Fact]
    public void Of_several_changes_of_a_profile_all_are_made_or_none()
    {
        var change = new ChangeProfile([new Rename(Reason, Noon), new SetAvatar(null, Noon), new ChooseLanguage(Language.Zh, Noon)], Noon);
        Spec.For(MemberProfile.Decider).Given(Joined).When(change).Then(new MemberRenamed(Reason, Noon), new LanguageChosen(Language.Zh, Noon));
        Spec.For(MemberProfile.Decider).Given(Joined, new LanguageChosen(Language.Zh, Noon)).When(change).Then(new MemberRenamed(Reason, Noon));
        Spec.For(MemberProfile.Decider).Given(Joined, new MemberDeparted(Noon)).When(change).ThenRejected("member-departed");
    }

    [Fact]
    public void A_link_that_sets_a_password_confirms_the_address_that_it_was_mailed_to()
    {
        var byLink = new ChangePassword(LinkMadeAt: Noon, Noon.AddMinutes(1));
        Spec.For(Account.Decider).Given(Joined).When(byLink).Then(new PasswordChanged(ByLink: true, byLink.At), new AddressConfirmed(byLink.At));
        Spec.For(Account.Decider).Given(Joined, new AddressConfirmed(Noon.AddDays(-1))).When(byLink).Then(new PasswordChanged(ByLink: true, byLink.At));
        Spec.For(Account.Decider).Given(Joined).When(byLink with { LinkMadeAt = null }).Then(new PasswordChanged(ByLink: false, byLink.At));
    }

    [Fact]
    public void The_first_link_that_sets_a_password_makes_the_others_worthless() => Spec.For(Account.Decider)
        .Given(Joined, new PasswordChanged(ByLink: true, Noon.AddMinutes(5)))
        .When(new ChangePassword(LinkMadeAt: Noon.AddMinutes(4), Noon.AddMinutes(6)))
        .ThenRejected("link-used");

    [Fact]
    public void A_link_to_another_address_is_worth_nothing_after_a_new_password_or_another_address()
    {
        var change = new ChangeAddress(Reason, LinkMadeAt: Noon.AddMinutes(4), Noon.AddMinutes(6));
        Spec.For(Account.Decider).Given(Joined).When(change).Then(new AddressChanged(Reason, Noon.AddMinutes(6)));
        Spec.For(Account.Decider).Given(Joined, new PasswordChanged(ByLink: false, Noon.AddMinutes(3))).When(change).Then(new AddressChanged(Reason, Noon.AddMinutes(6)));
        Spec.For(Account.Decider).Given(Joined, new PasswordChanged(ByLink: false, Noon.AddMinutes(5))).When(change).ThenRejected("link-used");
        Spec.For(Account.Decider).Given(Joined, new AddressChanged(Reason, Noon.AddMinutes(5))).When(change).ThenRejected("link-used");
        Spec.For(Account.Decider).Given(Joined, new AddressChanged(Reason, Noon.AddMinutes(5)))
            .When(new ChangePassword(LinkMadeAt: Noon.AddMinutes(4), Noon.AddMinutes(6))).ThenRejected("link-used");
    }
}
