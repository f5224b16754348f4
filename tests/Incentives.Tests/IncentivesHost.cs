using System.Net.Http.Json;
using System.Text.Json;
using Community.Testing;
using Npgsql;

[assembly: AssemblyFixture(typeof(Community.Incentives.Tests.IncentivesHost))]

namespace Community.Incentives.Tests;

/// <summary>The service on real servers, with content and payments played by a neighbour that hears what incentives says.</summary>
public sealed class IncentivesHost : IAsyncLifetime
{
    private Issuer? _issuer;
    private ServiceHost<Program>? _host;
    private Neighbour? _neighbour;

    public Issuer Issuer => _issuer ?? throw new InvalidOperationException();

    public ServiceHost<Program> Host => _host ?? throw new InvalidOperationException();

    public Neighbour Neighbour => _neighbour ?? throw new InvalidOperationException();

    public HttpClient Operator => Host.Client(Issuer.Token(NewId(), "operator"));

    public async ValueTask InitializeAsync()
    {
        _issuer = await Issuer.Start();
        _host = await ServiceHost<Program>.Start("incentives", _issuer);
        _neighbour = await Neighbour.Start(
            _host.Messaging, ["content", "payments", "membership"], [], typeof(Contracts.PointsEarned), typeof(Contracts.PointsReversed), typeof(Contracts.BadgeAwarded), typeof(Contracts.BadgeWithdrawn), typeof(Contracts.LevelChanged),
            typeof(Contracts.RewardClaimed), typeof(Contracts.RewardCancellationAsked));
    }

    public async ValueTask DisposeAsync()
    {
        await Neighbour.DisposeAsync();
        await Host.DisposeAsync();
        await Issuer.DisposeAsync();
    }

    public static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public HttpClient Member(Guid id) => Host.Client(Issuer.Token(id, "member"));

    public HttpClient Importer() => Host.Client(Issuer.Token(NewId(), ["owner"], ["import"], TimeSpan.FromMinutes(15)));

    public async Task<JsonElement> Points(Guid member) => await Operator.GetFromJsonAsync<JsonElement>($"/members/{member}/points");

    /// <summary>Waits until the messages with these ids are in the inbox, and what they bring is settled.</summary>
    public async Task Consumed(IReadOnlyCollection<Guid> messages)
    {
        await Eventually.Value(
            async () => await Scalar<long>("select count(distinct message_id) from inbox where message_id = any($1)", messages.ToArray()),
            count => count == messages.Count, $"{messages.Count} messages to be consumed");
        await Settled();
    }

    /// <summary>Waits until all that is in the log by now is settled.</summary>
    public async Task Settled()
    {
        var last = await Scalar<long>("select coalesce(max(seq_id), 0) from mt_events");
        await Eventually.Value(
            async () => await Scalar<long>("select coalesce(max(last_seq_id), 0) from mt_event_progression where name = 'settle-points:All'"),
            sequence => sequence >= last, $"all up to {last} to be settled");
    }

    public async Task<T> Scalar<T>(string sql, params object[] parameters)
    {
        await using var connection = new NpgsqlConnection(Host.Database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);

        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return (T)(await command.ExecuteScalarAsync())!;
    }
}
