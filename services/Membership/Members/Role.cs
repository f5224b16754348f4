using System.Collections.Immutable;

namespace Community.Membership.Members;

/// <summary>The names of the roles, as they stand in events and tokens.</summary>
internal static class Role
{
    public const string Member = "member";
    public const string Moderator = "moderator";
    public const string Operator = "operator";
    public const string Owner = "owner";

    /// <summary>What an operator may give and take; <see cref="Operator"/> and <see cref="Owner"/> are an owner's to give.</summary>
    public static readonly ImmutableSortedSet<string> GivenByOperators = ["creator", "expert", "reviewer", Moderator];
}
