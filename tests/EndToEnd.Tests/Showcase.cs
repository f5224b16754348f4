using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Community.Testing;

namespace Community.EndToEnd.Tests;

/// <summary>
/// A community with a past: a year of members and discussions through the import endpoints, articles, plans, an order. Each time
/// the same but for its ids and its day; for pictures, and for charts that have something to show.
/// </summary>
public sealed class Showcase : IAsyncLifetime
{
    private const int Months = 13;
    private const string Remark = "Clear, and it saved me an evening.";

    private static readonly HttpClient Http = new();

    private static readonly string[] Names =
        ["Lin Wei", "陈晓", "Marta", "王磊", "Tomás", "Aiko", "李娜", "Jonas", "Priya", "周航", "Ines", "Oleg", "赵敏", "Hana", "Samuel", "孙悦", "Greta", "Kofi", "吴桐", "Noor"];

    private static readonly (string Title, string Body, string Tag)[] Topics =
    [
        ("How do you keep projections idempotent?", "A consumer restarts in the middle of a page. What do you store beside the row, so that an event counts once?", "projections"),
        ("Outbox 和事务消息,大家怎么选?", "我们的服务各有一个 PostgreSQL。写库和发消息要一起成功,你们用 outbox、CDC,还是别的?", "messaging"),
        ("When is an event too large?", "Ours carries the whole order with forty fields. Consumers read three of them. Split it, or leave it?", "events"),
        ("如何给遗留系统补测试?", "十年的代码,没有测试。先从边界写起,还是先重构?想听听你们的顺序。", "testing"),
        ("What belongs in a review, and what in a linter?", "We spend half of each review on naming. What have you moved into tools for good?", "review"),
        ("Advisory locks or a lease table?", "One worker out of five has to do the nightly job. Both work. Which one fails more kindly?", "postgres"),
        ("异步取消为什么这么难?", "调用方走了,下游还在写。你们怎么保证取消之后状态是一致的?", "concurrency"),
        ("How long do your feature flags live?", "We counted sixty. Twelve of them are older than the newest colleague.", "delivery")
    ];

    private static readonly string[] Replies =
    [
        "Store the position in the same transaction as the row. Then a repeat is a no-op, and nothing has to be counted twice.",
        "先写一个最慢、最笨的端到端测试,再动代码。它会告诉你第一刀切在哪里。",
        "We tried both. The simple one survived, mostly because everybody could read it at three in the morning.",
        "看团队。人少就选运维最省心的那个。"
    ];

    private static readonly (string Title, string Topic, string Format, string Body, int? Price)[] Articles =
    [
        ("Testing time without waiting for it", "testing", "article", "A test that sleeps is slow on a good day and wrong on a bad one. Give the code a clock, and move the clock.\n\n## One clock\n\nEverything that asks for the time asks `TimeProvider`.", null),
        ("用一个查询讲清楚 MVCC", "postgres", "article", "两个事务,一行数据,四种结果。先看快照,再看锁。\n\n## 快照\n\n**注意：**读不会挡住写,写也不会挡住读。", null),
        ("Reading a slow query plan, line by line", "postgres", "article", "The plan is a tree. Read it from the leaves, and believe the rows more than the cost.\n\n## Start at the leaves", 1900),
        ("How facts travel: an outbox that loses nothing", "events", "article",
            "An order is paid. Four other services want to know, and one of them is down. What do you write, and where, so that nobody is told twice and nobody is forgotten?\n\n## Write once\n\nThe fact and the order belong to one transaction. Whatever tells the others reads the log behind it.\n\n```csharp\nawait store.Handle(Order.Decider, Order.Stream(id), new ConfirmPayment(receipt, amount, at), ct);\n```\n\n## Tell many\n\nA relay keeps its place in the log. It sends, waits for the broker's confirm, and moves on. If it falls, it begins again where it was, and each consumer remembers what it has had.\n\n| what fails | what happens |\n| --- | --- |\n| the broker | the relay waits, the order is paid all the same |\n| a consumer | its queue holds what came meanwhile |\n\n## Forget nothing\n\nThe rest is housekeeping.", 9900)
    ];

    private readonly Random _dice = new(20260101);

    internal RunningCommunity Community { get; } = new();

    internal Visitor Owner { get; private set; } = null!;

    internal Visitor Creator { get; private set; } = null!;

    internal Visitor Member { get; private set; } = null!;

    internal string Article { get; private set; } = "";

    internal string Topic { get; private set; } = "";

    internal string Draft { get; private set; } = "";

