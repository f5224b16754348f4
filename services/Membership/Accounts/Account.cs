using System.Collections.Immutable;
using System.Diagnostics;
using Community.EventStore;
using Community.Membership.Members;

namespace Community.Membership.Accounts;

internal abstract record AccountCommand(DateTimeOffset At);

internal sealed record ConfirmAddress(DateTimeOffset At) : AccountCommand(At);

/// <param name="LinkMadeAt">When the link was made that was mailed to the new one.</param>
internal sealed record ChangeAddress(Sealed Address, DateTimeOffset LinkMadeAt, DateTimeOffset At) : AccountCommand(At);

/// <param name="LinkMadeAt">When the link was made that allows it; null where the member knew the old password.</param>
internal sealed record ChangePassword(DateTimeOffset? LinkMadeAt, DateTimeOffset At) : AccountCommand(At);

internal sealed record TurnTwoFactorOn(DateTimeOffset At) : AccountCommand(At);

internal sealed record TurnTwoFactorOff(DateTimeOffset At) : AccountCommand(At);

internal sealed record LinkSignIn(string Provider, DateTimeOffset At) : AccountCommand(At);

internal sealed record UnlinkSignIn(string Provider, DateTimeOffset At) : AccountCommand(At);

/// <summary>By what a member signs in. Who has departed may still confirm, and set a password: they may come back.</summary>
/// <param name="ChangedAt">When the password or the address became another; null: neither ever did.</param>
internal sealed record Account(Presence Presence, bool IsConfirmed, DateTimeOffset? ChangedAt, bool TwoFactor, ImmutableSortedSet<string> SignIns)
{
    public static readonly Decider<Account, AccountCommand, MemberEvent> Decider = new(new(Presence.NotJoined, false, null, false, []), Decide, Evolve);

    private static readonly Rejection LinkUsed = new("link-used", "The password or the address was changed since this link was made.");

    private static Decision<MemberEvent> Decide(Account account, AccountCommand command) => command switch
    {
        _ when !account.Presence.IsKnown() => MembersAccess.NoSuchMember,
        ConfirmAddress when account.IsConfirmed => new Rejection("link-used", "The address is confirmed already."),
        ConfirmAddress c => new AddressConfirmed(c.At),
        // A link is worth something until the password or the address changes by another one.
        ChangeAddress c when account.ChangedAt >= c.LinkMadeAt => LinkUsed,
        ChangeAddress c => new AddressChanged(c.Address, c.At),
        ChangePassword c when account.ChangedAt >= c.LinkMadeAt => LinkUsed,
        // Whoever has the mail has the address, too.
        ChangePassword { LinkMadeAt: not null } c when !account.IsConfirmed => [new PasswordChanged(ByLink: true, c.At), new AddressConfirmed(c.At)],
        ChangePassword c => new PasswordChanged(c.LinkMadeAt is not null, c.At),
        _ when account.Presence is Presence.Departed => MembersAccess.HasDeparted,
        TurnTwoFactorOn when account.TwoFactor => Decision.Nothing,
        TurnTwoFactorOn c => new TwoFactorTurnedOn(c.At),
        TurnTwoFactorOff when !account.TwoFactor => Decision.Nothing,
        TurnTwoFactorOff c => new TwoFactorTurnedOff(c.At),
        LinkSignIn c when account.SignIns.Contains(c.Provider) => new Rejection("sign-in-linked", "An account there is linked already; unlink it first."),
        LinkSignIn c => new SignInLinked(c.Provider, c.At),
        UnlinkSignIn c when !account.SignIns.Contains(c.Provider) => Decision.Nothing,
        UnlinkSignIn c => new SignInUnlinked(c.Provider, c.At),
        _ => throw new UnreachableException($"{command.GetType().Name} is not known.")
    };

    private static Account Evolve(Account account, MemberEvent @event) => @event switch
    {
        AddressConfirmed => account with { IsConfirmed = true },
        AddressChanged e => account with { IsConfirmed = true, ChangedAt = account.Latest(e.At) },
        PasswordChanged e => account with { ChangedAt = account.Latest(e.At) },
        TwoFactorTurnedOn => account with { TwoFactor = true },
        TwoFactorTurnedOff => account with { TwoFactor = false },
        SignInLinked e => account with { SignIns = account.SignIns.Add(e.Provider) },
        SignInUnlinked e => account with { SignIns = account.SignIns.Remove(e.Provider) },
        _ => account with { Presence = account.Presence.After(@event) }
    };

    // Clocks of replicas differ.
    private DateTimeOffset? Latest(DateTimeOffset at) => ChangedAt > at ? ChangedAt : at;
}
