using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;

namespace Community.Payments;

/// <summary>An amount in minor units (fen, cents) of a currency.</summary>
/// <param name="Amount">From 1 to <see cref="Money.Most"/> wherever it comes in from outside.</param>
/// <param name="Currency">ISO 4217.</param>
public sealed record Money(
    [property: Range(typeof(long), "1", "9007199254740991")] long Amount,
    [property: Currency] string Currency)
{
    /// <summary>Beyond 2^53 clients that read JSON numbers as doubles would see another amount.</summary>
    public const long Most = (1L << 53) - 1;

    /// <summary>Null where the product is more than <see cref="Most"/>.</summary>
    public Money? Times(int quantity) => Within((Int128)Amount * quantity);

    /// <summary>Null where the sum is more than <see cref="Most"/>. Both are of one currency.</summary>
    public Money? Plus(Money other) => Within((Int128)Amount + Same(other).Amount);

    /// <summary>What is left of it. Both are of one currency.</summary>
    public Money Less(Money other) => this with { Amount = Amount - Same(other).Amount };

    public override string ToString() => $"{Amount} {Currency}";

    private Money? Within(Int128 amount) => amount > Most ? null : this with { Amount = (long)amount };

    private Money Same(Money other) => other.Currency == Currency
        ? other
        : throw new InvalidOperationException($"{Currency} and {other.Currency} cannot be added up.");
}

/// <summary>The currencies in circulation by ISO 4217, amendments up to the end of 2025; no metals, funds or test codes.</summary>
internal static class Currencies
{
    private const string None = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";

    private const string Three = "BHD IQD JOD KWD LYD OMR TND";

    private const string Two = """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
        CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
        KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
        NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
        TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
        """;

    private static readonly FrozenDictionary<string, int> Known =
        new[] { (None, 0), (Two, 2), (Three, 3) }
            .SelectMany(group => group.Item1.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries), (group, code) => (code, group.Item2))
            .ToFrozenDictionary(currency => currency.code, currency => currency.Item2, StringComparer.Ordinal);

    public static bool Knows(string code) => Known.ContainsKey(code);

    /// <summary>Decimal places of the major unit; two for a currency that is not known.</summary>
    public static int Exponent(string code) => Known.GetValueOrDefault(code, 2);
}

/// <summary>A code of ISO 4217, in capitals. Null passes: whether it may be absent is said by its type.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
internal sealed class CurrencyAttribute() : ValidationAttribute("must be a currency of ISO 4217")
{
    public override bool IsValid(object? value) => value is null || (value is string code && Currencies.Knows(code));
}