    /// <summary>An order that is not paid yet.</summary>
    internal string Checkout { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        await Community.InitializeAsync();

        if (Chromium.Missing is not null)
        {
            return;
        }

        Owner = await Person("Olga", "olga@example.org");
        await Send("membership", "setup", new { setupToken = Community.SetupToken, email = Owner.Email, password = RunningCommunity.Password, displayName = Owner.Name, communityName = "Code Harbour" });
        var owner = await SignIn(Owner);
        await Send("membership", "settings", new { timeZone = "Asia/Shanghai" }, owner, HttpMethod.Patch);
        await Past((string)(await Send("membership", "tokens", new { name = "history", scopes = new[] { "import" } }, owner))["token"]!);

        foreach (var (name, tier, amount, interval, days) in new[] { ("Reader", "reader", 2900, "month", 7), ("Patron", "patron", 9900, "month", 0), ("A whole year", "reader", 29000, "year", 0) })
        {
            await Send("payments", "plans", new { name, tier, price = new { amount, currency = "CNY" }, interval, trialDays = days }, owner);
        }

        (Creator, Member) = (await Person("Mei", "mei@example.org"), await Person("Ada", "ada@example.org"));
        var reviewer = await Person("Rui", "rui@example.org");
        var (creatorId, reviewerId) = (await Join(Creator), await Join(reviewer));
        await Join(Member);
        await Send("membership", $"members/{creatorId}/roles/creator", null, owner, HttpMethod.Put);
        await Send("membership", $"members/{reviewerId}/roles/reviewer", null, owner, HttpMethod.Put);
        await Publish(await SignIn(Creator), await SignIn(reviewer));
        await Live(await SignIn(Member), await SignIn(Creator));
    }

    public ValueTask DisposeAsync() => Community.DisposeAsync();

    internal async Task<Visitor> Enter(Visitor somebody, Manner manner)
    {
        var again = await Community.Enter(manner);
        again.Is(somebody.Name, somebody.Email);
        await again.SignIn();

        return again;
    }

    private async Task<Visitor> Person(string name, string email)
    {
        var visitor = await Community.Enter();
        visitor.Is(name, email);

        return visitor;
    }

    private async Task<string> Join(Visitor visitor) => (string)(await Send(
        "membership", "members", new { email = visitor.Email, password = RunningCommunity.Password, displayName = visitor.Name }))["memberId"]!;

    private async Task<string> SignIn(Visitor visitor) =>
        (string)(await Send("membership", "sessions", new { email = visitor.Email, password = RunningCommunity.Password }))["accessToken"]!;

    /// <summary>Each month some join; of those who joined some come again, fewer with each month.</summary>
    private async Task Past(string token)
    {
        var now = TimeProvider.System.GetUtcNow();
        var (members, topics, replies) = (new List<(Guid Id, string Name, DateTimeOffset At)>(), new List<(Guid Id, Guid Author, int Which, DateTimeOffset At)>(), new List<(Guid Id, Guid Topic, Guid Author, DateTimeOffset At)>());

        for (var month = Months; month >= 0; month--)
        {
            var begins = now.AddMonths(-month).AddDays(-2);
            var days = month == 0 ? 1 : 26;
            members.AddRange(Enumerable.Range(0, 32 + 3 * (Months - month) - month % 4 * 4).Select(n => Later(begins, days) is var at
                ? (Guid.CreateVersion7(at), Names[(members.Count + n) % Names.Length], at) : default));
            var there = members.Where(member => member.At <= begins && _dice.NextDouble() < Math.Pow(.82, (begins - member.At).TotalDays / 30)).ToList();
            topics.AddRange(there.Take(6).Select((member, n) => Later(begins, days) is var at ? (Guid.CreateVersion7(at), member.Id, (month + n) % Topics.Length, at) : default));
            replies.AddRange(there.SelectMany(member => topics.TakeLast(3).Take(1 + _dice.Next(2)).Select(topic => Later(topic.At > begins ? topic.At : begins, 1) is var at
                ? (Guid.CreateVersion7(at), topic.Id, member.Id, at) : default)));
        }

        await Import("membership", "members", token, members.Select(member => new { memberId = member.Id, displayName = member.Name, joinedAt = member.At }));
        await Import("content", "topics", token, topics.Select(topic => new
        {
            topicId = topic.Id,
            kind = "question",
            authorId = topic.Author,
            title = Topics[topic.Which].Title,
            body = $"<p>{Topics[topic.Which].Body}</p>",
            tags = new[] { Topics[topic.Which].Tag },
            at = topic.At
        }));
        await Import("content", "replies", token, replies.Select((reply, n) => new
        {
            replyId = reply.Id,
            topicId = reply.Topic,
            authorId = reply.Author,
            body = $"<p>{Replies[n % Replies.Length]}</p>",
            at = reply.At
        }));
        await Import("content", "accepted-replies", token, topics.Where((_, n) => n % 3 == 0).Select(topic => (Topic: topic, Reply: replies.FirstOrDefault(reply => reply.Topic == topic.Id)))
            .Where(pair => pair.Reply != default).Select(pair => new { topicId = pair.Topic.Id, replyId = pair.Reply.Id, at = pair.Reply.At.AddMinutes(1) }));

        DateTimeOffset Later(DateTimeOffset from, int days) => from + TimeSpan.FromMinutes(_dice.Next(days * 24 * 60)) is var at && at < now ? at : now.AddMinutes(-1);
    }

