using Community.ServiceDefaults;

namespace Community.Payments.Gateways;

/// <summary>Money as Stripe counts it; source: docs.stripe.com/currencies. Nothing is cut: what cannot be said there is null.</summary>
internal static class StripeAmounts
{
    private const long Usual = 99_999_999;

    /// <summary>In Stripe's minor units; null where the amount is none.</summary>
    public static long? Of(Money money) => Shift(money.Currency) switch
    {
        2 => money.Amount * 100, // at most 2^53
        -2 => money.Amount % 100 == 0 ? money.Amount / 100 : null,
        _ => money.Amount
    };

    /// <summary>What Stripe tells; null where it is no amount.</summary>
    public static Money? Read(long? amount, string? currency)
    {
        if (currency is not { Length: 3 } || !currency.All(char.IsAsciiLetter) || amount is not (> 0 and <= Money.Most))
        {
            return null;
        }

        var code = currency.ToUpperInvariant();

        return Shift(code) switch
        {
            2 => amount % 100 == 0 ? new Money(amount.Value / 100, code) : null,
            -2 => amount <= Money.Most / 100 ? new Money(amount.Value * 100, code) : null,
            _ => new Money(amount.Value, code)
        };
    }

    /// <summary>Of three decimals the last has to be 0.</summary>
    public static long Step(string currency) => Currencies.Exponent(currency) == 3 ? 10 : 1;

    /// <summary>What is charged at least, in Stripe's minor units; where they name nothing, one.</summary>
    public static long Least(string currency) => currency switch
    {
        "USD" or "EUR" or "AUD" or "BRL" or "CAD" or "CHF" or "INR" or "NZD" or "SGD" => 50,
        "GBP" => 30,
        "JPY" => 50,
        "BGN" => 100,
        "AED" or "MYR" or "PLN" or "RON" => 200,
        "DKK" => 250,
        "NOK" or "SEK" => 300,
        "HKD" => 400,
        "MXN" or "THB" => 1_000,
        "CZK" => 1_500,
        "HUF" => 17_500,
        _ => 1
    };

    /// <summary>Eight digits, but for these.</summary>
    public static long Most(string currency) => currency switch
    {
        "INR" => 999_999_999,
        "COP" or "HUF" or "JPY" or "LBP" => 9_999_999_999,
        "IDR" => 999_999_999_999,
        _ => Usual
    };

    // Their minor units are those of ISO 4217, but for these.
    private static int Shift(string currency) => currency switch
    {
        "ISK" or "UGX" => 2,
        "MGA" => -2,
        _ => 0
    };
}
