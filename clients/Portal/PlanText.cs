using Community.Portal.Services;
using Microsoft.Extensions.Localization;

namespace Community.Portal;

internal static class PlanText
{
    public static string Interval(IStringLocalizer<Words> words, PlanView plan) =>
        plan.Days is { } days ? words["ForDays", days] : words[$"Per.{plan.Interval.Word()}"];
}
