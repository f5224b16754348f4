using System.Security.Claims;
using Community.EventStore;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Members;

/// <summary>The pictures of members: kept here, sealed by the member's key, one for each member.</summary>
internal static class Avatars
{
    private const int MostBytes = 512 * 1024;

    public static Table Table()
    {
        var avatars = new Table("avatars");
        avatars.AddColumn<Guid>("id").AsPrimaryKey();
        avatars.AddColumn<Guid>("member_id").NotNull().AddIndex();
        avatars.AddColumn("media_type", "text").NotNull();
        avatars.AddColumn("picture", "text").NotNull();
        avatars.AddColumn("encoded", "boolean"); // null: kept as it was sent, before pictures were encoded anew

        return avatars;
    }

    public static void Forget(IDocumentSession session, Guid member) => session.QueueSqlCommand("delete from avatars where member_id = ?", member);

    public static void MapAvatars(this IEndpointRouteBuilder members)
    {
        members.MapPut("/me/avatar", Upload).WithMetadata(new RequestSizeLimitAttribute(MostBytes))
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(413).ProducesProblem(415)
            .WithSummary("Sets one's picture: PNG, JPEG or WebP, up to 512 KiB and 4096 pixels each way; it is turned upright, made no larger than 1024 pixels, and encoded anew, without what it told about place and camera")
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.RequestBody = new OpenApiRequestBody { Required = true, Content = Pictures() };

                return Task.CompletedTask;
            });
        members.MapDelete("/me/avatar", Remove).ProducesProblem(404).WithSummary("Takes one's picture off");
        members.MapGet("/{id}/avatar", Read).AllowAnonymous().AnswersVersion().WithSummary("The picture of a member")
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                ((OpenApiResponse)operation.Responses!["200"]).Content = Pictures();

                return Task.CompletedTask;
            });

        static Dictionary<string, OpenApiMediaType> Pictures() => Picture.MediaTypes.ToDictionary(type => type, _ => new OpenApiMediaType());
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Upload(
        ClaimsPrincipal user, IDocumentStore store, KeyRing ring, TimeProvider clock, HttpContext http, CancellationToken ct)
    {
        // What it is said to be must be a picture, so that no form of a strange page can send one; what it is, its bytes tell.
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type) || !Picture.MediaTypes.Contains(type.MediaType.Value))
            return Problems.Problem(415, "media-type-not-supported", $"A picture is {string.Join(" or ", Picture.MediaTypes)}.");

        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, ct);
        if (await Picture.Read(body.ToArray(), ct) is not { } picture)
            return Problems.Problem(400, "picture-invalid", $"The body is no whole PNG, JPEG or WebP picture of up to {Picture.MostPixels} pixels each way.");

        var (member, now) = (user.MemberId(), clock.GetUtcNow());
        var id = Guid.CreateVersion7(now);
        var keys = await ring.Find([member], ct);
        var handled = await store.Handle(MemberProfile.Decider, member, new SetAvatar(id, now), new CommandOptions
        {
            WriteWithEvents = session =>
            {
                Forget(session, member);
                session.QueueSqlCommand("insert into avatars (id, member_id, media_type, picture, encoded) values (?, ?, ?, ?, true)",
                    id, member, picture.MediaType, keys.Seal(member, Convert.ToBase64String(picture.Bytes)).Ciphertext);
            }
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Remove(
        ClaimsPrincipal user, IDocumentStore store, TimeProvider clock, CancellationToken ct)
    {
        var member = user.MemberId();
        var handled = await store.Handle(MemberProfile.Decider, member, new SetAvatar(null, clock.GetUtcNow()), new CommandOptions
        {
            WriteWithEvents = session => Forget(session, member)
        }, ct);

        return MemberEndpoints.Answer(handled.Rejection);
    }

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> Read(
        Guid id, NpgsqlDataSource database, KeyRing ring, HttpContext http, CancellationToken ct)
    {
        if (await Find(id, database, ring, ct) is not { } found)
            return Problems.NotFound("picture");

        // Nothing in it may run, even where somebody opens it by itself; and once it is taken off, nobody shows it on.
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers.ETag = $"\"{found.AvatarId}\"";

        return TypedResults.Bytes(found.Picture.Bytes, found.Picture.MediaType);
    }

    public static async Task<(Guid AvatarId, Picture Picture)?> Find(Guid member, NpgsqlDataSource database, KeyRing ring, CancellationToken ct)
    {
        await using var select = database.CreateCommand("select id, media_type, picture, encoded from avatars where member_id = $1");
        select.Parameters.Add(new() { Value = member });
        (Guid Id, string Type, Sealed Picture, bool IsEncoded) found;
        await using (var row = await select.ExecuteReaderAsync(ct))
        {
            if (!await row.ReadAsync(ct))
                return null;

            found = (row.GetGuid(0), row.GetString(1), new Sealed(member, row.GetString(2)), !row.IsDBNull(3));
        }

        var keys = await ring.Find([member], ct);
        if (keys.Open(found.Picture) is not { } clear)
            return null;

        var kept = new Picture(found.Type, Convert.FromBase64String(clear));
        if (found.IsEncoded)
            return (found.Id, kept);

        // Sent when only its structure was looked at: nobody sees it any more as it was. One that cannot be read is not shown.
        if (await Picture.Read(kept.Bytes, ct) is not { } anew)
            return null;

        await using var update = database.CreateCommand("update avatars set media_type = $2, picture = $3, encoded = true where id = $1");
        update.Parameters.Add(new() { Value = found.Id });
        update.Parameters.Add(new() { Value = anew.MediaType });
        update.Parameters.Add(new() { Value = keys.Seal(member, Convert.ToBase64String(anew.Bytes)).Ciphertext });
        await update.ExecuteNonQueryAsync(ct);

        return (found.Id, anew);
    }
}
