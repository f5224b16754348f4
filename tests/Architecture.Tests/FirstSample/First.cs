using Community.Architecture.Tests.SecondSample;

namespace Community.Architecture.Tests.FirstSample;

/// <summary>Half of a cycle, to be found.</summary>
public static class First
{
    public static async Task<string> Name()
    {
        await Task.Yield();
        var name = () => NameOf<Second>();

        return name();
    }

    private static string NameOf<T>() => typeof(T).Name;
}

[AttributeUsage(AttributeTargets.Class)]
public sealed class MarkedAttribute : Attribute;
