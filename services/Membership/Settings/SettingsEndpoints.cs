using System.Security.Claims;
using Community.EventStore;
using Community.Membership.Members;
using Community.Membership.Setup;
using Community.ServiceDefaults;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Settings;

internal static class SettingsEndpoints
{
    public static void MapSettings(this IEndpointRouteBuilder app)
    {
        var settings = app.MapGroup("/settings").WithTag("Community", "The community itself, and how it begins.");
        settings.MapGet("", Read).AllowAnonymous().AnswersVersion().WithSummary("How the community has arranged itself, or had at an instant");
        settings.MapPatch("", Configure).RequireRoles(Role.Owner).AnswersVersion().TakesVersion().WithSummary("Changes what is given");
    }

    /// <summary>The settings now; those of a community that has no owner yet are what it would begin with.</summary>
    public static async Task<CommunitySettings> Settings(this IDocumentStore store, CancellationToken ct) =>
        (await store.Load(CommunityState.Decider, CommunityState.Stream, asOf: null, ct)).State is IsSetUp community ? community.Settings : CommunitySettings.Initial("");

    private static async Task<Ok<SettingsView>> Read(Instant? asOf, IDocumentStore store, HttpContext http, CancellationToken ct)
    {
        var (state, version) = await store.Load(CommunityState.Decider, CommunityState.Stream, asOf?.Value, ct);
        http.SetVersion(version);

        return TypedResults.Ok(state is IsSetUp community ? SettingsView.Of(community.Settings) : SettingsView.Of(CommunitySettings.Initial("")) with { Name = null });
    }

    private static async Task<Results<Ok<SettingsView>, ProblemHttpResult>> Configure(
        SettingsChange change, ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, HttpContext http, CancellationToken ct)
    {
        var configure = new Configure(
            settings => settings with
            {
                Name = change.Name?.Trim() ?? settings.Name,
                TimeZone = change.TimeZone ?? settings.TimeZone,
                Currency = change.Currency ?? settings.Currency,
                Languages = change.Languages ?? settings.Languages,
                Registration = change.Registration ?? settings.Registration,
                Points = change.Points ?? settings.Points
            },
            user.MemberId(), clock.GetUtcNow());
        var handled = await store.Handle(CommunityState.Decider, CommunityState.Stream, configure, new CommandOptions { ExpectedVersion = http.ExpectedVersion() }, ct);
        if (handled.Rejection is { } rejection)
            return rejection.ToProblem();

        http.SetVersion(handled.Version);

        return TypedResults.Ok(SettingsView.Of(((IsSetUp)handled.State).Settings));
    }

    /// <param name="Name">Null until the community has an owner.</param>
    private sealed record SettingsView(string? Name, string TimeZone, string Currency, IReadOnlyList<string> Languages, Registration Registration, bool Points)
    {
        public static SettingsView Of(CommunitySettings settings) =>
            new(settings.Name, settings.TimeZone, settings.Currency, settings.Languages, settings.Registration, settings.Points);
    }

    private sealed record SettingsChange(
        [Text(80)] string? Name = null, [Text(64), TimeZone] string? TimeZone = null, [Currency] string? Currency = null,
        [Text(35), Languages] IReadOnlyList<string>? Languages = null, Registration? Registration = null, bool? Points = null);
}
