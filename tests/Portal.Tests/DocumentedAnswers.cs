using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Community.Portal.Tests;

/// <summary>What the services answer, in the shapes of docs/openapi: the generated client reads nothing else.</summary>
internal sealed partial class Neighbours
{
    public static readonly Guid Question = new("01900000-0000-7000-8000-000000000003");
    public static readonly Guid FirstReply = new("01900000-0000-7000-8000-000000000004");
    public static readonly Guid Plan = new("01900000-0000-7000-8000-000000000005");
    public static readonly Guid Order = new("01900000-0000-7000-8000-000000000006");
    public static readonly Guid Subscription = new("01900000-0000-7000-8000-000000000007");
    public static readonly Guid Draft = new("01900000-0000-7000-8000-000000000008");

    private const string Then = "2026-03-01T12:00:00Z";

    /// <summary>open, invitation or approval.</summary>
    public string Registration { get; set; } = "open";

    public bool HasOwner { get; set; } = true;

    /// <summary>How many wait to be let in: one or none.</summary>
    public int Applicants { get; set; } = 1;

    /// <summary>What was asked to be done: method, path, Idempotency-Key, body.</summary>
    public ConcurrentQueue<(string Call, string Key, JsonObject? Body)> Done { get; } = new();

    /// <summary>When the staff did something, and what it was.</summary>
    public IReadOnlyList<string> StaffActions { get; set; } = [];

    public string StaffActionType { get; set; } = "member-suspended.v1";

    /// <summary>What reports came in, by gateway.</summary>
    public ConcurrentQueue<string> Reports { get; } = new();

    /// <summary>The instant of which the ledger was asked last.</summary>
    public string? AsOf { get; private set; }

    /// <summary>Of the order.</summary>
    public string OrderStatus { get; set; } = "placed";

    /// <summary>Of the draft.</summary>
    public string Stage { get; set; } = "draft";

    /// <summary>Whether the next sign-in asks for a code.</summary>
    public bool AsksForCode { get; set; }

    private static object Money(long amount) => new { amount, currency = "CNY" };

    private const string LongTitle = "如何在不停机的情况下把一个单体应用的订单模块拆成事件溯源的服务,并且不丢一条数据";

    private static readonly string LongText = string.Concat(Enumerable.Repeat("What was written stays, and what follows from it can be computed again. ", 3));

    /// <summary>As many as were asked for.</summary>
    private static object[] Some(HttpRequest request, Func<Guid, object> make) =>
        [.. Enumerable.Range(1, int.Parse(request.Query["limit"]!, System.Globalization.CultureInfo.InvariantCulture)).Select(n => make(new($"01900000-0000-7000-8000-{n:D12}")))];

    private static IResult Page(params object[] items) => Results.Json(new { items, next = (string?)null });

    internal static IResult Refuse(int status, string code, object? errors = null) => Results.Json(
        new { type = $"urn:community:{code}", title = code, status, detail = "In English.", traceId = "0af7651916cd43dd8448eb211c80319c", errors }, contentType: "application/problem+json", statusCode: status);

    private object Settings() => new
    {
        name = "程序员社群 <Club>",
        timeZone = "Asia/Shanghai",
        currency = "CNY",
        languages = new[] { "zh", "en" },
        registration = Registration,
        points = true
    };

    private object[] Drafts(HttpRequest request) => request.Query["status"] == Stage
        ? [With(Item(Free, request), new { contentId = Draft, title = "A draft", status = Stage })] : [];

    private static JsonObject With(object origin, object change)
    {
        var made = System.Text.Json.JsonSerializer.SerializeToNode(origin)!.AsObject();

        foreach (var (name, value) in System.Text.Json.JsonSerializer.SerializeToNode(change)!.AsObject())
        {
            made[name] = value?.DeepClone();
        }

        return made;
    }

