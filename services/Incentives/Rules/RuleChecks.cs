namespace Community.Incentives.Rules;

/// <summary>What cannot be meant in a rule set, by the field at which it is: the attributes have looked at each field by itself.</summary>
internal static class RuleChecks
{
    private static readonly HashSet<string> Graded = [Activities.Content, Activities.View, Activities.Reaction, Activities.Share, Activities.Feedback, Activities.Comment];

    public static bool IsGraded(string activity) => Graded.Contains(activity);

    public static IEnumerable<(string Field, string Fault)> Faults(IReadOnlyList<EarningRule> rules)
    {
        for (var i = 0; i < rules.Count; i++)
        {
            var rule = rules[i];

            foreach (var (field, fault) in Faults(rule))
            {
                yield return ($"rules[{i}].{field}", $"of '{rule.Rule}' {fault}");
            }

            if (rules.Take(i).Any(other => other.Rule == rule.Rule))
            {
                yield return ($"rules[{i}].rule", $"'{rule.Rule}' is the name of another rule of the set");
            }

            if (rule.CapGroup is { } group && rules.Take(i).FirstOrDefault(other => other.CapGroup == group) is { } first && Caps(first) != Caps(rule))
            {
                yield return ($"rules[{i}].capGroup", $"of '{rule.Rule}' asks for the caps that '{first.Rule}' of the same group has");
            }

            if (rules.Any(other => other.CapGroup is not null && other.CapGroup == rule.Rule && other != rule))
            {
                yield return ($"rules[{i}].rule", $"'{rule.Rule}' is the name of a cap group");
            }
        }
    }

    private static IEnumerable<(string Field, string Fault)> Faults(EarningRule rule)
    {
        if (rule.Points == 0)
        {
            yield return ("points", "must not be 0: a rule that gives nothing is left out");
        }

        if (rule.Points < 0 && (rule.DailyCap ?? rule.WeeklyCap ?? rule.LifetimeCap ?? rule.PerCounterpartCap) is not null)
        {
            yield return ("points", "take points: caps bound what is given only");
        }

        if (rule.Points < 0 && rule.ExpiresAfterDays is not null)
        {
            yield return ("expiresAfterDays", "is for points that are given");
        }

        if (rule.WeeklyCap < rule.DailyCap)
        {
            yield return ("weeklyCap", "is below the daily cap, which could then never be reached");
        }

        if (rule.LifetimeCap < (rule.WeeklyCap ?? rule.DailyCap))
        {
            yield return ("lifetimeCap", "is below the cap of a day or a week, which could then never be reached");
        }

        if (rule.CapGroup is not null && (rule.DailyCap ?? rule.WeeklyCap ?? rule.LifetimeCap) is null)
        {
            yield return ("capGroup", "has no cap that its rules could share");
        }

        if (rule.Until <= rule.From)
        {
            yield return ("until", "is not after from");
        }

        if (rule.Multiplier is not null && (rule.From ?? rule.Until) is null)
        {
            yield return ("multiplier", "has no campaign: give from or until, or put it into the points");
        }

        if (rule.MinQuality is not null && !IsGraded(rule.Activity))
        {
            yield return ("minQuality", $"is not known of '{rule.Activity}': only contents are graded");
        }

        if (rule.PerCounterpartCap is not null && rule.Activity is Activities.Content or Activities.Topic or Activities.Order)
        {
            yield return ("perCounterpartCap", $"has nobody to count: '{rule.Activity}' concerns no other member");
        }

        if (rule.To is Beneficiary.Author or Beneficiary.Both && rule.Activity is Activities.Content or Activities.Topic or Activities.Order)
        {
            yield return ("to", $"names an author, and '{rule.Activity}' has only the member who did it");
        }
    }

    private static (int?, int?, int?) Caps(EarningRule rule) => (rule.DailyCap, rule.WeeklyCap, rule.LifetimeCap);
}
