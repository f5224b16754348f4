using Community.EventStore;
using Community.Messaging;
using JasperFx.Events.Projections;

namespace Community.Payments.Referrals;

internal static class ReferralsModule
{
    /// <exception cref="InvalidOperationException">The setting is no percentage.</exception>
    public static WebApplicationBuilder AddReferrals(this WebApplicationBuilder builder)
    {
        var percentOff = builder.Configuration.GetValue("Referrals:PercentOff", 0);
        if (percentOff is < 0 or > 100)
            throw new InvalidOperationException($"Referrals:PercentOff is {percentOff}; it must be a whole number from 0 to 100.");

        builder.ConfigureStore(options =>
        {
            options.Projections.Add<ReferralList>(ProjectionLifecycle.Inline);
            options.Schema.For<ReferralInList>().Index(referral => referral.By);
        });
        builder.AddConsumer<NoteReferrals>();
        if (percentOff > 0)
            builder.AddFollower(services => new Rewarding(services, percentOff));

        return builder;
    }
}
