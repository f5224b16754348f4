using System.CommandLine;
using Community.Importer;
using Community.Importer.Demo;
using Community.Importer.Members;
using Community.Importer.StackExchange;

var directory = new Argument<DirectoryInfo>("DIR") { Description = "The folder with Users.xml, Posts.xml, Comments.xml, Votes.xml and Badges.xml, each plain or .gz." };
var to = new Option<Uri>("--to") { Description = "The community's address, that of its portal.", Required = true, CustomParser = Web };
var token = new Option<string>("--token")
{
    Description = "An API token with the scope 'import'. Default: the environment variable COMMUNITY_TOKEN, which other users of the machine do not see.",
    DefaultValueFactory = _ => Environment.GetEnvironmentVariable("COMMUNITY_TOKEN") ?? "",
};
var site = new Option<string?>("--site") { Description = "Names the dump's site and so decides all ids: keep it the same from run to run. Default: the folder's name." };
var patience = new Option<int>("--patience")
{
    Description = "Seconds to go on trying while a service does not answer or is busy.",
    DefaultValueFactory = _ => 300,
};
patience.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() is < 1 or > 86_000)
        result.AddError("--patience is between 1 and 86000 seconds.");
});
token.Validators.Add(result =>
{
    if (result.GetValueOrDefault<string>() is not { Length: > 0 } given || given.Any(c => c is <= ' ' or > '~'))
        result.AddError("--token (or COMMUNITY_TOKEN) is missing, or is no token.");
});

var stackExchange = new Command("stackexchange", "Brings in a Stack Exchange data dump.") { directory, to, token, site, patience };
stackExchange.SetAction((given, ct) =>
{
    var folder = given.GetRequiredValue(directory).FullName;
    var name = given.GetValue(site) is { } told && !string.IsNullOrWhiteSpace(told) ? told.Trim() : Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));

    return Import.Run(
        (report, ct) => new StackExchangeSite(new Dump(folder, TimeProvider.System.GetUtcNow()), new SourceIds(name), report).Survey(ct),
        given.GetRequiredValue(to), given.GetRequiredValue(token), TimeSpan.FromSeconds(given.GetValue(patience)),
        Console.Out, Console.Error, TimeProvider.System, ct);
});

var file = new Argument<FileInfo>("FILE") { Description = "CSV with a line of names: email and, if it has them, name, created_at and deleted_at. What Ghost exports is such a file." };
var dates = new Option<string?>("--dates") { Description = "The format of the file's dates as .NET writes it, such as dd/MM/yyyy or \"MM/dd/yyyy HH:mm\". Default: ISO 8601, such as 2024-05-01 or 2024-05-01T10:00:00Z." };
dates.Validators.Add(result =>
{
    if (result.GetValueOrDefault<string?>() is { } format && !MemberFile.NamesADay(format))
        result.AddError("--dates names the year, the month and the day, such as dd/MM/yyyy.");
});
var members = new Command("members", "Brings in a list of members with their addresses.") { file, to, token, dates, patience };
members.SetAction((given, ct) => Import.Run(
    (report, ct) => new MemberFile(given.GetRequiredValue(file).FullName, TimeProvider.System, report) { Dates = given.GetValue(dates) }.Survey(ct),
    given.GetRequiredValue(to), given.GetRequiredValue(token), TimeSpan.FromSeconds(given.GetValue(patience)),
    Console.Out, Console.Error, TimeProvider.System, ct));

var day = new Option<DateOnly?>("--day") { Description = "The last day of the year that is made up: keep it the same from run to run. Default: today." };
var demo = new Command("demo", "Fills a community that nobody uses with a year that is made up. COMMUNITY_SETUP_TOKEN and COMMUNITY_DEMO_PASSWORD in the environment set it up.") { to, day };
demo.SetAction(async (given, ct) =>
{
    if (Environment.GetEnvironmentVariable("COMMUNITY_DEMO_PASSWORD") is not { Length: >= 12 } password)
    {
        await Console.Error.WriteLineAsync("COMMUNITY_DEMO_PASSWORD is missing, or shorter than twelve characters.");
        return 1;
    }

    using var run = new DemoRun(
        given.GetRequiredValue(to), new(Environment.GetEnvironmentVariable("COMMUNITY_SETUP_TOKEN") ?? "", password),
        given.GetValue(day) ?? DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime), TimeProvider.System, Console.Out);
    return await run.Run(ct);
});

return await new RootCommand("Brings an existing community's history into this one.") { stackExchange, members, demo }.Parse(args).InvokeAsync();

static Uri? Web(System.CommandLine.Parsing.ArgumentResult result)
{
    if (Uri.TryCreate(result.Tokens.Single().Value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
        return address;

    result.AddError("--to is an address such as http://127.0.0.1:5100.");
    return null;
}
