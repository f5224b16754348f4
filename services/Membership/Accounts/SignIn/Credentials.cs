using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Text;
using Community.EventStore;
using Community.Membership.Members;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Community.Membership.Accounts.SignIn;

/// <summary>How a member signs in. No event holds any of this: a hash that leaked must be forgettable.</summary>
/// <param name="Address">Keyed hash of the e-mail address, by which it is found and unique.</param>
/// <param name="Password">Empty where the member signs in by a provider only.</param>
/// <param name="Changes">How often the member has set another password.</param>
internal sealed record Credentials(Guid Id, string Address, string Password, int Changes = 0)
{
    public const string AddressIndex = "credentials_address";

    /// <summary>Another password; what else is changed at the same time stays.</summary>
    public static void SetPassword(IDocumentSession session, Guid member, string password) => session.QueueSqlCommand("""
        update mt_doc_credentials
        set data = data || jsonb_build_object('password', ?::text, 'changes', coalesce((data ->> 'changes')::int, 0) + 1) where id = ?
        """, password, member);

    /// <summary>The same password, hashed anew, unless it has changed meanwhile.</summary>
    public static void Rehash(IDocumentSession session, Credentials before, string password) => session.QueueSqlCommand(
        "update mt_doc_credentials set data = jsonb_set(data, '{password}', to_jsonb(?::text)) where id = ? and data ->> 'password' = ?",
        password, before.Id, before.Password);

    /// <summary>Changes the address alone.</summary>
    /// <exception cref="Npgsql.PostgresException">At the commit, by <see cref="AddressIndex"/>: another member has it.</exception>
    public static void SetAddress(IDocumentSession session, Guid member, string address) => session.QueueSqlCommand(
        "update mt_doc_credentials set data = jsonb_set(data, '{address}', to_jsonb(?::text)) where id = ?", address, member);

    public static ProblemHttpResult AddressTaken() => Problems.Problem(409, "address-taken", "A member with this address exists.");
}

internal sealed class Passwords
{
    // OWASP's password storage cheat sheet for PBKDF2 with HMAC-SHA-512, which this hasher uses.
    private const int Iterations = 220_000;

    private readonly MasterKey _master;
    private readonly IPasswordHasher<Credentials> _hasher;
    private readonly Credentials _nobody;

    public Passwords(MasterKey master, IPasswordHasher<Credentials> hasher)
    {
        (_master, _hasher) = (master, hasher);
        _nobody = Make(Guid.Empty, "", "nobody signs in with this");
    }

    public static IPasswordHasher<Credentials> Hasher { get; } =
        new PasswordHasher<Credentials>(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));

    public Credentials Make(Guid member, string address, string password) => WithPassword(new(member, Find(address), ""), password);

    /// <summary>By RFC 8265: however a keyboard composes its accents, it is one password.</summary>
    public Credentials WithPassword(Credentials credentials, string password) =>
        credentials with { Password = _hasher.HashPassword(credentials, password.Normalize(NormalizationForm.FormC)) };

    /// <summary>What <see cref="Credentials.Address"/> is for this address.</summary>
    public string Find(string address) => Hash(AddressAttribute.Normalize(address));

    /// <summary>That, and what it may be since before addresses were folded as they are now.</summary>
    public string[] FindAll(string address) => [.. AddressAttribute.Forms(address).Select(Hash)];

    /// <summary>Whether a member has the address in a form that the unique index does not compare with the one of now.</summary>
    public async Task<bool> IsTakenInAnOlderForm(string address, IDocumentStore store, CancellationToken ct)
    {
        var older = FindAll(address)[1..];
        if (older.Length == 0)
            return false;

        await using var session = store.QuerySession();

        return await session.Query<Credentials>().AnyAsync(known => older.Contains(known.Address), ct);
    }

    /// <summary>
    /// Does the same work where there are no credentials, or none with a password: the time must not tell who is a member.
    /// </summary>
    public PasswordVerificationResult Match(Credentials? credentials, string password)
    {
        var known = credentials is { Password.Length: > 0 } ? credentials : _nobody;
        var (composed, decomposed) = (password.Normalize(NormalizationForm.FormC), password.Normalize(NormalizationForm.FormD));
        var result = _hasher.VerifyHashedPassword(known, known.Password, composed);

        // One that was hashed as it was typed, before there was one form; of plain letters all are the same.
        foreach (var form in new[] { password, decomposed }.Where(form => form != composed).Distinct(StringComparer.Ordinal))
        {
            if (result == PasswordVerificationResult.Failed && _hasher.VerifyHashedPassword(known, known.Password, form) != PasswordVerificationResult.Failed)
                result = PasswordVerificationResult.SuccessRehashNeeded;
        }

        return known == _nobody ? PasswordVerificationResult.Failed : result;
    }

    private string Hash(string address) => Convert.ToBase64String(_master.Hash("address", address));
}

/// <summary>
/// A password to choose, by NIST SP 800-63B: length counts, composition does not; what everybody chooses is refused.
/// </summary>
internal sealed class PasswordAttribute : ValidationAttribute
{
    private const string Rows = "abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop asdfghjkl zxcvbnm 1qaz2wsx3edc4rfv5tgb";

    private static readonly FrozenSet<string> Common = ReadCommon();

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is string password && Fault(password) is { } fault ? new(fault, [validationContext.MemberName ?? ""]) : ValidationResult.Success;

    internal static string? Fault(string password)
    {
        if (Text.Fault(password, max: 128, min: 8) is { } fault)
            return fault;

        var lower = password.ToLowerInvariant();
        var weak = lower.Distinct().Count() < 4 || Common.Contains(lower) || IsRow(lower) || IsRepeated(lower);

        return weak ? "is too common or too simple" : null;
    }

    private static bool IsRow(string text) =>
        Rows.Split(' ').Any(row => row.Contains(text, StringComparison.Ordinal) || string.Concat(row.Reverse()).Contains(text, StringComparison.Ordinal));

    private static bool IsRepeated(string text) => Enumerable.Range(1, text.Length / 2)
        .Any(unit => text.Length % unit == 0 && unit < 5 && text == string.Concat(Enumerable.Repeat(text[..unit], text.Length / unit)));

    private static FrozenSet<string> ReadCommon()
    {
        using var file = typeof(PasswordAttribute).Assembly.GetManifestResourceStream("common-passwords.txt")!;
        using var text = new StreamReader(file);

        return text.ReadToEnd().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
    }
}
