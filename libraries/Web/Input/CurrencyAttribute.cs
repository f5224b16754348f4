using System.ComponentModel.DataAnnotations;
using Community.ServiceDefaults;

namespace Community.Web;

/// <summary>A code of ISO 4217, in capitals. Null passes: whether it may be absent is said by its type.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class CurrencyAttribute() : ValidationAttribute("must be a currency of ISO 4217")
{
    public override bool IsValid(object? value) => value is null || (value is string code && Currencies.Knows(code));
}
