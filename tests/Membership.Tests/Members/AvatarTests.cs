using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Community.Membership.Members;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SkiaSharp;

namespace Community.Membership.Tests.Members;

public sealed class AvatarTests(MembershipService membership)
{
    private static CancellationToken Ct => MembershipService.Ct;

    private static readonly byte[] Secret = Encoding.ASCII.GetBytes("GPS 31.2304 N");

    public static TheoryData<string, byte[]> NoPictures => new()
    {
        { "nothing", [] },
        { "a text", Encoding.UTF8.GetBytes("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>") },
        { "a page behind a signature", [.. Png(1, 1).AsSpan(0, 8), .. Encoding.UTF8.GetBytes("<html><script>alert(1)</script></html>")] },
        { "a PNG that is cut off", Png(64, 64)[..^60] },
        { "a JPEG that is cut off", Made(SKEncodedImageFormat.Jpeg, 64, 64)[..^60] },
        { "a WebP that is cut off", Made(SKEncodedImageFormat.Webp, 64, 64)[..^20] },
        { "a length beyond the end", [.. Png(8, 8).AsSpan(0, 8), 0xFF, 0xFF, 0xFF, 0xFF, .. Png(8, 8).AsSpan(12)] },
        { "too wide", Png(4097, 8) },
        { "too high", Made(SKEncodedImageFormat.Jpeg, 8, 5000) },
        { "a header and nothing behind it", Png(8, 8)[..33] },
        { "a JPEG without a frame", [0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 1, 2, 3, 0xFF, 0xD9] },
        { "a WebP of twenty bytes", [.. "RIFF"u8, 12, 0, 0, 0, .. "WEBPVP8X"u8, 0, 0, 0, 0] },
        { "a GIF", [.. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 255, 255, 255, 0, 0, 0, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B] }
    };

    [Theory]
    [MemberData(nameof(NoPictures))]
    public void What_is_no_picture_is_known_by_its_bytes(string why, byte[] file) => Assert.True(Picture.Decode(file) is null, why);

    [Fact]
    public void A_picture_of_every_kind_stays_of_its_kind_and_size()
    {
        foreach (var (format, type) in new[] { (SKEncodedImageFormat.Png, "image/png"), (SKEncodedImageFormat.Jpeg, "image/jpeg"), (SKEncodedImageFormat.Webp, "image/webp") })
        {
            var picture = Picture.Decode(Made(format, 40, 20))!;
            using var shown = SKBitmap.Decode(picture.Bytes);

            Assert.Equal((type, 40, 20), (picture.MediaType, shown.Width, shown.Height));
            Assert.True(IsRed(shown.GetPixel(5, 10)) && IsBlue(shown.GetPixel(35, 10)), type);
        }
    }

    [Fact]
    public void What_a_picture_tells_beside_itself_is_gone_wherever_it_stands()
    {
        byte[] plain = Made(SKEncodedImageFormat.Jpeg, 40, 20), webp = Made(SKEncodedImageFormat.Webp, 40, 20);
        var scan = plain.AsSpan().IndexOf<byte>([0xFF, 0xDA]);
        byte[][] told =
        [
            [0xFF, 0xD8, .. Segment(0xE1, [.. "Exif\0\0"u8, .. Secret]), .. Segment(0xFE, Secret), .. plain.AsSpan(2)],
            [.. plain[..^2], .. Segment(0xE1, [.. "Exif\0\0"u8, .. Secret]), 0xFF, 0xD9], // behind the scan
            [.. plain, .. Segment(0xE1, Secret), .. plain], // behind the picture, and a second one
            [.. plain.AsSpan(0, scan), .. Segment(0xE2, [.. "MPF\0"u8, .. Secret]), .. plain.AsSpan(scan)],
            [.. Png(40, 20)[..^12], .. Chunk("eXIf", Secret), .. Chunk("tEXt", Secret), .. Chunk("prVt", Secret), .. Png(40, 20)[^12..], .. Secret],
            [.. Png(40, 20)[..33], .. Chunk("iCCP", Secret), .. Png(40, 20)[33..]],
            [.. "RIFF"u8, .. Little(webp.Length - 8 + 8 + Secret.Length + 1), .. webp[8..], .. "EXIF"u8, .. Little(Secret.Length), .. Secret, 0]
        ];

        foreach (var (file, i) in told.Select((file, i) => (file, i)))
        {
            var picture = Picture.Decode(file);

            Assert.True(picture is not null, $"picture {i}");
            Assert.Equal(-1, picture.Bytes.AsSpan().IndexOf(Secret));
            Assert.Equal(picture.MediaType == "image/jpeg" ? 1 : 0, Count(picture.Bytes, [0xFF, 0xD8, 0xFF]));
        }

        static int Count(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> what)
        {
            var count = 0;
            for (var at = bytes.IndexOf(what); at >= 0; at = bytes.IndexOf(what), count++)
                bytes = bytes[(at + 1)..];

            return count;
        }
    }

