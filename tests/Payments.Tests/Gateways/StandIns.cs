using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Community.Payments.Gateways;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Configuration;

namespace Community.Payments.Tests.Gateways;

internal static class Starting
{
    /// <summary>What the payer does next, where the gateway took the payment.</summary>
    public static async Task<PaymentAction> Action(this Task<StartAnswer> started) => Assert.IsType<StartAnswer.Begun>(await started).Action;
}

/// <summary>The gateways as their public documents describe them, at the level of HTTP; each checks what it is asked.</summary>
internal abstract class StandIn : HttpMessageHandler
{
    /// <summary>Everything that was asked: method, path, body.</summary>
    public ConcurrentQueue<(string Method, string Path, string Body)> Asked { get; } = [];

    /// <summary>Answers instead of the usual, once each.</summary>
    public ConcurrentQueue<Func<HttpResponseMessage>> Instead { get; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        Asked.Enqueue((request.Method.Method, request.RequestUri!.PathAndQuery, body));

        return Instead.TryDequeue(out var instead) ? instead() : Answer(request, body);
    }

    protected abstract HttpResponseMessage Answer(HttpRequestMessage request, string body);

    public static HttpResponseMessage Json(string json, HttpStatusCode status = HttpStatusCode.OK) =>
        new(status) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
}

internal sealed class AlipayStandIn : StandIn
{
    public static readonly RSA App = RSA.Create(2048);
    public static readonly RSA Platform = RSA.Create(2048);

    public static readonly Dictionary<string, string?> Settings = new()
    {
        ["Gateways:Address"] = "https://pay.example.org",
        ["Gateways:Alipay:AppId"] = "2021000000000001",
        ["Gateways:Alipay:SellerId"] = "2088000000000001",
        ["Gateways:Alipay:PrivateKey"] = Convert.ToBase64String(App.ExportPkcs8PrivateKey()),
        ["Gateways:Alipay:AlipayPublicKey"] = Platform.ExportSubjectPublicKeyInfoPem()
    };

    public static Alipay Gateway(StandIn? standIn = null, TimeProvider? clock = null) => new(
        new GatewaySettings(new ConfigurationBuilder().AddInMemoryCollection(Settings).Build(), "Alipay"),
        () => new HttpClient(standIn ?? new AlipayStandIn(), disposeHandler: false), clock ?? TimeProvider.System);

