using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Community.Architecture.Tests;

/// <summary>An endpoint that needs more than six things takes them as one record of <c>[AsParameters]</c>.</summary>
public sealed class Endpoints
{
    private const int MostParameters = 6;

    public static TheoryData<string> Projects =>
        ["Membership", "Payments", "Content", "Incentives", "Analytics", "Messaging", "Privacy", "ServiceDefaults", "Web"];

    [Theory]
    [MemberData(nameof(Projects))]
    public void An_endpoint_takes_six_parameters_at_most(string project)
    {
        var handlers = HandlersIn(Assembly.Load($"Community.{project}"));
        Assert.NotEmpty(handlers);
        var faults = Faults(handlers);

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public void The_search_finds_long_ones_and_those_it_cannot_see() => Assert.Equal(
        ["<MapLong>b__0_0 takes 7", "Handle takes 8", "MapHidden maps what cannot be seen"],
        Faults(HandlersIn(typeof(Endpoints).Assembly)).Order(StringComparer.Ordinal));

    private static List<string> Faults(IEnumerable<(string MappedIn, MethodReference? Handler)> handlers) =>
        [.. from one in handlers
            where one.Handler is null || one.Handler.Parameters.Count > MostParameters
            select one.Handler is null ? $"{one.MappedIn} maps what cannot be seen" : $"{one.Handler.Name} takes {one.Handler.Parameters.Count}"];

    /// <returns>What each call of the framework's Map methods maps: the last method that was loaded before it. Null where there is none.</returns>
    private static List<(string MappedIn, MethodReference? Handler)> HandlersIn(Assembly assembly)
    {
        using var module = ModuleDefinition.ReadModule(assembly.Location);
        var handlers = new List<(string, MethodReference?)>();

        foreach (var method in module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody))
        {
            MethodReference? loaded = null;

            foreach (var instruction in method.Body.Instructions)
            {
                if (instruction.OpCode.Code == Mono.Cecil.Cil.Code.Ldftn)
                {
                    loaded = (MethodReference)instruction.Operand;
                }
                else if (instruction.Operand is MethodReference called && Maps(called))
                {
                    handlers.Add((method.Name, loaded));
                    loaded = null;
                }
            }
        }

        return handlers;

        static bool Maps(MethodReference called) => called.DeclaringType.FullName == typeof(EndpointRouteBuilderExtensions).FullName
            && called.Parameters[^1].ParameterType.FullName is "System.Delegate" or "Microsoft.AspNetCore.Http.RequestDelegate";
    }

    /// <summary>There to be found.</summary>
    private static class ToBeFound
    {
        public static void MapLong(IEndpointRouteBuilder app)
        {
            app.MapGet("long", (int a, int b, int c, int d, int e, int f, int g) => a + b + c + d + e + f + g);
            app.MapPost("longer", Handle);
            app.MapPut("short", (int a, int b, int c, int d, int e, int f) => a + b + c + d + e + f);
        }

        public static void MapHidden(IEndpointRouteBuilder app, Delegate handler) => app.MapGet("hidden", handler);

        private static int Handle(int a, int b, int c, int d, int e, int f, int g, int h) => a + b + c + d + e + f + g + h;
    }
}
