using System.Globalization;
using System.Net.Mime;
using CsvHelper;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace Community.Analytics.Exports;

/// <summary>Rows under named columns: what a spreadsheet shows of an answer.</summary>
internal sealed record Table(IReadOnlyList<string> Columns, IEnumerable<IReadOnlyList<object?>> Rows);

/// <summary>An answer that is a table, too.</summary>
internal interface ITabular
{
    Table ToTable();
}

internal static class Csv
{
    private const string MediaType = "text/csv";

    /// <summary>Whoever accepts CSV, and not JSON before it, gets the answer's table.</summary>
    public static RouteHandlerBuilder AnswersCsv(this RouteHandlerBuilder endpoint) => endpoint
        .AddEndpointFilter(async (context, next) =>
        {
            var answer = await next(context);
            context.HttpContext.Response.Headers.Append(HeaderNames.Vary, HeaderNames.Accept);
            var table = (answer is IValueHttpResult { Value: { } value } ? value : answer) as ITabular;

            return table is not null && IsAskedFor(context.HttpContext.Request) ? Results.Text(Write(table.ToTable()), MediaType) : answer;
        })
        .AddOpenApiOperationTransformer((operation, _, _) =>
        {
            if (operation.Responses?["200"].Content is { } content)
            {
                content[MediaType] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
            }

            return Task.CompletedTask;
        });

    public static string Write(Table table)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);

        using (var csv = CsvWriter.Create(text, new CsvWriterOptions { NewLine = "\r\n" }, leaveOpen: true))
        {
            csv.WriteRecord([.. table.Columns]);

            foreach (var row in table.Rows)
            {
                csv.WriteRecord([.. row.Select(Cell)]);
            }
        }

        return text.ToString();
    }

    private static bool IsAskedFor(HttpRequest request)
    {
        var wanted = request.GetTypedHeaders().Accept;
        var csv = Quality(MediaType);

        return csv > 0 && csv > Quality(MediaTypeNames.Application.Json);

        double Quality(string type) => wanted.Where(accepted => accepted.MediaType == type).Select(accepted => accepted.Quality ?? 1).DefaultIfEmpty(0).Max();
    }

    // A spreadsheet takes a text that begins so for a formula.
    private static string Cell(object? value) => value switch
    {
        null => "",
        string { Length: > 0 } text when "=+-@\t\r".Contains(text[0], StringComparison.Ordinal) => $"'{text}",
        DateOnly day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        DateTimeOffset at => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? ""
    };
}
