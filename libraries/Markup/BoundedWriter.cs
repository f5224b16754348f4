using System.Text;

namespace Community.Markup;

/// <summary>Takes as much HTML as a text may become: a definition of a few thousand characters can be used thousands of times.</summary>
internal sealed class BoundedWriter : TextWriter
{
    private readonly StringBuilder _html = new();

    public override Encoding Encoding => Encoding.Unicode;

    public override void Write(char value) => Room(1).Append(value);

    public override void Write(string? value) => Room(value?.Length ?? 0).Append(value);

    public override void Write(char[] buffer, int index, int count) => Room(count).Append(buffer, index, count);

    public override void Write(ReadOnlySpan<char> buffer) => Room(buffer.Length).Append(buffer);

    public override string ToString() => _html.ToString();

    private StringBuilder Room(int length) =>
        _html.Length + length <= RenderBudget.LargestOutput ? _html : throw new TextTooCostlyException("more HTML than a text may become");
}
