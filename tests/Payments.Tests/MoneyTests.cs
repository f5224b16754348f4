using Community.ServiceDefaults;

namespace Community.Payments.Tests;

public sealed class MoneyTests
{
    [Theory]
    [InlineData("CNY", 2)]
    [InlineData("JPY", 0)]
    [InlineData("KWD", 3)]
    [InlineData("XCG", 2)]
    public void Currencies_have_their_exponents(string code, int exponent)
    {
        Assert.True(Currencies.Knows(code));
        Assert.Equal(exponent, Currencies.Exponent(code));
    }

    [Theory]
    [InlineData("XXX")]
    [InlineData("XAU")]
    [InlineData("HRK")]
    [InlineData("cny")]
    [InlineData("元")]
    [InlineData("")]
    public void What_is_no_currency_in_circulation_is_not_known(string code) => Assert.False(Currencies.Knows(code));

    [Fact]
    public void Sums_and_products_stay_within_what_clients_can_read()
    {
        var most = new Money(Money.Most, "CNY");
        Assert.Null(most.Times(2));
        Assert.Null(new Money(long.MaxValue, "CNY").Times(int.MaxValue));
        Assert.Null(most.Plus(new Money(1, "CNY")));
        Assert.Equal(most, new Money(Money.Most - 1, "CNY").Plus(new Money(1, "CNY")));
        Assert.Throws<InvalidOperationException>(() => most.Plus(new Money(1, "USD")));
    }
}
