using Ganss.Xss;
using Markdig;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax;

namespace Community.Markup;

/// <summary>Markdown that members wrote, as HTML that can do no harm.</summary>
internal static class MarkdownRenderer
{
    private static readonly MarkdownPipeline Pipeline = Build();

    private static readonly HtmlSanitizer Sanitizer = Strict();

    /// <summary>Null where the text costs more than a text may.</summary>
    public static string? Render(string markdown)
    {
        try
        {
            var document = Markdown.Parse(markdown, Pipeline, new RenderBudget());

            foreach (var heading in document.Descendants<HeadingBlock>())
            {
                // The title of the page is its only heading of the first level.
                heading.Level = Math.Min(6, heading.Level + 1);
            }

            using var html = new BoundedWriter();
            var renderer = new HtmlRenderer(html);
            Pipeline.Setup(renderer);
            renderer.ObjectRenderers.Replace<CodeBlockRenderer>(new HighlightedCode());
            renderer.Render(document);

            return Sanitizer.Sanitize(html.ToString());
        }
        catch (TextTooCostlyException)
        {
            return null;
        }
        catch (ArgumentException)
        {
            return null; // Markdig's own limit of nesting
        }
    }

    private static MarkdownPipeline Build()
    {
        var builder = new MarkdownPipelineBuilder().UsePipeTables().UseEmphasisExtras().UseTaskLists().UseCjkFriendlyEmphasis().DisableHtml();
        builder.BlockParsers.Insert(0, new BlockGuard());
        builder.InlineParsers.Insert(0, new BareLinks());
        builder.InlineParsers.Insert(0, new InlineGuard());

        return builder.Build();
    }

    private static HtmlSanitizer Strict()
    {
        var sanitizer = new HtmlSanitizer();
        sanitizer.AllowedTags.ExceptWith(["form", "button", "textarea", "select", "option", "style"]);
        sanitizer.AllowedAttributes.ExceptWith(["style", "id", "name"]);
        sanitizer.AllowedAttributes.Add("class");
        sanitizer.AllowedClasses.UnionWith(HighlightedCode.Classes);
        sanitizer.AllowedSchemes.Add("mailto");

        return sanitizer;
    }
}