    private async Task<IResult> Note(HttpRequest request, IResult answer)
    {
        JsonObject? body = null;

        if (request.ContentLength > 0 && request.ContentType?.Contains("json", StringComparison.Ordinal) == true)
        {
            body = await JsonNode.ParseAsync(request.Body) as JsonObject;
        }

        if (request.Headers.Authorization.Count == 0)
        {
            return Refuse(401, "unauthenticated");
        }

        Done.Enqueue(($"{request.Method} {request.Path}", request.Headers["Idempotency-Key"].ToString(), body));

        return body?.Any(field => field.Value is JsonValue value && value.TryGetValue<string>(out var text) && text == "refuse me") == true
            ? Refuse(400, "validation-failed", new Dictionary<string, string[]> { [body.First(field => field.Value?.ToString() == "refuse me").Key] = ["must be at most 3 characters"] })
            : answer;
    }

    private void Post(WebApplication server, string path, Func<HttpRequest, IResult> answer) => server.MapPost(path, (HttpRequest request) => Note(request, answer(request)));

    private void Put(WebApplication server, string path, Func<HttpRequest, IResult>? answer = null) => server.MapPut(path, (HttpRequest request) => Note(request, answer?.Invoke(request) ?? Results.NoContent()));

    private void Delete(WebApplication server, string path) => server.MapDelete(path, (HttpRequest request) => Note(request, Results.NoContent()));

    private void MapContent(WebApplication server)
    {
        server.MapGet("/contents/topics", () => Page(new { topic = "architecture", count = 2 }, new { topic = "写作", count = 1 }));
        server.MapGet("/contents/{id:guid}/comments", (HttpRequest request) => IsFull
            ? Page(Some(request, id => new { commentId = id, authorId = id, body = LongText, bodyFormat = "markdown", at = Then }))
            : Page(new { commentId = FirstReply, authorId = Free, body = "A **comment**.", bodyFormat = "markdown", at = Then }));
        server.MapGet("/contents/{id:guid}/reactions", () => Results.Json(new
        {
            items = new[] { "like", "insightful", "thanks", "celebrate", "curious" }.Select(kind => new { kind, count = kind == "like" ? 2 : 0, mine = false })
        }));
        server.MapGet($"/contents/{Draft}", (HttpRequest request) => request.Headers.Authorization.Count == 0 ? Refuse(404, "not-found") : Results.Json(DraftText(request)));
        server.MapGet("/comments/{id:guid}", (Guid id) => id == FirstReply
            ? Results.Json(new { commentId = FirstReply, authorId = Free, body = "A **comment**.", bodyFormat = "markdown", at = Then }) : Refuse(404, "not-found"));
        server.MapGet("/topics/{id:guid}/replies", (HttpRequest request) => IsFull
            ? Page(Some(request, id => With(Reply(), new { replyId = id, authorId = id, body = LongText }))) : Page(Reply()));
        server.MapGet("/topics/{id:guid}/replies/{reply:guid}", (Guid reply) => reply == FirstReply ? Results.Json(Reply()) : Refuse(404, "not-found"));
        server.MapGet("/updates", (string subjects) => subjects == $"{Question}"
            ? Results.Text($"event: beat\ndata: null\n\ndata: {{\"subject\":\"{Question}\",\"kind\":\"reply\",\"id\":\"{FirstReply}\"}}\n\n", "text/event-stream") : Refuse(404, "not-found"));
        Delete(server, "/comments/{id:guid}");
        Delete(server, "/topics/{id:guid}");
        Delete(server, "/topics/{id:guid}/replies/{reply:guid}");
        server.MapGet("/topics", (HttpRequest request) => IsFull ? Page(Some(request, id => With(TopicItem(), new { topicId = id, title = LongTitle, tags = new[] { "postgres", "架构", "messaging" } }))) : Page(TopicItem()));
        server.MapGet("/topics/{id:guid}", (Guid id) => id == Question ? Results.Json(TopicText()) : Refuse(404, "not-found"));
        Post(server, "/contents", request => Results.Json(DraftText(request), statusCode: 201));
        server.MapPatch("/contents/{id:guid}", (HttpRequest request) => request.Headers.IfMatch == "\"1\"" || request.Headers.IfMatch.Count == 0
            ? Note(request, Results.Json(DraftText(request))) : Task.FromResult(Refuse(412, "version-mismatch")));
        Post(server, "/contents/{id:guid}/submission", request => Results.Json(DraftText(request)));
        Post(server, "/contents/{id:guid}/publication", request => Results.Json(DraftText(request)));
        Post(server, "/contents/{id:guid}/reviews", request => Results.Json(DraftText(request)));
        Post(server, "/contents/{id:guid}/comments", _ => Results.Json(new { commentId = FirstReply, authorId = Free, body = "x", bodyFormat = "markdown", at = Then }, statusCode: 201));
        Post(server, "/contents/{id:guid}/reactions", _ => Results.NoContent());
        Post(server, "/topics", _ => Results.Json(TopicText(), statusCode: 201));
        Post(server, "/topics/{id:guid}/replies", _ => Results.Json(Reply(), statusCode: 201));
        Post(server, "/topics/{id:guid}/votes", _ => Refuse(403, "own-post"));
        Post(server, "/topics/{id:guid}/replies/{reply:guid}/votes", _ => Results.NoContent());
        Put(server, "/topics/{id:guid}/accepted-reply");
    }

