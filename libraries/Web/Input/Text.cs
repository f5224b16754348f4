using System.ComponentModel.DataAnnotations;
using System.Text;

namespace Community.Web;

/// <summary>
/// Text that people wrote: not blank, at most <paramref name="max"/> characters (Unicode code points), no control
/// characters, no half surrogates, nothing that is no character. Null passes: whether a member may be absent is said by its type.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class TextAttribute(int max) : ValidationAttribute
{
    public int Max { get; } = max;

    /// <summary>Lets line feeds, carriage returns and tabs through.</summary>
    public bool MultiLine { get; init; }

    public bool MayBeBlank { get; init; }

    public int Min { get; init; }

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) => value switch
    {
        null => ValidationResult.Success,
        string text => Verdict(text, validationContext),
        IEnumerable<string> texts => texts.Select(text => Verdict(text, validationContext)).FirstOrDefault(verdict => verdict is not null),
        _ => throw new InvalidOperationException("[Text] stands on a string or a list of strings.")
    };

    private ValidationResult? Verdict(string? text, ValidationContext context) =>
        Text.Fault(text, Max, MultiLine, MayBeBlank, Min) is { } fault
            ? new ValidationResult(fault, [context.MemberName ?? context.DisplayName])
            : ValidationResult.Success;
}

public static class Text
{
    /// <summary>What is wrong with a text by the rules of <see cref="TextAttribute"/>, where each item has its own verdict; null: nothing.</summary>
    public static string? Fault(string? text, int max, bool multiLine = false, bool mayBeBlank = false, int min = 0)
    {
        if (text is null || (!mayBeBlank && string.IsNullOrWhiteSpace(text)))
            return "must not be blank";

        var length = 0;
        for (var rest = text.AsSpan(); !rest.IsEmpty; length++)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var taken) != System.Buffers.OperationStatus.Done)
                return "must be well-formed Unicode";
            // No characters, and normalisation throws at them.
            if (rune.Value is 0xFFFE or 0xFFFF)
                return "must not contain what is no character";
            if (Rune.IsControl(rune) && !(multiLine && rune.Value is '\n' or '\r' or '\t'))
                return "must not contain control characters";
            rest = rest[taken..];
        }

        return length > max ? $"must be at most {max} characters"
            : length < min ? $"must be at least {min} characters"
            : null;
    }
}
