using System.Globalization;
using System.Text;

namespace Community.Portal;

/// <summary>Absolute addresses of pages: as the portal was told to call itself, else as the visitor called it.</summary>
internal sealed class Addresses(IConfiguration configuration, IHttpContextAccessor accessor)
{
    public string Of(string path)
    {
        var request = accessor.HttpContext?.Request;
        var root = configuration["Portal:Address"] is { Length: > 0 } told ? told.TrimEnd('/') : $"{request?.Scheme}://{request?.Host}";

        return root + path;
    }
}

/// <summary>The last part of an address, for people: <c>/contents/{id}/event-sourcing</c>.</summary>
internal static class Slug
{
    private const int Most = 60;

    public static string Of(string title)
    {
        var slug = new StringBuilder(Most);

        foreach (var rune in title.Normalize(NormalizationForm.FormKC).EnumerateRunes())
        {
            if (slug.Length >= Most)
            {
                break;
            }

            if (Rune.IsLetterOrDigit(rune))
            {
                slug.Append(Rune.ToLower(rune, CultureInfo.InvariantCulture));
            }
            else if (slug.Length > 0 && slug[^1] != '-')
            {
                slug.Append('-');
            }
        }

        return slug.ToString().Trim('-') is { Length: > 0 } text ? text : "-";
    }

    public static string Content(Guid id, string title) => $"/contents/{id}/{Uri.EscapeDataString(Of(title))}";

    public static string Topic(Guid id, string title) => $"/topics/{id}/{Uri.EscapeDataString(Of(title))}";
}