    private JsonObject DraftText(HttpRequest request) => With(Item(Free, request), new
    {
        contentId = Draft,
        title = "A draft",
        status = Stage,
        body = Body,
        access = "full",
        reviews = new[] { new { reviewerId = Paid, verdict = "changesRequested", quality = 3, notes = "Shorter, please.", at = Then } }
    });

    private static object Reply() => new
    {
        replyId = FirstReply,
        topicId = Question,
        authorId = Paid,
        body = "Because.",
        bodyFormat = "markdown",
        at = Then,
        votes = 1,
        accepted = false
    };

    private static object TopicItem() => new
    {
        topicId = Question,
        kind = "question",
        authorId = Free,
        title = "为什么 <why>?",
        tags = new[] { "why" },
        at = Then,
        votes = 2,
        acceptedReplyId = (Guid?)null,
        replyCount = 1
    };

    private static JsonObject TopicText() => With(TopicItem(), new { body = "Why **is** it?", bodyFormat = "markdown", replies = new[] { Reply() }, nextReplies = (string?)null });

    private static object PlanView() => new
    {
        planId = Plan,
        productId = Plan,
        name = "Monthly",
        tier = "member",
        price = Money(2900),
        interval = "month",
        trialDays = 7,
        days = (int?)null
    };

    private static object Line() => new { productId = Plan, kind = "plan", subjectId = Plan, name = "Monthly", quantity = 1, price = Money(2900) };

    private JsonObject OrderView() => With(OrderInList(), new
    {
        paidAt = OrderStatus == "paid" ? Then : null,
        refunded = (object?)null,
        payments = new[] { new { paymentId = Order, gateway = "sandbox", status = OrderStatus == "paid" ? "paid" : "pending" } }
    });

    private object OrderInList() => new { orderId = Order, memberId = Free, status = OrderStatus, total = Money(2900), items = new[] { Line() }, placedAt = Then };

    private static object SubscriptionInList() => new
    {
        subscriptionId = Subscription,
        memberId = Free,
        planId = Plan,
        name = "Monthly",
        tier = "member",
        source = "paid",
        status = "active",
        currentPeriodStart = Then,
        currentPeriodEnd = "2026-04-01T12:00:00Z",
        openOrderId = (Guid?)null
    };

    private static JsonObject SubscriptionView() => With(SubscriptionInList(), new { price = Money(2900), interval = "month", credit = (object?)null });

