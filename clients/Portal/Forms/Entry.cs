using System.Security.Cryptography;
using Community.Portal.Services;

namespace Community.Portal.Forms;

/// <summary>A form of a page: what was typed into it, and what a service said of that. Typed text is shown again until it is taken.</summary>
public sealed class Entry(HttpContext? http, string name)
{
    public const string KeyField = "key";

    private readonly IFormCollection? _form = http is not null && HttpMethods.IsPost(http.Request.Method) && http.Request.HasFormContentType
        && http.Request.Form["_handler"] == name ? http.Request.Form : null;

    private string? _key;

    public string Name => name;

    public bool Posted => _form is not null;

    /// <summary>Set by the page once it has asked the service.</summary>
    public Problem? Problem { get; set; }

    /// <summary>Sent as <c>Idempotency-Key</c>: a form that is sent twice does its work once.</summary>
    public string Key => _key ??= _form?[KeyField].ToString() is { Length: 32 } given && given.All(char.IsAsciiHexDigit)
        ? given : Convert.ToHexString(RandomNumberGenerator.GetBytes(16));

    /// <summary>Fields that the page shows: what a service says of others stands above the button.</summary>
    public HashSet<string> Fields { get; } = [];

    /// <summary>Without the white space around it; null where nothing was typed.</summary>
    public string? Text(string field) => _form?[field].ToString().Trim() is { Length: > 0 } text ? text : null;

    /// <summary>As it was typed: for passwords and long texts.</summary>
    public string? Raw(string field) => _form?[field].ToString().ReplaceLineEndings("\n") is { Length: > 0 } text ? text : null;

    public IReadOnlyList<string> All(string field) => [.. (_form?[field] ?? default).OfType<string>().Where(text => text.Length > 0)];

    /// <summary>Words that commas part, in whatever script.</summary>
    public IReadOnlyList<string> Words(string field) => [.. (Text(field) ?? "").Split([',', '，', '、'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()];

    public bool Has(string field) => _form?.ContainsKey(field) == true;

    public int? Number(string field) => int.TryParse(Text(field), out var number) ? number : null;

    /// <summary>False where one of these was typed and is no number: left out it would mean no bound. The form asks for it again.</summary>
    public bool Reads(params IEnumerable<string> numbers)
    {
        if (numbers.FirstOrDefault(field => Text(field) is not null && Number(field) is null) is not { } unread)
        {
            return true;
        }

        Refuse(unread, "not-read");

        return false;
    }

    public IFormFile? File(string field) => _form?.Files.GetFile(field);

    public IReadOnlyList<string> FaultsOf(string field) => Problem?.Errors?
        .Where(error => string.Equals(error.Key.Split('.', '[')[0], field, StringComparison.OrdinalIgnoreCase) || string.Equals(error.Key, field, StringComparison.OrdinalIgnoreCase))
        .SelectMany(error => error.Value).ToArray() ?? [];

    /// <summary>True where it was done; else the form says why not.</summary>
    public bool Took<T>(Answer<T> answer)
    {
        Problem = answer.IsGiven ? null : answer.Problem ?? Answers.Problem("away");

        return answer.IsGiven;
    }

    public void Refuse(string field, string code) => Problem = Answers.Problem("validation-failed", new Dictionary<string, string[]> { [field] = [code] });
}
