using Community.Analytics.Exports;

namespace Community.Analytics.Tests.Exports;

public sealed class CsvTests
{
    [Fact]
    public void A_cell_is_what_it_is_and_never_a_formula()
    {
        var table = new Table(
            ["text", "number", "at"],
            [
                ["=1+1", -3.5, new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.FromHours(8))],
                ["a, \"b\"", null, new DateOnly(2026, 3, 1)],
                ["@x", 7L, true]
            ]);

        Assert.Equal(
            "text,number,at\r\n'=1+1,-3.5,2026-03-01T00:00:00Z\r\n\"a, \"\"b\"\"\",,2026-03-01\r\n'@x,7,true\r\n", Csv.Write(table));
    }
}
