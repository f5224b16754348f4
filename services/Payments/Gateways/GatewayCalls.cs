using System.Text.Json;

namespace Community.Payments.Gateways;

internal static class GatewayCalls
{
    /// <summary>Whether a call failed by the network, by time, or by an answer that is none.</summary>
    public static bool IsAway(Exception e, CancellationToken ct) =>
        !ct.IsCancellationRequested
        && e is HttpRequestException or TimeoutException or JsonException or OperationCanceledException
            or Polly.ExecutionRejectedException; // the resilience around each call of the service
}