    private static object Invoice() => new
    {
        invoiceId = Order,
        number = "2026-000001",
        kind = "invoice",
        credits = (Guid?)null,
        orderId = Order,
        memberId = Free,
        lines = new[] { new { name = "Monthly", quantity = 1, amount = Money(2900) } },
        total = Money(2900),
        tax = (object?)null,
        buyer = (object?)null,
        issuedAt = Then,
        kept = "law",
        issuedOn = "2026-03-01",
        timeZone = "Asia/Shanghai"
    };

    private void MapPayments(WebApplication server)
    {
        server.MapGet("/plans", () => Page(PlanView()));
        server.MapGet("/products", () => Page(new { productId = Plan, kind = "content", subjectId = Paid, name = "Priced", price = Money(9900) }));
        server.MapGet("/products/{id:guid}", (Guid id) => id == Plan
            ? Results.Json(new { productId = Plan, kind = "plan", subjectId = Plan, name = "Monthly", price = Money(2900) }) : Refuse(404, "not-found"));
        server.MapGet("/payment-methods", () => Results.Json(new
        {
            items = new[] { new { gateway = "sandbox", live = false, qrCode = false }, new { gateway = "alipay", live = true, qrCode = true } }
        }));
        server.MapPost("/orders/previews", async (HttpRequest request) => (string?)(await JsonNode.ParseAsync(request.Body))?["couponCode"] is "NO"
            ? Refuse(409, "coupon-unknown")
            : Results.Json(new { subtotal = Money(2900), discount = Money(0), total = Money(2900), tax = (object?)null, items = new[] { Line() } }));
        Post(server, "/orders", _ => Results.Json(OrderView(), statusCode: 201));
        server.MapGet("/orders", () => Page(OrderInList()));
        server.MapGet("/orders/{id:guid}", (Guid id) => id == Order ? Results.Json(OrderView()) : Refuse(404, "not-found"));
        Post(server, "/orders/{id:guid}/payments", _ => Results.Json(
            new { paymentId = Order, status = "pending", action = new { kind = "redirect", url = "https://pay.example/?a=1&b=2" } }, statusCode: 201));
        Post(server, "/orders/{id:guid}/payments/{payment:guid}/inquiry", _ => Results.Json(new { paymentId = Order, gateway = "sandbox", status = "pending" }));
        Post(server, "/orders/{id:guid}/cancellation", _ => Results.NoContent());
        server.MapGet("/subscriptions", (HttpRequest request) => request.Headers.Authorization.Count > 0 ? Page(SubscriptionInList()) : Refuse(401, "unauthenticated"));
        server.MapGet("/subscriptions/{id:guid}", () => Results.Json(SubscriptionView()));
        server.MapGet("/subscriptions/{id:guid}/next-invoice", () => Results.Json(new
        {
            subscriptionId = Subscription,
            at = "2026-04-01T12:00:00Z",
            price = Money(2900),
            creditUsed = Money(0),
            charge = Money(2900),
            periodEnd = "2026-05-01T12:00:00Z"
        }));
        server.MapPost("/subscriptions/{id:guid}/plan/previews", () => Results.Json(new { planId = Plan, charge = Money(100), creditUsed = Money(0), credited = Money(0) }));
        Post(server, "/subscriptions/{id:guid}/plan", _ => Results.Json(SubscriptionView()));
        Post(server, "/subscriptions/{id:guid}/cancellation", _ => Results.NoContent());
        server.MapGet("/invoices", () => Page(Invoice()));
        server.MapGet("/invoices/{id:guid}", () => Results.Json(Invoice()));
        server.MapGet("/invoices/{id:guid}/pdf", () => Results.Bytes("%PDF-1.7"u8.ToArray(), "application/pdf"));
        server.MapGet("/billing-details", () => Refuse(404, "not-found"));
        Put(server, "/billing-details");
        server.MapGet("/referrals", () => Page(new { memberId = Paid, couponCode = (string?)null, rewardedAt = (string?)null }));
        server.MapGet("/payouts", () => Page());
        server.MapGet("/payouts/balance", () => Results.Json(new { items = new[] { new { currency = "CNY", held = 100, available = 200, paidOut = 300 } } }));
        server.MapGet("/members/{id:guid}/points", () => Results.Json(new
        {
            memberId = Free,
            balance = 120,
            lifetime = 150,
            level = 2,
            nextLevel = new { level = 3, name = "Regular", points = 300, missing = 150 },
            streak = 4,
            streakFreezes = 1,
            badges = Array.Empty<object>()
        }));
        server.MapGet("/members/{id:guid}/badges", () => Page(new
        {
            awardId = Order,
            name = "Helper <1>",
            @class = "silver",
            at = Then,
            description = "Answers that helped",
            activity = "acceptedReply",
            to = "author",
            count = 3,
            cause = (string?)null
        }));
        server.MapGet("/badges/rules", () => Page(Badge()));
        Post(server, "/badges", _ => Results.Json(Badge(), statusCode: 201));
        Delete(server, "/badges/{id:guid}");
        server.MapGet("/held-causes", (bool? confirmed) => Page(
            new { cause = "vote/1", activity = "upvote", memberId = Paid, actorId = Free, because = "burst", confirmed = confirmed == true, at = Then }));
        Post(server, "/held-causes/releases", _ => Results.NoContent());
        Post(server, "/held-causes/confirmations", _ => Results.NoContent());
        Put(server, "/rewards/budget");
        server.MapGet("/members/{id:guid}/points/entries", () => Page(
            new { entryId = Order, kind = "earned", points = 5, rule = "reply-posted", ruleVersion = 1, cause = "reply", at = Then, reason = (string?)null, expiresAt = Then }));
        server.MapGet("/members/{id:guid}/points/entries/{entry:guid}/why", () => Results.Json(new
        {
            steps = new[] { new { service = "content", type = "reply", eventId = (Guid?)Order, at = Then, text = "A reply was written." } }
        }));
        server.MapGet("/leaderboard", () => Results.Json(new
        {
            items = new[] { new { rank = 1, memberId = Paid, points = 1200 }, new { rank = 1, memberId = Free, points = 1200 } },
            next = (string?)null,
            start = "2026-03-02",
            own = new { rank = 1, points = 1200, shown = true }
        }));
        Put(server, "/members/me/leaderboard");
        server.MapGet("/rewards", () => Page(
            new { rewardId = Plan, name = "Licence <1>", kind = "digital", points = 100, stock = (int?)3, perMember = (int?)1, level = (int?)null, grant = (object?)null },
            new { rewardId = Draft, name = "T-shirt", kind = "physical", points = 50, stock = (int?)null, perMember = (int?)null, level = (int?)2, grant = (object?)null }));
        Post(server, "/rewards", _ => Results.Json(
            new { rewardId = Plan, name = "Licence", kind = "digital", points = 100, stock = 1, perMember = (int?)null, level = (int?)null, grant = (object?)null }, statusCode: 201));
        Delete(server, "/rewards/{id:guid}");
        server.MapGet("/rewards/liability", () => Results.Json(new { outstanding = 12345, open = 50, spent = 40, budget = (int?)1000 }));
        server.MapGet("/redemptions", () => Page(
            new { redemptionId = Order, rewardId = Draft, name = "T-shirt", memberId = Paid, points = 50, status = "open", note = (string?)null, at = Then }));
        server.MapGet("/redemptions/{id:guid}", () => Results.Json(Redemption()));
        Post(server, "/redemptions", _ => Results.Json(Redemption(), statusCode: 201));
        Post(server, "/redemptions/{id:guid}/fulfilment", _ => Results.NoContent());
        Post(server, "/redemptions/{id:guid}/cancellation", _ => Results.NoContent());
        Post(server, "/rules/checks", _ => Results.Json(new { faults = new[] { new { field = "rules[0].dailyCap", fault = "of 'comment-posted' cannot be" } } }));
        Post(server, "/rules", request => Refuse(400, "validation-failed", new Dictionary<string, string[]> { ["rules[0].points"] = ["must not be 0"] }));
        Post(server, "/rules/replays", _ => Results.Json(new { replayId = Order, status = "running", progress = 0, total = 10, appliedAs = (int?)null, startedAt = Then }, statusCode: 202));
        server.MapGet("/rules/replays", () => Page(new { replayId = Order, status = "finished", progress = 10, total = 10, appliedAs = (int?)null, startedAt = Then }));
        server.MapGet("/rules/replays/{id:guid}", () => Results.Json(new
        {
            replayId = Order,
            status = "finished",
            progress = 10,
            total = 10,
            rules = Array.Empty<object>(),
            totals = new { before = 100, after = 150 },
            rewardCost = new { before = 90, after = 140 },
            winners = new[] { new { memberId = Paid, before = 10, after = 60 } },
            losers = Array.Empty<object>(),
            levelMoves = new[] { new { from = 1, to = 2, members = 3 } },
            distribution = new[] { new { share = 10, before = 1, after = 2 } },
            appliedAs = (int?)null,
            startedAt = Then
        }));
        server.MapGet("/rules/replays/{id:guid}/members/{member:guid}", () => Results.Json(new
        {
            memberId = Paid,
            before = 10,
            after = 60,
            differences = new[] { new { cause = "reply/1", activity = "reply", at = Then, before = Array.Empty<object>(), after = new object[] { new { rule = "reply-posted", points = 50 } } } }
        }));
        Post(server, "/rules/replays/{id:guid}/cancellation", _ => Results.NoContent());
        Post(server, "/rules/replays/{id:guid}/application", _ => Results.Json(new { version = 2, since = Then, rules = Array.Empty<object>() }, statusCode: 201));
        server.MapGet("/levels", () => Page(
            new { level = 1, name = "New", points = 0, perks = Array.Empty<string>() }, new { level = 2, name = "Member", points = 100, perks = new[] { "links" } }));
        server.MapGet("/rules", () => Results.Json(new
        {
            version = 1,
            since = (string?)null,
            rules = new[] { new { rule = "reply", activity = "reply", points = 5 } },
            versions = Array.Empty<object>()
        }));
    }

