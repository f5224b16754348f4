#pragma warning disable ASP0029 // The framework's resolvers are still marked experimental.
using System.Collections;
using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Validation;

namespace Community.Web;

/// <summary>
/// Lets the framework's validation of minimal APIs see our request types. Its source generator passes over internal types
/// without a word, and their rules would not be checked.
/// </summary>
internal sealed class RequestTypes : IValidatableInfoResolver
{
    private readonly ConcurrentDictionary<Type, IValidatableInfo?> _known = new();

    internal static void AddTo(IServiceCollection services) =>
        services.AddValidation(options => options.Resolvers.Insert(0, new RequestTypes()));

    public bool TryGetValidatableTypeInfo(Type type, [NotNullWhen(true)] out IValidatableInfo? validatableInfo) =>
        (validatableInfo = _known.GetOrAdd(type, Describe)) is not null;

    public bool TryGetValidatableParameterInfo(ParameterInfo parameterInfo, [NotNullWhen(true)] out IValidatableInfo? validatableInfo)
    {
        validatableInfo = null; // the framework's own does this

        return false;
    }

    private static RequestType? Describe(Type type) => !IsOurs(type) ? null : new RequestType(type, [
        .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.GetIndexParameters().Length == 0)
            .Select(property => new Member(property, Rules(property), Nulls.Of(property)))
            .Where(member => member.Rules.Length > 0 || member.Nulls is not null || Parts(member.Type).Any(IsOurs))]);

    private static bool IsOurs(Type type) =>
        !type.IsEnum && type.Assembly.GetName().Name?.StartsWith("Community.", StringComparison.Ordinal) == true;

    // A list's or a nullable's own type is the framework's; what it holds may be ours.
    private static IEnumerable<Type> Parts(Type type) =>
        type.IsArray ? [type.GetElementType()!] : [type, .. type.GetGenericArguments()];

    // On a record, an attribute without "property:" stands on the constructor's parameter.
    private static ValidationAttribute[] Rules(PropertyInfo property) =>
    [
        .. property.GetCustomAttributes<ValidationAttribute>(),
        .. property.DeclaringType!.GetConstructors()
            .SelectMany(constructor => constructor.GetParameters())
            .Where(parameter => parameter.Name == property.Name && parameter.ParameterType == property.PropertyType)
            .SelectMany(parameter => parameter.GetCustomAttributes<ValidationAttribute>())
    ];

    private sealed class RequestType(Type type, IReadOnlyList<ValidatablePropertyInfo> members) : ValidatableTypeInfo(type, members)
    {
        private readonly ValidationAttribute[] _rules = [.. type.GetCustomAttributes<ValidationAttribute>()];

        protected override ValidationAttribute[] GetValidationAttributes() => _rules;
    }

    private sealed class Member(PropertyInfo property, ValidationAttribute[] rules, Nulls? nulls)
        : ValidatablePropertyInfo(property.DeclaringType!, property.PropertyType, property.Name, property.Name)
    {
        internal Type Type { get; } = property.PropertyType;

        internal ValidationAttribute[] Rules { get; } = rules;

        internal Nulls? Nulls { get; } = nulls;

        public override Task ValidateAsync(object? value, ValidateContext context, CancellationToken cancellationToken)
        {
            var path = context.CurrentValidationPath.Length == 0 ? property.Name : $"{context.CurrentValidationPath}.{property.Name}";
            var found = Nulls?.In(property.GetValue(value), path).ToList() ?? [];
            if (found.Count == 0)
                return base.ValidateAsync(value, context, cancellationToken);

            context.ValidationErrors ??= [];
            foreach (var place in found)
                context.ValidationErrors[place] = ["must not be null"];

            return Task.CompletedTask;
        }

        protected override ValidationAttribute[] GetValidationAttributes() => Rules;
    }
}

/// <summary>What may be null in a list is said by the type of its items; the framework's reader heeds that for members only.</summary>
internal sealed class Nulls
{
    private readonly bool _areRefused;
    private readonly Nulls? _within;

    private Nulls(bool areRefused, Nulls? within) => (_areRefused, _within) = (areRefused, within);

    /// <summary>Null: the property holds no items that must be there.</summary>
    public static Nulls? Of(PropertyInfo property) => Of(new NullabilityInfoContext().Create(property));

    /// <summary>Where the nulls stand that must not be.</summary>
    public IEnumerable<string> In(object? items, string path) => items switch
    {
        IDictionary map => map.Keys.Cast<object>().SelectMany(key => Here(map[key], $"{path}.{key}")),
        IEnumerable list => list.Cast<object?>().SelectMany((item, i) => Here(item, $"{path}[{i}]")),
        _ => []
    };

    private IEnumerable<string> Here(object? item, string path) => item is null ? (_areRefused ? [path] : []) : _within?.In(item, path) ?? [];

    private static Nulls? Of(NullabilityInfo list)
    {
        if (list.Type == typeof(string) || !typeof(IEnumerable).IsAssignableFrom(list.Type))
            return null;
        if ((list.ElementType ?? list.GenericTypeArguments.LastOrDefault()) is not { } item)
            return null;

        var (isRefused, within) = (!item.Type.IsValueType && item.ReadState == NullabilityState.NotNull, Of(item));

        return isRefused || within is not null ? new(isRefused, within) : null;
    }
}
