using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Members;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Imports;

/// <summary>
/// Members from elsewhere, with their own instants. Who comes with an address signs in once a password is set by the way for
/// those who forgot theirs, and until then nobody does; an address that a member has is that member. Nothing is mailed.
/// </summary>
internal static class MemberImports
{
    private static readonly AddressAttribute Address = new();
    private static readonly DateTimeOffset Earliest = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static void MapImports(this IEndpointRouteBuilder app) => app.MapPost("/imports/members", Take)
        .RequireScope("import").AllowLargeBody()
        .WithTag("Imports", "Facts from elsewhere, with their own ids and instants: taking them again changes nothing.")
        .WithSummary("Takes members from elsewhere; each item has its own verdict");

    private static async Task<Ok<Report>> Take(
        Batch batch, IDocumentStore store, KeyRing ring, Passwords passwords, TimeProvider clock, CancellationToken ct)
    {
        var verdicts = batch.Items.Select(item => (Item: item, Refusal: Fault(item, clock.GetUtcNow()))).ToList();
        var good = verdicts.Where(verdict => verdict.Refusal is null).Select(verdict => verdict.Item).ToList();
        var addresses = good.Where(item => item.Email is not null).GroupBy(item => item.MemberId).ToDictionary(items => items.Key, items => passwords.FindAll(items.First().Email!));
        var taken = new HashSet<Guid>();

        while (true)
        {
            try
            {
                await Join(good, addresses, taken, store, ring, ct);

                return TypedResults.Ok(new Report(taken.Count, good.Count - taken.Count, [.. verdicts.Select(verdict => verdict.Refusal).OfType<Refusal>()]));
            }
            catch (Exception e) when (e.UniqueViolation() == Credentials.AddressIndex)
            {
                // Somebody came in meanwhile with one of the addresses. It is known now, so that this ends.
            }
        }
    }

    private static async Task Join(
        IReadOnlyList<Item> items, Dictionary<Guid, string[]> addresses, HashSet<Guid> taken, IDocumentStore store, KeyRing ring, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var asked = addresses.Values.SelectMany(forms => forms).ToArray();
        var known = (await session.Query<Credentials>().Where(c => asked.Contains(c.Address)).Select(c => new { c.Id, c.Address }).ToListAsync(ct))
            .ToDictionary(c => c.Address, c => c.Id);

        // An address that somebody has is that member, here and in the batch itself.
        var newcomers = items.Where(item => !addresses.TryGetValue(item.MemberId, out var forms)
            || known[forms.FirstOrDefault(known.ContainsKey) ?? Add(forms[0], item.MemberId)] == item.MemberId).ToList();
        taken.ExceptWith(items.Except(newcomers).Select(item => item.MemberId)); // what an attempt that failed has noted
        var keys = await ring.Create([.. newcomers.Select(item => item.MemberId).Distinct()], ct);
        await store.HandleBatch(Member.Decider, [.. newcomers.Select(item => (
            item.MemberId,
            (MemberCommand)new Join(
                keys.Seal(item.MemberId, item.DisplayName.Trim()), item.Email is { } email ? keys.Seal(item.MemberId, AddressAttribute.Clean(email)) : null, item.JoinedAt, Imported: true),
            new CommandOptions
            {
                At = item.JoinedAt,
                WriteWithEvents = document =>
                {
                    taken.Add(item.MemberId);

                    if (addresses.TryGetValue(item.MemberId, out var forms))
                        document.Insert(new Credentials(item.MemberId, forms[0], Password: ""));
                }
            }))], ct);

        string Add(string address, Guid member)
        {
            known.Add(address, member);

            return address;
        }
    }

    private static Refusal? Fault(Item item, DateTimeOffset now) =>
        item.MemberId == Guid.Empty ? new(item.MemberId, "member-id-empty", "An id of all zeros names nobody.")
        : DisplayName.Fault(item.DisplayName) is { } fault ? new(item.MemberId, "display-name-invalid", $"The display name {fault}.")
        : item.JoinedAt < Earliest ? new(item.MemberId, "joined-too-early", "The member joins before 1970.")
        : item.JoinedAt > now ? new(item.MemberId, "joined-in-future", "The member joins only later.")
        : !Address.IsValid(item.Email) ? new(item.MemberId, "address-invalid", "This is no e-mail address.")
        : null;

    private sealed record Batch([property: Length(0, 500, ErrorMessage = "must be at most 500 items")] IReadOnlyList<Item> Items);

    /// <param name="Email">Null: none is known.</param>
    private sealed record Item(Guid MemberId, string DisplayName, DateTimeOffset JoinedAt, string? Email = null);

    private sealed record Report(int Taken, int Already, IReadOnlyList<Refusal> Refused);

    private sealed record Refusal(Guid Id, string Code, string Detail);
}
