using Community.Payments.Gateways;

namespace Community.Payments.Charging;

/// <summary>Charges by gateways to which payers have given a mandate.</summary>
internal sealed class Mandates(IEnumerable<IGateway> gateways, NotificationReceiver receiver, ILogger<Mandates> log)
{
    public IMandateGateway? Find(string gateway) => gateways.OfType<IMandateGateway>().FirstOrDefault(known => known.Name == gateway);

    /// <summary>Has the gateway charge, and takes its answer as if it had come by its webhook. Where there is no answer, the outcome is not known.</summary>
    public async Task Charge(IMandateGateway gateway, ChargeRequest charge, CancellationToken ct)
    {
        try
        {
            await receiver.Process(gateway, await gateway.Charge(charge, ct), ct);
        }
        catch (GatewayAwayException e)
        {
            log.LogWarning("The payment {PaymentId} is asked for again: {Reason}", charge.Payment.PaymentId, e.Message);
        }
    }
}

internal static class ChargingModule
{
    public static void AddCharging(this WebApplicationBuilder builder) => builder.Services.AddSingleton<Mandates>();
}
