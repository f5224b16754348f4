using Community.EventStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Community.Web;

/// <param name="EventId">Of the event that came of it.</param>
/// <param name="At">When it was done.</param>
/// <param name="By">Who did it.</param>
/// <param name="Type">The event's type.</param>
/// <param name="Subject">The member, order, content or other thing that it was done to.</param>
/// <param name="Cursor">What to ask <c>after</c>, of any service, for what was done before it.</param>
public sealed record StaffActionView(Guid EventId, DateTimeOffset At, Guid By, string Type, Guid Subject, string Cursor);

/// <summary>Who of the staff did what, as the service's log has it.</summary>
public static class StaffActionEndpoints
{
    private sealed record Key(DateTimeOffset At, Guid EventId);

    /// <summary>For operators: the caller restricts it to them.</summary>
    public static RouteHandlerBuilder MapStaffActions(this IEndpointRouteBuilder app) =>
        app.MapGet("/staff-actions", List).WithTags("Staff actions").WithSummary("What people with a role among the staff did here, the newest first");

    /// <param name="by">Only what this member did.</param>
    private static async Task<Page<StaffActionView>> List(NpgsqlDataSource database, [AsParameters] Paging paging, Guid? by, CancellationToken ct)
    {
        var behind = paging.Key<Key>(out var key) ? (key.At, key.EventId) : ((DateTimeOffset, Guid)?)null;
        var actions = await database.StaffActionsOf(by, behind, paging.Size + 1, ct);

        return paging.Page([.. actions.Select(action => new StaffActionView(
            action.EventId, action.At, action.By, action.Type, action.Subject, Paging.Cursor(new Key(action.At, action.EventId))))], view => new Key(view.At, view.EventId));
    }
}
