using SkiaSharp;

namespace Community.Payments.Invoices;

/// <summary>The fonts of this machine, read once. Skia's build that needs nothing else of the machine finds none on Linux by itself.</summary>
internal static class Fonts
{
    private static readonly string[] Directories = ["/usr/share/fonts", "/usr/local/share/fonts"];
    private static readonly string[] Extensions = [".ttf", ".otf", ".ttc"];
    private static readonly Lazy<IReadOnlyList<SKTypeface>> OfLinux = new(() => [.. Directories.Where(Directory.Exists).SelectMany(Files).SelectMany(Faces).OrderBy(Rank).ThenBy(face => face.FamilyName, StringComparer.Ordinal)]);

    /// <summary>One that has the character, upright and of usual weight; null: there is none.</summary>
    public static SKTypeface? With(int character) =>
        SKFontManager.Default.MatchCharacter(character) is { } found && Has(found, character) ? found : OfLinux.Value.FirstOrDefault(face => Has(face, character));

    public static bool Has(SKTypeface face, int character)
    {
        using var font = new SKFont(face);

        return font.ContainsGlyph(character);
    }

    private static IEnumerable<string> Files(string directory) => Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
        .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase));

    private static IEnumerable<SKTypeface> Faces(string file)
    {
        // A collection ends where its next face is none.
        for (var index = 0; index < 32 && SKTypeface.FromFile(file, index) is { } face; index++)
        {
            if (face is { FontWeight: (int)SKFontStyleWeight.Normal, FontSlant: SKFontStyleSlant.Upright })
            {
                yield return face;
            }
            else
            {
                face.Dispose();
            }

            if (!file.EndsWith(".ttc", StringComparison.OrdinalIgnoreCase))
            {
                yield break;
            }
        }
    }

    // Of the shapes that Chinese, Japanese and Korean give a character, the simplified Chinese.
    private static int Rank(SKTypeface face) =>
        (face.FamilyName.Contains("Mono", StringComparison.Ordinal) || face.IsFixedPitch ? 4 : 0)
        + (face.FamilyName.Contains("Serif", StringComparison.Ordinal) ? 2 : 0)
        + (face.FamilyName.EndsWith(" SC", StringComparison.Ordinal) ? 0 : 1);
}
