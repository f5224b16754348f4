using System.Buffers;

namespace Community.Content;

/// <summary>What a person wrote in Markdown, by its field.</summary>
internal interface IWritten
{
    (string Field, string? Text) Written { get; }
}

/// <summary>
/// Bounds on what is written, so that whoever shows it has an end in sight: a renderer's time and memory grow with how deep
/// quotes, lists and brackets nest, with the cells of a table and with the number of links, and faster than with the length.
/// The bounds hold in code too: where code begins and ends is hard to tell, and who passes them there writes no code.
/// </summary>
internal static class WrittenText
{
    public const string Code = "text-too-complex";

    /// <summary>Quotes and lists within each other, and brackets within each other.</summary>
    private const int Deepest = 100;
    private const int Columns = 200;
    private const int Cells = 50_000;
    private const int Brackets = 5_000;
    private const int Links = 2_000;
    private const int Emphases = 10_000;

    private static readonly SearchValues<string> Addresses = SearchValues.Create(["](", "://", "www.", "mailto:"], StringComparison.OrdinalIgnoreCase);

    /// <summary>Refuses what is too deep or too much with 400 and <c>urn:community:text-too-complex</c>.</summary>
    public static RouteGroupBuilder RefuseComplexTexts(this RouteGroupBuilder group) => group.AddEndpointFilter((context, next) =>
    {
        foreach (var (field, text) in context.Arguments.OfType<IWritten>().Select(body => body.Written))
        {
            if (text is not null && Fault(text) is { } fault)
            {
                return ValueTask.FromResult<object?>(TypedResults.Problem(new HttpValidationProblemDetails
                {
                    Status = StatusCodes.Status400BadRequest,
                    Type = $"urn:community:{Code}",
                    Title = "Text too complex",
                    Detail = "The text nests too deep or holds too much to be shown; errors says what.",
                    Errors = { [field] = [fault] }
                }));
            }
        }

        return next(context);
    });

    /// <summary>What is too deep or too much; null: nothing. It takes one pass.</summary>
    public static string? Fault(string text)
    {
        var (depth, brackets, emphases, lines, widest) = (0, 0, 0, 0, 0);

        foreach (var range in text.AsSpan().Split('\n'))
        {
            var line = text.AsSpan(range).TrimEnd();

            if (line.IsEmpty)
            {
                (depth, lines, widest) = (0, 0, 0);
                continue;
            }

            if (Nesting(line) > Deepest)
            {
                return $"must not nest quotes or lists deeper than {Deepest}";
            }

            // A table's rows are filled up to its widest.
            widest = Math.Max(widest, line.Count('|'));
            lines++;

            if (widest > Columns)
            {
                return $"must not have more than {Columns} columns in a table";
            }

            if (widest > 1 && widest * lines > Cells)
            {
                return $"must not have more than {Cells} cells in a table";
            }

            for (var i = 0; i < line.Length; i++)
            {
                switch (line[i])
                {
                    case '[':
                        brackets++;
                        depth++;
                        break;
                    case ']':
                        depth = Math.Max(0, depth - 1);
                        break;
                    case '*' or '_' or '~' when i == 0 || line[i - 1] != line[i]:
                        emphases++;
                        break;
                }

                if (depth > Deepest)
                {
                    return $"must not nest brackets deeper than {Deepest}";
                }
            }
        }

        return brackets > Brackets ? $"must not have more than {Brackets} opening brackets"
            : emphases > Emphases ? $"must not have more than {Emphases} signs of emphasis"
            : LinksIn(text) > Links ? $"must not have more than {Links} links"
            : null;
    }

    /// <summary>How many quotes and lists a line opens or goes on with: by its signs, and where it has any, by its indentation.</summary>
    private static int Nesting(ReadOnlySpan<char> line)
    {
        var (signs, columns) = (0, 0);

        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] is ' ' or '\t')
            {
                columns += line[i] == '\t' ? 4 : 1;
            }
            else if (line[i] == '>' || (line[i] is '-' or '*' or '+' && IsFollowedByBlank(line, i)))
            {
                signs++;
            }
            else if (char.IsAsciiDigit(line[i]))
            {
                var end = i;

                while (end < line.Length && char.IsAsciiDigit(line[end]))
                {
                    end++;
                }

                if (end == line.Length || line[end] is not ('.' or ')') || !IsFollowedByBlank(line, end))
                {
                    break;
                }

                signs++;
                i = end;
            }
            else
            {
                break;
            }
        }

        // One blank belongs to each sign; lists nest by two more.
        return signs == 0 ? 0 : signs + (Math.Max(0, columns - signs) / 2);
    }

    private static bool IsFollowedByBlank(ReadOnlySpan<char> line, int i) => i + 1 == line.Length || line[i + 1] is ' ' or '\t';

    private static int LinksIn(string text)
    {
        var links = 0;

        for (var rest = text.AsSpan(); rest.IndexOfAny(Addresses) is >= 0 and var found; rest = rest[(found + 2)..])
        {
            links++;
        }

        return links;
    }
}
