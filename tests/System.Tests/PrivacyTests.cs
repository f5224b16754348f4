using System.Text;
using System.Text.Json;
using Community.Testing;
using Npgsql;

namespace Community.SystemTests;

/// <summary>Whose address or name it is, only membership can tell, and only while it has the key.</summary>
[Collection(typeof(OnOneSystem))]
public sealed class PrivacyTests(CommunitySystem system)
{
    // Of the dump; no other word in it contains them.
    private static readonly string[] ImportedNames = ["user-4321", "user-3141", "user-1618"];

    private const string OnePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    [Fact]
    public async Task No_address_and_no_name_is_in_a_database_a_message_or_a_log()
    {
        await using var collector = await MessageCollector.Open(system.Broker);
        var title = $"Much told {Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}";
        var (creator, reviewer, member) = (await system.Join("creator", "operator"), await system.Join("reviewer"), await system.Join());
        await creator.Ask(HttpMethod.Patch, "membership/members/me", System.Net.Http.Json.JsonContent.Create(new { bio = creator.Email })).Gives(200);
        await member.Post("membership/sessions", new { email = member.Email, password = "not the password" }).Gives(401);
        await member.Post("membership/members", new { email = member.Email.ToUpperInvariant(), password = "violet harbour 42", displayName = member.Name }).Gives(409);
        await member.Post("membership/tokens", new { name = member.Name, scopes = new[] { "read" } }, "a key").Gives(201);
        var before = await system.Activities();
        var content = await creator.Publish(title, 100, reviewer);
        await member.Pay(await member.Order((await system.Product(content)).ProductId));
        await member.CanReadAll(content);
        await member.Comment(content);
        await system.Counts(before, ("content", 1), ("order", 1), ("comment", 1));
        var heard = await collector.Heard(until: [$"{creator.Id}", $"{member.Id}", $"{content}"]);

        if (ImportedDump.IsHere)
            await system.Dump.Runs;

        string[] secrets = [CommunitySystem.FamilyName, "贺兰", .. ImportedDump.IsHere ? ImportedNames : []];
        var forms = secrets.SelectMany(Forms).ToList();
        var places = new List<(string Place, string Text)> { ("messages", heard), ("the AppHost's console", system.Console) };

        foreach (var log in Directory.EnumerateFiles(system.Logs, "*", SearchOption.AllDirectories))
            places.Add((Path.GetFileName(log), Encoding.UTF8.GetString(ReadShared(log))));

        foreach (var service in CommunitySystem.Services)
            await foreach (var (table, text) in Dump(service))
                places.Add(($"{service}: {table}", text));

        Assert.Contains(places, place => place.Place.StartsWith("content:", StringComparison.Ordinal) && place.Text.Contains(title, StringComparison.Ordinal));
        Assert.Contains(places, place => place.Place == "membership: mt_events" && place.Text.Contains($"{member.Id}", StringComparison.Ordinal));
        Assert.Contains(places, place => place.Place == (system.Replicas > 1 ? "membership-1.log" : "membership.log") && place.Text.Length > 100);

        // Also in no byte of what PostgreSQL and RabbitMQ have written to disk, queues of what was set aside included.
        Assert.Empty(FilesWith([.. secrets.SelectMany(secret => new[] { secret, secret.ToLowerInvariant(), secret.ToUpperInvariant() }).Distinct()]));
        Assert.NotEmpty(FilesWith([title]));

        var found = from place in places
                    from form in forms
                    where place.Text.Contains(form, StringComparison.Ordinal)
                    select $"{place.Place}: {form}";
        Assert.Empty(found.Take(20));
    }

