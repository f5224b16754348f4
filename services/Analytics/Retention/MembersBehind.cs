using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Community.Analytics.Activity;
using Community.Analytics.Exports;
using Community.Web;
using Npgsql;

namespace Community.Analytics.Retention;

internal enum MemberFigure { Active, New, Returning, Resurrecting, Dormant, Retained, Joined, Leaving }

/// <param name="Figure">Whose figure: of activity, of the lifecycle, or <c>retained</c>: a cell of retention.</param>
/// <param name="Start">Of the period; of <c>retained</c>, of the cohort.</param>
/// <param name="Cell">Of <c>retained</c>: how many periods later.</param>
internal sealed record MembersQuery(
    [property: Description("active, new, returning, resurrecting, dormant, joined, leaving (regulars who have been silent for two full weeks before the one of start), or retained: a cell of retention.")] EnumParameter<MemberFigure> Figure,
    [property: Description("The day of the period; for retained, of the cohort's period.")] DateOnly Start,
    EnumParameter<Period>? Period,
    [property: Range(0, 10_000), Description("For retained: how many periods after the cohort's.")] int? Cell,
    EnumParameter<RetentionMode>? Mode,
    EnumParameter<CohortBy>? Cohort);

internal sealed record MemberBehind(Guid MemberId);

/// <summary>From a figure to the members who make it: as many as the figure says, where it is asked for without a range.</summary>
internal static class MembersBehind
{
    public static void MapMembersBehind(this IEndpointRouteBuilder app) => app.MapGet("/members", Members).RequireRoles("operator")
        .WithTag("Retention", "Who stays.").WithSummary("The members behind a figure of a day, week or month (the default), a page at a time");

    private static async Task<Page<MemberBehind>> Members(
        [AsParameters] MembersQuery query, [AsParameters] Paging paging, NpgsqlDataSource database, CancellationToken ct)
    {
        var period = query.Period?.Value ?? Period.Month;
        var retained = query.Figure.Value == MemberFigure.Retained;

        if (query.Figure.Value == MemberFigure.Leaving)
        {
            period = Period.Week;
        }
        else if (period == Period.Day && query.Figure.Value is not (MemberFigure.Active or MemberFigure.Joined))
        {
            throw new InvalidParameter("period", "must be week or month");
        }

        var start = period.StartOf(query.Start);
        var reach = retained ? query.Cell ?? 0 : 0;

        if (start.Year is < 3 or > 9000 || start.AddDays(reach * (period == Period.Week ? 7 : 31)).Year > 9990)
        {
            throw new InvalidParameter("start", "is too far away");
        }

        await using var snapshot = await ActivitySnapshot.Open(database, ct);
        var rows = await snapshot.Rows<MemberBehind>(
            $"""
            with {Behind(query.Figure.Value, period, query.Cohort?.Value ?? CohortBy.Activity, query.Mode?.Value ?? RetentionMode.On)}
            select member_id as memberid from behind where @after::uuid is null or member_id > @after order by member_id limit @limit
            """,
            new
            {
                period = period.Word(),
                start,
                next = period.Next(start),
                before = period.Plus(start, -1),
                cell = period.Plus(start, reach),
                zone = await snapshot.TimeZone(ct),
                by = (query.Cohort?.Value ?? CohortBy.Activity).ToWord(),
                silence = start.AddDays(-14),
                since = start.AddDays(-42),
                From = DateOnly.MinValue,
                To = DateOnly.MaxValue,
                after = paging.Key<Guid>(out var after) ? after : (Guid?)null,
                limit = paging.Size + 1
            }, ct);

        return paging.Page(rows, row => row.MemberId);
    }

    // Each as its figure counts, so that none of them needs more than one period's members and their neighbours.
    private static string Behind(MemberFigure figure, Period period, CohortBy by, RetentionMode mode)
    {
        const string In = "select member_id from member_periods where period = @period and start = ";

        return figure switch
        {
            MemberFigure.Active when period == Period.Day => "behind as (select distinct member_id from member_days where day = @start)",
            MemberFigure.Active => $"behind as ({In} @start)",
            MemberFigure.New => $"behind as ({In} @start and not exists ({Earlier("member_periods")}))",
            MemberFigure.Returning => $"behind as ({In} @start intersect {In} @before)",
            MemberFigure.Resurrecting => $"behind as ({In} @start and exists ({Earlier("member_periods")}) except {In} @before)",
            MemberFigure.Dormant => $"behind as ({In} @before except {In} @start)",
            MemberFigure.Joined =>
                "behind as (select member_id from member_starts where kind = 'joining' and at >= (@start::timestamp at time zone @zone) and at < (@next::timestamp at time zone @zone))",
            MemberFigure.Leaving =>
                """
                behind as (
                    select member_id from member_periods where period = 'week' and start >= @since and start < @silence group by member_id having count(*) >= 3
                    except select member_id from member_periods where period = 'week' and start between @silence and @start)
                """,
            MemberFigure.Retained =>
                $"""
                {RetentionFigures.Members(by)}, behind as (
                    select member_id from members where cohort = @start and exists (
                        select from member_periods p where p.period = @period and p.member_id = members.member_id and p.start {(mode == RetentionMode.On ? "=" : ">=")} @cell))
                """
        };

        static string Earlier(string outer) => $"select from member_periods e where e.period = @period and e.member_id = {outer}.member_id and e.start < @start";
    }
}
