using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Community.SystemTests.OpenApi;

namespace Community.SystemTests.Fuzz;

/// <summary>A request that can be sent again.</summary>
/// <param name="Role">Whose token goes with it.</param>
/// <param name="Path">With its query, as it goes over the line.</param>
/// <param name="What">What is wrong with it, if anything.</param>
internal sealed record FuzzRequest(
    string Service, Operation Operation, string Role, string Path, IReadOnlyList<(string Name, string Value)> Headers, byte[]? Body, string? ContentType, string What)
{
    public string Name => $"{Service} {Operation.Method} {Operation.Path}";

    public HttpRequestMessage Message(string origin, string? token, ActivityTraceId trace)
    {
        var message = new HttpRequestMessage(new HttpMethod(Operation.Method), new Uri($"{origin}{Path}")) { Content = Body is null ? null : new ByteArrayContent(Body) };

        if (token is not null)
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (ContentType is not null)
            message.Content?.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        if (!Headers.Any(header => header.Name == "traceparent"))
            message.Headers.TryAddWithoutValidation("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-00");

        foreach (var (name, value) in Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
                message.Content?.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }

    public override string ToString() =>
        $"{Operation.Method} {Service}{Short(Path)} as {Role} ({What}){string.Concat(Headers.Select(header => $" {header.Name}: {Short(header.Value)};"))}"
        + (Body is null ? "" : $" {ContentType ?? "no content type"}, {Body.Length.ToString(CultureInfo.InvariantCulture)} bytes: {Short(Encoding.UTF8.GetString(Body))}");

    public static string Short(string text) => text.Length > 600 ? $"{text[..600]}…" : text;
}

/// <param name="Status">Null where no answer came.</param>
internal sealed record FuzzAnswer(int? Status, string? MediaType, bool IsOfTheService, string Body, TimeSpan Took)
{
    public bool IsRefusal => Status is >= 400 and < 500;

    public override string ToString() => $"{Status?.ToString(CultureInfo.InvariantCulture) ?? "no answer"} {MediaType} after {Took.TotalSeconds:0.00} s: {FuzzRequest.Short(Body)}";
}
