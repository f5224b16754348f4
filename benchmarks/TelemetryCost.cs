using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Reflection;
using Community.LocalServers;
using Community.Testing;

namespace Community.Benchmarks;

/// <summary>
/// What telemetry costs while visitors read: the content service exports everything to Aspire's dashboard, or what is
/// sampled unless told otherwise, or nothing. Each is a process with a database of its own that holds forty topics.
/// </summary>
internal static class TelemetryCost
{
    private static readonly int Rounds = Effort.Of(6);
    private static readonly (int Callers, int Times)[] Levels = [(1, Effort.Of(600)), (8, Effort.Of(2400)), (32, Effort.Of(2400))];

    public static async Task Measure(Report report)
    {
        Report.Say("What telemetry costs");
        await using var servers = await BareServers.Start();
        await using var issuer = await Issuer.Start();
        await using var dashboard = await Dashboard.Start();
        await using var none = await Reading.Start("none", servers, issuer, new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = null });
        await using var sampled = await Reading.Start("sampled", servers, issuer, new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = dashboard.Telemetry });
        await using var full = await Reading.Start(
            "full", servers, issuer, new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = dashboard.Telemetry, ["Tracing__PerSecond"] = "1000000" });
        foreach (var contestant in new[] { none, sampled, full })
        {
            await Timing.Rate(8, 4000, _ => contestant.Get());
        }

        // Two at a time: the receiver is busy for a while with what one of them has exported, and that must meet no third one.
        await Compare(sampled, "sampled", goal: true);
        await Compare(full, "all traces", goal: false);

        async Task Compare(Reading with, string name, bool goal)
        {
            var rates = new Dictionary<(Reading, int), List<double>>();
            var costs = new Dictionary<(Reading, int), List<double>>();

            for (var round = 0; round < Rounds; round++)
            {
                foreach (var (callers, times) in Levels)
                {
                    Reading[] turn = round % 2 == 0 ? [none, with] : [with, none];
                    foreach (var contestant in turn)
                    {
                        var before = Used(contestant);
                        var rate = await Timing.Rate(callers, times, _ => contestant.Get());
                        // What is still to be exported belongs to this one, and the next one starts beside nothing of it.
                        await Task.Delay(contestant == none ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(5));
                        var cost = (Used(contestant) - before).TotalMilliseconds / times;
                        Report.Say($"{contestant.Name}, {callers} callers: {Report.Number(rate)} per second, {Report.Number(cost)} ms");
                        Add(rates, rate);
                        Add(costs, cost);

                        void Add(Dictionary<(Reading, int), List<double>> figures, double figure) =>
                            (figures.TryGetValue((contestant, callers), out var list) ? list : figures[(contestant, callers)] = []).Add(figure);
                    }
                }
            }

            var row = report.Table(
                $"A visitor reads the list of topics: telemetry {name}, and none (per second, medians of {Rounds}; processor time of service and dashboard for each request)",
                "callers", "none", name, $"{name} / none, ms", $"{name} / none", "goal", "holds");

            foreach (var (callers, _) in Levels)
            {
                double Of(Reading contestant) => rates[(contestant, callers)].Median();
                double Cost(Reading contestant) => costs[(contestant, callers)].Median();
                // Of each round by itself: what else the machine does meets the neighbours in a round alike.
                var ratio = rates[(with, callers)].Zip(rates[(none, callers)], (one, other) => one / other).Median();
                row(
                [
                    callers.ToString(CultureInfo.InvariantCulture), Report.Number(Of(none)), Report.Number(Of(with)),
                    $"{Report.Number(Cost(with))} / {Report.Number(Cost(none))}", .. goal ? Report.Judged(ratio, 0.9, atLeast: true) : [Report.Number(ratio), "", ""]
                ]);
            }
        }

        TimeSpan Used(Reading contestant)
        {
            using var service = Process.GetProcessById(contestant.Id);
            using var receiver = Process.GetProcessById(dashboard.Id);

            return service.TotalProcessorTime + receiver.TotalProcessorTime;
        }
    }

    private sealed class Reading(string name, Child service, HttpClient client) : IAsyncDisposable
    {
        public string Name => name;

        public int Id => service.Id;

        public static async Task<Reading> Start(string name, BareServers servers, Issuer issuer, Dictionary<string, string?> telemetry)
        {
            var address = $"http://127.0.0.1:{Ports.Reserve()}";
            var service = await Child.Start(new("content", "dotnet", [Built.Path("services/Content", "Community.Content.dll")], Signal.Kill)
            {
                Environment = new Dictionary<string, string?>(telemetry)
                {
                    ["ASPNETCORE_ENVIRONMENT"] = "Production",
                    ["ASPNETCORE_URLS"] = address,
                    ["ConnectionStrings__contentdb"] = await servers.Database($"content_{name}"),
                    ["ConnectionStrings__messaging"] = servers.Broker.ToString(),
                    ["Sealing__MasterKey"] = Hosts.MasterKey,
                    ["RateLimits__PerMinute"] = "100000000",
                    ["RateLimits__AnonymousPerMinute"] = "100000000",
                    ["services__membership__http__0"] = issuer.Address,
                    ["OTEL_SERVICE_NAME"] = name,
                    ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc"
                },
                Output = line => { }
            });
            var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(address) };
            await Eventually.True(() => Answers(client, "health"), "a healthy content service");

            for (var i = 0; i < 40; i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "topics")
                {
                    Content = JsonContent.Create(new { kind = "discussion", title = $"What to read next, {i}", body = string.Concat(Enumerable.Repeat("Some of what there is to say. ", 40)) }),
                    Headers = { Authorization = new AuthenticationHeaderValue("Bearer", issuer.Token(Ids.New(), "member")) }
                };
                using var answer = await client.SendAsync(request);
                answer.EnsureSuccessStatusCode();
            }

            return new(name, service, client);
        }

        public async Task Get()
        {
            using var answer = await client.GetAsync(new Uri("topics", UriKind.Relative));
            answer.EnsureSuccessStatusCode();
        }

        public async ValueTask DisposeAsync()
        {
            await service.Stop(Signal.Terminate, TimeSpan.FromSeconds(20));
            client.Dispose();
        }
    }

    /// <summary>The dashboard that the AppHost starts.</summary>
    private sealed class Dashboard(Child program, string telemetry) : IAsyncDisposable
    {
        public int Id => program.Id;

        public string Telemetry => telemetry;

        public static async Task<Dashboard> Start()
        {
            var path = Assembly.LoadFrom(Built.Path("AppHost", "Community.AppHost.dll"))
                .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "aspiredashboardpath").Value!;
            var (pages, telemetry) = ($"http://127.0.0.1:{Ports.Reserve()}", $"http://127.0.0.1:{Ports.Reserve()}");
            var program = await Child.Start(new("dashboard", path, [], Signal.Kill)
            {
                WorkingDirectory = Path.GetDirectoryName(path)!,
                Environment = new Dictionary<string, string?>
                {
                    ["ASPNETCORE_URLS"] = pages,
                    ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = telemetry,
                    ["ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS"] = "true",
                    ["ASPIRE_DASHBOARD_TELEMETRY_OPTOUT"] = "true",
                    ["ASPIRE_DASHBOARD_DATA_DIRECTORY"] = Servers.NewDirectory("dashboard")
                },
                Output = line => { }
            });
            using var client = new HttpClient();
            await Eventually.True(() => Answers(client, pages), "a dashboard");

            return new(program, telemetry);
        }

        public async ValueTask DisposeAsync() => await program.Stop(Signal.Terminate, TimeSpan.FromSeconds(20));
    }

    private static async Task<bool> Answers(HttpClient client, string address)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(address, UriKind.RelativeOrAbsolute));

            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
