using System.Collections.Frozen;

namespace Community.ServiceDefaults;

/// <summary>The currencies in circulation by ISO 4217, amendments up to the end of 2025; no metals, funds or test codes.</summary>
public static class Currencies
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
