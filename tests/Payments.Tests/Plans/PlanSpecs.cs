using Community.Payments.Catalogue;
using Community.Testing;

namespace Community.Payments.Tests.Plans;

public sealed class PlanSpecs
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Terms Terms = new(Guid.CreateVersion7(Noon), "Pro", "pro", new Money(9900, "CNY"), PlanInterval.Month);

    [Fact]
    public void It_is_offered_once_and_withdrawn_once()
    {
        Spec.For(Plan.Decider).When(new OfferPlan(Terms, 14, Noon)).Then(new PlanOffered(Terms, 14, Noon));
        Spec.For(Plan.Decider).Given(new PlanOffered(Terms, 14, Noon)).When(new OfferPlan(Terms, 14, Noon)).ThenNothing();
        Spec.For(Plan.Decider).Given(new PlanOffered(Terms, 14, Noon)).When(new WithdrawPlan(Noon)).Then(new PlanWithdrawn(Noon));
        Spec.For(Plan.Decider).Given(new PlanOffered(Terms, 14, Noon), new PlanWithdrawn(Noon)).When(new WithdrawPlan(Noon)).ThenNothing();
    }

    [Fact]
    public void What_is_paid_once_has_no_trial() => Spec.For(Plan.Decider)
        .When(new OfferPlan(Terms with { Interval = PlanInterval.Once }, 1, Noon)).ThenRejected("plan-without-renewal");

    [Fact]
    public void What_renews_has_no_length() => Spec.For(Plan.Decider)
        .When(new OfferPlan(Terms with { Days = 30 }, 0, Noon)).ThenRejected("plan-renews");
}
