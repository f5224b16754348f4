using Community.Payments.Chargebacks;
using Community.Payments.Gateways;
using Community.Payments.Ledger;
using Community.Payments.Orders;
using Community.Testing;

namespace Community.Payments.Tests.Gateways.Chargebacks;

public sealed class ChargebackSpecs
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Receipt Slip = new("stripe", "pi_1");
    private static readonly Money Price = new(9900, "CNY");
    private static readonly ChargebackOpened Opened = new("dp_1", Slip, Price, "fraudulent", Noon);
    private static readonly ChargebackClosed Lost = new("dp_1", Slip, Price, "fraudulent", false, Noon);
    private static readonly OpenChargeback Open = new("dp_1", Slip, Price, "fraudulent", Noon);
    private static readonly CloseChargeback Lose = new("dp_1", Slip, Price, "fraudulent", false, Noon);

    [Fact]
    public void It_is_opened_and_closed_once()
    {
        Given().When(Open).Then(Opened);
        Given(Opened).When(Open).ThenNothing();
        Given(Opened).When(Lose).Then(Lost with { Taken = Price });
        Given(Opened, Lost).When(Lose).ThenNothing();
    }

    [Theory]
    [InlineData(true, true, 0)]
    [InlineData(true, false, 9900)]
    [InlineData(false, true, 0)]
    [InlineData(false, false, 9900)]
    public void What_the_bank_has_taken_is_in_the_ledger_whatever_was_told_first(bool openedFirst, bool won, long taken)
    {
        var close = Lose with { Won = won };
        ChargebackCommand[] commands = openedFirst ? [Open, close] : [close, Open];
        ChargebackEvent[] events = [];

        foreach (var command in commands)
        {
            events = [.. events, .. Chargeback.Decider.Decide(events.Aggregate(Chargeback.Decider.Initial, Chargeback.Decider.Evolve), command).Events];
        }

        var balance = events.SelectMany(Movements.Of).GroupBy(p => p.Account).ToDictionary(g => g.Key, g => g.Sum(p => p.Debit - p.Credit));
        Assert.Equal((taken, -taken), (balance.GetValueOrDefault(Movements.Chargebacks), balance.GetValueOrDefault(Movements.HeldBy("stripe"))));
    }

    [Fact]
    public void Its_end_may_be_told_before_its_beginning()
    {
        Given().When(Lose).Then(Lost);
        Given(Lost).When(Open).ThenNothing();
    }

    private static Spec.Scenario<Chargeback, ChargebackCommand, ChargebackEvent> Given(params ChargebackEvent[] events) => Spec.For(Chargeback.Decider).Given(events);
}
