using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Community.Membership.Members;
using Npgsql;

namespace Community.Membership.Tests.Members;

public sealed class AvatarTests(MembershipService membership)
{
    private static CancellationToken Ct => MembershipService.Ct;

    public static TheoryData<string, byte[]> NoPictures => new()
    {
        { "nothing", [] },
        { "a text", Encoding.UTF8.GetBytes("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>") },
        { "a page behind a signature", [.. Png(1, 1).AsSpan(0, 8), .. Encoding.UTF8.GetBytes("<html><script>alert(1)</script></html>")] },
        { "cut off", Png(8, 8)[..^6] },
        { "a length beyond the end", [.. Png(8, 8).AsSpan(0, 8), 0xFF, 0xFF, 0xFF, 0xFF, .. Png(8, 8).AsSpan(12)] },
        { "too wide", Png(4097, 8) },
        { "without width", Png(0, 8) },
        { "too high", Jpeg(8, 5000, []) },
        { "a JPEG without a frame", [0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 1, 2, 3, 0xFF, 0xD9] },
        { "an unfinished JPEG", Jpeg(8, 8, [])[..^2] },
        { "a WebP that is too large", WebP(5000, 8, []) },
        { "a WebP that ends early", WebP(8, 8, [])[..^4] }
    };

    [Theory]
    [MemberData(nameof(NoPictures))]
    public void What_is_no_picture_is_known_by_its_bytes(string why, byte[] file) => Assert.True(Picture.Read(file) is null, why);

    [Fact]
    public void What_a_picture_tells_beside_itself_is_left_out()
    {
        var secret = Encoding.ASCII.GetBytes("GPS 31.2304 N");

        var png = Picture.Read(Png(8, 8, ("eXIf", secret), ("tEXt", secret)))!;
        var jpeg = Picture.Read([.. Jpeg(8, 8, secret), .. secret])!;
        var webp = Picture.Read(WebP(8, 8, secret))!;

        Assert.Equal(("image/png", "image/jpeg", "image/webp"), (png.MediaType, jpeg.MediaType, webp.MediaType));
        Assert.Equal(Png(8, 8), png.Bytes);
        Assert.All([png, jpeg, webp], picture => Assert.Equal(-1, picture.Bytes.AsSpan().IndexOf(secret)));
        // What is left is a whole picture still.
        Assert.All([png, jpeg, webp], picture => Assert.Equal(picture.Bytes, Picture.Read(picture.Bytes)!.Bytes));
        Assert.Equal(0, webp.Bytes[20] & 0b1100);
    }

