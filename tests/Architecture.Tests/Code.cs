using System.Reflection;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;
using Mono.Cecil;
using Mono.Cecil.Cil;
using static ArchUnitNET.Fluent.ArchRuleDefinition;
using Type = System.Type;

namespace Community.Architecture.Tests;

public sealed class Code
{
    private static readonly string[] Names = ["Membership", "Payments", "Content", "Incentives", "Analytics"];

    private static readonly IReadOnlyDictionary<string, Assembly> Services =
        Names.ToDictionary(name => name, name => Assembly.Load($"Community.{name}"));

    private static readonly ArchUnitNET.Domain.Architecture All =
        new ArchLoader().LoadAssemblies([.. Services.Values]).Build();

    /// <summary>Whoever is given a clock may ask it; a decider may not even do that, nor throw dice.</summary>
    private static readonly string[] Given =
        ["System.TimeProvider::GetUtcNow", "System.TimeProvider::GetLocalNow", "System.TimeProvider::GetTimestamp", "System.Guid::CreateVersion7",
         "System.Random::get_Shared", "System.Random::.ctor", "System.Environment::get_TickCount64", "System.Diagnostics.Stopwatch::GetTimestamp",
         "System.DateTimeOffset::get_LocalDateTime", "System.DateTime::ToLocalTime", "System.TimeZoneInfo::get_Local"];

    private static readonly string[] Clocks =
        ["System.DateTimeOffset::get_UtcNow", "System.DateTimeOffset::get_Now", "System.DateTime::get_UtcNow", "System.DateTime::get_Now",
         "System.Guid::NewGuid", "System.TimeProvider::get_System"];

    private static readonly string[] Http =
        ["System.Net.Http.HttpClient", "System.Net.Http.HttpMessageInvoker", "System.Net.Http.IHttpClientFactory", "System.Net.WebRequest", "System.Net.WebClient",
         "System.Net.Sockets.TcpClient", "System.Net.WebSockets.ClientWebSocket", "Grpc."];

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
        Assert.Empty(CallsIn(Services[service], Clocks));

    /// <summary>What decides, and what it decides on: states, commands and events, and whatever the compiler has made of their lambdas.</summary>
    [Theory]
    [MemberData(nameof(Every))]
    public void A_decider_makes_the_same_of_the_same_no_clock_no_new_id_no_dice_in_it(string service)
    {
        var domain = DeciderFields(Services[service]).SelectMany(field => field.FieldType.GetGenericArguments().Append(field.DeclaringType!)).ToHashSet();
        var types = Services[service].GetTypes().Where(type => Ancestry(type).Any(domain.Contains)).Select(type => type.FullName!.Replace('+', '/')).ToHashSet();
        Assert.True(domain.Count >= 3, $"{domain.Count} types are no domain");
        Assert.Empty(CallsIn(Services[service], [.. Clocks, .. Given], types.Contains));

        // Derived from it, or nested in it.
        static IEnumerable<Type> Ancestry(Type type)
        {
            for (var outer = type; outer is not null; outer = outer.DeclaringType)
                for (var parent = outer; parent is not null; parent = parent.BaseType)
                    yield return parent;
        }
    }

    [Fact]
    public void The_search_for_clocks_finds_one() =>
        Assert.Equal(
            ["System.DateTimeOffset::get_UtcNow", "System.Guid::NewGuid", "System.TimeProvider::GetUtcNow"],
            CallsIn(typeof(Code).Assembly, [.. Clocks, .. Given], type => type.StartsWith(typeof(ToBeFound).FullName!.Replace('+', '/'), StringComparison.Ordinal))
                .Select(call => call.Split(' ')[^1]).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Every))]
    public void A_decider_is_pure_no_task_and_no_store_in_it(string service)
    {
        var assembly = Services[service];
        var methods = DeciderFields(assembly).Select(field => field.DeclaringType!).Distinct()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(method => method.Name is "Decide" or "Evolve");
        Assert.All(methods, method => Assert.DoesNotContain(
            method.GetParameters().Select(p => p.ParameterType).Append(method.ReturnType),
            type => typeof(Task).IsAssignableFrom(type) || type.Namespace?.StartsWith("Marten", StringComparison.Ordinal) == true));
    }

    /// <summary>
    /// Only events travel between services. By HTTP two of them ask somebody outside: payments its gateways, membership those
    /// by whom one signs in; and membership's public keys are asked for.
    /// </summary>
    [Theory]
    [MemberData(nameof(Every))]
    [InlineData("Privacy")]
    [InlineData("Messaging")]
    [InlineData("EventStore")]
    [InlineData("Web")]
    [InlineData("ServiceDefaults")]
    public void No_service_asks_another_by_http(string project)
    {
        string[] outside = project switch
        {
            "Payments" => ["Community.Payments.Gateways."],
            "Membership" => ["Community.Membership.Providers."],
            "Web" => ["Community.Web.Access", "Community.Web.PublishedKeys"],
            _ => []
        };
        var asking = AskingByHttp(Assembly.Load($"Community.{project}"));
        Assert.DoesNotContain(asking, type => !outside.Any(place => type.StartsWith(place, StringComparison.Ordinal)));
        Assert.Equal(outside.Length > 0, asking.Count > 0);
    }

    private static List<string> AskingByHttp(Assembly assembly)
    {
        using var module = ModuleDefinition.ReadModule(assembly.Location);

        return [.. (from type in module.GetTypes()
                    from method in type.Methods
                    where method.HasBody
                    from instruction in method.Body.Instructions
                    let used = instruction.Operand switch
                    {
                        MethodReference called => $"{called.DeclaringType.FullName} {called.ReturnType.FullName}",
                        FieldReference field => field.FieldType.FullName,
                        TypeReference named => named.FullName,
                        _ => ""
                    }
                    where Http.Any(name => used.Contains(name, StringComparison.Ordinal))
                    select type.FullName).Distinct()];
    }

    private static IEnumerable<FieldInfo> DeciderFields(Assembly assembly) => assembly.GetTypes()
        .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
        .Where(field => field.FieldType.IsGenericType && field.FieldType.Name.StartsWith("Decider", StringComparison.Ordinal));

    /// <param name="within">Of a type's full name, as Cecil writes it; all types where it is not given.</param>
    private static List<string> CallsIn(Assembly assembly, IReadOnlyCollection<string> names, Func<string, bool>? within = null)
    {
        using var module = ModuleDefinition.ReadModule(assembly.Location);

        return [.. from type in module.GetTypes()
                   where within is null || within(type.FullName)
                   from method in type.Methods
                   where method.HasBody
                   from instruction in method.Body.Instructions
                   where instruction.OpCode.Code is Mono.Cecil.Cil.Code.Call or Mono.Cecil.Cil.Code.Callvirt or Mono.Cecil.Cil.Code.Newobj
                       or Mono.Cecil.Cil.Code.Ldftn or Mono.Cecil.Cil.Code.Ldvirtftn
                   let called = (MethodReference)instruction.Operand
                   let name = $"{called.DeclaringType.FullName}::{called.Name}"
                   where names.Contains(name)
                   select $"{type.FullName}.{method.Name} calls {name}"];
    }

    /// <summary>Called, taken as a method, and called in a lambda.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("ApiDesign", "RS0030", Justification = "It is there to be found.")]
    private static class ToBeFound
    {
        public static readonly Func<Guid> Taken = Guid.NewGuid;

        public static readonly Func<TimeProvider, DateTimeOffset> InALambda = clock => clock.GetUtcNow();

        public static DateTimeOffset Called() => DateTimeOffset.UtcNow;
    }
}