    private static object Badge() => new
    {
        badgeId = Order,
        name = "Helper <1>",
        description = "Answers that helped",
        activity = "acceptedReply",
        to = "author",
        when = (object?)null,
        minQuality = (int?)null,
        tiers = new[] { new { @class = "bronze", count = 1 }, new { @class = "silver", count = 3 } }
    };

    private static object Redemption() => new
    {
        redemptionId = Order,
        rewardId = Draft,
        memberId = Paid,
        points = 50,
        status = "open",
        code = (string?)"CODE-<1>",
        address = (string?)"Somewhere 1",
        at = Then
    };

    private object Profile(Guid id, bool own) => own
        ? new
        {
            memberId = id,
            displayName = "小明 <b>",
            bio = "About **me**.",
            links = new[] { "https://example.org/" },
            avatar = (string?)null,
            roles = new[] { "member", Role },
            tier = "member",
            level = (int?)null,
            joinedAt = Then,
            status = "active",
            email = "a@example.org",
            emailConfirmed = true,
            language = "zh"
        }
        : new
        {
            memberId = id,
            displayName = id == Free ? "小明 <b>" : "Ada",
            bio = (string?)null,
            links = Array.Empty<string>(),
            avatar = (string?)null,
            roles = new[] { "member" },
            tier = (string?)null,
            level = (int?)null,
            joinedAt = Then,
            status = "active"
        };

