using Community.Benchmarks;

Effort.Quick = args.Contains("--quick");
args = [.. args.Except(["--quick"])];
Func<Report, Task>[] all = [CommandPath.Measure, RelayPath.Measure, Rebuild.Measure, RuleReplay.Measure, Retention.Measure, TelemetryCost.Measure, WholeSystem.Start, WholeSystem.Import, Pages.Measure];
Func<Report, Task>[]? chosen = args switch
{
    [] or ["all"] => all,
    ["commands"] => [CommandPath.Measure],
    ["relay"] => [RelayPath.Measure],
    ["rebuild"] => [Rebuild.Measure],
    ["retention"] => [Retention.Measure],
    ["replay"] => [RuleReplay.Measure],
    ["telemetry"] => [TelemetryCost.Measure],
    ["start"] => [WholeSystem.Start],
    ["import"] => [WholeSystem.Import],
    ["pages"] => [Pages.Measure],
    ["import-tenfold"] => [WholeSystem.ImportTenfold],
    _ => null
};

if (chosen is null)
{
    await Console.Error.WriteLineAsync("all (the default), commands, relay, rebuild, replay, retention, telemetry, start, import, pages or import-tenfold; with --quick a third of the work");

    return 1;
}

var report = new Report();

foreach (var measure in chosen)
{
    await measure(report);
}

await report.Write(Console.Out);

return 0;
