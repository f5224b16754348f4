using Ganss.Xss;
using Markdig;
using Markdig.Syntax;
using Microsoft.AspNetCore.Components;

namespace Community.Portal;

/// <summary>Texts that members wrote, as HTML that can do no harm.</summary>
internal static class Markup
{
    private static readonly MarkdownPipeline Pipeline =
        new MarkdownPipelineBuilder().UsePipeTables().UseAutoLinks().UseEmphasisExtras().UseTaskLists().DisableHtml().Build();

    private static readonly HtmlSanitizer Sanitizer = Strict();

    public static MarkupString Of(string markdown)
    {
        var document = Markdown.Parse(markdown, Pipeline);

        foreach (var heading in document.Descendants<HeadingBlock>())
        {
            // The title of the page is its only heading of the first level.
            heading.Level = Math.Min(6, heading.Level + 1);
        }

        return new MarkupString(Sanitizer.Sanitize(document.ToHtml(Pipeline)));
    }

    private static HtmlSanitizer Strict()
    {
        var sanitizer = new HtmlSanitizer();
        sanitizer.AllowedTags.ExceptWith(["form", "button", "textarea", "select", "option", "style"]);
        sanitizer.AllowedAttributes.ExceptWith(["style", "class", "id", "name"]);
        sanitizer.AllowedSchemes.Add("mailto");

        return sanitizer;
    }
}