    [Fact]
    public async Task After_an_erasure_nothing_of_the_person_can_be_read_anywhere_and_all_totals_stay()
    {
        await using var collector = await MessageCollector.Open(system.Broker);
        var (creator, reviewer, member) = (await system.Join("creator"), await system.Join("reviewer"), await system.Join());
        var free = await creator.Publish("Commented on by somebody", null, reviewer);
        var product = (await system.Product(await creator.Publish("Bought by somebody", 100, reviewer))).ProductId;
        await member.Ask(HttpMethod.Patch, "membership/members/me", System.Net.Http.Json.JsonContent.Create(
            new { bio = $"I am {member.Name}.", links = new[] { $"https://example.org/{member.Email}" } })).Gives(200);
        using var picture = new ByteArrayContent(Convert.FromBase64String(OnePixel)) { Headers = { ContentType = new("image/png") } };
        await member.Ask(HttpMethod.Put, "membership/members/me/avatar", picture).Gives(204);
        await member.Post("membership/tokens", new { name = $"Laptop of {member.Name}", scopes = new[] { "read" } }, "a key of theirs").Gives(201);
        await member.Put("payments/billing-details", new { name = member.Name, address = member.Email }).Gives(204);
        await member.Pay(await member.Order(product));
        await member.Comment(free);
        await system.AllIsHeard();
        await Eventually.True(async () => (await member.Get("payments/invoices").Gives(200))["items"]!.AsArray().Count == 1, "an invoice");
        var (activities, balance, points) = (await system.Activities(), await Balance(), await Points());
        Assert.True(points > 0);

        await member.Post("membership/members/me/erasure").Gives(204);

        foreach (var service in CommunitySystem.Services)
        {
            await Eventually.True(async () => await Keys(service) == 0, $"the key to be gone from {service}");
            await Eventually.True(async () => (await member.Get($"{service}/members/me/export")).Status == 401, $"{service} to refuse who is erased");
        }

        var mark = member.Name.Split(' ')[^1]; // in the name and the address, and nowhere else
        var forms = Forms(mark).ToList();
        var heard = await collector.Heard(until: [$"{creator.Id}", $"{member.Id}"]);
        var places = new List<(string Place, string Text)> { ("messages", heard), ("the AppHost's console", system.Console) };

        foreach (var log in Directory.EnumerateFiles(system.Logs, "*", SearchOption.AllDirectories))
            places.Add((Path.GetFileName(log), Encoding.UTF8.GetString(ReadShared(log))));

        foreach (var service in CommunitySystem.Services)
            await foreach (var (table, text) in Dump(service))
                places.Add(($"{service}: {table}", text));

        Assert.Empty(FilesWith([mark, mark.ToUpperInvariant()]));
        await system.Anybody.Get($"membership/members/{member.Id}/avatar").Gives(404);
        Assert.DoesNotContain(places, place => place.Place == "membership: avatars" && place.Text.Contains($"{member.Id}", StringComparison.Ordinal));
        Assert.Empty(places.Where(place => forms.Exists(form => place.Text.Contains(form, StringComparison.Ordinal))).Select(place => place.Place));

        // Nor through any answer but that of the invoice, which the law makes one keep.
        foreach (var address in new[] { $"membership/members/{member.Id}", $"membership/members/{member.Id}/history", $"content/contents/{free}/comments", $"incentives/members/{member.Id}/points" })
            Assert.DoesNotContain(mark, (await system.Owner.Get(address)).Body, StringComparison.Ordinal);
        var invoices = await system.Owner.All("payments/invoices");
        Assert.Equal(member.Name, invoices.Single(invoice => invoice.Id("memberId") == member.Id)["buyer"]!.Text("name"));

        await system.Counts(activities);
        Assert.Equal(balance, await Balance());
        Assert.Equal(points, await Points());

        async Task<string> Balance() => (await system.Owner.Get("payments/ledger/trial-balance").Gives(200))["accounts"]!.ToJsonString();

        async Task<long> Points() => (long)(await system.Owner.Get($"incentives/members/{member.Id}/points").Gives(200))["balance"]!;

        async Task<long> Keys(string service)
        {
            await using var connection = await system.Database($"{service}db");
            await using var select = new NpgsqlCommand("select count(*) from member_keys where member_id = $1", connection) { Parameters = { new() { Value = member.Id } } };

            return (long)(await select.ExecuteScalarAsync())!;
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("ab")]
    [InlineData("abc")]
    public void The_search_would_find_it(string before)
    {
        var text = $"{before}{CommunitySystem.FamilyName}, who is it?";
        var bytes = Encoding.UTF8.GetBytes(text);

        foreach (var written in new[] { text, text.ToUpperInvariant(), Convert.ToHexStringLower(bytes), Convert.ToBase64String(bytes) })
            Assert.Contains(Forms(CommunitySystem.FamilyName), form => written.Contains(form, StringComparison.Ordinal));
    }

    private IReadOnlyList<string> FilesWith(IReadOnlyList<string> texts)
    {
        var sought = texts.Select(Encoding.UTF8.GetBytes).ToList();
        var found = new List<string>();

        foreach (var file in Directory.EnumerateFiles(system.Data, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("lock", StringComparison.Ordinal))) // held, and empty
        {
            try
            {
                var bytes = ReadShared(file);
                found.AddRange(sought.Where(text => bytes.AsSpan().IndexOf(text) >= 0).Select(text => $"{Path.GetRelativePath(system.Data, file)}: {Encoding.UTF8.GetString(text)}"));
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                // A server has taken it away meanwhile.
            }
        }

        return found;
    }

    /// <summary>The text itself, and as it looks written otherwise.</summary>
    private static IEnumerable<string> Forms(string secret) =>
        from text in new[] { secret, secret.ToLowerInvariant(), secret.ToUpperInvariant() }.Distinct()
        let bytes = Encoding.UTF8.GetBytes(text)
        from form in new[]
        {
            text, Convert.ToHexStringLower(bytes), Convert.ToHexString(bytes), JsonSerializer.Serialize(text)[1..^1], Uri.EscapeDataString(text),
            Base64(bytes, 0), Base64(bytes, 1), Base64(bytes, 2)
        }
        where form.Length > 5 || form == text
        select form;

    // Looks otherwise at each of three offsets; the characters at both ends depend on the neighbours.
    private static string Base64(byte[] bytes, int offset) => Convert.ToBase64String([.. new byte[offset], .. bytes])[(offset == 0 ? 0 : 4)..^4];

    /// <summary>All rows of all tables, as text; bytes in hexadecimal.</summary>
    private static async IAsyncEnumerable<(string Table, string Text)> DumpOf(NpgsqlConnection connection)
    {
        var tables = new List<string>();
        await using (var select = new NpgsqlCommand(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')", connection))
        {
            await using var rows = await select.ExecuteReaderAsync();
            while (await rows.ReadAsync())
                tables.Add(rows.GetString(0));
        }

        foreach (var table in tables)
        {
            using var copy = await connection.BeginTextExportAsync($"copy (select * from {table}) to stdout");
            yield return (table.Replace("public.", "", StringComparison.Ordinal), await copy.ReadToEndAsync());
        }
    }

    private async IAsyncEnumerable<(string Table, string Text)> Dump(string service)
    {
        await using var connection = await system.Database($"{service}db");
        await foreach (var table in DumpOf(connection))
            yield return table;
    }

    private static byte[] ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var read = new MemoryStream();
        stream.CopyTo(read);

        return read.ToArray();
    }
}

/// <summary>The same where the dashboard keeps what it is told, too.</summary>
public sealed class DashboardPrivacyTests(ReplicatedSystem system) : ReplicatedTests(system.Started)
{
    [LongFact]
    public Task No_address_and_no_name_is_in_a_database_a_message_a_log_or_the_dashboards_files() =>
        new PrivacyTests(system).No_address_and_no_name_is_in_a_database_a_message_or_a_log();

    [LongFact]
    public Task After_an_erasure_nothing_of_the_person_can_be_read_there_either() =>
        new PrivacyTests(system).After_an_erasure_nothing_of_the_person_can_be_read_anywhere_and_all_totals_stay();
}
