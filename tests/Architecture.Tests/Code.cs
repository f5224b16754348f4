using System.Reflection;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;
using Mono.Cecil;
using Mono.Cecil.Cil;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace Community.Architecture.Tests;

public sealed class Code
{
    private static readonly string[] Names = ["Membership", "Payments", "Content", "Incentives", "Analytics"];

    private static readonly IReadOnlyDictionary<string, Assembly> Services =
        Names.ToDictionary(name => name, name => Assembly.Load($"Community.{name}"));

    private static readonly ArchUnitNET.Domain.Architecture All =
        new ArchLoader().LoadAssemblies([.. Services.Values]).Build();

    private static readonly string[] Clocks =
        ["System.DateTimeOffset::get_UtcNow", "System.DateTimeOffset::get_Now", "System.DateTime::get_UtcNow", "System.DateTime::get_Now",
         "System.Guid::NewGuid", "System.TimeProvider::get_System"];

    public static TheoryData<string> Every => [.. Names];

    [Theory]
    [MemberData(nameof(Every))]
    public void No_service_uses_a_type_of_another(string service)
    {
        foreach (var other in Names.Where(name => name != service))
        {
            Types().That().ResideInNamespaceMatching($@"^Community\.{service}(\.|$)")
                .Should().NotDependOnAny(Types().That().ResideInAssembly(Services[other]))
                .WithoutRequiringPositiveResults().Check(All);
        }
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void No_service_reads_the_clock_or_makes_ids_but_through_what_it_is_given(string service) =>
        Assert.Empty(CallsIn(Services[service]));

    [Fact]
    public void The_search_for_clocks_finds_one() =>
        Assert.Contains(CallsIn(typeof(Code).Assembly), call => call.EndsWith("System.Guid::NewGuid", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Every))]
    public void A_decider_is_pure_no_task_and_no_store_in_it(string service)
    {
        var assembly = Services[service];
        var deciders = assembly.GetTypes()
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(field => field.FieldType.IsGenericType && field.FieldType.Name.StartsWith("Decider", StringComparison.Ordinal)).ToList();
        var methods = deciders.Select(field => field.DeclaringType!).Distinct()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(method => method.Name is "Decide" or "Evolve");
        Assert.All(methods, method => Assert.DoesNotContain(
            method.GetParameters().Select(p => p.ParameterType).Append(method.ReturnType),
            type => typeof(Task).IsAssignableFrom(type) || type.Namespace?.StartsWith("Marten", StringComparison.Ordinal) == true));
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("ApiDesign", "RS0030", Justification = "It is there to be found.")]
    internal static Guid ToBeFound() => Guid.NewGuid();

    private static List<string> CallsIn(Assembly assembly)
    {
        using var module = ModuleDefinition.ReadModule(assembly.Location);

        return [.. from type in module.GetTypes()
                   from method in type.Methods
                   where method.HasBody
                   from instruction in method.Body.Instructions
                   where instruction.OpCode.Code is Mono.Cecil.Cil.Code.Call or Mono.Cecil.Cil.Code.Callvirt
                   let called = (MethodReference)instruction.Operand
                   let name = $"{called.DeclaringType.FullName}::{called.Name}"
                   where Clocks.Contains(name)
                   select $"{type.FullName}.{method.Name} calls {name}"];
    }
}
