using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using System.Text.Json;
using Community.EventStore;
using Community.ServiceDefaults;
using Community.Web;
using Marten;
using Marten.Linq.MatchesSql;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Members;

internal static class MemberEndpoints
{
    public static void MapMembers(this IEndpointRouteBuilder app)
    {
        var members = app.MapGroup("/members").WithTag("Members", "Who belongs to the community, and in which roles.");
        members.MapGet("", List).AllowAnonymous().ProducesProblem(401).ProducesProblem(403)
            .WithSummary("All members for an operator; with ids, the public profiles of some");
        members.MapGet("/me", Mine).AnswersVersion().ProducesProblem(404).WithSummary("The profile of who asks, or what it was at an instant");
        members.MapPatch("/me", Change).AnswersVersion().TakesVersion().ProducesProblem(404)
            .WithSummary("Changes what is given; an empty bio or list of links takes it off");
        members.MapGet("/{id}", Read).AllowAnonymous().AnswersVersion().ProducesProblem(403).WithSummary("A profile; for the member and operators, what it was at an instant");
        members.MapGet("/{id}/history", History).WithSummary("All that happened to a member; for the member and operators");
        members.MapAvatars();
    }

    private static async Task<Results<Ok<Profile>, ProblemHttpResult>> Read(
        Guid id, Instant? asOf, ClaimsPrincipal user, [AsParameters] MemberServices services, CancellationToken ct)
    {
        // What somebody has taken from the profile is no longer for others to read.
        if (asOf is not null && user.FindMemberId() != id && !user.May(Role.Operator))
            return Problems.Forbidden("Only the member and operators see a profile as it was.");

        var (member, version) = await services.Store.LoadMember(id, asOf?.Value, ct);
        if (member is null)
            return Problems.NotFound("member");

        services.Http.SetVersion(version, user.FindMemberId() == id ? null : "public");

        return TypedResults.Ok(Profile.Of(
            id, member, await services.Ring.Find([id], ct), asOf?.Value ?? services.Clock.GetUtcNow(), withAddress: user.FindMemberId() == id));
    }

    private static Task<Results<Ok<Profile>, ProblemHttpResult>> Mine(
        Instant? asOf, ClaimsPrincipal user, [AsParameters] MemberServices services, CancellationToken ct) => Read(user.MemberId(), asOf, user, services, ct);

    private static async Task<Results<Ok<Profile>, ProblemHttpResult>> Change(
        ProfileChange change, ClaimsPrincipal user, StaffNames staff, [AsParameters] MemberServices services, CancellationToken ct)
    {
        var (store, http) = (services.Store, services.Http);
        var id = user.MemberId();
        var now = services.Clock.GetUtcNow();
        var keys = await services.Ring.Find([id], ct);
        var (member, version) = await store.LoadMember(id, asOf: null, ct);
        if (member is null)
            return Problems.NotFound("member");
        if (http.ExpectedVersion() is { } expected && expected != version)
            throw new VersionConflictException(id, preconditionFailed: true);

        // Sealed texts cannot be compared, so what stays the same is found here and not by the decider.
        List<ProfileCommand> commands = [];
        if (change.DisplayName is { } name && name.Trim() != keys.Open(member.Name))
        {
            await staff.Check(name, id, user.May(Role.Moderator, Role.Operator), ct);
            commands.Add(new Rename(keys.Seal(id, name.Trim()), now));
        }

        if (change.Bio is { } bio && bio != (keys.Open(member.Bio) ?? ""))
            commands.Add(new RewriteBio(bio.Length == 0 ? null : keys.Seal(id, bio), now));
        if (change.Links is { } links && !links.SequenceEqual(Profile.LinksOf(member, keys)))
            commands.Add(new SetLinks(links.Count == 0 ? null : keys.Seal(id, JsonSerializer.Serialize(links)), now));
        if (change.Language is { } language)
            commands.Add(new ChooseLanguage(language, now));

        var handled = await store.Handle(
            MemberProfile.Decider, id, new ChangeProfile(commands, now), new CommandOptions { ExpectedVersion = http.ExpectedVersion() is null ? null : version }, ct);
        if (handled.Rejection is { } rejection)
            return rejection.ToProblem();

        (member, version) = await store.LoadMember(id, asOf: null, ct);
        http.SetVersion(version);

        return TypedResults.Ok(Profile.Of(id, member!, keys, now, withAddress: true));
    }

