using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.Mail;
using System.Text;
using System.Text.RegularExpressions;
using Community.Web;

namespace Community.Membership.Members;

/// <summary>
/// An e-mail address as people have them: no display name, no comments, no spaces, and a domain of the public kind. By syntax
/// alone: no name is looked up, and none that could lead into the own network is taken.
/// </summary>
internal sealed partial class AddressAttribute() : ValidationAttribute("must be an e-mail address")
{
    private const int Most = 254;

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    public override bool IsValid(object? value) => value is null || (value is string text && IsAddress(text));

    /// <summary>Without what comes along when an address is copied and nobody sees: blanks around it, and characters without a width.</summary>
    public static string Clean(string address) => string.Concat(address.EnumerateRunes().Where(rune => Rune.GetUnicodeCategory(rune) != UnicodeCategory.Format)).Trim();

    /// <summary>
    /// The form under which one address is one address: in any case of letters, any composition of accents, and with its domain as it
    /// is written or as it is sent (IDNA).
    /// </summary>
    public static string Normalize(string address)
    {
        var (local, domain) = Parts(Clean(address));

        if (domain is null)
            return Fold(local);

        var name = Ascii(domain) is { } ascii ? Idn.GetUnicode(ascii) : domain;

        return $"{Fold(local)}@{Fold(name)}";
    }

    /// <summary>That form first, and then those under which the address may be stored since before it was the only one.</summary>
    public static IReadOnlyList<string> Forms(string address)
    {
        var (local, domain) = Parts(Clean(address));
        string?[] forms = [Normalize(address), domain is not null && Ascii(domain) is { } ascii ? $"{Fold(local)}@{ascii}" : null, Fold(address)];

        return [.. forms.OfType<string>().Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The mailbox that mail to the address ends in: what stands behind a plus is the owner's own to choose, as are dots at Gmail's.</summary>
    public static string Mailbox(string address)
    {
        var (local, domain) = Parts(Normalize(address));
        if (local.IndexOf('+', StringComparison.Ordinal) is > 0 and var plus)
            local = local[..plus];
        if (domain is "gmail.com" or "googlemail.com")
            (local, domain) = (local.Replace(".", "", StringComparison.Ordinal), "gmail.com");

        return $"{local}@{domain}";
    }

    private static bool IsAddress(string text)
    {
        if (Text.Fault(text, Most) is not null)
            return false;

        var (local, domain) = Parts(Clean(text));

        return domain is not null && Ascii(domain) is { } ascii && Domain().IsMatch(ascii) && !local.Any(char.IsWhiteSpace)
            && MailAddress.TryCreate($"{local}@{ascii}", out var address) && address.Address == $"{local}@{ascii}";
    }

    private static (string Local, string? Domain) Parts(string address)
    {
        var at = address.LastIndexOf('@');

        return at < 0 ? (address, (string?)null) : (address[..at], address[(at + 1)..]);
    }

    private static string? Ascii(string domain)
    {
        try
        {
            var ascii = Idn.GetAscii(domain.Normalize(NormalizationForm.FormKC)).ToLowerInvariant();
            Idn.GetUnicode(ascii);

            return ascii;
        }
        catch (ArgumentException)
        {
            return null; // no name of a domain
        }
    }

    private static string Fold(string text) => text.Normalize(NormalizationForm.FormKC).ToLowerInvariant();

    // Two labels at least, and the last of letters: neither a number of a machine nor a name that only this network knows.
    [GeneratedRegex(@"\A([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(xn--[a-z0-9-]{1,58}[a-z0-9]|[a-z]{2,63})\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Domain();
}