    [Fact]
    public async Task A_picture_is_set_shown_to_anybody_and_taken_off()
    {
        var ann = await membership.Join();
        using var client = membership.Host.Client(ann.AccessToken);
        using var anonymous = membership.Host.Client();
        Assert.Null((await client.GetAsync("/members/me", Ct).Ok(200))["avatar"]);
        await anonymous.GetAsync($"/members/{ann.Id}/avatar", Ct).Problem(404, "not-found");

        await Put(client, Png(8, 8), "image/png").Ok(204);
        await Put(client, Jpeg(8, 8, []), "image/png").Ok(204);
        var path = (await anonymous.GetAsync($"/members/{ann.Id}", Ct).Ok(200)).Text("avatar");
        using var shown = await anonymous.GetAsync(path, Ct);

        Assert.Equal(Jpeg(8, 8, []), await shown.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal("image/jpeg", shown.Content.Headers.ContentType!.MediaType);
        Assert.Equal("nosniff", Assert.Single(shown.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("default-src 'none'; sandbox", Assert.Single(shown.Headers.GetValues("Content-Security-Policy")));
        Assert.NotNull(shown.Headers.ETag);
        await using var database = NpgsqlDataSource.Create(membership.Host.Database);
        await using var count = database.CreateCommand($"select count(*) from avatars where member_id = '{ann.Id}'");
        Assert.Equal(1L, await count.ExecuteScalarAsync(Ct));

        await client.DeleteAsync("/members/me/avatar", Ct).Ok(204);
        await anonymous.GetAsync(path, Ct).Problem(404, "not-found");
        Assert.Null((await client.GetAsync("/members/me", Ct).Ok(200))["avatar"]);
        Assert.Equal(0L, await count.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task What_is_no_picture_or_too_large_is_refused_and_changes_nothing()
    {
        var ann = await membership.Join();
        using var client = membership.Host.Client(ann.AccessToken);

        await Put(client, Encoding.UTF8.GetBytes("<html>"), "image/png").Problem(400, "picture-invalid");
        await Put(client, Encoding.UTF8.GetBytes("<html>"), "text/html").Problem(415, "media-type-not-supported");
        await Put(client, Png(8, 8), "image/svg+xml").Problem(415, "media-type-not-supported");
        await Put(client, new byte[600 * 1024], "image/png").Problem(413, "body-too-large");

        Assert.Null((await client.GetAsync("/members/me", Ct).Ok(200))["avatar"]);
    }

    [Fact]
    public async Task Links_and_the_language_are_part_of_the_profile()
    {
        var ann = await membership.Join();
        using var client = membership.Host.Client(ann.AccessToken);
        using var anonymous = membership.Host.Client();

        var changed = await client.PatchAsJsonAsync("/members/me", new { links = new[] { "https://example.org/安", "http://example.com" }, language = "zh", bio = "b" }, Ct).Ok(200);
        Assert.Equal(["https://example.org/安", "http://example.com"], changed.Strings("links"));
        Assert.Equal("zh", changed.Text("language"));
        Assert.Equal(2, (await anonymous.GetAsync($"/members/{ann.Id}", Ct).Ok(200)).Strings("links").Length);
        await client.PatchAsJsonAsync("/members/me", new { links = Array.Empty<string>() }, Ct).Ok(200);
        Assert.Empty((await client.GetAsync("/members/me", Ct).Ok(200)).Strings("links"));
    }

    [Theory]
    [InlineData("""{"links":["javascript:alert(1)"]}""", "links")]
    [InlineData("""{"links":["/path"]}""", "links")]
    [InlineData("""{"links":["https://ann:secret@example.org"]}""", "links")]
    [InlineData("""{"links":[null]}""", "links")]
    [InlineData("""{"links":["https://a","https://a","https://a","https://a","https://a","https://a","https://a","https://a","https://a","https://a","https://a"]}""", "links")]
    [InlineData("""{"language":"fr"}""", "language")]
    [InlineData("""{"language":1}""", "language")]
    public async Task Bad_changes_name_the_field_and_change_nothing(string body, string field)
    {
        using var client = membership.Host.Client(membership.Owner.AccessToken);
        using var before = await client.GetAsync("/members/me", Ct);

        var problem = await client.PatchAsync("/members/me", Answers.Json(body), Ct).Problem(400, "validation-failed");

        Assert.Equal([field], problem["errors"]!.AsObject().Select(error => error.Key));
        using var after = await client.GetAsync("/members/me", Ct);
        Assert.Equal(before.Headers.ETag, after.Headers.ETag);
    }

    private static Task<HttpResponseMessage> Put(HttpClient client, byte[] bytes, string type) =>
        client.PutAsync("/members/me/avatar", new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(type) } }, Ct);

    internal static byte[] Png(int width, int height, params (string Type, byte[] Data)[] more)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);

        return
        [
            0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR", header),
            .. more.SelectMany(chunk => Chunk(chunk.Type, chunk.Data)), .. Chunk("IDAT", [1, 2, 3]), .. Chunk("IEND", [])
        ];

        static byte[] Chunk(string type, byte[] data)
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, data.Length);

            return [.. length, .. Encoding.ASCII.GetBytes(type), .. data, 0, 0, 0, 0];
        }
    }

    private static byte[] Jpeg(int width, int height, byte[] exif) =>
    [
        0xFF, 0xD8, .. exif.Length == 0 ? [] : Segment(0xE1, exif), .. Segment(0xDB, [1, 2, 3]),
        .. Segment(0xC0, [8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, 1, 1, 0x11, 0]),
        .. Segment(0xDA, [1, 1, 0, 0, 63, 0]), 9, 8, 7, 0xFF, 0xD9
    ];

    private static byte[] Segment(byte marker, byte[] data) => [0xFF, marker, (byte)((data.Length + 2) >> 8), (byte)(data.Length + 2), .. data];

    private static byte[] WebP(int width, int height, byte[] exif)
    {
        byte[] size = [.. Little(width - 1)[..3], .. Little(height - 1)[..3]];
        byte[] body =
        [
            .. "WEBPVP8X"u8, .. Little(10), 0b1100, 0, 0, 0, .. size,
            .. "VP8L"u8, .. Little(5), 0x2F, 7, 0xC0, 1, 0, 0,
            .. exif.Length == 0 ? [] : (byte[])[.. "EXIF"u8, .. Little(exif.Length), .. exif, .. new byte[exif.Length % 2]]
        ];

        return [.. "RIFF"u8, .. Little(body.Length), .. body];

        static byte[] Little(int value)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);

            return bytes;
        }
    }
}
