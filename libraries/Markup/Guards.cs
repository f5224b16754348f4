using Markdig.Extensions.Tables;
using Markdig.Helpers;
using Markdig.Parsers;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Community.Markup;

/// <summary>Stands before all other parsers of blocks and matches nothing: it ends a text whose quotes and lists nest too deep.</summary>
internal sealed class BlockGuard : BlockParser
{
    public BlockGuard() => OpeningCharacters = [.. ">-*+0123456789"];

    public override BlockState TryOpen(BlockProcessor processor)
    {
        var depth = 0;

        for (Block? block = processor.CurrentContainer; block is not null; block = block.Parent)
        {
            depth++;
        }

        if (depth > RenderBudget.DeepestBlocks)
        {
            throw new TextTooCostlyException("quotes or lists nested too deep");
        }

        ((RenderBudget)processor.Context!).Charge(depth);

        return BlockState.None;
    }
}

/// <summary>
/// Stands before all other parsers of inlines and matches nothing: it counts what they are about to do, and ends a text of
/// which that is too much.
/// </summary>
internal sealed class InlineGuard : InlineParser, IPostInlineProcessor
{
    private const string Structure = "[]!*_~^=+|<`\n";

    public InlineGuard() => OpeningCharacters = [.. Structure];

    public override bool Match(InlineProcessor processor, ref StringSlice slice)
    {
        var budget = (RenderBudget)processor.Context!;
        budget.ChargeDepth(processor.Inline);

        if (slice.CurrentChar == ']')
        {
            budget.ChargeDefinition(processor.Document);
        }

        // Behind "](" a destination and a title are looked for, if need be up to the end of the paragraph.
        if (slice.CurrentChar == ']' && slice.PeekChar() == '(')
        {
            budget.Charge(slice.Length);
        }

        return false;
    }

    /// <summary>A row that is short of cells is filled up: a few thousand characters can ask for millions of cells.</summary>
    public bool PostProcess(InlineProcessor state, Inline? root, Inline? lastChild, int postInlineProcessorIndex, bool isFinalProcessing)
    {
        if (!isFinalProcessing || state.Block is not ParagraphBlock || root is not ContainerInline container)
        {
            return true;
        }

        var (rows, columns, widest) = (1, 1, 1);

        foreach (var inline in container.Descendants())
        {
            switch (inline)
            {
                case PipeTableDelimiterInline:
                    widest = Math.Max(widest, ++columns);
                    break;
                case LineBreakInline:
                    (rows, columns) = (rows + 1, 1);
                    break;
            }
        }

        return widest == 1 || (long)rows * widest <= RenderBudget.MostCells ? true : throw new TextTooCostlyException("a table that is too large");
    }
}
