using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventSourcing;
using Community.Membership.Members;
using Community.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Imports;

/// <summary>Members from elsewhere, with their own ids and instants. They have no address and no password: nobody signs in as one.</summary>
internal static class MemberImports
{
    public static void MapImports(this IEndpointRouteBuilder app) => app.MapPost("/imports/members", Take)
        .RequireScope("import").AllowLargeBody()
        .WithTag("Imports", "Facts from elsewhere, with their own ids and instants: taking them again changes nothing.")
        .WithSummary("Takes members from elsewhere; each item has its own verdict");

    private static async Task<Ok<Report>> Take(Batch batch, IDocumentStore store, KeyRing ring, TimeProvider clock, CancellationToken ct)
    {
        var verdicts = batch.Items.Select(item => (Item: item, Refusal: Fault(item, clock.GetUtcNow()))).ToList();
        var good = verdicts.Where(verdict => verdict.Refusal is null).Select(verdict => verdict.Item).ToList();
        var keys = await ring.Create([.. good.Select(item => item.MemberId).Distinct()], ct);
        var taken = new HashSet<Guid>();
        await store.HandleBatch(Member.Decider, [.. good.Select(item => (
            item.MemberId,
            (MemberCommand)new Join(keys.Seal(item.MemberId, item.DisplayName.Trim()), Address: null, item.JoinedAt, Imported: true),
            new Handling { At = item.JoinedAt, Also = _ => taken.Add(item.MemberId) }))], ct);

        return TypedResults.Ok(new Report(taken.Count, good.Count - taken.Count, [.. verdicts.Select(verdict => verdict.Refusal).OfType<Refusal>()]));
    }

    private static Refusal? Fault(Item item, DateTimeOffset now) =>
        item.MemberId == Guid.Empty ? new(item.MemberId, "member-id-empty", "An id of all zeros names nobody.")
        : Text.Fault(item.DisplayName, max: 80) is { } fault ? new(item.MemberId, "display-name-invalid", $"The display name {fault}.")
        : item.JoinedAt > now ? new(item.MemberId, "joined-in-future", "The member joins only later.")
        : null;

    private sealed record Batch([property: Length(0, 500, ErrorMessage = "must be at most 500 items")] IReadOnlyList<Item> Items);

    private sealed record Item(Guid MemberId, string DisplayName, DateTimeOffset JoinedAt);

    private sealed record Report(int Taken, int Already, IReadOnlyList<Refusal> Refused);

    private sealed record Refusal(Guid Id, string Code, string Detail);
}
