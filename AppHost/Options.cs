using System.CommandLine;

namespace Community.AppHost;

/// <param name="Data">The directory of all that the system keeps.</param>
/// <param name="BasePort">The portal's port; the others follow it.</param>
/// <param name="Replicas">How many processes of each of the five services, behind one address.</param>
/// <param name="Demo">Whether the community is one to look at, with a year that is made up.</param>
internal sealed record Options(string Data, int BasePort, int Replicas, bool Demo)
{
    /// <summary>In the order of their ports.</summary>
    public static readonly string[] Services = ["portal", "membership", "payments", "content", "incentives", "analytics"];

    /// <summary>Null when there is nothing to start: help was asked for (0) or the options are wrong (1), and that has been said.</summary>
    public static Options? Parse(string[] args, out int exitCode)
    {
        var data = new Option<string>("--data") { Description = "Directory of all that the system keeps.", DefaultValueFactory = _ => ".data" };
        var basePort = new Option<int>("--base-port")
        {
            Description = "Port of the portal; membership has the next one, and so on. Twenty ports are used.",
            DefaultValueFactory = _ => 5100
        };
        basePort.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1024 or > 65_300)
                result.AddError("--base-port lies between 1024 and 65300.");
        });

        var replicas = new Option<int>("--replicas")
        {
            Description = "Processes of each of the five services, behind one address.",
            DefaultValueFactory = _ => 1
        };
        replicas.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 4)
                result.AddError("--replicas lies between 1 and 4.");
        });

        var demo = new Option<bool>("--demo") { Description = "A community to look at: a year that is made up, in a data directory of its own (.data-demo), with an account for each role." };
        Options? options = null;
        var command = new RootCommand("Community: PostgreSQL, RabbitMQ, the five services and the portal on this machine.") { data, basePort, replicas, demo };
        command.SetAction(parsed => { options = new(
            parsed.GetValue(demo) && parsed.GetResult(data) is not { Implicit: false } ? ".data-demo" : parsed.GetRequiredValue(data),
            parsed.GetValue(basePort), parsed.GetValue(replicas), parsed.GetValue(demo)); });
        exitCode = command.Parse(args).Invoke();
        return options;
    }
}
