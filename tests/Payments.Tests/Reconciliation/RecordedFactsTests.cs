using System.Collections.Concurrent;
using System.Data;
using System.Net;
using System.Text;
using System.Text.Json;
using Community.Payments.Gateways;
using Community.Payments.Reconciliation;
using Community.Testing;
using Marten;
using Marten.Services;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Community.Payments.Tests.Reconciliation;

public sealed class RecordedFactsTests(PaymentsService payments)
{
    [Fact]
    public async Task The_log_is_read_in_pages()
    {
        var said = new Commands();
        await using var host = await ServiceHost<Program>.Start(
            "payments", payments.Issuer, configure: services => services.ConfigureMarten(options => options.Logger(said)));
        using var client = host.Client(payments.Issuer.Token(PaymentsService.New(), ["member", "operator"]));

        await (await client.GetAsync("/reconciliation")).Body(HttpStatusCode.OK);

        var readings = said.Where(command => command.Contains("gateway-report-uploaded.v1", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(readings);
        Assert.All(readings, command => Assert.Contains("LIMIT", command, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Pages_of_one_event_tell_the_same_as_one_page()
    {
        var report = new StringContent("receipt,amount,currency,at\nnever-came,100,CNY,2026-05-01T12:00:00Z\n", Encoding.UTF8, "text/csv");
        Assert.Equal(HttpStatusCode.NoContent, (await payments.Operator.PostAsync("/reconciliation/reports/stripe", report)).StatusCode);
        await using var session = payments.Host.Services.GetRequiredService<IDocumentStore>()
            .LightweightSession(new SessionOptions { IsolationLevel = IsolationLevel.RepeatableRead });
        await session.BeginTransactionAsync(TestContext.Current.CancellationToken);

        var (singly, whole) = (await Read(1), await Read(100_000));

        Assert.Equal(Told(whole), Told(singly));
        Assert.Contains("never-came", Told(singly), StringComparison.Ordinal);

        async Task<RecordedFacts> Read(int page)
        {
            var facts = new RecordedFacts(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
            await facts.Read(session, page, TestContext.Current.CancellationToken);

            return facts;
        }

        static string Told(RecordedFacts facts) => JsonSerializer.Serialize(
            new { facts.Money, facts.PlanOrders, facts.PaidOrders, facts.RefundedOrders, facts.Reports, facts.Entitlements, facts.Receipts, facts.WithoutInvoice });
    }

    /// <summary>What Marten sends, with the values.</summary>
    private sealed class Commands : ConcurrentQueue<string>, IMartenLogger, IMartenSessionLogger
    {
        public IMartenSessionLogger StartSession(IQuerySession session) => this;

        public void SchemaChange(string sql)
        {
        }

        public void OnBeforeExecute(NpgsqlCommand command) => Note(command.CommandText, command.Parameters);

        public void OnBeforeExecute(NpgsqlBatch batch)
        {
            foreach (var command in batch.BatchCommands)
            {
                Note(command.CommandText, command.Parameters);
            }
        }

        public void LogSuccess(NpgsqlCommand command)
        {
        }

        public void LogFailure(NpgsqlCommand command, Exception ex)
        {
        }

        public void LogSuccess(NpgsqlBatch batch)
        {
        }

        public void LogFailure(NpgsqlBatch batch, Exception ex)
        {
        }

        public void LogFailure(Exception ex, string message)
        {
        }

        public void RecordSavedChanges(IDocumentSession session, IChangeSet commit)
        {
        }

        private void Note(string text, System.Data.Common.DbParameterCollection values) =>
            Enqueue($"{text} {string.Join(' ', values.Cast<NpgsqlParameter>().Select(p => p.Value is string[] all ? string.Join(' ', all) : $"{p.Value}"))}");
    }
}
