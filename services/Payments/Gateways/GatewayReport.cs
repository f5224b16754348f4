using Community.EventStore;

namespace Community.Payments.Gateways;

/// <param name="Fee">What the gateway has kept of it; null: the report does not say.</param>
public sealed record ReportedMoney(string Receipt, Money Amount, DateTimeOffset At, Money? Fee = null);

/// <summary>What a gateway says that it took, by its own report.</summary>
[EventType("gateway-report-uploaded.v1")]
public sealed record GatewayReportUploaded(string Gateway, ReportedMoney[] Lines, DateTimeOffset At);

internal sealed record UploadReport(string Gateway, ReportedMoney[] Lines, DateTimeOffset At);

internal sealed record GatewayReport(bool Uploaded)
{
    public static readonly Decider<GatewayReport, UploadReport, GatewayReportUploaded> Decider = new(
        new GatewayReport(false),
        (report, c) => report.Uploaded ? Decision.Nothing : new GatewayReportUploaded(c.Gateway, c.Lines, c.At),
        (_, _) => new GatewayReport(true));
}
