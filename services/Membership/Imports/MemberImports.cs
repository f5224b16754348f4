using Community.EventStore;
using Community.Membership.Accounts.SignIn;
using Community.Membership.Members;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Imports;

/// <param name="Email">Null: none is known.</param>
internal sealed record ImportedMember(Guid MemberId, string DisplayName, DateTimeOffset JoinedAt, string? Email = null) : IImported
{
    Guid IImported.Id => MemberId;

    DateTimeOffset IImported.At => JoinedAt;
}

/// <summary>
/// Members from elsewhere, with their own instants. Who comes with an address signs in once a password is set by the way for
/// those who forgot theirs, and until then nobody does; an address that a member has is that member. Nothing is mailed.
/// </summary>
internal static class MemberImports
{
    private static readonly AddressAttribute Address = new();
    private static readonly DateTimeOffset Earliest = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static void MapImports(this IEndpointRouteBuilder app) => app.MapPost("/imports/members", Import)
        .RequireScope("import").AllowLargeBody()
        .WithTag("Imports", "Facts from elsewhere, with their own ids and instants: taking them again changes nothing.")
        .WithSummary("Takes members from elsewhere; each item has its own verdict");

    private static async Task<Ok<ImportResult>> Import(
        BulkImport<ImportedMember> import, IDocumentStore store, KeyRing ring, Passwords passwords, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var good = import.Items.Where(item => Fault(item, now) is null).ToList();
        var addresses = good.Where(item => item.Email is not null).GroupBy(item => item.MemberId)
            .ToDictionary(items => items.Key, items => passwords.FindAll(items.First().Email!));
        var holders = await Holders(store, [.. addresses.Values.SelectMany(forms => forms)], ct);

        // An address that somebody has is that member, here and in the batch itself.
        var newcomers = good.Where(item => !addresses.TryGetValue(item.MemberId, out var forms) || Holder(forms, item.MemberId) == item.MemberId).ToHashSet();
        var keys = await ring.Create([.. newcomers.Select(item => item.MemberId).Distinct()], ct);

        return TypedResults.Ok(await import.Commit(
            store, Member.Decider,
            item => Fault(item, now) is { } fault ? fault : newcomers.Contains(item) ? Joining(item) : ImportStep<MemberCommand>.Known,
            ct, knownBy: Credentials.AddressIndex));

        Guid Holder(string[] forms, Guid newcomer)
        {
            if (forms.FirstOrDefault(holders.ContainsKey) is { } form)
            {
                return holders[form];
            }

            return holders[forms[0]] = newcomer;
        }

        ImportStep<MemberCommand> Joining(ImportedMember item) => new(
            item.MemberId,
            new Join(
                keys.Seal(item.MemberId, item.DisplayName.Trim()), item.Email is { } email ? keys.Seal(item.MemberId, AddressAttribute.Clean(email)) : null,
                item.JoinedAt, Imported: true),
            document =>
            {
                if (addresses.TryGetValue(item.MemberId, out var forms))
                    document.Insert(new Credentials(item.MemberId, forms[0], Password: ""));
            });
    }

    private static async Task<Dictionary<string, Guid>> Holders(IDocumentStore store, string[] addresses, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var known = await session.Query<Credentials>().Where(c => addresses.Contains(c.Address)).Select(c => new { c.Id, c.Address }).ToListAsync(ct);

        return known.ToDictionary(c => c.Address, c => c.Id);
    }

    private static Rejection? Fault(ImportedMember item, DateTimeOffset now) =>
        item.MemberId == Guid.Empty ? new("member-id-empty", "An id of all zeros names nobody.")
        : DisplayName.Fault(item.DisplayName) is { } fault ? new("display-name-invalid", $"The display name {fault}.")
        : item.JoinedAt < Earliest ? new("joined-too-early", "The member joins before 1970.")
        : item.JoinedAt > now ? new("joined-in-future", "The member joins only later.")
        : !Address.IsValid(item.Email) ? new("address-invalid", "This is no e-mail address.")
        : null;
}
