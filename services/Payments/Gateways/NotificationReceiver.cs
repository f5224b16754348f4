using Community.EventStore;
using Community.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Gateways;

/// <summary>A module that acts on what gateways say. Each acts on its own kinds of notification and leaves the others alone.</summary>
internal interface INotificationHandler
{
    /// <returns>Why the notification has no effect, where it cannot be right.</returns>
    Task<Rejection?> Handle(string gateway, Notification notification, CancellationToken ct);
}

/// <summary>The one way by which a gateway's word gets in: checked, understood, kept.</summary>
internal sealed class NotificationReceiver(IEnumerable<INotificationHandler> handlers, Refusals refusals, ILogger<NotificationReceiver> log)
{
    public async Task<Results<NoContent, ContentHttpResult, ProblemHttpResult>> Receive(
        IGateway gateway, IHeaderDictionary headers, ReadOnlyMemory<byte> body, CancellationToken ct)
    {
        switch (gateway.Read(headers, body))
        {
            case NotGenuine:
                return await Refuse(gateway, body, StatusCodes.Status401Unauthorized, "signature-invalid", "The signature is wrong or too old.", ct);

            case NotOurs:
                return await Refuse(gateway, body, StatusCodes.Status400BadRequest, "notification-not-ours", "It is meant for another app or merchant.", ct);

            case NotUnderstood:
                return await Refuse(gateway, body, StatusCodes.Status400BadRequest, "notification-not-understood", "This is no notification of this gateway.", ct);

            case var notification:
                if (await Process(gateway, notification, ct) is { } refused)
                {
                    return await Refuse(gateway, body, StatusCodes.Status409Conflict, refused.Code, refused.Detail, ct);
                }

                return gateway.Thanks is { } thanks ? TypedResults.Text(thanks) : TypedResults.NoContent();
        }
    }

    /// <summary>What a gateway said, by its webhook or because it was asked.</summary>
    /// <returns>Why it has no effect, where it cannot be right.</returns>
    public async Task<Rejection?> Process(IGateway gateway, Notification notification, CancellationToken ct)
    {
        CommandMetadata.Set(CommandMetadata.Current with { By = gateway.Name });

        foreach (var handler in handlers)
        {
            if (await handler.Handle(gateway.Name, notification, ct) is { } rejection)
            {
                return rejection;
            }
        }

        return null;
    }

    private async Task<ProblemHttpResult> Refuse(
        IGateway gateway, ReadOnlyMemory<byte> body, int status, string code, string detail, CancellationToken ct)
    {
        log.LogWarning("A notification of {Gateway} is refused: {Code}", gateway.Name, code);
        await refusals.Record(gateway.Name, code, body, ct);

        return gateway.Refuse(Problems.Problem(status, code, detail));
    }
}
