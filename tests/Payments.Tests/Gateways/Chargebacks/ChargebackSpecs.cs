using Community.Payments.Gateways.Chargebacks;
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
        Given(Opened).When(Lose).Then(Lost);
        Given(Opened, Lost).When(Lose).ThenNothing();
    }

    [Fact]
    public void Its_end_may_be_told_before_its_beginning()
    {
        Given().When(Lose).Then(Lost);
        Given(Lost).When(Open).ThenNothing();
    }

    private static Spec.Scenario<Chargeback, ChargebackCommand, ChargebackEvent> Given(params ChargebackEvent[] events) => Spec.For(Chargeback.Decider).Given(events);
}
