using System.Globalization;
using Community.Testing;

namespace Community.SystemTests;

/// <summary>
/// Members who comment and buy at a steady pace, and insist: what is not acknowledged they ask again, under the same
/// idempotency key, as a good client does.
/// </summary>
internal sealed class Load : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);
    private readonly CommunitySystem _system;
    private readonly Guid _content;
    private readonly Guid _product;
    private volatile bool _enough;
    private Task _work = Task.CompletedTask;
    private int _comments;
    private int _orders;
    private int _refused;

    private Load(CommunitySystem system, Guid content, Guid product) => (_system, _content, _product) = (system, content, product);

    /// <summary>Acknowledged so far.</summary>
    public int Comments => _comments;

    public int Orders => _orders;

    /// <summary>How often the answer was 503, with the word when to try again.</summary>
    public int Refused => _refused;

    public static async Task<Load> Begin(CommunitySystem system, Guid content, Guid product)
    {
        var load = new Load(system, content, product);
        var members = new[] { await system.Join(), await system.Join(), await system.Join() };
        load._work = Task.WhenAll([.. members.Select(load.Comment), load.Buy(await system.Join())]);

        return load;
    }

    public async Task GoesOn(int more)
    {
        var (comments, orders) = (_comments + more, _orders + 1);
        await Eventually.Value(
            () => Task.FromResult(_work.IsFaulted || (_comments >= comments && _orders >= orders)), done => done,
            $"{more} more comments and an order to be acknowledged; there are {_comments} and {_orders}");
        if (_work.IsFaulted)
            await _work;
    }

    public async Task End()
    {
        _enough = true;
        await _work;
    }

    /// <summary>The tests after one that failed must find it ended.</summary>
    public async ValueTask DisposeAsync()
    {
        _enough = true;
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task Comment(Person member)
    {
        using var pace = new PeriodicTimer(Pace);

        for (var i = 0; !_enough; i++)
        {
            var key = i.ToString(CultureInfo.InvariantCulture);
            await Insist(() => member.Post($"content/contents/{_content}/comments", new { body = $"Number {key}." }, key), 201);
            Interlocked.Increment(ref _comments);
            await pace.WaitForNextTickAsync();
        }
    }

    private async Task Buy(Person member)
    {
        using var pace = new PeriodicTimer(Pace);

        for (var i = 0; !_enough; i++)
        {
            var key = i.ToString(CultureInfo.InvariantCulture);
            var order = (await Insist(() => member.Post("payments/orders", new { items = new[] { new { productId = _product, quantity = 2 } } }, key), 201)).Json.Id("orderId");
            var payment = (await Insist(() => member.Post($"payments/orders/{order}/payments", new { gateway = "sandbox" }, key), 201)).Json;
            await Insist(() => _system.Anybody.Post(payment["action"]!.Text("url"), idempotencyKey: key), 204);
            Interlocked.Increment(ref _orders);
            await pace.WaitForNextTickAsync();
        }
    }

    private async Task<Answer> Insist(Func<Task<Answer>> ask, int status)
    {
        using var pace = new PeriodicTimer(Pace);
        var answer = await Eventually.Value(Try, answer => answer is not null, "an answer", () => _refused);
        Assert.True(answer!.Status == status, $"{status} expected: {answer}");

        return answer;

        async Task<Answer?> Try()
        {
            try
            {
                var answer = await ask();

                if (answer.Status == 503)
                {
                    Assert.True(answer.RetryAfter is not null && answer.MediaType == "application/problem+json", $"When to try again? {answer}");
                    Interlocked.Increment(ref _refused);
                }

                if (answer.Status is not (502 or 503))
                    return answer;
            }
            catch (HttpRequestException)
            {
                // The load balancer's other side has just gone.
            }

            await pace.WaitForNextTickAsync();

            return null;
        }
    }
}
