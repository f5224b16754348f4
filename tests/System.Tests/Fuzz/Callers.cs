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
        foreach (var role in WithAccount)
        {
            if (!_persons.TryGetValue(role, out var person) || !await Is(person, role))
            {
                _persons[role] = await system.Join(role == "member" ? [] : [role]);
                Replaced++;
            }
        }

        foreach (var scope in Scopes)
        {
            if (!_persons.TryGetValue(Token(scope), out var person) || (await person.Get("membership/members/me")).Status == 401)
            {
                // Not the founder's: the token could take the founder's account along.
                var maker = await system.Join(Owner);
                var token = (await maker.Post("membership/tokens", new { name = scope, scopes = new[] { scope } }).Gives(201)).Text("token");
                _persons[Token(scope)] = maker with { Token = token };
                Replaced++;
            }
        }
    }

    private static async Task<bool> Is(Person person, string role)
    {
        var me = await person.Get("membership/members/me");

        return me.Status == 200 && me.Json["roles"]!.AsArray().Any(has => (string?)has == role) && me.Json.Text("status") == "active";
    }

    private static string Token(string scope) => $"token that may {scope}";
}
