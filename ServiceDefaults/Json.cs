using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace Community.ServiceDefaults;

/// <summary>The one JSON dialect of all services: strict in what it takes, RFC 3339 instants in UTC.</summary>
public static class Json
{
    /// <summary>The dialect, read-only.</summary>
    public static JsonSerializerOptions Options { get; } = Make();

    /// <summary>Gives existing options the dialect.</summary>
    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.DictionaryKeyPolicy = null;
        options.PropertyNameCaseInsensitive = true;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.AllowDuplicateProperties = false;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip;
        // Chinese stays readable; what could break out of HTML is still escaped.
        options.Encoder = JavaScriptEncoder.Create(UnicodeRanges.All);
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        options.Converters.Add(new InstantConverter());
    }

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Configure(options);
        options.MakeReadOnly(populateMissingResolver: true);

        return options;
    }

    private sealed class InstantConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && Instant.TryParse(reader.GetString(), null, out var instant)
                ? instant.Value
                : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(new Instant(value).ToString());
    }
}

/// <summary>An instant of RFC 3339, for queries (<c>?asOf=</c>): offset required, kept in UTC and whole microseconds.</summary>
public readonly partial record struct Instant(DateTimeOffset Value) : IParsable<Instant>
{
    public static Instant Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out var instant) ? instant : throw new FormatException("Not an instant of RFC 3339.");

    public static bool TryParse(string? s, IFormatProvider? provider, out Instant result)
    {
        result = default;
        if (s is null || Rfc3339().Match(s) is not { Success: true } match)
            return false;

        // PostgreSQL keeps microseconds; what is cut here cannot differ there later.
        var fraction = match.Groups["fraction"].Value;
        var text = $"{match.Groups["date"].Value}T{match.Groups["time"].Value}{(fraction.Length > 7 ? fraction[..7] : fraction)}{match.Groups["offset"].Value}".ToUpperInvariant();
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var value))
            return false;

        result = new Instant(value);

        return true;
    }

    public override string ToString() =>
        Value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    public static implicit operator DateTimeOffset(Instant instant) => instant.Value;

    public DateTimeOffset ToDateTimeOffset() => Value;

    [GeneratedRegex(@"\A(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?<fraction>\.[0-9]{1,9})?(?<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Rfc3339();
}
