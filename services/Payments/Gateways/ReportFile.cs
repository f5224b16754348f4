using System.Globalization;
using Community.ServiceDefaults;
using CsvHelper;

namespace Community.Payments.Gateways;

/// <summary>
/// A gateway's report as CSV with a line of names: <c>receipt</c>, <c>amount</c> (minor units), <c>currency</c>, <c>at</c>
/// (an instant) and, if it says, <c>fee</c> (minor units), in any order and with any other columns beside them.
/// </summary>
internal static class ReportFile
{
    private const int MostLines = 100_000;
    private static readonly CsvReaderOptions Options = new() { TrackLineNumbers = true, MalformedData = CsvMalformedDataHandling.Throw };

    /// <returns>What it tells, or what is wrong with it and where.</returns>
    public static (ReportedMoney[] Lines, string? Fault) Read(TextReader text)
    {
        try
        {
            using var csv = CsvReader.Create(text, Options, leaveOpen: true);

            if (new[] { "receipt", "amount", "currency", "at" }.FirstOrDefault(name => !csv.TryGetFieldIndex(name, out _)) is { } missing)
            {
                return ([], $"Line 1 names no column {missing}; needed are receipt, amount, currency and at, and fee may be there.");
            }

            var lines = new List<ReportedMoney>();

            while (csv.Read())
            {
                if (lines.Count == MostLines)
                {
                    return ([], $"A report has at most {MostLines} lines.");
                }

                if (Fault(csv, out var line) is { } fault)
                {
                    return ([], $"Line {csv.LineNumber}: {fault}.");
                }

                lines.Add(line!);
            }

            return ([.. lines], null);
        }
        catch (CsvFormatException e)
        {
            return ([], $"Line {e.LineNumber} cannot be read: a quotation mark stands where none may.");
        }
    }

    private static string? Fault(CsvReader csv, out ReportedMoney? line)
    {
        line = null;

        if (Field("receipt") is not { Length: > 0 and <= 200 } receipt || receipt.Any(char.IsControl))
        {
            return "receipt is empty, too long, or has control characters";
        }

        if (!Currencies.Knows(Field("currency")))
        {
            return "currency is none of ISO 4217";
        }

        if (!TryRead(Field("amount"), out var amount))
        {
            return "amount is no whole number of minor units";
        }

        if (!Instant.TryParse(Field("at"), CultureInfo.InvariantCulture, out var at))
        {
            return "at is no instant such as 2026-05-01T10:00:00Z";
        }

        var fee = 0L;

        if (Field("fee") is { Length: > 0 } told && !TryRead(told, out fee))
        {
            return "fee is no whole number of minor units";
        }

        line = new ReportedMoney(receipt, new Money(amount, Field("currency")), at.Value, fee > 0 ? new Money(fee, Field("currency")) : null);

        return null;

        string Field(string name) => csv.TryGetFieldIndex(name, out var index) && index < csv.FieldCount ? csv.GetString(index).Trim() : "";
    }

    private static bool TryRead(string text, out long minor) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out minor) && minor <= Money.Most;
}
