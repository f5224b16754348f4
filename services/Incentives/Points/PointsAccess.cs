using System.Security.Claims;
using Community.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Incentives.Points;

/// <summary>Who sees a member's points.</summary>
internal static class PointsAccess
{
    public static bool MaySee(this ClaimsPrincipal user, Guid memberId) => user.MemberId() == memberId || user.May("operator");

    public static ProblemHttpResult Hidden() => Problems.Forbidden("Points are seen by their member and by operators.");

    public static RouteGroupBuilder MapPointsGroup(this IEndpointRouteBuilder app) => app.MapGroup("").WithTag("Points", "What members earned, and why.");
}