    public static string Sign(RSA key, string text) =>
        Convert.ToBase64String(key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    /// <summary>The parameters of a notification as their document shows them, signed.</summary>
    public static Dictionary<string, string> Notification(
        string order, Guid payment, string amount, string status = "TRADE_SUCCESS", string? trade = null, Action<Dictionary<string, string>>? change = null, RSA? key = null)
    {
        var form = new Dictionary<string, string>
        {
            ["gmt_create"] = "2026-05-01 12:00:00",
            ["charset"] = "utf-8",
            ["gmt_payment"] = "2026-05-01 12:00:08",
            ["notify_time"] = "2026-05-01 12:00:09",
            ["subject"] = "订单 & 收据 = 1",
            ["buyer_id"] = "2088102116773037",
            ["passback_params"] = order,
            ["invoice_amount"] = amount,
            ["version"] = "1.0",
            ["notify_id"] = "2026050100222120009073031431934367",
            ["fund_bill_list"] = $$"""[{"amount":"{{amount}}","fundChannel":"ALIPAYACCOUNT"}]""",
            ["notify_type"] = "trade_status_sync",
            ["out_trade_no"] = payment.ToString("N"),
            ["total_amount"] = amount,
            ["trade_status"] = status,
            ["trade_no"] = trade ?? $"20260501{payment:N}",
            ["auth_app_id"] = "2021000000000001",
            ["receipt_amount"] = amount,
            ["point_amount"] = "0.00",
            ["app_id"] = "2021000000000001",
            ["buyer_pay_amount"] = amount,
            ["seller_id"] = "2088000000000001"
        };
        change?.Invoke(form);
        form["sign"] = Sign(key ?? Platform, string.Join('&', form.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}")));
        form["sign_type"] = "RSA2";

        return form;
    }

    public static string Form(IEnumerable<KeyValuePair<string, string>> parameters) =>
        string.Join('&', parameters.Select(p => $"{WebUtility.UrlEncode(p.Key)}={WebUtility.UrlEncode(p.Value)}"));

    /// <summary>The request's parameters, where it is signed by the app as their document says.</summary>
    public static JsonNode Checked(string query)
    {
        var parameters = QueryHelpers.ParseQuery(query).ToDictionary(p => p.Key, p => p.Value.Single()!);
        var content = string.Join('&', parameters.Where(p => p.Key != "sign").OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));
        Assert.True(App.VerifyData(
            Encoding.UTF8.GetBytes(content), Convert.FromBase64String(parameters["sign"]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        Assert.Equal(
            ("2021000000000001", "utf-8", "RSA2", "1.0", "JSON"),
            (parameters["app_id"], parameters["charset"], parameters["sign_type"], parameters["version"], parameters["format"]));
        Assert.True(DateTime.TryParseExact(parameters["timestamp"], "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out _));
        var request = JsonSerializer.SerializeToNode(parameters)!;
        request["biz_content"] = JsonNode.Parse(parameters["biz_content"]);

        return request;
    }

    public static HttpResponseMessage Signed(string method, string answer, RSA? key = null) =>
        Json($$"""{"{{method.Replace('.', '_')}}_response":{{answer}},"sign":"{{Sign(key ?? Platform, answer)}}"}""");

    protected override HttpResponseMessage Answer(HttpRequestMessage request, string body)
    {
        var asked = Checked(body);
        var trade = asked["biz_content"]!;

        return asked["method"]!.GetValue<string>() switch
        {
            "alipay.trade.precreate" => Signed("alipay.trade.precreate",
                $$"""{"code":"10000","msg":"Success","out_trade_no":"{{trade["out_trade_no"]}}","qr_code":"https:\/\/qr.alipay.com\/bavh4wjlxf12tper3a"}"""),
            "alipay.trade.refund" => Signed("alipay.trade.refund",
                $$"""{"code":"10000","msg":"Success","trade_no":"{{trade["trade_no"]}}","buyer_user_id":"2088101117955611","fund_change":"Y","refund_fee":"{{trade["refund_amount"]}}"}"""),
            "alipay.trade.query" => Signed("alipay.trade.query",
                $$"""{"code":"10000","msg":"Success","trade_no":"T{{trade["out_trade_no"]}}","out_trade_no":"{{trade["out_trade_no"]}}","trade_status":"TRADE_SUCCESS","total_amount":"99.00"}"""),
            var method => Signed(method, """{"code":"40004","msg":"Business Failed","sub_code":"isv.invalid-method"}""")
        };
    }
}

internal sealed class WeChatStandIn(TimeProvider? clock = null) : StandIn
{
    public const string Secret = "an APIv3 key has 32 characters!!";
    public static readonly RSA Merchant = RSA.Create(2048);
    public static readonly RSA Platform = RSA.Create(2048);

    public static readonly Dictionary<string, string?> Settings = new()
    {
        ["Gateways:Address"] = "https://pay.example.org/",
        ["Gateways:WeChatPay:AppId"] = "wxd678efh567hg6787",
        ["Gateways:WeChatPay:MchId"] = "1230000109",
        ["Gateways:WeChatPay:SerialNo"] = "5157F09EFDC096DE15EBE81A47057A7200000000",
        ["Gateways:WeChatPay:PrivateKey"] = Merchant.ExportPkcs8PrivateKeyPem(),
        ["Gateways:WeChatPay:PlatformKeyId"] = "PUB_KEY_ID_0000000000000024101100397200000006",
        ["Gateways:WeChatPay:PlatformPublicKey"] = Platform.ExportSubjectPublicKeyInfoPem(),
        ["Gateways:WeChatPay:ApiV3Key"] = Secret
    };

    private TimeProvider Clock => clock ?? TimeProvider.System;

    public static WeChatPay Gateway(StandIn? standIn = null, TimeProvider? clock = null) => new(
        new GatewaySettings(new ConfigurationBuilder().AddInMemoryCollection(Settings).Build(), "WeChatPay"),
        () => new HttpClient(standIn ?? new WeChatStandIn(clock), disposeHandler: false), clock ?? TimeProvider.System);

    public static Dictionary<string, string> Headers(string body, DateTimeOffset at, RSA? key = null, string? serial = null)
    {
        var (time, nonce) = (at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), "c5ac7061fccab6bf3e254dcf98995b8c");

        return new()
        {
            ["Wechatpay-Timestamp"] = time,
            ["Wechatpay-Nonce"] = nonce,
            ["Wechatpay-Serial"] = serial ?? Settings["Gateways:WeChatPay:PlatformKeyId"]!,
            ["Wechatpay-Signature"] = AlipayStandIn.Sign(key ?? Platform, $"{time}\n{nonce}\n{body}\n")
        };
    }

    public static string Transaction(
        string order, Guid payment, long total, string currency = "CNY", string state = "SUCCESS", string? number = null,
        string merchant = "1230000109", string app = "wxd678efh567hg6787") => $$"""
        {"transaction_id":"{{number ?? $"42{payment:N}"}}","amount":{"payer_total":{{total}},"total":{{total}},"currency":"{{currency}}","payer_currency":"CNY"},
        "mchid":"{{merchant}}","trade_state":"{{state}}","bank_type":"CMC","success_time":"2026-05-01T12:00:08+08:00","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "out_trade_no":"{{payment:N}}","appid":"{{app}}","trade_state_desc":"支付成功","trade_type":"NATIVE","attach":"{{order}}"}
        """;

    /// <summary>A notification as their document shows it, its resource encrypted.</summary>
    public static string Notification(string resource, string type = "TRANSACTION.SUCCESS", string? secret = null, string algorithm = "AEAD_AES_256_GCM")
    {
        const string Nonce = "fdasflkja484";
        var clear = Encoding.UTF8.GetBytes(resource);
        var box = new byte[clear.Length + 16];
        using var aes = new AesGcm(Encoding.UTF8.GetBytes(secret ?? Secret), 16);
        aes.Encrypt(Encoding.UTF8.GetBytes(Nonce), clear, box.AsSpan(0, clear.Length), box.AsSpan(clear.Length), "transaction"u8);

        return $$"""
            {"id":"EV-2018022511223320873","create_time":"2026-05-01T12:00:09+08:00","resource_type":"encrypt-resource","event_type":"{{type}}","summary":"支付成功",
            "resource":{"original_type":"transaction","algorithm":"{{algorithm}}","ciphertext":"{{Convert.ToBase64String(box)}}","associated_data":"transaction","nonce":"{{Nonce}}"} }
            """;
    }

    public HttpResponseMessage Signed(string body, HttpStatusCode status = HttpStatusCode.OK, RSA? key = null)
    {
        var answer = Json(body, status);

        foreach (var (name, value) in Headers(body, Clock.GetUtcNow(), key))
        {
            answer.Headers.Add(name, value);
        }

        return answer;
    }

    /// <summary>Whether the request is signed by the merchant as their document says.</summary>
    public static void Check(HttpRequestMessage request, string body)
    {
        Assert.Equal("WECHATPAY2-SHA256-RSA2048", request.Headers.Authorization?.Scheme);
        var parts = request.Headers.Authorization!.Parameter!.Split(',').Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[1].Trim('"'));
        Assert.Equal(("1230000109", Settings["Gateways:WeChatPay:SerialNo"]), (parts["mchid"], parts["serial_no"]));
        var signed = $"{request.Method}\n{request.RequestUri!.PathAndQuery}\n{parts["timestamp"]}\n{parts["nonce_str"]}\n{body}\n";
        Assert.True(Merchant.VerifyData(
            Encoding.UTF8.GetBytes(signed), Convert.FromBase64String(parts["signature"]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        Assert.NotEmpty(request.Headers.UserAgent);
        Assert.Contains("application/json", request.Headers.Accept.ToString(), StringComparison.Ordinal);
    }

    protected override HttpResponseMessage Answer(HttpRequestMessage request, string body)
    {
        Check(request, body);
        var asked = body.Length > 0 ? JsonNode.Parse(body) : null;

        return request.RequestUri!.AbsolutePath switch
        {
            "/v3/pay/transactions/native" => Signed("""{"code_url":"weixin://wxpay/bizpayurl?pr=NwY5Mz9&groupid=00"}"""),
            "/v3/refund/domestic/refunds" => Signed(
                $$"""{"refund_id":"503{{asked!["out_refund_no"]}}","out_refund_no":"{{asked["out_refund_no"]}}","transaction_id":"{{asked["transaction_id"]}}","status":"PROCESSING","amount":{{asked["amount"]!.ToJsonString()}} }"""),
            var path when path.StartsWith("/v3/pay/transactions/out-trade-no/", StringComparison.Ordinal) =>
                Signed(Transaction("", Guid.Parse(path.Split('/')[^1]), 9900)),
            _ => Signed("""{"code":"RESOURCE_NOT_EXISTS","message":"there is none"}""", HttpStatusCode.NotFound)
        };
    }
}

internal sealed class StripeStandIn : StandIn
{
    public const string Secret = "whsec_of_this_test";

    public static readonly Dictionary<string, string?> Settings = new()
    {
        ["Gateways:ReturnTo"] = "https://community.example.org/orders",
        ["Gateways:Stripe:SecretKey"] = "sk_test_of_this_test",
        ["Gateways:Stripe:WebhookSecret"] = Secret
    };

    private readonly ConcurrentDictionary<string, (string Body, Func<HttpResponseMessage> Answer)> _byKey = [];
    private readonly ConcurrentDictionary<string, JsonObject> _intents = [];
    private readonly ConcurrentDictionary<string, JsonObject> _refunds = [];
    private int _lost;

    /// <summary>So many times it does what it is asked, and the answer gets lost.</summary>
    public void LoseAnswers(int times) => _lost = times;

    /// <summary>Refunds that were made, each once.</summary>
    public IReadOnlyList<JsonObject> Refunds => [.. _refunds.Values];

    /// <summary>Payment intents of what was paid at a page, where the payer was there, and of what was charged later.</summary>
    public IReadOnlyList<JsonObject> Intents => [.. _intents.Values];

    /// <summary>What the banks say to the next charges without the payer; else they pay.</summary>
    public ConcurrentQueue<string> Banks { get; } = [];

    /// <summary>Keys are kept for a day.</summary>
    public void ForgetKeys() => _byKey.Clear();

    /// <summary>A bank that took its time pays.</summary>
    public JsonObject Settle(JsonObject intent)
    {
        var settled = (JsonObject)intent.DeepClone();
        (settled["status"], settled["amount_received"]) = ("succeeded", settled["amount"]!.DeepClone());

        return _intents[settled["id"]!.GetValue<string>()] = settled;
    }

    public static StripeCheckout Gateway(StandIn? standIn = null, TimeProvider? clock = null) => new(
        new GatewaySettings(new ConfigurationBuilder().AddInMemoryCollection(Settings).Build(), "Stripe"),
        () => new HttpClient(standIn ?? new StripeStandIn(), disposeHandler: false), clock ?? TimeProvider.System);

    public static string Signature(string body, DateTimeOffset at, string? secret = null)
    {
        var time = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

        return $"t={time},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret ?? Secret), Encoding.UTF8.GetBytes($"{time}.{body}")))}";
    }

    public static string Session(
        string type, string order, Guid payment, long? total, string currency = "cny", string status = "paid", string? intent = null) => $$"""
        {"id":"evt_1","object":"event","api_version":"2030-01-01.future","created":1777600000,"livemode":false,"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},"type":"{{type}}",
        "data":{"object":{"id":"cs_test_{{payment:N}}","object":"checkout.session","amount_subtotal":{{total?.ToString(CultureInfo.InvariantCulture) ?? "null"}},"amount_total":{{total?.ToString(CultureInfo.InvariantCulture) ?? "null"}},
        "client_reference_id":"{{order}}","currency":"{{currency}}","metadata":{"orderId":"{{order}}","paymentId":"{{payment}}"},"mode":"payment",
        "payment_intent":"{{intent ?? $"pi_{payment:N}"}}","payment_status":"{{status}}","status":"complete"} } }
        """;

    /// <summary>A payment intent as <see cref="Intents"/> has it, told.</summary>
    public static string Told(string type, JsonObject intent) =>
        $$"""{"id":"evt_4","object":"event","type":"{{type}}","data":{"object":{{intent.ToJsonString()}} } }""";

    public static string Dispute(string type, string intent, long amount, string status, string currency = "cny") => $$"""
        {"id":"evt_2","object":"event","type":"{{type}}","data":{"object":{"id":"dp_of_{{intent}}","object":"dispute","amount":{{amount}},"charge":"ch_1","currency":"{{currency}}",
        "metadata":{},"payment_intent":"{{intent}}","reason":"fraudulent","status":"{{status}}"} } }
        """;

    protected override HttpResponseMessage Answer(HttpRequestMessage request, string body)
    {
        Assert.Equal("Bearer sk_test_of_this_test", request.Headers.Authorization?.ToString());
        Assert.False(request.Headers.Contains("X-Stripe-Client-Telemetry"));
        var form = QueryHelpers.ParseQuery(body);
        var path = request.RequestUri!.AbsolutePath;

        if (request.Method == HttpMethod.Get)
        {
            var wanted = QueryHelpers.ParseQuery(request.RequestUri.Query);

            return path == "/v1/refunds"
                ? Json($$"""{"object":"list","url":"/v1/refunds","has_more":false,"data":[{{string.Join(',', Refunds.Where(r => r["payment_intent"]!.GetValue<string>() == wanted["payment_intent"]).Select(r => r.ToJsonString()))}}]}""")
                : path == "/v1/payment_intents/search"
                ? Json($$"""{"object":"search_result","url":"/v1/payment_intents/search","has_more":false,"data":[{{string.Join(',', Intents.Where(i => wanted["query"] == $"metadata['paymentId']:'{i["metadata"]!["paymentId"]}'").Select(i => i.ToJsonString()))}}]}""")
                : _intents.TryGetValue(path.Split('/')[^1], out var known)
                ? Json(known.ToJsonString())
                : Json("""{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such payment_intent"}}""", HttpStatusCode.NotFound);
        }

        var key = Assert.Single(request.Headers.GetValues("Idempotency-Key"));

        // The same key gives the same answer; with another body it is refused.
        var (first, answer) = _byKey.GetOrAdd($"{path} {key}", _ => (body, Make(path, form)));

        if (Interlocked.Decrement(ref _lost) >= 0)
        {
            throw new HttpRequestException("The connection was lost.");
        }

        return first == body
            ? answer()
            : Json("""{"error":{"type":"idempotency_error","message":"Keys for idempotent requests can only be used with the same parameters."}}""", HttpStatusCode.BadRequest);
    }

    private Func<HttpResponseMessage> Make(string path, Dictionary<string, Microsoft.Extensions.Primitives.StringValues> form)
    {
        string? Field(string name) => form.TryGetValue(name, out var value) ? value.ToString() : null;

        if (path == "/v1/checkout/sessions")
        {
            // As if the payer paid there at once; the webhook is the test's to tell. Who pays and by what is kept only where that is asked for.
            var kept = Field("payment_intent_data[setup_future_usage]") == "off_session" && Field("customer_creation") == "always";
            var payment = Field("payment_intent_data[metadata][paymentId]")!;
            Intent(
                $"pi_{Guid.Parse(payment):N}", Field("payment_intent_data[metadata][orderId]")!, payment, Field("line_items[0][price_data][unit_amount]")!,
                Field("line_items[0][price_data][currency]")!, "succeeded", kept ? $"cus_{payment}" : null, kept ? $"pm_{payment}" : null);
            var session = $$"""{"id":"cs_test_1","object":"checkout.session","url":"https://checkout.stripe.com/c/pay/{{payment}}","payment_status":"unpaid","status":"open"}""";

            return () => Json(session);
        }

        if (path == "/v1/payment_intents")
        {
            Assert.Equal(("true", "true"), (Field("confirm"), Field("off_session")));
            var told = Banks.TryDequeue(out var bank) ? bank : "succeeded";
            var made = Intent(
                $"pi_charged_{PaymentsService.New():N}", Field("metadata[orderId]")!, Field("metadata[paymentId]")!, Field("amount")!, Field("currency")!, told,
                Field("customer"), Field("payment_method"), byMandate: true).ToJsonString();

            return () => told == "requires_payment_method"
                ? Json($$"""{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","message":"Your card has insufficient funds.","payment_intent":{{made}} } }""", HttpStatusCode.PaymentRequired)
                : Json(made);
        }

        Assert.Equal("/v1/refunds", path);
        var refund = new JsonObject
        {
            ["id"] = $"re_{_refunds.Count}_{form["metadata[refundId]"]}",
            ["object"] = "refund",
            ["amount"] = long.Parse(form["amount"]!, CultureInfo.InvariantCulture),
            ["payment_intent"] = form["payment_intent"].ToString(),
            ["metadata"] = new JsonObject { ["refundId"] = form["metadata[refundId]"].ToString() },
            ["status"] = "succeeded"
        };
        _refunds[refund["id"]!.GetValue<string>()] = refund;

        var answer = refund.ToJsonString();

        return () => Json(answer);
    }

    private JsonObject Intent(
        string id, string order, string payment, string amount, string currency, string status, string? customer, string? method, bool byMandate = false)
    {
        var units = long.Parse(amount, CultureInfo.InvariantCulture);
        var metadata = new JsonObject { ["orderId"] = order, ["paymentId"] = payment };

        if (byMandate)
        {
            metadata["byMandate"] = "true";
        }

        return _intents[id] = new JsonObject
        {
            ["id"] = id,
            ["object"] = "payment_intent",
            ["status"] = status,
            ["amount"] = units,
            ["amount_received"] = status == "succeeded" ? units : 0,
            ["currency"] = currency,
            ["customer"] = customer,
            ["payment_method"] = method,
            ["metadata"] = metadata
        };
    }
}