    private static async Task<Results<Ok<Page<Profile>>, ProblemHttpResult>> List(
        string? ids, [AsParameters] Paging paging, ClaimsPrincipal user, [AsParameters] MemberServices services, CancellationToken ct)
    {
        var all = ids is null;
        var now = services.Clock.GetUtcNow();
        if (all && user.FindMemberId() is null)
            return Problems.Problem(401, "unauthenticated", "A list of all members needs an operator's token; ?ids= asks for some of them.");
        if (all && (!user.May(Role.Operator) || (user.HasClaim(claim => claim.Type == "scope") && !user.HasScope("read"))))
            return Problems.Forbidden("Only operators see all members; ?ids= asks for some of them.");

        await using var session = services.Store.QuerySession();
        var some = ids is null ? [] : Ids(ids);
        var after = paging.Key<Guid>(out var last) ? last : Guid.Empty;
        var rows = await session.Query<MemberRow>()
            .Where(row => all || some.Contains(row.Id))
            .Where(row => row.MatchesSql("d.id > ?", after))
            .OrderBy(row => row.Id)
            .Take((all ? paging.Size : 100) + 1)
            .ToListAsync(ct);
        var keys = await services.Ring.Find([.. rows.Select(row => row.Id)], ct);
        var profiles = rows.Select(row => Profile.Of(row.Id, row.Member, keys, now, withAddress: all)).ToList();

        return TypedResults.Ok(all ? paging.Page(profiles, profile => profile.MemberId) : new Page<Profile>(profiles, null));
    }

    private static Guid[] Ids(string list)
    {
        var parts = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length > 100)
            throw new InvalidParameter("ids", "must be at most 100");

        return [.. parts.Select(part => Guid.TryParseExact(part, "D", out var id) ? id : throw new InvalidParameter("ids", "must be ids of members, separated by commas")).Distinct()];
    }

    private static async Task<Results<Ok<History>, ProblemHttpResult>> History(
        Guid id, ClaimsPrincipal user, IDocumentStore store, KeyRing ring, CancellationToken ct)
    {
        if (user.MemberId() != id && !user.May(Role.Operator))
            return Problems.Forbidden("Only the member and operators see the history.");
        // Tokens, too, are streams: only a member's is shown here.
        if ((await store.LoadMember(id, asOf: null, ct)).State is null || await store.History(ring, id, ct) is not { } history)
            return Problems.NotFound("member");

        return TypedResults.Ok(history);
    }

    internal static Results<NoContent, ProblemHttpResult> Answer(Rejection? rejection) =>
        rejection is null ? TypedResults.NoContent() : rejection.ToProblem();

    private sealed record ProfileChange(
        [DisplayName] string? DisplayName = null,
        [Text(2000, MultiLine = true, MayBeBlank = true)] string? Bio = null,
        [Text(300), WebAddresses] IReadOnlyList<string>? Links = null,
        Language? Language = null);

    private sealed record MemberServices(IDocumentStore Store, KeyRing Ring, TimeProvider Clock, HttpContext Http);
}

/// <summary>Up to ten addresses that a browser can open and that cannot run a script.</summary>
internal sealed class WebAddressesAttribute() : ValidationAttribute("must be at most 10 addresses that begin with https:// or http://")
{
    public override bool IsValid(object? value) => value is null || (value is IReadOnlyList<string> { Count: <= 10 } links
        && links.All(link => Uri.TryCreate(link, UriKind.Absolute, out var address) && address.Scheme is "https" or "http" && address.UserInfo.Length == 0));
}
