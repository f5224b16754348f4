using System.Globalization;
using System.Text.RegularExpressions;
using Community.Portal.Services;
using Microsoft.Extensions.Localization;

namespace Community.Portal.Forms;

/// <summary>What a service refused, in the reader's language.</summary>
internal static partial class ProblemText
{
    public static string Of(IStringLocalizer<Words> words, Problem problem)
    {
        var text = words[$"Code.{problem.Code}"];

        return !text.ResourceNotFound ? text
            : CultureInfo.CurrentUICulture.TwoLetterISOLanguageName == "en" && problem.Detail is { Length: > 0 } detail ? detail
            : words["Code.conflict"];
    }

    /// <summary>Services name the fault of a field in English, by few sentences.</summary>
    public static string OfField(IStringLocalizer<Words> words, string fault)
    {
        var own = words[$"Fault.{fault}"];

        return !own.ResourceNotFound ? own
            : AtMost().Match(fault) is { Success: true } most ? words["Fault.at-most", most.Groups[1].Value]
            : AtLeast().Match(fault) is { Success: true } least ? words["Fault.at-least", least.Groups[1].Value]
            : CultureInfo.CurrentUICulture.TwoLetterISOLanguageName == "en" ? fault
            : words["Fault.other"];
    }

    [GeneratedRegex("must be at most ([0-9]+) characters")]
    private static partial Regex AtMost();

    [GeneratedRegex("must be at least ([0-9]+) characters")]
    private static partial Regex AtLeast();
}
