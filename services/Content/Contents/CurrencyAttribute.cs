using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace Community.Content.Contents;

/// <summary>A currency in use in some country, by its ISO 4217 code.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
internal sealed class CurrencyAttribute() : ValidationAttribute("is not the code of a currency")
{
    private static readonly FrozenSet<string> Known = CultureInfo.GetCultures(CultureTypes.SpecificCultures)
        .Select(culture => new RegionInfo(culture.Name).ISOCurrencySymbol)
        .Except(["XXX", "XDR"]) // nobody's money
        .ToFrozenSet(StringComparer.Ordinal);

    public override bool IsValid(object? value) => value is string code && Known.Contains(code);
}
