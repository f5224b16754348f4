using System.Security.Claims;
using Community.EventStore;
using Community.Web;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace Community.Privacy;

/// <summary>
/// Whose data a kind of event is, and what of it each of them is handed out. It goes by fields: a text that names somebody
/// is not theirs.
/// </summary>
public sealed class Disclosure
{
    private readonly Func<IEvent, IEnumerable<Guid?>> _whose;
    private readonly Func<object, Guid, object> _part;

    private Disclosure(Type type, Func<IEvent, IEnumerable<Guid?>> whose, Func<object, Guid, object> part) => (EventType, _whose, _part) = (type, whose, part);

    public Type EventType { get; }

    /// <param name="whose">The members whose data it is; null is nobody.</param>
    /// <param name="part">What one of them is handed out; all of it, where nothing is said.</param>
    public static Disclosure Of<TEvent>(Func<IEvent<TEvent>, Guid?[]> whose, Func<TEvent, Guid, object>? part = null) where TEvent : notnull =>
        new(typeof(TEvent), e => whose((IEvent<TEvent>)e), (data, member) => part?.Invoke((TEvent)data, member) ?? data);

    /// <summary>Nobody's: what it holds is the community's, or another event tells it to whom it concerns.</summary>
    public static Disclosure Nobodys<TEvent>() where TEvent : notnull => Of<TEvent>(_ => []);

    /// <summary>The member who did it, where the event holds no member because its stream is one member's.</summary>
    public static Guid? By(IEvent e) => Guid.TryParseExact(e.UserName, "D", out var member) ? member : null;

    internal IEnumerable<Guid> Whose(IEvent e) => _whose(e).OfType<Guid>().Distinct();

    internal object Part(object data, Guid member) => _part(data, member);
}

public static class ExportEndpoints
{
    /// <summary>Lets members have what the service holds about them, as far as these disclosures go. What is not in them is handed out to nobody.</summary>
    public static IHostApplicationBuilder AddExport(this IHostApplicationBuilder builder, params IReadOnlyList<Disclosure> disclosures)
    {
        var disclosed = new Disclosures(disclosures.ToDictionary(disclosure => disclosure.EventType));
        builder.Services.AddSingleton(disclosed);
        builder.Services.AddSingleton<IStorePart>(disclosed);

        return builder;
    }

    /// <summary>What a service holds about who asks. It follows the log within moments.</summary>
    public static RouteHandlerBuilder MapExport(this IEndpointRouteBuilder app) => app
        .MapGet("/members/me/export", Export)
        .WithTag("Export", "What is known about a member.").WithSummary("One's own part of all events, by the fields that name one");

    private static async Task<Ok<Page<HistoryItem>>> Export(
        [AsParameters] Paging paging, ClaimsPrincipal user, HttpContext http, [AsParameters] ExportSources sources, CancellationToken ct)
    {
        var member = user.MemberId();
        var sequences = new List<long>();
        await using var select = sources.Database.CreateCommand("select sequence from member_events where member_id = $1 and sequence > $2 order by sequence limit $3");
        select.Parameters.Add(new() { Value = member });
        select.Parameters.Add(new() { Value = paging.Key<long>(out var after) ? after : 0L });
        select.Parameters.Add(new() { Value = paging.Size + 1 });

        await using (var rows = await select.ExecuteReaderAsync(ct))
        {
            while (await rows.ReadAsync(ct))
            {
                sequences.Add(rows.GetInt64(0));
            }
        }

        http.Response.Headers.CacheControl = "no-store";
        var items = await sources.Store.Items(sequences, await sources.Keys.Find([member], ct), e => sources.Disclosures.Part(e, member), ct);
        var page = paging.Page(sequences, sequence => sequence);
        var shown = items.Where(item => page.Items.Contains(item.Sequence)).Select(item => Own(item.Item, member));

        return TypedResults.Ok(new Page<HistoryItem>([.. shown], page.Next));
    }

    // Who else had a hand in it, and by which request, is theirs.
    private static HistoryItem Own(HistoryItem item, Guid member) =>
        item.By == $"{member}" ? item : item with { By = null, CausationId = null, CorrelationId = null };
}

/// <summary>What an export is made of.</summary>
internal sealed record ExportSources(IDocumentStore Store, NpgsqlDataSource Database, KeyRing Keys, Disclosures Disclosures);

/// <summary>The disclosures of the service, and the index by member that is made of them.</summary>
internal sealed class Disclosures(IReadOnlyDictionary<Type, Disclosure> all) : IStorePart
{
    public void Configure(StoreOptions options) => options.Projections.Add(new MemberEvents(options, this), ProjectionLifecycle.Async);

    public IEnumerable<Type> Types => all.Keys;

    public IEnumerable<Guid> Whose(IEvent e) => all.TryGetValue(e.EventType, out var disclosure) ? disclosure.Whose(e) : [];

    /// <summary>Null: it is not the member's.</summary>
    public object? Part(IEvent e, Guid member) => Whose(e).Contains(member) ? all[e.EventType].Part(e.Data, member) : null;
}

/// <summary>Which events are whose: a row for each member of each event, so that an export reads no more than it tells.</summary>
internal sealed class MemberEvents : EventProjection
{
    private readonly Disclosures _disclosures;
    private readonly string _insert;

    public MemberEvents(StoreOptions options, Disclosures disclosures)
    {
        Name = "member-events";
        _disclosures = disclosures;
        var table = new Table($"{options.DatabaseSchemaName}.member_events");
        table.AddColumn<Guid>("member_id").AsPrimaryKey();
        table.AddColumn<long>("sequence").AsPrimaryKey();
        SchemaObjects.Add(table);
        Options.DeleteDataInTableOnTeardown(table.Identifier.QualifiedName);
        _insert = $"insert into {table.Identifier.QualifiedName} (member_id, sequence) values (?, ?) on conflict do nothing";

        foreach (var type in disclosures.Types)
        {
            IncludeType(type);
        }
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        foreach (var member in _disclosures.Whose(e))
        {
            operations.QueueSqlCommand(_insert, member, e.Sequence);
        }

        return ValueTask.CompletedTask;
    }
}
