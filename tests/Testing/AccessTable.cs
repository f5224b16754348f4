using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Community.Testing;

/// <summary>What a member has, for the calls of an <see cref="AccessTable"/>.</summary>
/// <param name="Whose">As it is called where something is wrong.</param>
/// <param name="Path">The path of an operation with the ids of these things in it.</param>
/// <param name="IsThere">Whether what the path names exists, so that "not found" hides it; where it does not, "not found" is an answer.</param>
public sealed record Belongings(string Whose, bool IsOwn, Func<string, string> Path, Func<string, bool> IsThere)
{
    /// <summary>Where what is sent is looked at before whose it is, it has to be right.</summary>
    public Func<string, string> Body { get; init; } = _ => "{}";

    /// <summary>Of those who may, by operation and path: who else than the owner knows that these are there.</summary>
    public Func<string, string, string[], string[]> KnownTo { get; init; } = (_, _, roles) => roles;
}

/// <summary>Which roles may call what: every endpoint of a service as <c>GET /orders/{id}</c>, on one's own and on another's.</summary>
public sealed class AccessTable(IReadOnlyDictionary<string, (string[] Own, string[] Foreign)> rows)
{
    public static readonly string[] Nobody = [];
    public static readonly string[] Operators = ["operator", "owner"];
    public static readonly string[] Members = ["member", "creator", "expert", "reviewer", "moderator", .. Operators];
    public static readonly string[] Anybody = ["anonymous", .. Members];

    /// <summary>What every service has.</summary>
    public static readonly IReadOnlyDictionary<string, (string[] Own, string[] Foreign)> OfEveryService = new Dictionary<string, (string[], string[])>
    {
        ["GET /status"] = (Operators, Operators),
        ["GET /projections"] = (Operators, Operators),
        ["GET /staff-actions"] = (Operators, Operators),
        ["POST /projections/{name}/rebuilds"] = (Operators, Operators),
        ["GET /projections/{name}/rebuilds/{id}"] = (Operators, Operators),
        ["POST /projections/{name}/rebuilds/{id}/cancellation"] = (Operators, Operators),
        ["GET /members/me/export"] = (Members, Members)
    };

    /// <summary>All rows, with those of every service.</summary>
    public IReadOnlyDictionary<string, (string[] Own, string[] Foreign)> Rows { get; } = OfEveryService.Concat(rows).ToDictionary();

    /// <summary>Operations that are in the service's document and not in the table, or the other way round.</summary>
    public async Task<IReadOnlyList<string>> Gaps(HttpClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        var document = await client.GetFromJsonAsync<JsonObject>(new Uri("/openapi/v1.json", UriKind.Relative));
        var operations = document!["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(operation => $"{operation.Key.ToUpperInvariant()} {path.Key}")).ToHashSet();
        operations.SymmetricExceptWith(Rows.Keys);

        return [.. operations.Order(StringComparer.Ordinal)];
    }

    /// <summary>Calls everything as one role, and tells where it may more or less than the table says.</summary>
    /// <param name="last">Operations that change what the others meet.</param>
    public async Task<IReadOnlyList<string>> Faults(string role, HttpClient client, IReadOnlyCollection<Belongings> all, Func<string, bool>? last = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(all);
        var faults = new List<string>();

        foreach (var (operation, (own, foreign)) in Rows.OrderBy(row => last?.Invoke(row.Key) ?? false))
        {
            foreach (var things in all)
            {
                var (method, path) = (new HttpMethod(operation.Split(' ')[0]), operation.Split(' ')[1]);
                var isOwn = things.IsOwn && role != "anonymous";
                var allowed = (isOwn ? own : things.KnownTo(operation, path, foreign)).Contains(role);
                using var request = new HttpRequestMessage(method, things.Path(path));

                if (method == HttpMethod.Post || method == HttpMethod.Put || method == HttpMethod.Patch)
                {
                    request.Content = new StringContent(things.Body(path), Encoding.UTF8, "application/json");
                }

                using var answer = await client.SendAsync(request);
                var (status, reason) = ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());

                // What is hidden is not there; what is allowed may fail for other reasons.
                var may = status is not (401 or 403 or 404) || (status == 404 && !things.IsThere(path))
                    || reason.Contains("signature-invalid", StringComparison.Ordinal); // a webhook's own 401

                if (may != allowed || status >= 500)
                {
                    faults.Add($"{role} {operation} ({things.Whose}): {status} {reason}");
                }
            }
        }

        return faults;
    }
}
