using System.Globalization;
using System.Text;

namespace Community.SystemTests.Fuzz;

/// <summary>What nobody should send, and somebody does.</summary>
internal static class Hostile
{
    private const string Zeros = "00000000-0000-0000-0000-000000000000";

    /// <summary>In place of a value in a body, as JSON text: well formed or not.</summary>
    public static readonly string[] Json =
    [
        "null", "true", "false", "{}", "[]", "[null]", "[[]]", "{\"a\":null}", "\"\"", "\" \"", "\"\\t\"", "\"x\"", "0", "-0", "-1", "1", "1.5", "1e0", "1e2", "0.1e1", "01", "+1", ".5", "1.", "0x10",
        "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967296", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "99999999999999999999999999999", "1e19", "1e308", "1e309", "1e-400", "NaN", "Infinity", "\"NaN\"", "\"Infinity\"", "\"-1\"", "\"1\"", "\"null\"", "undefined",
        "\"a\\u0000b\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"a\\ufffe\"", "\"\\uffff\"", "\"\\u202ecba\"", "\"\\u2066a\\u2069\"", "\"\\u200b\"", "\"\\u00ad\"", "\"\\u0085\"",
        "\"a\\r\\nb: c\"", "\"\\u001b[31m\"", "\"𠮷野家\"", "\"e\\u0301\"", "\"İ\"", "\"ﬀ\"", "\"\\u0130\\u0131\"", "\"<script>alert(1)</script>\"", "\"' or 1=1; --\"", "\"%\"", "\"\\\\\"", "\"_\"", "\"../../etc/passwd\"", "\"${jndi:ldap://a}\"", "\"{{7*7}}\"",
        "\"javascript:alert(1)\"", "\"http://127.0.0.1:1/\"", "\"a@b\"", "\"@\"", "\"a@b.c\\n\"", $"\"{Zeros}\"", "\"ffffffff-ffff-ffff-ffff-ffffffffffff\"", "\"not-an-id\"",
        "\"0001-01-01T00:00:00Z\"", "\"0001-01-01T00:00:00+14:00\"", "\"9999-12-31T23:59:59.999999Z\"", "\"9999-12-31T23:59:59-14:00\"", "\"1969-12-31T23:59:59Z\"", "\"2026-02-30T00:00:00Z\"",
        "\"2026-06-30T23:59:60Z\"", "\"2026-01-01T00:00:00\"", "\"2026-01-01\"", "\"0001-01-01\"", "\"9999-12-31\"", "\"0000-00-00\"", "\"2024-02-29\"", "\"infinity\"", "\"-infinity\"", "\"now\"",
        "\"XXX\"", "\"cny\"", "\"XAU\"", "\"KWD\"", "\"JPY\"", "\"Mars/Olympus\"", "\"../UTC\"", "\"UTC\"", "\"zz-ZZ\"", "\"*\"",
        "{\"amount\":9223372036854775807,\"currency\":\"CNY\"}", "{\"amount\":-9223372036854775808,\"currency\":\"CNY\"}", "{\"amount\":1,\"currency\":\"XXX\"}", "{\"amount\":1e18,\"currency\":\"USD\"}"
    ];

    /// <summary>In place of a whole body.</summary>
    public static readonly string[] Bodies =
    [
        "", " ", "{", "}", "[", "null", "[]", "{}", "0", "\"\"", "\"x\"", "{\"\":1}", "{\"a\":}", "{,}", "{\"a\":1,}", "[1,]", "// a\n{}", "{}{}", "{} x", "\0", "a=b&c=d", "<a/>", "NaN", "{'a':1}",
        "{\"__proto__\":{},\"$type\":\"System.Object\"}", "{\"\\ud800\":1}", "\ufeff{}"
    ];

    /// <summary>In place of one segment of a path or of a value in a query, as it goes over the line.</summary>
    public static readonly string[] Segments =
    [
        Zeros, "0190a000-0000-7000-8000-000000000000", "{0190a000-0000-7000-8000-000000000000}", "0190a00000007000800000000000000a", "null", "undefined", "0", "-1", "1e5", "NaN", "me", "%20", "%00", "a%00b", "%ff", "%ed%a0%80", "%ef%bf%be",
        "%e2%80%ae", "%f0%a0%ae%b7", "%25", "%2525", "%2f", "a%2fb", "%5c", "%0d%0aa:b", "%27", "%22", "'%3b--", "*", "%3f", "%23", "a+b", "+", ";", "=", "&", "%26", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "2147483648",
        "0001-01-01T00:00:00Z", "0001-01-01T00:00:00%2b14:00", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00", "0001-01-01", "9999-12-31", "0000-00-00", "2026-02-30", "2024-02-29", "infinity", "-infinity", "now",
        "true", "True", "month", "day", "XXX", "%e4%b8%ad%e6%96%87", "eyJhIjoxfQ", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "////", "%7b%7d", "a,b,,c", ",", "%2a%2a", "0x1", "1.5", "1,5", "%e2%80%8b", "%c2%ad"
    ];

