namespace Community.SystemTests.Fuzz;

/// <summary>Somebody of each role, and API tokens. Who has lost the account, the session or the role by a request is replaced.</summary>
internal sealed class Callers(CommunitySystem system)
{
    public const string Anonymous = "anonymous";
    public const string Owner = "owner";

    private static readonly string[] WithAccount = ["member", "creator", "expert", "reviewer", "moderator", "operator", Owner];
    private static readonly string[] Scopes = ["read", "write", "import"];

    public static readonly string[] Roles = [Anonymous, .. WithAccount, .. Scopes.Select(Token)];

    private readonly Dictionary<string, Person> _persons = [];

    public int Replaced { get; private set; }

    public Person this[string role] => role == Anonymous ? system.Anybody : _persons[role];

    /// <summary>Looks after each of them.</summary>
    public async Task AreThere()
    {
        var missing = (await Task.WhenAll(Roles.Where(role => role != Anonymous).Select(async role => (Role: role, Is: await Is(role))))).Where(one => !one.Is).Select(one => one.Role).ToList();

        foreach (var role in missing.Intersect(WithAccount))
        {
            _persons[role] = await system.Join(role == "member" ? [] : [role]);
            Replaced++;
        }

        if (!missing.Except(WithAccount).Any())
            return;

        // Not the founder's tokens: they could take the founder's account along.
        var maker = await system.Join(Owner);
        Replaced++;
        foreach (var scope in Scopes.Where(scope => missing.Contains(Token(scope))))
            _persons[Token(scope)] = maker with { Token = (await maker.Post("membership/tokens", new { name = scope, scopes = new[] { scope } }).Gives(201)).Text("token") };
    }

    private async Task<bool> Is(string role)
    {
        if (!_persons.TryGetValue(role, out var person))
            return false;

        var me = await person.Get("membership/members/me");

        return WithAccount.Contains(role)
            ? me.Status == 200 && me.Json["roles"]!.AsArray().Any(has => (string?)has == role) && me.Json.Text("status") == "active"
            : me.Status != 401; // a token that may only import reads no profile
    }

    private static string Token(string scope) => $"token that may {scope}";
}
