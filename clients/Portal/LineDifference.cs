namespace Community.Portal;

/// <summary>Two texts by their lines: what both have, what only one has. By the longest common subsequence.</summary>
internal static class LineDifference
{
    private const int Most = 2000; // lines each; more is shown as taken out and put in

    public static IReadOnlyList<(string Kind, string Text)> Of(string before, string after)
    {
        var (left, right) = (before.ReplaceLineEndings("\n").Split('\n'), after.ReplaceLineEndings("\n").Split('\n'));

        if (left.Length > Most || right.Length > Most)
        {
            return [.. left.Select(line => ("removed", line)), .. right.Select(line => ("added", line))];
        }

        var common = new int[left.Length + 1, right.Length + 1];

        for (var i = left.Length - 1; i >= 0; i--)
        {
            for (var j = right.Length - 1; j >= 0; j--)
            {
                common[i, j] = left[i] == right[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        List<(string, string)> lines = [];

        for (var (i, j) = (0, 0); i < left.Length || j < right.Length;)
        {
            if (i < left.Length && j < right.Length && left[i] == right[j])
            {
                lines.Add(("same", left[i++]));
                j++;
            }
            else if (j < right.Length && (i == left.Length || common[i, j + 1] >= common[i + 1, j]))
            {
                lines.Add(("added", right[j++]));
            }
            else
            {
                lines.Add(("removed", left[i++]));
            }
        }

        return lines;
    }
}
