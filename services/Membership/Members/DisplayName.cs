using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using Community.EventStore;
using Community.Web;
using Marten;
using Marten.Linq.MatchesSql;

namespace Community.Membership.Members;

/// <summary>What a member is called: something that others see, and read in the direction in which it is written.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
internal sealed class DisplayNameAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is string name && DisplayName.Fault(name) is { } fault ? new(fault, [validationContext.MemberName ?? ""]) : ValidationResult.Success;
}

internal static class DisplayName
{
    private const int Most = 80;

    // They show nothing, though Unicode counts them among letters and symbols.
    private static readonly FrozenSet<int> Blank = new[] { 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0 }.ToFrozenSet();

    private static readonly FrozenSet<int> Turning =
        new[] { 0x061C, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069 }.ToFrozenSet();

    // Letters that look like Latin ones (Unicode UTS #39), as far as a name of letters can be written with them.
    private static readonly FrozenDictionary<char, char> Alike = Pairs(
        "аaеeоoрpсcуyхxіlїlјjѕsһhԁdԛqԝwкkмmтtвbнhпnгrѵvӏlᴀa" // Cyrillic
        + "αaοoρpνvυuτtιlκkεeηnχxβbγyωwσo" // Greek
        + "ılɑaɡgłløođdħhſsɩlɪl" // Latin
        + "0o1l$s@a!l|lil").ToFrozenDictionary();

    private static readonly FrozenSet<string> OfStaff = new[]
    {
        "admin", "admins", "administrator", "administrators", "moderator", "moderators", "operator", "operators", "owner", "staff", "support", "system",
        "sysadmin", "webmaster", "official", "管理员", "管理員", "站长", "站長", "版主", "客服", "官方", "官方客服", "系统", "系統", "系统管理员", "系統管理員", "超级管理员", "社区管理员", "运营"
    }.Select(Likeness).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>What is wrong with a name, whoever has it; null: nothing.</summary>
    public static string? Fault(string? name) =>
        Text.Fault(name, Most) is { } fault ? fault
        : name!.EnumerateRunes().Any(rune => Turning.Contains(rune.Value)) ? "must not contain characters that turn the direction of text"
        : !name.EnumerateRunes().Any(IsSeen) ? "must not be blank to the eye"
        : null;

    /// <summary>The name of a role, in whatever letters.</summary>
    public static bool IsOfStaff(string name) => OfStaff.Contains(Likeness(name));

    /// <summary>The same for names that the eye takes for one another.</summary>
    public static string Likeness(string name)
    {
        var letters = new StringBuilder();
        foreach (var rune in name.Normalize(NormalizationForm.FormKD).EnumerateRunes())
        {
            if (Blank.Contains(rune.Value) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
                or UnicodeCategory.Control or UnicodeCategory.SpaceSeparator or UnicodeCategory.DashPunctuation or UnicodeCategory.ConnectorPunctuation)
                continue;

            var lower = Rune.ToLowerInvariant(rune);
            letters.Append(lower.IsBmp && Alike.TryGetValue((char)lower.Value, out var latin) ? latin.ToString() : lower.ToString());
        }

        return letters.Replace("rn", "m").Replace("vv", "w").ToString();
    }

    private static bool IsSeen(Rune rune) => !Blank.Contains(rune.Value) && Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.SpaceSeparator
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate);

    private static Dictionary<char, char> Pairs(string pairs) => pairs.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);
}

/// <summary>Nobody passes for one of the staff by a name.</summary>
internal sealed class StaffNames(IDocumentStore store, KeyRing ring)
{
    private static readonly string[] Ranks = [.. new[] { Role.Owner, Role.Operator, Role.Moderator }.Select(role => $$$"""{"member":{"roles":["{{{role}}}"]}}""")];

    /// <summary>Whether the name is a role's, or could be taken for that of another who has one.</summary>
    /// <param name="isOfStaff">Who is of the staff may be called so.</param>
    public async Task<bool> AreLike(string name, Guid member, bool isOfStaff, CancellationToken ct)
    {
        if (!isOfStaff && DisplayName.IsOfStaff(name))
            return true;

        await using var session = store.QuerySession();
        var (owner, @operator, moderator) = (Ranks[0], Ranks[1], Ranks[2]);
        var staff = await session.Query<MemberRow>()
            .Where(row => row.MatchesSql("(d.data @> ?::jsonb or d.data @> ?::jsonb or d.data @> ?::jsonb)", owner, @operator, moderator)).ToListAsync(ct);
        var keys = await ring.Find([.. staff.Select(row => row.Id)], ct);
        var likeness = DisplayName.Likeness(name);

        return staff.Any(row => row.Id != member && keys.Open(row.Member.Name) is { } known && DisplayName.Likeness(known) == likeness);
    }

    /// <exception cref="InvalidParameter">They are.</exception>
    public async Task Check(string name, Guid member, bool isOfStaff, CancellationToken ct)
    {
        if (await AreLike(name, member, isOfStaff, ct))
            throw new InvalidParameter("displayName", "could be taken for one of the staff");
    }
}
