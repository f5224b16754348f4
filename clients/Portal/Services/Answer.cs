using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.ServiceDefaults;
using Polly;

namespace Community.Portal.Services;

public enum Outcome { Given, Missing, Invalid, Refused, Busy, Away }

/// <summary>What came back from a service; <paramref name="Value"/> is there where it was given.</summary>
internal sealed record Answer<T>(Outcome Outcome, T? Value);

internal static class Answers
{
    /// <summary>Sends and reads. A service that is down, slow or broken is away; that is no error of ours.</summary>
    public static async Task<Answer<T>> Ask<T>(this HttpClient http, HttpMethod method, string path, object? body, CancellationToken ct)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path);
            request.Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: Json.Options);
            using var response = await http.SendAsync(request, ct);

            return response.StatusCode switch
            {
                HttpStatusCode.NoContent or HttpStatusCode.Accepted => new(Outcome.Given, default),
                >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices =>
                    new(Outcome.Given, await response.Content.ReadFromJsonAsync<T>(Json.Options, ct)),
                HttpStatusCode.BadRequest => new(Outcome.Invalid, default),
                HttpStatusCode.NotFound => new(Outcome.Missing, default),
                HttpStatusCode.TooManyRequests => new(Outcome.Busy, default),
                >= HttpStatusCode.InternalServerError => new(Outcome.Away, default),
                _ => new(Outcome.Refused, default)
            };
        }
        catch (Exception e) when (e is HttpRequestException or ExecutionRejectedException or JsonException
            || (e is TaskCanceledException && !ct.IsCancellationRequested))
        {
            return new(Outcome.Away, default);
        }
    }
}
