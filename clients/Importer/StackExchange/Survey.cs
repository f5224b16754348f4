using System.Runtime.InteropServices;

namespace Community.Importer.StackExchange;

internal enum PostKind : byte
{
    Question,
    Answer,
    Other,
    LeftOut,
}

/// <summary>
/// What the first reading of a dump keeps of it: which members and posts there are, so that a reference to nothing is seen,
/// and nothing of their texts. Some 60 bytes for each post and 20 for each member.
/// </summary>
internal sealed class Survey
{
    private readonly Dictionary<long, int> _members = [];
    private readonly Dictionary<long, Post> _posts = [];
    private readonly Dictionary<long, DateTime> _acceptedOn = [];

    private Survey()
    {
    }

    public Dictionary<long, Acceptance> Accepted { get; } = [];

    public int Members => _members.Count;

    public int Questions { get; private set; }

    public int Answers { get; private set; }

    public int Comments { get; private set; }

    public int Votes { get; private set; }

    public int Badges { get; private set; }

    public static Survey Of(Dump dump, CancellationToken ct)
    {
        var survey = new Survey();

        foreach (var row in Rows("Users"))
        {
            var user = UserRow.Read(row);
            if (row.Fault is null && user.Id is { } id and not UserRow.System)
                survey._members.TryAdd(id, row.Place.Line);
        }

        foreach (var row in Rows("Posts"))
            survey.Add(PostRow.Read(row), row);

        survey.Comments = Rows("Comments").Count();

        foreach (var row in Rows("Votes"))
        {
            survey.Votes++;
            if (VoteRow.Read(row) is { Type: VoteRow.Accept } vote && row.Fault is null)
                survey._acceptedOn.TryAdd(vote.Post, vote.CreatedOn);
        }

        survey.Badges = Rows("Badges").Count();

        return survey;

        IEnumerable<Row> Rows(string part)
        {
            foreach (var row in dump.Rows(part))
            {
                ct.ThrowIfCancellationRequested();
                yield return row;
            }
        }
    }

    public bool Knows(long member) => _members.ContainsKey(member);

    /// <summary>The line of the row that counts; a later one with the same id is a duplicate.</summary>
    public int MemberLine(long member) => _members[member];

    public int PostLine(long post) => _posts[post].Line;

    public DateTime CreatedAt(long post) => _posts[post].At;

    /// <summary>Dumps tell only the day of a vote, so that it seems to come before a post of the same day; it cannot.</summary>
    public DateTime NotBefore(long post, DateTime at) => _posts[post].At > at ? _posts[post].At : at;

    public DateTime AcceptedAt(long answer) => _acceptedOn.TryGetValue(answer, out var at) ? NotBefore(answer, at) : CreatedAt(answer);

    public bool IsQuestion(long post) => Find(post) == PostKind.Question;

    public bool IsAnswerTo(long question, long post) => Find(post) == PostKind.Answer && _posts[post].Parent == question;

    public bool IsAccepted(long answer) =>
        Find(answer) == PostKind.Answer && Accepted.TryGetValue(_posts[answer].Parent, out var acceptance) && acceptance.Answer == answer;

    /// <returns>What comes in of a post's id; null where no such post is in the dump.</returns>
    public PostKind? Find(long post) =>
        !_posts.TryGetValue(post, out var found) ? null
        : found.Kind == PostKind.Answer && !(_posts.TryGetValue(found.Parent, out var parent) && parent.Kind == PostKind.Question) ? PostKind.LeftOut
        : found.Kind;

    private void Add(PostRow post, Row row)
    {
        if (post.Id == 0)
            return;

        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_posts, post.Id, out var exists);
        if (exists && known.Kind != PostKind.LeftOut)
            return;

        known = new Post(row.Fault is null ? post.Kind : PostKind.LeftOut, row.Place.Line, post.CreatedAt, post.Parent);
        if (known.Kind == PostKind.Answer)
            Answers++;
        if (known.Kind == PostKind.Question)
            Questions++;
        if (known.Kind == PostKind.Question && post.Accepted is { } accepted)
            Accepted.Add(post.Id, new Acceptance(accepted, row.Place));
    }

    internal readonly record struct Acceptance(long Answer, Place From);

    private readonly record struct Post(PostKind Kind, int Line, DateTime At, long Parent);
}
