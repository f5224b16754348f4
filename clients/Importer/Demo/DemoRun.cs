using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Community.Client;

namespace Community.Importer.Demo;

/// <summary>
/// Makes a demo of a community that nobody uses yet: sets it up, brings a year in through the import endpoints, and does by the other
/// endpoints what members and operators do. Run again after a stop it goes on.
/// </summary>
internal sealed partial class DemoRun(Uri to, DemoSecrets secrets, DateOnly day, TimeProvider clock, TextWriter output) : IDisposable
{
    private const int InFlight = 3;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly long _started = clock.GetTimestamp();
    private Dictionary<string, Uri> _services = [];

    public async Task<int> Run(CancellationToken ct)
    {
        try
        {
            var community = await _http.GetFromJsonAsync<CommunityDocument>(new Uri($"{to.AbsoluteUri.TrimEnd('/')}{CommunityDocument.Path}"), ct);
            _services = community!.Services!.Where(service => service.Value is not null).ToDictionary(service => service.Key, service => new Uri($"{service.Value!.AbsoluteUri.TrimEnd('/')}/"));
            await SetUp(ct);
            var owner = await SignIn("owner@demo.example", ct);
            var plans = await Plans(owner, ct);
            var year = new DemoYear(day, plans);
            var token = (await Send(owner, HttpMethod.Post, "membership", "tokens", new { name = "Demo", scopes = new[] { "import" } }, ct))!["token"]!.GetValue<string>();
            Say("The year is made up");

            foreach (var batch in year.Members)
                await Import(batch, token, ct);

            // Passwords are slow to hash by design, and what is imported does not wait for them.
            var accounts = Accounts(year, owner, ct);

            foreach (var batch in year.Written)
                await Import(batch, token, ct);

            await accounts;

            // Payments hears of what has a price a moment later than content publishes it.
            await Until("payments offers what is published", async () => await Offered(ct) is var offered && offered >= year.Priced ? null : $"{offered} of {year.Priced}", ct);

            foreach (var batch in year.Paid)
                await Import(batch, token, ct);

            await Until("all services have caught up", () => Behind(owner, ct), ct);
            await Live(year, ct);
            await Until("all services have caught up", () => Behind(owner, ct), ct);
            Say("Ready");
            return 0;
        }
        catch (Exception e) when (e is ImportFailedException or HttpRequestException or JsonException)
        {
            await output.WriteLineAsync($"The demo failed: {e.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return 130;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task SetUp(CancellationToken ct)
    {
        if ((await Send(null, HttpMethod.Get, "membership", "setup", null, ct))!["open"]!.GetValue<bool>())
        {
            await Send(null, HttpMethod.Post, "membership", "setup", new
            {
                setupToken = secrets.SetupToken,
                email = "owner@demo.example",
                password = secrets.Password,
                displayName = "许明川",
                communityName = "源流 Upstream"
            }, ct);
            var owner = await SignIn("owner@demo.example", ct);
            await Send(owner, HttpMethod.Patch, "membership", "settings", new { timeZone = "Asia/Shanghai", currency = DemoYear.Currency, languages = new[] { "zh", "en" } }, ct);
        }

        Say("Set up");
    }

    private async Task<string> SignIn(string email, CancellationToken ct) =>
        (await Send(null, HttpMethod.Post, "membership", "sessions", new { email, password = secrets.Password }, ct))!["accessToken"]!.GetValue<string>();

    private async Task<DemoPlans> Plans(string owner, CancellationToken ct)
    {
        var (monthly, yearly, architect) = (await Plan("月度会员 Monthly", "pro", 3_900, "month"), await Plan("年度会员 Yearly", "pro", 39_900, "year"), await Plan("架构师圈 Architects", "architect", 9_900, "month"));

        return new(monthly, yearly, architect);

        async Task<DemoPlan> Plan(string name, string tier, long amount, string interval)
        {
            var there = (await Send(owner, HttpMethod.Get, "payments", "plans?limit=100", null, ct))!["items"]!.AsArray().FirstOrDefault(plan => plan!["name"]!.GetValue<string>() == name);
            var plan = there ?? await Send(owner, HttpMethod.Post, "payments", "plans", new { name, tier, price = new { amount, currency = DemoYear.Currency }, interval }, ct);

            return new(plan!["planId"]!.GetValue<Guid>(), name, amount);
        }
    }

    /// <summary>A password for each account, by the way for those who forgot theirs: who is imported has none.</summary>
    private async Task Accounts(DemoYear year, string owner, CancellationToken ct)
    {
        foreach (var account in year.Accounts)
        {
            using var known = await Try(null, HttpMethod.Post, "membership", "sessions", new { email = account.Email, password = secrets.Password }, ct);
            if (known.StatusCode != HttpStatusCode.OK)
                await Send(null, HttpMethod.Post, "membership", "password-resets", new { email = account.Email }, ct);
        }

        var mails = (await Send(owner, HttpMethod.Get, "membership", "outbox?limit=100", null, ct))!["items"]!.AsArray();

        foreach (var account in year.Accounts)
        {
            if (mails.FirstOrDefault(mail => mail!["memberId"]!.GetValue<Guid>() == account.Id && mail["kind"]!.GetValue<string>() == "resetPassword" && mail["text"] is not null) is { } mail
                && Token().Match(mail["text"]!.GetValue<string>()) is { Success: true } link)
            {
                using var set = await Try(null, HttpMethod.Post, "membership", "password-resets/completion", new { token = Uri.UnescapeDataString(link.Groups[1].Value), password = secrets.Password }, ct);
            }

            if (account.Role is { } role)
                await Send(owner, HttpMethod.Put, "membership", $"members/{account.Id}/roles/{role}", null, ct);
        }

        foreach (var author in year.Authors)
            await Send(owner, HttpMethod.Put, "membership", $"members/{author}/roles/creator", null, ct);

        await Send(owner, HttpMethod.Put, "membership", $"members/{year.Accounts.Single(account => account.Role == "expert").Id}/roles/creator", null, ct);
        Say("Accounts");
    }

    /// <summary>What is no history but waits for somebody: orders, applications, rewards, payouts.</summary>
    private async Task Live(DemoYear year, CancellationToken ct)
    {
        var (owner, member) = (await SignIn("owner@demo.example", ct), await SignIn("member@demo.example", ct));

        if ((await Send(owner, HttpMethod.Get, "payments", "coupons", null, ct))!["items"]!.AsArray().Count > 0)
            return;

        string[] levels = ["新芽 Seed", "读者 Reader", "同行 Peer", "导师 Mentor", "架构师 Architect"];
        long[] from = [0, 30, 120, 400, 1_000];
        await Send(owner, HttpMethod.Put, "incentives", "levels", new { levels = levels.Index().Select(level => new { level = level.Index + 1, name = level.Item, points = from[level.Index], perks = Array.Empty<string>() }) }, ct);
        var sticker = await Send(owner, HttpMethod.Post, "incentives", "rewards", new { name = "社区贴纸 Stickers", kind = "physical", points = 20, stock = 200, perMember = 3 }, ct);
        await Send(owner, HttpMethod.Post, "incentives", "rewards", new { name = "年度大会门票 Conference ticket", kind = "digital", points = 400, codes = Enumerable.Range(1, 20).Select(i => $"CONF-{i:000}") }, ct);
        await Send(member, HttpMethod.Post, "incentives", "redemptions", new { rewardId = sticker!["rewardId"], address = "上海市 示例路 1 号" }, ct, optional: true);
        var rules = (await Send(owner, HttpMethod.Get, "incentives", "rules", null, ct))!["rules"]!.DeepClone().AsArray();
        rules[2]!["points"] = 4;
        await Send(owner, HttpMethod.Post, "incentives", "rules/replays", new { rules }, ct);
        await Send(owner, HttpMethod.Put, "payments", "billing-details", new { name = "源流社区", address = "上海市 示例路 1 号" }, ct);
        await Send(member, HttpMethod.Put, "payments", "billing-details", new { name = "陈小满", address = "杭州市 样例街 8 号" }, ct);

        var order = await Send(member, HttpMethod.Post, "payments", "orders", new { items = new[] { new { productId = year.OneWithPrice, quantity = 1 } } }, ct);
        var payment = await Send(member, HttpMethod.Post, "payments", $"orders/{order!["orderId"]}/payments", new { gateway = "sandbox" }, ct);
        using var paid = await _http.PostAsync(new Uri(payment!["action"]!["url"]!.GetValue<string>()), null, ct);
        using var disputed = await _http.PostAsync(new Uri($"{payment["action"]!["url"]}/chargeback"), null, ct);
        await Send(member, HttpMethod.Post, "membership", "invitations", new { uses = 5 }, ct);

        var payouts = (await Send(owner, HttpMethod.Post, "payments", "payouts", null, ct))!["items"]!.AsArray();
        if (payouts.Count > 1)
            await Send(owner, HttpMethod.Post, "payments", $"payouts/{payouts[0]!["payoutId"]}/payment", new { reference = "BANK-2041" }, ct);

        await Send(owner, HttpMethod.Patch, "membership", "settings", new { registration = "approval" }, ct);

        foreach (var (name, note) in new[] { ("宋知行", "后端五年，想系统学分布式。"), ("Ines Moreau", "Platform engineer; a colleague told me about the architecture circle."), ("顾安", "刚转行做数据平台，希望多交流。") })
            await Send(null, HttpMethod.Post, "membership", "members", new { email = $"applicant{note.Length}@demo.example", password = secrets.Password, displayName = name, note }, ct);

        // Last, for whoever else orders with them would be shown first.
        await Send(owner, HttpMethod.Post, "payments", "coupons", new { code = "DOUBLE11", duration = "once", percentOff = 20, maxUses = 500 }, ct);
        await Send(owner, HttpMethod.Post, "payments", "coupons", new { code = "WELCOME", duration = "once", amountOff = new { amount = 1_000, currency = DemoYear.Currency } }, ct);
        Say("What waits for somebody");
    }

    private async Task Import(DemoBatch batch, string token, CancellationToken ct)
    {
        var (taken, already) = (0, 0);
        await Parallel.ForEachAsync(batch.Items.Chunk(Community.Importer.Import.LargestBatch), new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = ct }, async (items, stop) =>
        {
            var told = await Send(token, HttpMethod.Post, batch.Service, batch.Path, new { items }, stop);
            Interlocked.Add(ref taken, told!["taken"]!.GetValue<int>());
            Interlocked.Add(ref already, told["already"]!.GetValue<int>());

            foreach (var refused in told["refused"]!.AsArray().Take(3))
                await output.WriteLineAsync($"{batch.Path} refused {refused!["id"]}: {refused["code"]}, {refused["detail"]}");
        });
        Say($"{batch.Path}: {taken} of {batch.Items.Count}{(already > 0 ? $", {already} already" : "")}");
    }

    private async Task<int> Offered(CancellationToken ct)
    {
        var (count, next) = (0, (string?)null);

        do
        {
            var page = await Send(null, HttpMethod.Get, "payments", $"products?limit=100{(next is null ? "" : $"&after={Uri.EscapeDataString(next)}")}", null, ct);
            count += page!["items"]!.AsArray().Count(product => product!["kind"]!.GetValue<string>() == "content");
            next = page["next"]?.GetValue<string>();
        }
        while (next is not null);

        return count;
    }

    /// <summary>What a service is behind with; null: nothing.</summary>
    private async Task<string?> Behind(string owner, CancellationToken ct)
    {
        foreach (var service in new[] { "membership", "payments", "content", "incentives", "analytics" })
        {
            var status = await Send(owner, HttpMethod.Get, service, "status", null, ct);

            if (status!["shards"] is not JsonArray shards || status["queues"] is not JsonArray queues)
                return $"{service} does not know";
            if (shards.FirstOrDefault(shard => shard!["events"]!.GetValue<long>() > 0) is { } late)
                return $"{service}: {late["shard"]} is {late["events"]} events behind";
            if (queues.FirstOrDefault(queue => queue!["messages"]!.GetValue<long>() > 0) is { } full)
                return $"{service}: {full["messages"]} messages wait in {full["queue"]}";
        }

        return null;
    }

    private async Task Until(string what, Func<Task<string?>> missing, CancellationToken ct)
    {
        var since = clock.GetTimestamp();

        while (await missing() is { } still)
        {
            if (clock.GetElapsedTime(since) > Patience)
                throw new ImportFailedException($"It takes longer than {Patience.TotalMinutes:0} minutes until {what}: {still}.");

            await Task.Delay(TimeSpan.FromSeconds(2), clock, ct);
        }

        Say(char.ToUpperInvariant(what[0]) + what[1..]);
    }

    private async Task<JsonNode?> Send(string? token, HttpMethod method, string service, string path, object? body, CancellationToken ct, bool optional = false)
    {
        using var answer = await Try(token, method, service, path, body, ct);
        var text = await answer.Content.ReadAsStringAsync(ct);

        return answer.IsSuccessStatusCode ? text.Length == 0 ? null : JsonNode.Parse(text)
            : optional ? null
            : throw new ImportFailedException($"{method} {service}/{path} answered {(int)answer.StatusCode}: {text}");
    }

    private async Task<HttpResponseMessage> Try(string? token, HttpMethod method, string service, string path, object? body, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, new Uri(_services[service], path)) { Content = body is null ? null : JsonContent.Create(body, options: Json) };
            request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            var answer = await _http.SendAsync(request, ct);

            if (attempt == 60 || answer.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable))
                return answer;

            answer.Dispose();
            await Task.Delay(TimeSpan.FromSeconds(1), clock, ct);
        }
    }

    private void Say(string what) => output.WriteLine($"{clock.GetElapsedTime(_started).TotalSeconds,6:0.0} s  {what}");

    [GeneratedRegex("""/reset-password\?\S*?token=([^\s&]+)""")]
    private static partial Regex Token();
}

/// <param name="Password">Of all accounts of the demo.</param>
internal sealed record DemoSecrets(string SetupToken, string Password);
