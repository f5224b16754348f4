using Community.Client.Content;
using Community.Portal.Services;

namespace Community.Portal;

/// <summary>Saves a draft while it is written: title and text alone, and only while the version is the one that was read.</summary>
internal static class Drafts
{
    public static void MapDrafts(this IEndpointRouteBuilder app) => app.MapPost("/studio/contents/{id:guid}/draft", async (
        Guid id, IFormCollection form, ContentService contents, CancellationToken ct) =>
    {
        var (title, body) = (form["title"].ToString().Trim(), form["body"].ToString().ReplaceLineEndings("\n"));

        if (title.Length == 0 || body.Trim().Length == 0)
        {
            return Results.BadRequest();
        }

        var saved = await contents.Revise(id, new Revision { Title = title, Body = body }, form["version"], ct);

        return saved.IsGiven ? Results.Json(new { version = saved.Version })
            : Results.StatusCode(saved.Problem?.Code is "version-mismatch" or "version-conflict" or "precondition-failed" ? StatusCodes.Status409Conflict
                : saved.Outcome == Outcome.Away ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status400BadRequest);
    }).RequireAuthorization();
}
