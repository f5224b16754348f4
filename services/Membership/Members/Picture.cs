using System.Buffers.Binary;

namespace Community.Membership.Members;

/// <summary>
/// An uploaded picture, known by its own structure and not by what its sender says of it. Parts that are not needed to show
/// it are left out: they tell where and with what it was taken, and could carry anything else.
/// </summary>
internal sealed record Picture(string MediaType, byte[] Bytes)
{
    /// <summary>Each way; small files can unfold to pictures that exhaust who shows them.</summary>
    public const int MostPixels = 4096;

    public static readonly IReadOnlyList<string> MediaTypes = ["image/png", "image/jpeg", "image/webp"];

    private static readonly byte[] PngSignature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Null: no picture of a kind that is taken, or cut off, or too large.</summary>
    public static Picture? Read(ReadOnlySpan<byte> file) =>
        file.StartsWith(PngSignature) ? Png(file)
        : file is [0xFF, 0xD8, 0xFF, ..] ? Jpeg(file)
        : file is [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] ? WebP(file)
        : null;

    /// <summary>PNG (third edition), 5: a signature and chunks of length, type, data and checksum, IHDR first and IEND last.</summary>
    private static Picture? Png(ReadOnlySpan<byte> file)
    {
        using var kept = new MemoryStream();
        kept.Write(PngSignature);
        var rest = file[PngSignature.Length..];
        for (var first = true; rest.Length >= 12; first = false)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - 12)
                return null;

            var type = rest.Slice(4, 4);
            var data = rest.Slice(8, (int)length);
            var chunk = rest[..(12 + (int)length)];
            if (first != type.SequenceEqual("IHDR"u8))
                return null;
            if (first && (length != 13 || !Fits(BinaryPrimitives.ReadUInt32BigEndian(data), BinaryPrimitives.ReadUInt32BigEndian(data[4..]))))
                return null;
            if (!type.SequenceEqual("eXIf"u8) && !type.SequenceEqual("tEXt"u8) && !type.SequenceEqual("zTXt"u8) && !type.SequenceEqual("iTXt"u8) && !type.SequenceEqual("tIME"u8))
                kept.Write(chunk);
            if (type.SequenceEqual("IEND"u8))
                return new("image/png", kept.ToArray());

            rest = rest[chunk.Length..];
        }

        return null;
    }

    /// <summary>ITU-T T.81, annex B: segments up to the first scan, whose data goes on to the end of the image.</summary>
    private static Picture? Jpeg(ReadOnlySpan<byte> file)
    {
        using var kept = new MemoryStream();
        kept.Write(file[..2]);
        var rest = file[2..];
        var hasFrame = false;
        while (rest is [0xFF, var marker, _, _, ..])
        {
            if (marker == 0xFF) // fill
            {
                rest = rest[1..];
                continue;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (length < 2 || length > rest.Length - 2)
                return null;

            var segment = rest[..(2 + length)];
            rest = rest[segment.Length..];
            switch (marker)
            {
                case 0xDA: // the scans: all that is left, to the end of the image, and nothing behind it
                    var end = rest.LastIndexOf<byte>([0xFF, 0xD9]);
                    if (!hasFrame || end < 0)
                        return null;
                    kept.Write(segment);
                    kept.Write(rest[..(end + 2)]);
                    return new("image/jpeg", kept.ToArray());
                case >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC): // the frame
                    if (length < 8 || !Fits(BinaryPrimitives.ReadUInt16BigEndian(segment[7..]), BinaryPrimitives.ReadUInt16BigEndian(segment[5..])))
                        return null;
                    hasFrame = true;
                    kept.Write(segment);
                    break;
                case (>= 0xE1 and <= 0xEF and not (0xE2 or 0xEE)) or 0xFE: // of applications, and comments; but not the colours' profile and transformation
                    break;
                default:
                    kept.Write(segment);
                    break;
            }
        }

        return null;
    }

    /// <summary>RFC 9649: a RIFF container of chunks, each padded to an even length.</summary>
    private static Picture? WebP(ReadOnlySpan<byte> file)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(file[4..]);
        if (length < 12 || length > file.Length - 8)
            return null;

        using var kept = new MemoryStream();
        kept.Write(file[..12]);
        var rest = file[12..(8 + (int)length)];
        var hasSize = false;
        while (rest.Length >= 8)
        {
            var type = rest[..4];
            var size = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            if (size > rest.Length - 8)
                return null;

            var data = rest.Slice(8, (int)size);
            var chunk = rest[..Math.Min(rest.Length, 8 + (int)size + (int)(size % 2))].ToArray();
            rest = rest[chunk.Length..];
            if (type.SequenceEqual("EXIF"u8) || type.SequenceEqual("XMP "u8))
                continue;

            if (SizeOf(type, data) is { } pixels)
            {
                if (!Fits(pixels.Width, pixels.Height))
                    return null;
                hasSize = true;
            }

            if (type.SequenceEqual("VP8X"u8))
                chunk[8] &= 0b1111_0011; // says no more that EXIF and XMP follow
            kept.Write(chunk);
        }

        if (!hasSize || rest.Length > 0)
            return null;

        var picture = kept.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(picture.AsSpan(4), (uint)picture.Length - 8);

        return new("image/webp", picture);
    }

    private static (uint Width, uint Height)? SizeOf(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        if (type.SequenceEqual("VP8X"u8) && data.Length >= 10)
            return (1 + (BinaryPrimitives.ReadUInt32LittleEndian(data[4..]) & 0xFF_FFFF), 1 + (BinaryPrimitives.ReadUInt32LittleEndian(data[6..]) >> 8));
        if (type.SequenceEqual("VP8 "u8) && data is [_, _, _, 0x9D, 0x01, 0x2A, _, _, _, _, ..])
            return (BinaryPrimitives.ReadUInt16LittleEndian(data[6..]) & 0x3FFFu, BinaryPrimitives.ReadUInt16LittleEndian(data[8..]) & 0x3FFFu);
        if (type.SequenceEqual("VP8L"u8) && data is [0x2F, _, _, _, _, ..])
            return (1 + (BinaryPrimitives.ReadUInt32LittleEndian(data[1..]) & 0x3FFF), 1 + ((BinaryPrimitives.ReadUInt32LittleEndian(data[1..]) >> 14) & 0x3FFF));

        return null;
    }

    private static bool Fits(uint width, uint height) => width is > 0 and <= MostPixels && height is > 0 and <= MostPixels;
}