    /// <summary>Headers and values that mean something to somebody on the way.</summary>
    public static readonly (string Name, string Value)[] Headers =
    [
        ("Idempotency-Key", ""), ("Idempotency-Key", " "), ("Idempotency-Key", new string('k', 255)), ("Idempotency-Key", new string('k', 256)), ("Idempotency-Key", "中文 𠮷"), ("Idempotency-Key", "a\tb"), ("Idempotency-Key", "'; --"), ("Idempotency-Key", "the same"),
        ("If-Match", "*"), ("If-Match", ""), ("If-Match", "\"0\""), ("If-Match", "\"1\""), ("If-Match", "\"-1\""), ("If-Match", "W/\"1\""), ("If-Match", "\"9223372036854775807\""), ("If-Match", "\"9223372036854775808\""), ("If-Match", "\"1\", \"2\""), ("If-Match", "1"),
        ("If-Match", "\"NaN\""), ("If-None-Match", "*"), ("If-None-Match", "\"1\""), ("If-Modified-Since", "yesterday"), ("If-Unmodified-Since", "Mon, 01 Jan 0001 00:00:00 GMT"),
        ("Accept", "text/csv"), ("Accept", "application/xml"), ("Accept", "*/*;q=0"), ("Accept", "nonsense"), ("Accept", ""), ("Accept-Language", "zz-ZZ-x-nonsense, *;q=2"), ("Accept-Language", new string('a', 4000)), ("Accept-Encoding", "identity;q=0"), ("Accept-Charset", "utf-7"),
        ("Range", "bytes=5-1"), ("Range", "bytes=0-99999999999999999999"), ("Range", "bytes=-1"), ("Range", "nonsense"), ("X-Forwarded-For", "nonsense"), ("X-Forwarded-For", "999.1.1.1, ::, ["), ("X-Forwarded-For", "fe80::1%eth0"), ("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Host", "elsewhere.example.org"),
        ("X-HTTP-Method-Override", "DELETE"), ("Content-Encoding", "gzip"), ("Expect", "nonsense"), ("traceparent", "nonsense"), ("traceparent", "00-00000000000000000000000000000000-0000000000000000-01"), ("baggage", "a=%00,b=中"), ("tracestate", new string('=', 600)),
        ("Cookie", "a=b; a=c; =; \"x"), ("Origin", "null"), ("Origin", "http://elsewhere.example.org"), ("Referer", "%%%"), ("User-Agent", "中文 \u202e"), ("Stripe-Signature", "t=1,v1=0"), ("Sandbox-Signature", "t=99999999999999999999,v1=zz"), ("Wechatpay-Timestamp", "NaN"), ("Prefer", "wait=99999999999")
    ];

    public static readonly string[] ContentTypes =
    [
        "application/json; charset=utf-16", "application/json; charset=nonsense", "application/json; charset=\"utf-8\"", "application/json;;", "APPLICATION/JSON", "application/problem+json", "application/merge-patch+json", "text/json", "text/plain",
        "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary=\"\"", "application/octet-stream", "image/png", "image/svg+xml", "text/csv", "nonsense", "*/*"
    ];

    public static string Long(Random random) => new(random.NextItem("a中 \u0301[*>".ToCharArray()), random.NextItem([41, 61, 256, 1001, 5001, 20_001, 100_001]));

    public static string Deep(Random random)
    {
        var depth = random.NextItem([33, 65, 1000, 50_000]);

        return random.Next(3) switch
        {
            0 => $"{new string('[', depth)}{new string(']', depth)}",
            1 => new string('[', depth),
            _ => $"{string.Concat(Enumerable.Repeat("{\"a\":", depth))}1{new string('}', depth)}"
        };
    }

    public static string Many(Random random, string item)
    {
        var count = Math.Max(2, Math.Min(random.NextItem([101, 1001, 5000]), 200_000 / (item.Length + 1)));

        return $"[{string.Join(',', Enumerable.Repeat(item, count))}]";
    }

    public static byte[] Bytes(Random random) => random.Next(4) switch
    {
        0 => [0xff, 0xfe, 0x00],
        1 => [.. "{\"a\":\""u8, 0xed, 0xa0, 0x80, .. "\"}"u8],
        2 => Encoding.BigEndianUnicode.GetBytes("{\"a\":1}"),
        _ => Random(random)
    };

    public static T NextItem<T>(this Random random, IReadOnlyList<T> items) => items[random.Next(items.Count)];

    public static string Number(Random random) => random.Next(-3, 100).ToString(CultureInfo.InvariantCulture);

    private static byte[] Random(Random random)
    {
        var bytes = new byte[random.Next(1, 200)];
        random.NextBytes(bytes);

        return bytes;
    }
}
