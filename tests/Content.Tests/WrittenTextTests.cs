using System.Net;
using Community.Content.Tests.Contents;

namespace Community.Content.Tests;

/// <summary>What takes a renderer to its knees is refused where it is written.</summary>
public sealed class WrittenTextTests(ContentService service)
{
    private static readonly Dictionary<string, string> Hostile = new()
    {
        ["quotes"] = new string('>', 2_000) + " deep",
        ["quotes with blanks"] = string.Concat(Enumerable.Repeat("> ", 2_000)) + "deep",
        ["quotes within lists"] = string.Concat(Enumerable.Repeat("> - ", 1_000)) + "deep",
        ["brackets"] = new string('[', 5_000) + "deep" + new string(']', 5_000),
        ["brackets that never close"] = string.Concat(Enumerable.Repeat("[a](", 20_000)),
        ["pictures that never close"] = string.Concat(Enumerable.Repeat("![[]", 20_000)),
        ["lists in one line"] = string.Concat(Enumerable.Repeat("- ", 2_000)) + "deep",
        ["numbered lists in one line"] = string.Concat(Enumerable.Repeat("1. ", 2_000)) + "deep",
        ["lists by indentation"] = string.Join('\n', Enumerable.Range(0, 200).Select(i => new string(' ', i * 2) + "- a")),
        ["a wide table"] = string.Concat(Enumerable.Repeat("|a", 2_000)) + "\n" + string.Concat(Enumerable.Repeat("|-", 2_000)) + "\n" + string.Concat(Enumerable.Repeat("|\n", 2_000)),
        ["a table of many cells"] = string.Concat(Enumerable.Repeat("|a", 90)) + "\n" + string.Concat(Enumerable.Repeat("|-", 90)) + "\n" + string.Concat(Enumerable.Repeat("|\n", 20_000)),
        ["links"] = string.Concat(Enumerable.Repeat("<http://a.b> ", 3_000)),
        ["bare links"] = string.Concat(Enumerable.Repeat("https://a.example/x ", 3_000)),
        ["emphasis"] = string.Concat(Enumerable.Repeat("*a **b ", 10_000))
    };

    public static TheoryData<string> TooMuch => [.. Hostile.Keys];

    [Theory]
    [MemberData(nameof(TooMuch))]
    public async Task What_is_too_deep_or_too_much_is_refused_with_a_code(string kind)
    {
        var text = Hostile[kind];
        var creator = service.Person("creator");
        var draft = (await creator.Http.Post("/contents", Workflow.NewContent(), HttpStatusCode.Created)).Text("location");
        var topic = (await creator.Http.Post("/topics", new { kind = "question", title = "Q", body = "?" }, HttpStatusCode.Created)).Text("location");

        foreach (var (method, path, body) in new (HttpMethod, string, object)[]
        {
            (HttpMethod.Post, "/contents", Workflow.NewContent(body: text)), (HttpMethod.Patch, draft, new { body = text }),
            (HttpMethod.Post, "/topics", new { kind = "question", title = "Q", body = text }),
            (HttpMethod.Post, $"{topic}/replies", new { body = text }), (HttpMethod.Post, $"{topic}/comments", new { body = text })
        })
        {
            var problem = await creator.Http.Send(method, path, body, HttpStatusCode.BadRequest);
            Assert.Equal("urn:community:text-too-complex", problem.Text("type"));
            Assert.NotEmpty(problem["errors"]!["body"]!.AsArray());
        }
    }

    [Theory]
    [InlineData("> quoted\n>> twice\n>>> and again\n\n- a\n  - b\n    - c\n      1. d\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[link](https://a.example) ![picture](https://a.example/x.png)")]
    [InlineData("```c\nint a[10][10][10]; a[b[c[d[e[f]]]]] = 1; // || && >> >>> >>>>\n>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>\n```\n**粗体** and `a | b | c`")]
    [InlineData("    cat x | grep y | sort | uniq | wc\n\nif (a || b || c || d) { return x[y[z]]; }\n\n---\n\n1. one\n2. two\n\n* * *\n")]
    public async Task What_people_write_is_taken(string text)
    {
        var topic = await service.Person().Http.Post("/topics", new { kind = "discussion", title = "T", body = text }, HttpStatusCode.Created);
        Assert.Equal(text, (await service.Anybody.Read(topic.Text("location"))).Text("body"));
    }

    [Fact]
    public async Task The_longest_plain_text_is_taken()
    {
        var longest = string.Concat(Enumerable.Repeat("一段普通的文字。 A plain paragraph of text.\n\n", 4_000))[..100_000];
        await service.Person().Http.Post("/topics", new { kind = "discussion", title = "T", body = longest }, HttpStatusCode.Created);
    }

    [Fact]
    public async Task An_import_that_is_too_deep_is_refused_by_itself()
    {
        var item = new { topicId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), kind = "question", authorId = (Guid?)null, title = "Q", body = string.Concat(Enumerable.Repeat("<div>", 15_000)), tags = Array.Empty<string>(), at = "2016-08-02T15:39:14Z" };
        var answer = await service.Program("import").Post(
            "/imports/topics", new { items = new object[] { item, item with { topicId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), body = "<p>Fine</p>" } } }, HttpStatusCode.OK);
        Assert.Equal(1, answer["taken"]!.GetValue<int>());
        Assert.Equal("text-too-complex", Assert.Single(answer["refused"]!.AsArray())!.Text("code"));
    }
}
