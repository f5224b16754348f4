using System.Reflection;
using System.Text.RegularExpressions;
using ArchUnitNET.Loader;

namespace Community.Architecture.Tests;

/// <summary>
/// A folder directly under a project is a module. Modules stand in layers: where one uses another, that one does not use it
/// back, not even by way of a third. Types outside of all folders belong to no module.
/// </summary>
public sealed partial class FolderCycles
{
    public static TheoryData<string> Projects =>
        [.. new[] { "services", "libraries" }.SelectMany(folder => Directory.GetDirectories(Path.Combine(Repository.Root, folder)))
            .Where(project => Directory.EnumerateFiles(project, "*.csproj").Any())
            .Select(project => Path.GetRelativePath(Repository.Root, project).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_folder_uses_one_that_uses_it(string project)
    {
        var folders = FoldersOfTypes(project);

        // A project without folders has no modules, and Architecture.Tests need not reference it.
        var cyclic = folders.Values.Distinct().Count() < 2 ? [] : CyclicUses(Assembly.Load($"Community.{Path.GetFileName(project)}"), folders);

        Assert.True(cyclic.Count == 0, string.Join('\n', cyclic));
    }

    /// <summary>One way by a type argument within a lambda of an asynchronous method, the other by an attribute's type.</summary>
    [Fact]
    public void The_search_finds_a_cycle() => Assert.Equal(
        [
            "FirstSample -> SecondSample: Community.Architecture.Tests.FirstSample.First uses Community.Architecture.Tests.SecondSample.Second",
            "SecondSample -> FirstSample: Community.Architecture.Tests.SecondSample.Second uses Community.Architecture.Tests.FirstSample.MarkedAttribute"
        ],
        CyclicUses(typeof(FolderCycles).Assembly, FoldersOfTypes("tests/Architecture.Tests")));

    /// <returns>Each use, of a type in one folder by a type in another, without which there were fewer cycles.</returns>
    private static List<string> CyclicUses(Assembly assembly, Dictionary<string, string> folders)
    {
        var uses = (from type in new ArchLoader().LoadAssemblies(assembly).Build().Types
                    from dependency in type.Dependencies
                    let user = TopLevel(type.FullName)
                    let used = TopLevel(dependency.Target.FullName)
                    where folders.ContainsKey(user) && folders.ContainsKey(used) && folders[user] != folders[used]
                    select (User: user, Used: used)).Distinct().ToList();
        var edges = uses.ToLookup(use => folders[use.User], use => folders[use.Used]);

        return [.. uses.Where(use => Reachable(folders[use.Used]).Contains(folders[use.User]))
            .Select(use => $"{folders[use.User]} -> {folders[use.Used]}: {use.User} uses {use.Used}").Order(StringComparer.Ordinal)];

        HashSet<string> Reachable(string from)
        {
            var (reached, open) = (new HashSet<string>(), new Stack<string>([from]));

            while (open.TryPop(out var next))
                foreach (var further in edges[next].Where(reached.Add))
                    open.Push(further);

            return reached;
        }
    }

    /// <summary>By the sources: the namespaces of a library are not always its folders.</summary>
    private static Dictionary<string, string> FoldersOfTypes(string project)
    {
        var root = Path.Combine(Repository.Root, project);
        var types = from folder in Directory.GetDirectories(root)
                    where Path.GetFileName(folder) is not ("bin" or "obj")
                    from file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
                    let text = File.ReadAllText(file)
                    let space = Namespace().Match(text).Groups[1].Value
                    from Match type in Declared().Matches(text)
                    select (Type: $"{space}.{type.Groups[1].Value}", Folder: Path.GetFileName(folder));

        return types.Distinct().ToDictionary(one => one.Type, one => one.Folder);
    }

    // A nested type belongs to the one around it, and a generic type is found without the number of its parameters.
    private static string TopLevel(string fullName) => fullName.Split('+', '/', '`', '<', '[')[0];

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^(?:(?:public|internal|file|static|sealed|abstract|partial|readonly|ref) )*(?:class|record struct|record|struct|interface|enum|delegate [\w<>?., ]+?) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declared();
}
