using SkiaSharp;

namespace Community.Membership.Members;

/// <summary>
/// An uploaded picture, decoded and encoded anew: what is kept holds its pixels and nothing else that its sender's file held, be it
/// where and with what it was taken, a second picture, or what no format knows.
/// </summary>
internal sealed record Picture(string MediaType, byte[] Bytes)
{
    /// <summary>Each way; small files can unfold to pictures that exhaust who shows them.</summary>
    public const int MostPixels = 4096;

    /// <summary>Each way, of what is kept.</summary>
    public const int KeptPixels = 1024;

    public static readonly IReadOnlyList<string> MediaTypes = ["image/png", "image/jpeg", "image/webp"];

    // A picture of the largest size takes 64 MiB while it is decoded: not as many at once as there are senders.
    private static readonly SemaphoreSlim AtOnce = new(2);

    /// <summary>Null: no picture of a kind that is taken, or cut off, or too large.</summary>
    public static Picture? Decode(byte[] file)
    {
        using var data = SKData.CreateCopy(file);
        using var codec = SKCodec.Create(data);

        return codec is not null && KindOf(codec.EncodedFormat) is { } kind && Fits(codec.Info)
            ? Encode(codec, kind, codec.EncodedFormat)
            : null;
    }

    /// <summary>The same, when its turn comes.</summary>
    public static async Task<Picture?> Read(byte[] file, CancellationToken ct)
    {
        await AtOnce.WaitAsync(ct);
        try
        {
            return Decode(file);
        }
        finally
        {
            AtOnce.Release();
        }
    }

    private static Picture? Encode(SKCodec codec, string kind, SKEncodedImageFormat format)
    {
        using var colours = SKColorSpace.CreateSrgb();
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Premul, colours);
        using var decoded = new SKBitmap(info);
        if (codec.GetPixels(info, decoded.GetPixels()) != SKCodecResult.Success)
            return null;

        var scale = Math.Min(1, (float)KeptPixels / Math.Max(info.Width, info.Height));
        var (width, height) = (Math.Max(1, (int)MathF.Round(info.Width * scale)), Math.Max(1, (int)MathF.Round(info.Height * scale)));
        var turned = codec.EncodedOrigin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        using var kept = new SKBitmap(info.WithSize(turned ? height : width, turned ? width : height));
        using (var canvas = new SKCanvas(kept))
        using (var image = SKImage.FromBitmap(decoded))
        {
            canvas.Clear(SKColors.Transparent);
            canvas.SetMatrix(Upright(codec.EncodedOrigin, width, height));
            canvas.DrawImage(image, new SKRect(0, 0, width, height), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        }

        using var encoded = kept.Encode(format, quality: 90);

        return encoded is null ? null : new(kind, encoded.ToArray());
    }

    /// <summary>From how the camera stored it to how it was held (EXIF 2.32, 4.6.4: Orientation).</summary>
    private static SKMatrix Upright(SKEncodedOrigin origin, float width, float height) => origin switch
    {
        SKEncodedOrigin.TopRight => new(-1, 0, width, 0, 1, 0, 0, 0, 1),
        SKEncodedOrigin.BottomRight => new(-1, 0, width, 0, -1, height, 0, 0, 1),
        SKEncodedOrigin.BottomLeft => new(1, 0, 0, 0, -1, height, 0, 0, 1),
        SKEncodedOrigin.LeftTop => new(0, 1, 0, 1, 0, 0, 0, 0, 1),
        SKEncodedOrigin.RightTop => new(0, -1, height, 1, 0, 0, 0, 0, 1),
        SKEncodedOrigin.RightBottom => new(0, -1, height, -1, 0, width, 0, 0, 1),
        SKEncodedOrigin.LeftBottom => new(0, 1, 0, -1, 0, width, 0, 0, 1),
        _ => SKMatrix.Identity
    };

    private static string? KindOf(SKEncodedImageFormat format) => format switch
    {
        SKEncodedImageFormat.Png => "image/png",
        SKEncodedImageFormat.Jpeg => "image/jpeg",
        SKEncodedImageFormat.Webp => "image/webp",
        _ => null
    };

    private static bool Fits(SKImageInfo info) => info.Width is > 0 and <= MostPixels && info.Height is > 0 and <= MostPixels;
}
