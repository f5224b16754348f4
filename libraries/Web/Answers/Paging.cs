using System.Buffers.Text;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Community.ServiceDefaults;

namespace Community.Web;

/// <summary>One page of a list; <see cref="Next"/> is what to ask <c>after</c>, null on the last page.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>
/// The query <c>?limit=&amp;after=</c> of a list, taken by <c>[AsParameters]</c>. Take <see cref="Size"/> + 1 rows that
/// follow <see cref="Key{TKey}"/> and give them to <see cref="Page{TRow,TKey}"/>.
/// </summary>
public sealed record Paging(
    [property: Range(1, 100, ErrorMessage = "must be from 1 to 100"), Description("Items on a page: 20 where not given.")] int? Limit = null,
    [property: Description("What the last page called next.")] string? After = null)
{
    /// <summary>Items on a page, 1 to 100.</summary>
    public int Size => Limit ?? 20;

    /// <summary>The key of the last row that the caller has seen; false on the first page.</summary>
    public bool Key<TKey>(out TKey key)
    {
        key = default!;
        if (After is null)
            return false;

        try
        {
            key = JsonSerializer.Deserialize<TKey>(Base64Url.DecodeFromChars(After), Json.Options)!;
        }
        catch (Exception fault) when (fault is FormatException or JsonException)
        {
            throw new InvalidParameter("after", "is not a cursor of this list");
        }

        return key is not null ? true : throw new InvalidParameter("after", "is not a cursor of this list");
    }

    /// <summary>Cuts the row too many off; its presence says that there is a next page.</summary>
    public Page<TRow> Page<TRow, TKey>(IReadOnlyList<TRow> rows, Func<TRow, TKey> key) => rows.Count <= Size
        ? new(rows, null)
        : new([.. rows.Take(Size)], Cursor(key(rows[Size - 1])));

    /// <summary>What to ask <c>after</c> to go on behind the row with this key.</summary>
    public static string Cursor<TKey>(TKey key) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(key, Json.Options));
}
