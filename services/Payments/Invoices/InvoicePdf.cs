using System.Globalization;
using SkiaSharp;

namespace Community.Payments.Invoices;

/// <summary>No font of this machine has a character of the invoice.</summary>
internal sealed class FontMissingException(string character) : Exception($"No font of this machine has the character {character}.");

/// <summary>An invoice on A4 pages, in points (1/72 inch). Each text in the first font that has its characters.</summary>
internal sealed class InvoicePdf : IDisposable
{
    private const float Width = 595;
    private const float Height = 842;
    private const float Margin = 56;
    private const float Size = 10;
    private const float LineHeight = 16;

    private readonly MemoryStream _bytes = new();
    private readonly SKDocument _document;
    private readonly SKPaint _ink = new() { Color = new SKColor(0x1b, 0x1b, 0x1f), IsAntialias = true };
    private readonly SKPaint _rule = new() { Color = new SKColor(0xcc, 0xcc, 0xcc), StrokeWidth = 0.5f };
    private readonly Dictionary<int, SKTypeface> _faces = [];
    private SKCanvas? _page;
    private float _y;

    private InvoicePdf(string title) => _document = SKDocument.CreatePdf(_bytes, new SKDocumentPdfMetadata { Title = title, Producer = "Community" });

    /// <exception cref="FontMissingException"/>
    public static byte[] Of(InvoiceView invoice, string? seller, CultureInfo language)
    {
        string Word(string name) => InvoiceEndpoints.Text(name, language);
        using var pdf = new InvoicePdf($"{Word(invoice.Kind.ToString())} {invoice.Number}");
        pdf.Line($"{Word(invoice.Kind.ToString())} {invoice.Number}", size: 20);
        pdf.Space();
        pdf.Paragraph(seller);
        pdf.Space();
        pdf.Paragraph(invoice.Buyer is { } buyer ? $"{buyer.Name}\n{buyer.Address}\n{buyer.TaxNumber}" : $"{Word("Member")} {invoice.MemberId}");
        pdf.Space();
        pdf.Line($"{Word("Date")} {invoice.IssuedOn.In(language)} ({invoice.TimeZone})");
        pdf.Line($"{Word("Order")} {invoice.OrderId}");
        pdf.Space();
        pdf.Row(Word("Item"), Word("Quantity"), Word("Amount"));

        foreach (var line in invoice.Lines)
        {
            pdf.Row(line.Name, line.Quantity.ToString(language), line.Amount.In(language));
        }

        pdf.Row(Word("Total"), "", invoice.Total.In(language));

        if (invoice.Tax is { } tax)
        {
            pdf.Row(Word("Tax"), "", tax.In(language));
        }

        pdf.Space();
        pdf.Paragraph(invoice.Kept, size: 8);

        return pdf.Bytes();
    }

    public void Dispose()
    {
        _document.Dispose();
        _ink.Dispose();
        _rule.Dispose();
        _bytes.Dispose();
    }

    private byte[] Bytes()
    {
        if (_page is not null)
        {
            _document.EndPage();
        }

        _document.Close();

        return _bytes.ToArray();
    }

    private void Space() => _y += LineHeight;

    private void Paragraph(string? text, float size = Size)
    {
        foreach (var line in (text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            Line(line, size);
        }
    }

    private void Line(string text, float size = Size)
    {
        foreach (var part in Wrapped(text, size, Width - (2 * Margin)))
        {
            Break(size);
            Draw(part, Margin, size);
        }
    }

    private void Row(string item, string quantity, string amount)
    {
        var first = true;

        foreach (var part in Wrapped(item, Size, 300))
        {
            Break(Size);
            Draw(part, Margin, Size);

            if (first)
            {
                Draw(quantity, 380 - Measure(quantity, Size), Size);
                Draw(amount, Width - Margin - Measure(amount, Size), Size);
                first = false;
            }
        }

        _page?.DrawLine(Margin, _y + 5, Width - Margin, _y + 5, _rule);
        _y += 4;
    }

    private void Break(float size)
    {
        _y += size + LineHeight - Size;

        if (_page is null || _y > Height - Margin)
        {
            if (_page is not null)
            {
                _document.EndPage();
            }

            _page = _document.BeginPage(Width, Height);
            _y = Margin + size;
        }
    }

    private void Draw(string text, float x, float size)
    {
        foreach (var (face, run) in Runs(text))
        {
            using var font = Font(face, size);
            _page!.DrawText(run, x, _y, SKTextAlign.Left, font, _ink);
            x += font.MeasureText(run);
        }
    }

    private float Measure(string text, float size) => Runs(text).Sum(run =>
    {
        using var font = Font(run.Face, size);

        return font.MeasureText(run.Text);
    });

    // Laid out as it will be printed, not as the pixels of some screen would have it.
    private static SKFont Font(SKTypeface face, float size) => new(face, size) { Subpixel = true, LinearMetrics = true, Hinting = SKFontHinting.None };

    private List<string> Wrapped(string text, float size, float width)
    {
        var lines = new List<string>();
        var line = "";

        // Between any two characters, as Chinese is; words are kept together where they fit.
        foreach (var word in Words(text))
        {
            if (line.Length > 0 && Measure(line + word, size) > width)
            {
                lines.Add(line.TrimEnd());
                line = "";
            }

            line += word;
        }

        lines.Add(line.TrimEnd());

        return lines;
    }

    private static IEnumerable<string> Words(string text)
    {
        var word = "";

        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value > 0x2E80 || word.Length > 60)
            {
                if (word.Length > 0)
                {
                    yield return word;
                }

                yield return rune.ToString();
                word = "";
                continue;
            }

            word += rune.ToString();

            if (rune.Value == ' ')
            {
                yield return word;
                word = "";
            }
        }

        if (word.Length > 0)
        {
            yield return word;
        }
    }

    private List<(SKTypeface Face, string Text)> Runs(string text)
    {
        var runs = new List<(SKTypeface Face, string Text)>();

        foreach (var rune in text.EnumerateRunes())
        {
            var face = Face(rune.Value);

            if (runs.Count > 0 && ReferenceEquals(runs[^1].Face, face))
            {
                runs[^1] = (face, runs[^1].Text + rune);
            }
            else
            {
                runs.Add((face, rune.ToString()));
            }
        }

        return runs;
    }

    private SKTypeface Face(int character)
    {
        if (_faces.TryGetValue(character, out var known))
        {
            return known;
        }

        var face = _faces.Values.FirstOrDefault(f => Fonts.Has(f, character)) ?? Fonts.With(character) ?? throw new FontMissingException(char.ConvertFromUtf32(character));

        return _faces[character] = face;
    }
}
