using System.Collections.Frozen;
using System.Text.Json;

namespace Community.Web;

/// <summary>A value of an enumeration in a path or query, by the same word as in JSON; the framework wants C#'s names there.</summary>
public readonly record struct EnumParameter<TEnum>(TEnum Value) : IParsable<EnumParameter<TEnum>> where TEnum : struct, Enum
{
    private static readonly FrozenDictionary<string, TEnum> Known = Enum.GetValues<TEnum>().ToFrozenDictionary(EnumWords.ToWord);

    public static EnumParameter<TEnum> Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out var word) ? word : throw new FormatException($"{s} is not one of {string.Join(", ", Known.Keys)}.");

    public static bool TryParse(string? s, IFormatProvider? provider, out EnumParameter<TEnum> result)
    {
        var known = Known.TryGetValue(s ?? "", out var value);
        result = new(value);

        return known;
    }
}

public static class EnumWords
{
    /// <summary>As JSON and contracts have it.</summary>
    public static string ToWord<TEnum>(this TEnum value) where TEnum : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
