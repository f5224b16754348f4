using Community.Client.Content;
using Community.Client.Incentives;
using Community.Client.Membership;

namespace Community.Importer.StackExchange;

/// <summary>Turns a dump's rows into facts, and accounts for each row that becomes none.</summary>
internal sealed class StackExchangeSite(Dump dump, SourceIds ids, Report report)
{
    private const string OtherPosts = "other posts";
    private const string Malformed = "malformed rows";
    private const string Duplicate = "ids that were there before";
    private const string Absent = "on posts that are not in the dump";
    private const string NoAuthor = "without author: the account was deleted";

    /// <summary>Reads everything once, so that nothing is sent of what cannot be read to its end.</summary>
    /// <exception cref="ImportFailedException">A file is missing or cannot be read; names file and line.</exception>
    public IReadOnlyList<Consignment> Survey(CancellationToken ct)
    {
        report.Source = $"{ids.Site} from {dump.Folder}";
        var survey = StackExchange.Survey.Of(dump, ct);

        return
        [
            new(Kind.Members, survey.Members, Members(survey)),
            new(Kind.Questions, survey.Questions, Questions(survey)),
            new(Kind.Answers, survey.Answers, Answers(survey)),
            new(Kind.Comments, survey.Comments, Comments(survey)),
            new(Kind.Accepted, survey.Accepted.Count, Accepted(survey)),
            new(Kind.Votes, survey.Votes, Votes(survey)),
            new(Kind.Badges, survey.Badges, Badges(survey)),
        ];
    }

    private IEnumerable<Fact> Members(Survey survey)
    {
        var about = Kind.Members.Name;
        foreach (var row in dump.Rows("Users"))
        {
            var user = UserRow.Read(row);
            if (user.Id == UserRow.System)
            {
                report.LeftOut(about, "the system's own user (-1) is no member");
            }
            else if (row.Fault is not null || user.Id is not { } id)
            {
                report.LeftOut(about, Malformed, row.Place, row.Fault ?? "Id is missing");
            }
            else if (survey.MemberLine(id) is var line && line != row.Place.Line)
            {
                report.LeftOut(about, Duplicate, row.Place, $"Id {id} stands on line {line}");
            }
            else
            {
                if (user.Name is null)
                    report.Note("members without a name, called user<Id>");

                Cleaned(row);
                yield return new Fact(ids.Member(id), row.Place, new ImportedMember { MemberId = ids.Member(id), DisplayName = user.Name ?? $"user{id}", JoinedAt = user.CreatedAt });
            }
        }
    }

    private IEnumerable<Fact> Questions(Survey survey)
    {
        foreach (var row in dump.Rows("Posts"))
        {
            var post = PostRow.Read(row);
            if (post.Kind == PostKind.Answer)
                continue; // their turn comes when the questions are there

            if (Fails(survey, post, row, post.Kind == PostKind.Question ? Kind.Questions.Name : OtherPosts))
                continue;

            if (post.Kind == PostKind.Other)
            {
                report.LeftOut(OtherPosts, post.Type switch
                {
                    4 => "tag-wiki excerpts",
                    5 => "tag wikis",
                    _ => $"neither question nor answer (kind {post.Type})",
                });
                continue;
            }

            Cleaned(row);
            yield return new Fact(
                ids.Post(post.Id), row.Place,
                new ImportedTopic
                {
                    TopicId = ids.Post(post.Id),
                    Kind = TopicKind.Question,
                    AuthorId = Author(survey, post.Owner, Kind.Questions),
                    Title = post.Title,
                    Body = post.Body,
                    Tags = post.Tags,
                    At = post.CreatedAt
                },
                post.Body.Length);
        }
    }

    private IEnumerable<Fact> Answers(Survey survey)
    {
        var about = Kind.Answers.Name;
        foreach (var row in dump.Rows("Posts"))
        {
            var post = PostRow.Read(row);
            if (post.Kind != PostKind.Answer || Fails(survey, post, row, about))
                continue;

            if (!survey.IsQuestion(post.Parent))
            {
                report.LeftOut(about, "to no question that came in", row.Place, $"ParentId {post.Parent}");
                continue;
            }

            Cleaned(row);
            yield return new Fact(
                ids.Post(post.Id), row.Place,
                new ImportedReply
                {
                    ReplyId = ids.Post(post.Id),
                    TopicId = ids.Post(post.Parent),
                    AuthorId = Author(survey, post.Owner, Kind.Answers),
                    Body = post.Body,
                    At = post.CreatedAt
                },
                post.Body.Length);
        }
    }

    private IEnumerable<Fact> Comments(Survey survey)
    {
        var (about, seen) = (Kind.Comments.Name, new IdSet());
        foreach (var row in dump.Rows("Comments"))
        {
            var comment = CommentRow.Read(row);
            if (Fails(row, about, seen, comment.Id))
                continue;

            if (Subject(survey, comment.Post) is not { } subject)
            {
                report.LeftOut(about, NoSubject(survey, comment.Post), row.Place, $"PostId {comment.Post}");
                continue;
            }

            Cleaned(row);
            yield return new Fact(
                ids.Comment(comment.Id), row.Place,
                new ImportedComment
                {
                    CommentId = ids.Comment(comment.Id),
                    SubjectKind = subject.Kind,
                    SubjectId = subject.Id,
                    AuthorId = Author(survey, comment.User, Kind.Comments),
                    Body = comment.Text,
                    At = comment.CreatedAt
                },
                comment.Text.Length);
        }
    }