    private async Task Publish(string creator, string reviewer)
    {
        foreach (var (title, topic, format, body, price) in Articles)
        {
            var id = (string)(await Send("content", "contents", new
            {
                title,
                topic,
                format,
                body,
                tags = new[] { topic },
                requires = price is { } amount ? new { price = new { amount, currency = "CNY" } } : null
            }, creator))["contentId"]!;
            await Send("content", $"contents/{id}/submission", null, creator);
            await Send("content", $"contents/{id}/reviews", new { verdict = "approved", quality = 5, notes = "Clear." }, reviewer);
            await Send("content", $"contents/{id}/publication", null, creator);
            Article = $"/contents/{id}";
        }

        Draft = $"/studio/contents/{(await Send("content", "contents", new { title = "Back-off that does not stampede", topic = "messaging", format = "article", body = "Everybody retries at once, and the service that just came back falls again.\n\n## Jitter first\n\nA random share of the pause is worth more than a longer pause.", tags = new[] { "messaging" } }, creator))["contentId"]}";
    }

    private async Task Live(string member, string creator)
    {
        var question = (string)(await Send("content", "topics", new { kind = "question", title = "Is a retry without a budget ever right?", body = "We retry **three** times, everywhere. Behind two hops that is nine.", tags = new[] { "messaging" } }, member))["topicId"]!;
        Topic = $"/topics/{question}";
        var answer = (string)(await Send("content", $"topics/{question}/replies", new { body = "Retry at the edge alone, and give it a budget:\n\n```csharp\noptions.Retry.MaxRetryAttempts = 2;\n```\n\nEverything behind it fails fast." }, creator))["replyId"]!;
        await Send("content", $"topics/{question}/replies", new { body = "谢谢，预算这个词一下子讲清楚了。" }, member);
        await Send("content", $"topics/{question}/votes", new { value = 1 }, creator);
        await Send("content", $"topics/{question}/accepted-reply", new { replyId = answer }, member, HttpMethod.Put);
        var free = (await Ask("content", "contents?limit=10"))["items"]!.AsArray().First(item => item!["requires"]!["price"] is null)!["contentId"];
        await Send("content", $"contents/{free}/views", null, member);
        await Send("content", $"contents/{free}/reactions", new { kind = "insightful" }, member);
        await Send("content", $"contents/{free}/comments", new { body = Remark }, member);

        var article = Article.Split('/')[^1];
        var product = (string)(await Eventually.Value(
            () => Ask("payments", $"products?subjectId={article}"), page => page["items"]!.AsArray().Count > 0, "the article to be for sale"))["items"]![0]!["productId"]!;
        Checkout = $"/checkout/{(await Send("payments", "orders", new { items = new[] { new { productId = product, quantity = 1 } } }, member))["orderId"]}";
    }

    private async Task Import(string service, string what, string token, IEnumerable<object> items)
    {
        foreach (var batch in items.Chunk(300))
        {
            var report = await Send(service, $"imports/{what}", new { items = batch }, token);
            Assert.True(report["refused"]!.AsArray().Count == 0, report.ToJsonString());
        }
    }

    private Task<JsonNode> Ask(string service, string path) => Send(service, path, null, method: HttpMethod.Get);

    private async Task<JsonNode> Send(string service, string path, object? body, string? token = null, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, new Uri(Community.Services[service], path)) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, string.Create(CultureInfo.InvariantCulture, $"{path}: {(int)answer.StatusCode} {text}"));

        return text.Length == 0 ? JsonValue.Create(0) : JsonNode.Parse(text)!;
    }
}
