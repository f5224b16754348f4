using System.Net;
using Community.Portal.Services;

namespace Community.Portal;

/// <summary>What services keep and a page shows: it comes from this origin, for browsers load from no other one.</summary>
internal static class Pictures
{
    private static readonly string[] Types = ["image/png", "image/jpeg", "image/webp"];

    public static void AddPictures(this IServiceCollection services) => services.AddSingleton<PictureProxy>();

    public static void MapPictures(this IEndpointRouteBuilder app)
    {
        app.MapGet("/pictures/elsewhere", (string address, string proof, HttpContext http, PictureProxy proxy) => proxy.Get(address, proof, http));
        app.MapGet("/pictures/members/{id:guid}", OfMember);
    }

    private static async Task<IResult> OfMember(Guid id, MembershipService membership, HttpContext http, CancellationToken ct)
    {
        try
        {
            using var answer = await membership.Picture(id, ct);

            if (answer.StatusCode != HttpStatusCode.OK || answer.Content.Headers.ContentType?.MediaType is not { } type || !Types.Contains(type))
            {
                return Results.NotFound();
            }

            http.Response.Headers.CacheControl = "public, max-age=300";

            return Results.Bytes(await answer.Content.ReadAsByteArrayAsync(ct), type);
        }
        catch (Exception e) when (e is HttpRequestException or Polly.ExecutionRejectedException)
        {
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }
    }
}
