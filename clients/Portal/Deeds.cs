using Community.Portal.Services;

namespace Community.Portal;

/// <summary>What one button does: a form that comes back to its page and says there what became of it.</summary>
internal sealed class Deeds(ContentService content, MembershipService membership, PaymentsService payments, IncentivesService incentives, AnalyticsService analytics)
{
    public async Task<Problem?> Do(string deed, Guid id, string value, IFormCollection form, CancellationToken ct) => (deed, Other(form)) switch
    {
        ("vote", var reply) => Said(await content.Vote(id, reply, value != "-1", ct)),
        ("accept", { } reply) => Said(await content.Accept(id, reply, ct)),
        ("unaccept", _) => Said(await content.AcceptNone(id, ct)),
        ("delete-comment", _) => Said(await content.DeleteComment(id, ct)),
        ("delete-reply", { } reply) => Said(await content.DeleteReply(id, reply, ct)),
        ("delete-topic", _) => Said(await content.DeleteTopic(id, ct)),
        ("react", _) when Wording.Find<ReactionKind>(value) is { } kind => Said(await content.React(id, kind, ct)),
        ("unreact", _) when Wording.Find<ReactionKind>(value) is { } kind => Said(await content.Unreact(id, kind, ct)),
        ("submit", _) => Said(await content.Submit(id, ct)),
        ("publish", _) => Said(await content.Publish(id, ct)),
        ("take-back", _) => Said(await content.TakeBack(id, ct)),
        ("cancel-order", _) => Said(await payments.Cancel(id, ct)),
        ("cancel-subscription", _) => Said(await payments.CancelSubscription(id, ct)),
        ("continue-subscription", _) => Said(await payments.ContinueSubscription(id, ct)),
        ("pause-subscription", _) => Said(await payments.Pause(id, ct)),
        ("resume-subscription", _) => Said(await payments.Resume(id, ct)),
        ("decline-subscription", _) => Said(await payments.Decline(id, ct)),
        ("end-session", _) => Said(await membership.EndSession(id, ct)),
        ("end-sessions", _) => Said(await membership.EndOtherSessions(ct)),
        ("revoke-token", _) => Said(await membership.RevokeToken(id, ct)),
        ("withdraw-invitation", _) => Said(await membership.WithdrawInvitation(id, ct)),
        ("unlink", _) => Said(await membership.UnlinkAccount(value, ct)),
        ("confirm-address", _) => Said(await membership.AskToConfirm(ct)),
        ("remove-picture", _) => Said(await membership.RemovePicture(ct)),
        ("admit", _) => Said(await membership.Decide(id, admit: true, ct)),
        ("decline", _) => Said(await membership.Decide(id, admit: false, ct)),
        ("give-role", _) => Said(await membership.Role(id, value, give: true, ct)),
        ("take-role", _) => Said(await membership.Role(id, value, give: false, ct)),
        ("lift-suspension", _) => Said(await membership.LiftSuspension(id, ct)),
        ("take-tier", _) => Said(await membership.TakeTier(id, ct)),
        ("withdraw-plan", _) => Said(await payments.Withdraw(id, ct)),
        ("retry-refund", _) => Said(await payments.TryRefundAgain(id, ct)),
        ("mark-paid", _) => Said(await payments.MarkPaid(id, form["reference"].ToString().Trim(), ct)),
        ("return-owed", _) => Said(await payments.ReturnOwed(id, ct)),
        ("hide-on-boards", _) => Said(await incentives.ShowOnBoards(shown: false, ct)),
        ("show-on-boards", _) => Said(await incentives.ShowOnBoards(shown: true, ct)),
        ("cancel-redemption", _) => Said(await incentives.CancelRedemption(id, ct)),
        ("fulfil-redemption", _) => Said(await incentives.Fulfil(id, form["note"].ToString() is { Length: > 0 } note ? note : null, ct)),
        ("retire-reward", _) => Said(await incentives.Retire(id, ct)),
        ("retire-badge", _) => Said(await incentives.RetireBadge(id, ct)),
        ("cancel-replay", _) => Said(await incentives.CancelReplay(id, ct)),
        ("resolve-decision", _) when Wording.Find<Client.Analytics.DecisionAction>(value) is { } action => Said(await analytics.Resolve(id, action, Note(form), ct)),
        _ => Answers.Problem("not-found")
    };

    private static Guid? Other(IFormCollection form) => Guid.TryParse(form["other"], out var id) ? id : null;

    private static string? Note(IFormCollection form) => form["note"].ToString() is { Length: > 0 } note ? note : null;

    private static Problem? Said<T>(Answer<T> answer) => answer.IsGiven ? null : answer.Problem ?? Answers.Problem("away");
}

internal static class DeedEndpoints
{
    public static void MapDeeds(this IEndpointRouteBuilder app)
    {
        app.MapDrafts();
        app.MapPost("/do/{deed}", async (
            string deed, IFormCollection form, HttpContext http, Deeds deeds, WaitingWork waiting, CancellationToken ct) =>
        {
            if (Languages.Local(form["back"]) is not { } back)
            {
                return Results.BadRequest();
            }

            if (http.User.Identity?.IsAuthenticated != true)
            {
                return Results.LocalRedirect(Query.Of("/sign-in", ("back", back)));
            }

            var problem = await deeds.Do(deed, Guid.TryParse(form["id"], out var id) ? id : Guid.Empty, form["value"].ToString(), form, ct);
            waiting.Forget();

            return problem is { Code: "unauthenticated" }
                ? Results.LocalRedirect(Query.Of("/sign-in", ("back", back)))
                : Results.LocalRedirect(Told(back, problem is null ? ("done", deed) : ("fault", problem.Code)));
        });
    }

    /// <summary>The page again, and what it is to tell.</summary>
    public static string Told(string back, (string Name, string Value) told)
    {
        var (page, part) = back.Split('#', 2) is [var before, var behind] ? (before, "#" + behind) : (back, "");
        var (path, query) = page.Split('?', 2) is [var place, var values] ? (place, values) : (page, "");
        var kept = query.Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Where(value => !value.StartsWith("done=", StringComparison.Ordinal) && !value.StartsWith("fault=", StringComparison.Ordinal));

        return $"{path}?{string.Join('&', kept.Append($"{told.Name}={Uri.EscapeDataString(told.Value)}"))}{part}";
    }
}
