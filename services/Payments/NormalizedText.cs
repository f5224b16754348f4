using System.Globalization;
using System.Text;

namespace Community.Payments;

/// <summary>
/// What people type means one thing however it is written: in full width or half, in any case, with blanks around it and
/// with invisible characters in it. It is normalized where it comes in, to be stored and to be looked for.
/// </summary>
internal static class NormalizedText
{
    /// <summary>A coupon's; null where nothing of it is seen, or it is too long.</summary>
    public static string? CouponCode(string written) => Seen(written).ToUpperInvariant() is { Length: > 0 and <= 100 } code ? code : null;

    /// <summary>A tier's; null where nothing of it is seen, or it is too long.</summary>
    public static string? Tier(string written) => Seen(written).ToLowerInvariant() is { Length: > 0 and <= 50 } tier ? tier : null;

    /// <summary>Text that a person wrote and that is compared as it is: a transfer's reference.</summary>
    public static string Reference(string written) => Seen(written);

    private static string Seen(string written)
    {
        var seen = new StringBuilder(written.Length);

        foreach (var rune in written.EnumerateRunes().Where(rune => !IsUnseen(rune)))
        {
            seen.Append(rune);
        }

        return string.Join(' ', seen.ToString().Normalize(NormalizationForm.FormKC).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static bool IsUnseen(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format
        || rune.Value is 0x034F or 0x115F or 0x1160 or 0x3164 or 0xFFA0 or (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF);
}