    private IEnumerable<Fact> Accepted(Survey survey)
    {
        foreach (var (question, (answer, from)) in survey.Accepted)
        {
            if (survey.IsAnswerTo(question, answer))
                yield return new Fact(ids.Post(question), from, new ImportedAcceptance { TopicId = ids.Post(question), ReplyId = ids.Post(answer), At = survey.AcceptedAt(answer) });
            else
                report.LeftOut(Kind.Accepted.Name, "no answer to the question", from, $"AcceptedAnswerId {answer}");
        }
    }

    private IEnumerable<Fact> Votes(Survey survey)
    {
        var (about, seen) = (Kind.Votes.Name, new IdSet());
        foreach (var row in dump.Rows("Votes"))
        {
            var vote = VoteRow.Read(row);
            if (Fails(row, about, seen, vote.Id))
                continue;

            if (survey.Find(vote.Post) is null)
            {
                report.LeftOut(about, $"{Absent} (normally deleted before it was made)");
            }
            else if (vote.Type == VoteRow.Accept)
            {
                if (survey.IsAccepted(vote.Post))
                    report.Note("votes that tell when an answer was accepted");
                else
                    report.LeftOut(about, "accepting what the question does not", row.Place, $"PostId {vote.Post}");
            }
            else if (vote.Type is not (VoteRow.Up or VoteRow.Down))
            {
                report.LeftOut(about, $"neither up nor down: {VoteRow.Name(vote.Type)} (kind {vote.Type})");
            }
            else if (Subject(survey, vote.Post) is not { } subject)
            {
                report.LeftOut(about, NoSubject(survey, vote.Post));
            }
            else
            {
                yield return new Fact(
                    ids.Vote(vote.Id), row.Place,
                    new ImportedVote
                    {
                        VoteId = ids.Vote(vote.Id),
                        SubjectKind = subject.Kind,
                        SubjectId = subject.Id,
                        VoterId = null,
                        Value = vote.Type == VoteRow.Up ? ImportedVoteValue._1 : ImportedVoteValue.__1,
                        At = survey.NotBefore(vote.Post, vote.CreatedOn)
                    });
            }
        }
    }

    private IEnumerable<Fact> Badges(Survey survey)
    {
        var (about, seen) = (Kind.Badges.Name, new IdSet());
        foreach (var row in dump.Rows("Badges"))
        {
            var badge = BadgeRow.Read(row);
            if (Fails(row, about, seen, badge.Id))
                continue;

            if (badge.Class is null)
            {
                report.LeftOut(about, Malformed, row.Place, "Class is none of 1, 2, 3");
            }
            else if (badge.User is not { } user || !survey.Knows(user))
            {
                report.LeftOut(about, "of unknown members", row.Place, badge.User is { } unknown ? $"UserId {unknown}" : "UserId is missing");
            }
            else
            {
                Cleaned(row);
                yield return new Fact(ids.Badge(badge.Id), row.Place, new ImportedBadge
                {
                    AwardId = ids.Badge(badge.Id),
                    MemberId = ids.Member(user),
                    Name = badge.Name,
                    Class = badge.Class,
                    At = badge.At
                });
            }
        }
    }

    private bool Fails(Survey survey, PostRow post, Row row, string about)
    {
        if (row.Fault is { } fault)
        {
            report.LeftOut(about, Malformed, row.Place, fault);
            return true;
        }

        if (survey.PostLine(post.Id) is var line && line != row.Place.Line)
        {
            report.LeftOut(about, Duplicate, row.Place, $"Id {post.Id} stands on line {line}");
            return true;
        }

        return false;
    }

    private bool Fails(Row row, string about, IdSet seen, long id)
    {
        if (row.Fault is { } fault)
        {
            report.LeftOut(about, Malformed, row.Place, fault);
            return true;
        }

        if (!seen.Add(id))
        {
            report.LeftOut(about, Duplicate, row.Place, $"Id {id}");
            return true;
        }

        return false;
    }

    private (SubjectKind Kind, Guid Id)? Subject(Survey survey, long post) => survey.Find(post) switch
    {
        PostKind.Question => (SubjectKind.Topic, ids.Post(post)),
        PostKind.Answer => (SubjectKind.Reply, ids.Post(post)),
        _ => null,
    };

    private static string NoSubject(Survey survey, long post) => survey.Find(post) switch
    {
        null => Absent,
        PostKind.Other => "on posts that are neither question nor answer",
        _ => "on posts that were left out",
    };

    private Guid? Author(Survey survey, long? user, Kind kind)
    {
        if (user is { } id && survey.Knows(id))
            return ids.Member(id);

        report.Note($"{kind.Name} {(user is null ? NoAuthor : user == UserRow.System ? "without author: by the system's own user" : "without author: by a member that the dump does not tell")}");
        return null;
    }

    private void Cleaned(Row row)
    {
        if (row.Removed > 0)
            report.Note("control characters taken out", row.Removed);
    }

    /// <summary>Ids of a dump lie close together: 64 of them in one entry.</summary>
    private sealed class IdSet
    {
        private readonly Dictionary<long, ulong> _blocks = [];

        public bool Add(long id)
        {
            var (block, bit) = (id >> 6, 1UL << (int)(id & 63));
            var there = _blocks.GetValueOrDefault(block);
            _blocks[block] = there | bit;

            return (there & bit) == 0;
        }
    }
}
