using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Community.Client;
using Community.ServiceDefaults;
using Polly;

namespace Community.Portal.Services;

public enum Outcome { Given, Missing, Invalid, Refused, Busy, Away }

/// <summary>What came back from a service; <paramref name="Value"/> is there where it was given.</summary>
/// <param name="Version">The version of what was given, for <c>If-Match</c>.</param>
public sealed record Answer<T>(Outcome Outcome, T? Value, Problem? Problem = null, string? Version = null)
{
    public bool IsGiven => Outcome == Outcome.Given;
}

internal static class Answers
{
    /// <summary>A problem that no service has told: its text stands in Words.resx under <c>Code.…</c>.</summary>
    public static Problem Problem(string code, IReadOnlyDictionary<string, string[]>? errors = null) => new($"urn:community:{code}", code, 0, null, null, errors);

    /// <summary>A service that is down, slow or broken is away; that is no error of ours.</summary>
    /// <param name="expected">A status that has another body: its exception is for the caller.</param>
    public static async Task<Answer<T>> Of<T>(Task<ApiResponse<T>> call, int? expected = null)
    {
        try
        {
            var response = await call;

            return new(Outcome.Given, response.Result, Version: response.ETag);
        }
        catch (Exception fault) when (!(fault is ApiException { StatusCode: var status } && status == expected) && Told<T>(fault) is { } answer)
        {
            return answer;
        }
    }

    /// <inheritdoc cref="Of{T}"/>
    public static async Task<Answer<object>> Of(Task<ApiResponse> call)
    {
        try
        {
            return new(Outcome.Given, null, Version: (await call).ETag);
        }
        catch (Exception fault) when (Told<object>(fault) is { } answer)
        {
            return answer;
        }
    }

    /// <summary>For what the documents do not say: the status of the services, which all five have.</summary>
    public static async Task<Answer<T>> Get<T>(this HttpClient http, string path, CancellationToken ct)
    {
        try
        {
            using var response = await http.GetAsync(new Uri(path, UriKind.Relative), ct);

            return response.IsSuccessStatusCode
                ? new(Outcome.Given, await response.Content.ReadFromJsonAsync<T>(Json.Options, ct))
                : new(Of(response.StatusCode), default, Usual(response.StatusCode));
        }
        catch (Exception fault) when (Told<T>(fault) is { } answer)
        {
            return answer;
        }
    }

    private static Answer<T>? Told<T>(Exception fault) => fault switch
    {
        ApiException<Problem> { StatusCode: var status, Result: { Type: not null } problem } => new(Of((HttpStatusCode)status), default, problem),
        ApiException { StatusCode: >= 200 and < 300 } or JsonException => new(Outcome.Away, default, Problem("away")),
        ApiException { StatusCode: var status, Response: var body } => new(Of((HttpStatusCode)status), default, Read(body) ?? Usual((HttpStatusCode)status)),
        HttpRequestException or ExecutionRejectedException or TaskCanceledException { InnerException: TimeoutException } => new(Outcome.Away, default, Problem("away")),
        _ => null
    };

    /// <summary>Also where the document does not name this refusal.</summary>
    private static Problem? Read(string? body)
    {
        try
        {
            return body is { Length: > 0 } && JsonSerializer.Deserialize<Problem>(body, Json.Options) is { Type: not null } problem ? problem : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Outcome Of(HttpStatusCode status) => status switch
    {
        >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => Outcome.Given,
        HttpStatusCode.BadRequest => Outcome.Invalid,
        HttpStatusCode.NotFound => Outcome.Missing,
        HttpStatusCode.TooManyRequests => Outcome.Busy,
        >= HttpStatusCode.InternalServerError => Outcome.Away,
        _ => Outcome.Refused
    };

    private static Problem Usual(HttpStatusCode status) => Problem(status switch
    {
        HttpStatusCode.BadRequest => "validation-failed",
        HttpStatusCode.NotFound => "not-found",
        HttpStatusCode.TooManyRequests => "too-many-requests",
        HttpStatusCode.Unauthorized => "unauthenticated",
        HttpStatusCode.Forbidden => "forbidden",
        >= HttpStatusCode.InternalServerError => "away",
        _ => "conflict"
    });
}

/// <summary>Values of the services as they stand in addresses and in the names of texts.</summary>
internal static class Wording
{
    public static string Word<T>(this T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    public static T? Find<T>(string? word) where T : struct, Enum =>
        word is { Length: > 0 } && char.IsAsciiLetter(word[0]) && Enum.TryParse<T>(word, ignoreCase: true, out var value) ? value : null;
}
