using System.Reflection;
using System.Runtime.CompilerServices;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Community.Architecture.Tests;

/// <summary>What a library keeps private may change with any of its releases: nobody reaches for it by reflection.</summary>
public sealed class ForeignSecrets
{
    /// <summary>
    /// Members of an interface that a library implements explicitly are reached for here, and only here: Marten offers no other place
    /// between the loader of its daemon and the daemon.
    /// </summary>
    private static readonly string[] Known = ["Community.EventStore.CheckedStore..cctor calls Type.GetInterfaceMap"];

    /// <summary>These find private members without being asked to by a flag.</summary>
    private static readonly string[] Revealing =
    [
        "Type.GetInterfaceMap", "RuntimeReflectionExtensions.GetRuntimeInterfaceMap", "RuntimeReflectionExtensions.GetRuntimeMethods",
        "RuntimeReflectionExtensions.GetRuntimeFields", "RuntimeReflectionExtensions.GetRuntimeProperties", "RuntimeReflectionExtensions.GetRuntimeEvents",
        .. new[] { "Members", "Methods", "Fields", "Properties", "Constructors", "Events" }.Select(members => $"TypeInfo.get_Declared{members}"),
        .. new[] { "Method", "Field", "Property", "Event" }.Select(member => $"TypeInfo.GetDeclared{member}")
    ];

    public static TheoryData<string> Projects =>
        ["Membership", "Payments", "Content", "Incentives", "Analytics", "EventStore", "Messaging", "Privacy", "ServiceDefaults", "Web"];

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_private_member_of_a_library_is_used(string project) =>
        Assert.Equal(Known.Where(use => use.StartsWith($"Community.{project}.", StringComparison.Ordinal)), UsesIn(Assembly.Load($"Community.{project}")));

    [Fact]
    public void The_search_finds_private_members() => Assert.Equal(
        ["Accessor is an UnsafeAccessor", "ByFlag calls Type.GetMethod", "ByFlagsOfOthers calls Type.GetField", "ByMap calls Type.GetInterfaceMap"],
        UsesIn(typeof(ForeignSecrets).Assembly, type => type.Name == nameof(ToBeFound)).Select(use => use[(use.LastIndexOf('+') + 1)..][(nameof(ToBeFound).Length + 1)..]).Order(StringComparer.Ordinal));

    private static List<string> UsesIn(Assembly assembly, Func<TypeDefinition, bool>? within = null)
    {
        using var module = ModuleDefinition.ReadModule(assembly.Location);
        var methods = module.GetTypes().Where(type => within?.Invoke(type) != false).SelectMany(type => type.Methods).ToList();
        Assert.DoesNotContain(module.Assembly.CustomAttributes, attribute => attribute.AttributeType.Name == "IgnoresAccessChecksToAttribute");

        return [.. (from method in methods
                    where method.CustomAttributes.Any(attribute => attribute.AttributeType.Name == nameof(UnsafeAccessorAttribute))
                    select $"{Name(method)} is an UnsafeAccessor").Concat(
                    from method in methods
                    where method.HasBody
                    from instruction in method.Body.Instructions
                    let called = instruction.Operand as MethodReference
                    where called is not null
                    let name = $"{called.DeclaringType.Name}.{called.Name}"
                    where Revealing.Contains(name) || (TakesFlags(called) && !AsksForPublicOnly(method))
                    select $"{Name(method)} calls {name}").Distinct()];
    }

    private static string Name(MethodDefinition method) => $"{method.DeclaringType.FullName.Replace('/', '+')}.{method.Name}";

    private static bool TakesFlags(MethodReference called) => called.Parameters.Any(parameter => parameter.ParameterType.FullName == typeof(BindingFlags).FullName);

    // Flags stand in the code as a number. Where none does, they come from elsewhere and may be any.
    private static bool AsksForPublicOnly(MethodDefinition method)
    {
        var flags = method.Body.Instructions.Select(Number).OfType<int>().Select(number => (BindingFlags)number).ToList();

        return flags.Exists(flag => flag.HasFlag(BindingFlags.Public)) && !flags.Exists(flag => flag.HasFlag(BindingFlags.NonPublic));
    }

    private static int? Number(Instruction instruction) => instruction.Operand switch
    {
        int number when instruction.OpCode.Code == Mono.Cecil.Cil.Code.Ldc_I4 => number,
        sbyte number when instruction.OpCode.Code == Mono.Cecil.Cil.Code.Ldc_I4_S => number,
        _ => null
    };

    /// <summary>There to be found, but for the last one.</summary>
    private static class ToBeFound
    {
        public static MethodInfo? ByFlag(Type type) => type.GetMethod("Find", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public, [typeof(int)]);

        public static FieldInfo? ByFlagsOfOthers(Type type, BindingFlags flags) => type.GetField("_kept", flags);

        public static InterfaceMapping ByMap(Type type) => type.GetInterfaceMap(typeof(IDisposable));

        [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "Accessor")]
        public static extern int Accessor(List<int> list);

        public static PropertyInfo? ByName(Type type) => type.GetProperty("Name", BindingFlags.Instance | BindingFlags.Public);
    }
}
