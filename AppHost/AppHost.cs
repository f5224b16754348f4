using System.Diagnostics;
using System.Globalization;
using Community.AppHost;
using Community.LocalServers;

var started = Stopwatch.GetTimestamp();
if (Options.Parse(args, out var exitCode) is not { } options)
    return exitCode;

try
{
    ShutdownLifetime.HearCtrlC();
    using var data = DataDirectory.Claim(options.Data);
    var demo = options.Demo ? Demo.In(data) : null;
    var dashboard = await Dashboard.Choose(options, data);
    var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { DisableDashboard = !dashboard.IsShown });
    builder.UseConsoleOf(data).UseDashboard(dashboard);
    await using var servers = await Servers.Choose(builder, options, data);

    var masterKey = builder.AddParameter("sealing-master-key", data.Key("sealing-master-key"), secret: true);
    var setupToken = builder.AddParameter("setup-token", data.Secret("setup-token"), secret: true);
    var postgresPassword = builder.AddParameter("postgres-password", data.Secret("postgres-password"), secret: true);
    var messagingPassword = builder.AddParameter("messaging-password", data.Secret("messaging-password"), secret: true);

    var postgres = builder.AddPostgres("postgres", password: postgresPassword, port: options.BasePort + 10)
        .WithImageTag(Images.PostgresTag).WithDataBindMount(Path.Combine(data.FullPath, "postgres", "container"))
        .RunBy(servers);
    var messaging = builder.AddRabbitMQ("messaging", password: messagingPassword, port: options.BasePort + 11)
        .WithImageTag(Images.RabbitMqTag).WithDataBindMount(Path.Combine(data.FullPath, "messaging", "container"))
        .RunBy(servers);

    var membership = AddService<Projects.Membership>("membership", 1).WithEnvironment("Setup__Token", setupToken)
        .WithEnvironment("Portal__Address", AddressOf(0)) // where links in mails lead
        .WithEnvironment("Membership__Address", AddressOf(1));
    var payments = AddService<Projects.Payments>("payments", 2).WithReference(membership)
        .WithEnvironment("Gateways__Sandbox__Address", AddressOf(2))
        .WithEnvironment("Gateways__ReturnTo", $"{AddressOf(0)}/checkout/returned"); // where the payer goes on
    var content = AddService<Projects.Content>("content", 3).WithReference(membership);
    var incentives = AddService<Projects.Incentives>("incentives", 4).WithReference(membership);
    var analytics = AddService<Projects.Analytics>("analytics", 5).WithReference(membership);
    var portal = AddWeb<Projects.Portal>("portal", 0, replicas: 1)
        .WithReference(membership).WithReference(payments).WithReference(content).WithReference(incentives).WithReference(analytics);

    if (demo is not null)
    {
        demo.Configure(portal, payments);
        if (!demo.IsReady)
            demo.Fill(builder.AddProject<Projects.Importer>(Demo.Resource, launchProfileName: null).AsBuilt(), AddressOf(0), setupToken)
                .WaitFor(portal).WaitFor(membership).WaitFor(payments).WaitFor(content).WaitFor(incentives).WaitFor(analytics);
    }

    await using var app = builder.Build();
    await StartupProbe.Announce(app, servers, options, data, dashboard, demo, started);
    await app.WaitForShutdownAsync();
    return 0;

    string AddressOf(int offset) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{options.BasePort + offset}");

    IResourceBuilder<ProjectResource> AddService<TProject>(string name, int offset) where TProject : IProjectMetadata, new()
    {
        var database = postgres.AddDatabase($"{name}db");
        var connections = (20 / options.Replicas).ToString(CultureInfo.InvariantCulture); // of the server's 200, for five services; the daemon has ten more of each
        return AddWeb<TProject>(name, offset, options.Replicas)
            .WithEnvironment($"ConnectionStrings__{name}db", $"{database};Max Auto Prepare=100;No Reset On Close=true;Maximum Pool Size={connections}").WaitFor(database)
            .WithReference(messaging).WaitFor(messaging)
            .WithEnvironment("Sealing__MasterKey", masterKey);
    }

    IResourceBuilder<ProjectResource> AddWeb<TProject>(string name, int offset, int replicas) where TProject : IProjectMetadata, new() =>
        builder.AddProject<TProject>(name, launchProfileName: null).AsBuilt()
            .WithHttpEndpoint(port: options.BasePort + offset, isProxied: replicas > 1)
            .WithReplicas(replicas)
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? "Development")
            .WithTelemetry(dashboard)
            .WithHttpHealthCheck("/health");
}
catch (StartupException refused)
{
    await Console.Error.WriteLineAsync(refused.Message);
    return 1;
}
catch (OperationCanceledException)
{
    return 0; // told to stop while it was starting
}