    [Theory]
    [InlineData(1, 40, 20, "left")]
    [InlineData(2, 40, 20, "right")]
    [InlineData(3, 40, 20, "right")]
    [InlineData(4, 40, 20, "left")]
    [InlineData(5, 20, 40, "top")]
    [InlineData(6, 20, 40, "top")]
    [InlineData(7, 20, 40, "bottom")]
    [InlineData(8, 20, 40, "bottom")]
    public void The_way_a_camera_was_held_is_kept_by_turning_the_picture(ushort orientation, int width, int height, string red)
    {
        // TIFF, little-endian: one entry, 0x0112, of one short number.
        byte[] exif = [.. "Exif\0\0II"u8, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0];
        byte[] file = [0xFF, 0xD8, .. Segment(0xE1, exif), .. Made(SKEncodedImageFormat.Jpeg, 40, 20).AsSpan(2)];

        using var shown = SKBitmap.Decode(Picture.Decode(file)!.Bytes);

        Assert.Equal((width, height), (shown.Width, shown.Height));
        var (there, away) = red switch
        {
            "left" => (shown.GetPixel(4, height / 2), shown.GetPixel(width - 5, height / 2)),
            "right" => (shown.GetPixel(width - 5, height / 2), shown.GetPixel(4, height / 2)),
            "top" => (shown.GetPixel(width / 2, 4), shown.GetPixel(width / 2, height - 5)),
            _ => (shown.GetPixel(width / 2, height - 5), shown.GetPixel(width / 2, 4))
        };
        Assert.True(IsRed(there) && IsBlue(away), $"{there} {away}");
    }

    [Fact]
    public async Task A_picture_that_was_kept_as_it_was_sent_is_encoded_anew_before_anybody_sees_it()
    {
        var ann = await membership.Join();
        using var client = membership.Host.Client(ann.AccessToken);
        await Put(client, Png(8, 8), "image/png").Ok(204);
        var ring = membership.Host.Services.GetRequiredService<Community.EventStore.KeyRing>();
        var keys = await ring.Find([ann.Id], Ct);
        await using var database = NpgsqlDataSource.Create(membership.Host.Database);
        await using var old = database.CreateCommand("update avatars set picture = $1, encoded = null where member_id = $2");
        old.Parameters.Add(new() { Value = keys.Seal(ann.Id, Convert.ToBase64String([.. Png(8, 8)[..33], .. Chunk("tEXt", Secret), .. Png(8, 8)[33..]])).Ciphertext });
        old.Parameters.Add(new() { Value = ann.Id });
        Assert.Equal(1, await old.ExecuteNonQueryAsync(Ct));

        using var anonymous = membership.Host.Client();
        var shown = await anonymous.GetByteArrayAsync($"/members/{ann.Id}/avatar", Ct);

        Assert.Equal(-1, shown.AsSpan().IndexOf(Secret));
        await using var kept = database.CreateCommand("select encoded from avatars where member_id = $1");
        kept.Parameters.Add(new() { Value = ann.Id });
        Assert.Equal(true, await kept.ExecuteScalarAsync(Ct));
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
        await Put(client, Made(SKEncodedImageFormat.Jpeg, 8, 8), "image/png").Ok(204);
        var path = (await anonymous.GetAsync($"/members/{ann.Id}", Ct).Ok(200)).Text("avatar");
        using var shown = await anonymous.GetAsync(path, Ct);

        using var bitmap = SKBitmap.Decode(await shown.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal((8, 8), (bitmap.Width, bitmap.Height));
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
    [InlineData("""{"links":[null]}""", "links[0]")]
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

    internal static byte[] Png(int width, int height) => Made(SKEncodedImageFormat.Png, width, height);

    /// <summary>Red on the left, blue on the right.</summary>
    private static byte[] Made(SKEncodedImageFormat format, int width, int height)
    {
        using var bitmap = new SKBitmap(width, height);
        bitmap.Erase(SKColors.Red);
        bitmap.Erase(SKColors.Blue, new SKRectI(width / 2, 0, width, height));
        using var data = bitmap.Encode(format, 100);

        return data.ToArray();
    }

    private static bool IsRed(SKColor colour) => colour is { Red: > 200, Blue: < 60 };

    private static bool IsBlue(SKColor colour) => colour is { Blue: > 200, Red: < 60 };

    private static byte[] Chunk(string type, byte[] data)
    {
        byte[] named = [.. Encoding.ASCII.GetBytes(type), .. data], length = new byte[4], checksum = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(checksum, Crc(named));

        return [.. length, .. named, .. checksum];

        // PNG (third edition), annex D.
        static uint Crc(ReadOnlySpan<byte> bytes)
        {
            var crc = uint.MaxValue;
            foreach (var b in bytes)
            {
                crc ^= b;
                for (var bit = 0; bit < 8; bit++)
                    crc = (crc & 1) == 0 ? crc >> 1 : 0xEDB88320 ^ (crc >> 1);
            }

            return ~crc;
        }
    }

    private static byte[] Segment(byte marker, byte[] data) => [0xFF, marker, (byte)((data.Length + 2) >> 8), (byte)(data.Length + 2), .. data];

    private static byte[] Little(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);

        return bytes;
    }
}