    private void MapMembership(WebApplication server)
    {
        server.MapGet("/members", (string? ids) => ids is null ? Page(Profile(Free, own: false), Profile(Paid, own: false)) : Page([.. ids.Split(',').Select(id => Profile(Guid.Parse(id), own: false))]));
        server.MapGet("/members/{id:guid}", (Guid id) => id == Guid.Empty ? Refuse(404, "not-found") : Results.Json(Profile(id, own: false)));
        server.MapGet("/members/me", (HttpRequest request) => request.Headers.Authorization.Count > 0 ? Results.Json(Profile(Free, own: true)) : Refuse(401, "unauthenticated"));
        server.MapPatch("/members/me", (HttpRequest request) => Note(request, Results.Json(Profile(Free, own: true))));
        server.MapPost("/members", async (HttpRequest request) =>
        {
            var body = (JsonObject)(await JsonNode.ParseAsync(request.Body))!;
            Done.Enqueue(("POST /members", request.Headers["Idempotency-Key"].ToString(), body));

            return (string?)body["email"] == "taken@example.org" ? Refuse(409, "address-taken")
                : (string?)body["password"] == "weak" ? Refuse(400, "validation-failed", new { password = new[] { "must be at least 10 characters" } })
                : Registration == "approval" && body["invitationCode"] is null ? Results.Json(new { memberId = Free, status = "pending" }, statusCode: 202)
                : Results.Json(With(Profile(Free, own: true), new { session = Tokens() }), statusCode: 201);
        });
        server.MapGet("/setup", () => Results.Json(new { open = !HasOwner }));
        server.MapPost("/setup", async (HttpRequest request) =>
        {
            if ((string?)(await JsonNode.ParseAsync(request.Body))!["setupToken"] != "the-token")
            {
                return Refuse(403, "forbidden");
            }

            (HasOwner, Role) = (true, "owner");

            return Results.Json(Profile(Free, own: true), statusCode: 201);
        });
        server.MapPatch("/settings", (HttpRequest request) => Note(request, Results.Json(Settings())));
        Post(server, "/plans", _ => Results.Json(PlanView(), statusCode: 201));
        server.MapGet("/sign-in-providers", () => Page(new { name = "github", kind = "gitHub" }));
        server.MapPost("/sign-ins", () => Results.Json(new { state = "a-state", address = "https://github.example/authorize?state=a-state" }));
        server.MapPost("/sessions/by-provider", () => Results.Json(Tokens()));
        server.MapGet("/sessions", () => Page(new { sessionId = Order, beganAt = Then, lastSeenAt = Then, expiresAt = Then, agent = "Firefox", current = true }));
        Delete(server, "/sessions");
        Delete(server, "/sessions/{id:guid}");
        server.MapGet("/members/me/two-factor", () => Results.Json(new { enabled = false, recoveryCodesLeft = 0 }));
        Post(server, "/members/me/two-factor", _ => Results.Json(new { secret = "ABCD", uri = "otpauth://totp/x", qrCode = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>" }));
        Post(server, "/members/me/two-factor/confirmation", _ => Results.Json(new { recoveryCodes = new[] { "aaaa-bbbb" } }));
        server.MapGet("/members/me/sign-ins", () => Page());
        server.MapGet("/tokens", () => Page());
        Post(server, "/tokens", _ => Results.Json(new { tokenId = Order, name = "x", scopes = new[] { "read" }, expiresAt = Then, createdAt = Then, token = "the-secret-token" }, statusCode: 201));
        server.MapGet("/invitations", () => Page(new
        {
            invitationId = Order,
            code = "CODE-1",
            uses = 5,
            joined = Array.Empty<Guid>(),
            expiresAt = "2036-03-01T12:00:00Z",
            createdAt = Then,
            withdrawn = false
        }));
        Post(server, "/invitations", _ => Results.Json(new
        {
            invitationId = Order,
            code = "CODE-2",
            uses = 1,
            joined = Array.Empty<Guid>(),
            expiresAt = "2036-03-01T12:00:00Z",
            createdAt = Then,
            withdrawn = false
        }, statusCode: 201));
        Put(server, "/members/me/password");
        Put(server, "/members/me/email");
        Post(server, "/members/me/email-confirmation", _ => Results.StatusCode(202));
        Post(server, "/members/me/departure", _ => Results.NoContent());
        Post(server, "/members/me/erasure", _ => Results.NoContent());
        server.MapGet("/members/me/export", () => Results.Json(new { items = Array.Empty<object>(), next = (string?)null }));
        server.MapGet("/members/{id:guid}/history", () => Results.Json(new { items = Array.Empty<object>() }));
        server.MapGet("/coupons", () => Page());
        server.MapGet("/payouts", () => Page(
            new { payoutId = Order, creatorId = Paid, amount = Money(4200), status = "prepared", preparedAt = Then, paidAt = (string?)null, reference = (string?)null },
            new { payoutId = Plan, creatorId = Paid, amount = Money(100), status = "paid", preparedAt = Then, paidAt = Then, reference = "T-1" }));
        Post(server, "/payouts", _ => Results.Json(new { items = Array.Empty<object>() }));
        Post(server, "/payouts/{id:guid}/payment", _ => Results.NoContent());
        server.MapGet("/payouts/export", () => Results.Text("payoutId\r\n", "text/csv"));
        server.MapGet("/ledger/trial-balance", (HttpRequest request) =>
        {
            AsOf = request.Query["asOf"];

            return Results.Json(new
            {
                accounts = new[]
                {
                    new { account = "gateway:sandbox", currency = "CNY", debit = 9900m, credit = 0m },
                    new { account = "payable:creators", currency = "CNY", debit = 0m, credit = 5940m },
                    new { account = "sales", currency = "CNY", debit = 0m, credit = 3960m }
                },
                balanced = true
            });
        });
        server.MapGet("/reconciliation", (HttpRequest request) => Results.Json(new
        {
            payments = 3,
            entitlements = 1,
            reportLines = 2,
            timeZone = "Asia/Shanghai",
            differences = request.Query["from"] == "2026-03-01" ? [] : new[] { new { kind = "reportedNotReceived", subject = "sandbox r-7", expected = Money(100), found = (object?)null } }
        }));
        server.MapPost("/reconciliation/reports/{gateway}", async (string gateway, HttpRequest request) =>
        {
            Reports.Enqueue($"{gateway}: {await new StreamReader(request.Body).ReadToEndAsync()}");

            return Results.NoContent();
        });
        server.MapGet("/chargebacks", () => Page(new
        {
            chargebackId = Plan,
            gateway = "stripe",
            number = "dp_1",
            receipt = "r-1",
            orderId = Order,
            amount = Money(9900),
            reason = "fraudulent",
            status = "open",
            at = Then
        }));
        server.MapGet("/outbox", () => Page(Mail(Paid, "letIn", "Come in."), Mail(Free, "confirmAddress", "Is it yours?")));
        server.MapGet("/refunds", () => Page());
        server.MapGet("/refunds-owed", () => Page());
        server.MapGet("/applications", () => Applicants == 0 ? Page() : Page(new { memberId = Paid, displayName = "Ada", email = "ada@example.org", note = "Please.", appliedAt = Then }));
        Post(server, "/applications/{id:guid}/approval", _ => Results.NoContent());
    }

    private static object Mail(Guid member, string kind, string text) => new
    {
        mailId = member,
        memberId = member,
        kind,
        state = "waiting",
        attempts = 2,
        fault = (string?)null,
        createdAt = Then,
        expiresAt = "2036-03-01T12:00:00Z",
        sentAt = (string?)null,
        to = "ada@example.org",
        subject = "Welcome",
        text,
        freshSignInNeeded = false
    };
}
