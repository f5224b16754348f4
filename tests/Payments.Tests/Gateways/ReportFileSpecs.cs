using Community.Payments.Gateways;

namespace Community.Payments.Tests.Gateways;

public sealed class ReportFileSpecs
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("receipt,amount,currency,at\r\npi_1,9900,CNY,2026-05-01T12:00:00Z\r\n")]
    [InlineData("\uFEFFat;Currency;description;amount;receipt\n2026-05-01T14:00:00+02:00;CNY;\"a \"\"book\"\"; and\nmore\";9900;pi_1")]
    [InlineData("receipt\tfee\tamount\tcurrency\tat\npi_1\t\t9900\tCNY\t2026-05-01T12:00:00Z\n\n")]
    public void Columns_are_known_by_name_in_any_order_and_with_others_beside(string csv) =>
        Assert.Equal([new ReportedMoney("pi_1", new Money(9900, "CNY"), Noon)], Read(csv).Lines);

    [Fact]
    public void A_fee_is_told_where_there_is_one() => Assert.Equal(
        [new ReportedMoney("a", new Money(100, "CNY"), Noon, new Money(3, "CNY")), new ReportedMoney("b", new Money(100, "CNY"), Noon), new ReportedMoney("c", new Money(0, "CNY"), Noon)],
        Read("receipt,amount,currency,at,fee\na,100,CNY,2026-05-01T12:00:00Z,3\nb,100,CNY,2026-05-01T12:00:00Z,0\nc,0,CNY,2026-05-01T12:00:00Z\n").Lines);

    [Theory]
    [InlineData("", "Line 1 names no column receipt")]
    [InlineData("receipt,amount\na,1\n", "Line 1 names no column currency")]
    [InlineData("a,1.00,CNY,2026-05-01T12:00:00Z", "Line 2: amount is no whole number of minor units.")]
    [InlineData("a,1,CNY,2026-05-01T12:00:00Z\nb,-1,CNY,2026-05-01T12:00:00Z", "Line 3: amount is no")]
    [InlineData("a,9007199254740993,CNY,2026-05-01T12:00:00Z", "Line 2: amount is no")]
    [InlineData("a,1,YUAN,2026-05-01T12:00:00Z", "Line 2: currency is none")]
    [InlineData("a,1,CNY,yesterday", "Line 2: at is no instant")]
    [InlineData("a,1,CNY", "Line 2: at is no instant")]
    [InlineData(",1,CNY,2026-05-01T12:00:00Z", "Line 2: receipt is empty")]
    [InlineData("a\u0007,1,CNY,2026-05-01T12:00:00Z", "Line 2: receipt is empty")]
    [InlineData("\"a,1,CNY,2026-05-01T12:00:00Z\n", "Line 2 cannot be read")]
    public void What_is_wrong_is_told_with_its_line(string csv, string fault)
    {
        var (lines, told) = Read(csv.Length == 0 || csv.StartsWith("receipt", StringComparison.Ordinal) ? csv : $"receipt,amount,currency,at\n{csv}");
        Assert.Empty(lines);
        Assert.StartsWith(fault, told, StringComparison.Ordinal);
    }

    private static (ReportedMoney[] Lines, string? Fault) Read(string csv) => ReportFile.Read(new StringReader(csv));
}
