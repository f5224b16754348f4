using Community.EventStore;
using Npgsql;

namespace Community.Privacy;

public static class Erasures
{
    /// <summary>Whether membership has erased the member: nothing is sealed for them any more, for their key would be made anew.</summary>
    public static async Task<bool> IsErased(this NpgsqlDataSource database, Guid member, CancellationToken ct)
    {
        await using var select = database.CreateCommand("select exists (select from stopped_members where member_id = $1 and stop = 2 and until > '-infinity')");
        select.Parameters.Add(new() { Value = member });

        return (bool)(await select.ExecuteScalarAsync(ct))!;
    }

    /// <summary>What was written about a member, which may name the member: by the member's key, and gone with it. Null: there is nothing, or the member is erased.</summary>
    public static async Task<Sealed?> SealAbout(this KeyRing keys, NpgsqlDataSource database, Guid member, string? text, CancellationToken ct) =>
        string.IsNullOrEmpty(text) || await database.IsErased(member, ct) ? null : (await keys.Create([member], ct)).Seal(member, text);
}
