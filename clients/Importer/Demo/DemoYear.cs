using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Community.Importer.Demo;

/// <summary>An account that a visitor may sign in with.</summary>
/// <param name="Role">Null: no more than every member.</param>
internal sealed record DemoAccount(string Name, string Email, string? Role, Guid Id);

/// <summary>What is sent to one import endpoint.</summary>
internal sealed record DemoBatch(string Service, string Path, IReadOnlyList<object> Items);

/// <summary>
/// A believable year up to a day, the same each time: some two thousand members who join along a curve, come by a weekly rhythm and
/// go again, with what they wrote, read and paid. The ids follow from the day and from what the thing is.
/// </summary>
internal sealed class DemoYear
{
    public const string Currency = "CNY";
    private const int Newcomers = 2_000;
    private const int Days = 365;
    private static readonly Guid Space = SourceIds.NameBased(new("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), "community-demo");

    private readonly DateTimeOffset _end;
    private readonly DateTimeOffset _start;

    // Not for secrets: the year is to be the same each time.
#pragma warning disable CA5394
    private readonly Random _random = new(20_250_101);
    private readonly List<Somebody> _members = [];
    private readonly List<object> _views = [], _shares = [], _reactions = [], _feedback = [], _topics = [], _replies = [], _comments = [], _votes = [], _accepted = [], _contents = [], _badges = [];
    private readonly List<object> _orders = [], _subscriptions = [];
    private readonly List<Article> _articles = [];
    private readonly DemoPlans _plans;

    /// <param name="day">The year ends with its first instant in UTC: at whatever hour of the day it is made up, and made up again, all of it has happened.</param>
    public DemoYear(DateOnly day, DemoPlans plans)
    {
        (_end, _plans) = (new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero), plans);
        _start = _end.AddDays(-Days);
        Accounts = [.. Roles.Select(one => new DemoAccount(one.Name, $"{one.Key}@demo.example", one.Role, IdOf($"account/{one.Key}", _start)))];
        Join();
        Write();
        Discuss();
        Read();
        Pay();
        Award();
    }

    /// <summary>All but the owner, whom the set-up makes.</summary>
    public IReadOnlyList<DemoAccount> Accounts { get; }

    /// <summary>Who writes, beside the accounts.</summary>
    public IReadOnlyList<Guid> Authors => [.. _members.Where(member => member.Writes).Select(member => member.Id).Except(Accounts.Select(account => account.Id))];

    /// <summary>With a price, so that payments offers them.</summary>
    public int Priced => _articles.Count(article => article.Price is not null);

    public Guid OneWithPrice => _articles.Last(article => article.Price is not null).Id;

    public IEnumerable<DemoBatch> Members => [new("membership", "imports/members", [.. _members.Select(member => new { memberId = member.Id, displayName = member.Name, joinedAt = member.Joined, email = member.Email })])];

    /// <summary>In the order in which one builds on the other.</summary>
    public IEnumerable<DemoBatch> Written =>
    [
        new("content", "imports/contents", _contents), new("content", "imports/topics", _topics), new("content", "imports/replies", _replies),
        new("content", "imports/comments", _comments), new("content", "imports/accepted-replies", _accepted), new("content", "imports/votes", _votes),
        new("content", "imports/views", _views), new("content", "imports/reactions", _reactions), new("content", "imports/shares", _shares), new("content", "imports/feedback", _feedback),
        new("incentives", "imports/badges", _badges)
    ];

    public IEnumerable<DemoBatch> Paid => [new("payments", "imports/orders", _orders), new("payments", "imports/subscriptions", _subscriptions)];

    private static readonly (string Key, string Name, string? Role)[] Roles =
    [
        ("operator", "林知远", "operator"), ("reviewer", "周慎之", "reviewer"), ("moderator", "Grace Okafor", "moderator"), ("creator", "沈砚", "creator"), ("expert", "Viktor Novak", "expert"), ("member", "陈小满", null)
    ];

    private void Join()
    {
        foreach (var account in Accounts)
            _members.Add(new(account.Id, account.Name, account.Email, _start, _end, account.Role is "creator" or "expert", 0.5, account.Role != "expert"));

        for (var i = 0; i < Newcomers; i++)
        {
            // More come each month than in the one before.
            var day = Days * Math.Pow((i + _random.NextDouble()) / Newcomers, 0.62);
            var joined = Hour(_start.AddDays(Math.Min(day, Days - 0.6)));
            var chinese = _random.NextDouble() < 0.66;
            var name = chinese
                ? Pick(DemoTexts.ChineseFamilies) + Pick(DemoTexts.ChineseGiven)
                : $"{Pick(DemoTexts.EnglishGiven)} {Pick(DemoTexts.EnglishFamilies)}";
            var stays = _random.NextDouble() < 0.22 ? Days : -Math.Log(1 - _random.NextDouble()) * 70;
            var last = joined.AddDays(stays) < _end ? joined.AddDays(stays) : _end;
            _members.Add(new(IdOf($"member/{i}", joined), name, null, joined, last, i is > 4 and < 14, 0.03 + (Math.Pow(_random.NextDouble(), 5) * 0.5), chinese));
        }
    }

    private void Write()
    {
        var authors = _members.Where(member => member.Writes).ToList();

        for (var i = 0; i < 140; i++)
        {
            var author = i % 6 < 2 ? authors[i % 6] : Pick(authors); // the accounts that write have enough to show
            var at = Hour(Between(author.Joined, _end));
            var (subject, words) = (Pick(DemoTexts.Subjects), author.Chinese ? DemoTexts.Chinese : DemoTexts.English);
            var about = About(subject);
            var (title, luck) = (about(Pick(words.ArticleTitles)), _random.NextDouble());
            var headings = words.Headings.Index().Where(_ => _random.NextDouble() < 0.7).Select(heading => heading.Item).ToList();
            var body = string.Join("\n\n", [about(Pick(words.Openings)), .. headings.SelectMany(heading => new[] { heading, about(Pick(words.Paragraphs)), about(Pick(words.Paragraphs)) }), about(Pick(words.Endings))]);
            var status = i >= 134 ? "draft" : i >= 126 ? "submitted" : "published";
            // The review queue and the drafts are the last weeks'.
            at = status == "published" ? at : Hour(_end.AddDays(-1 - (i % 9)));
            var id = IdOf($"article/{i}", at);
            long? price = luck > 0.85 || i % 18 == 1 ? Pick<long>([900, 1_900, 2_900]) : null;
            object? requires = price is { } amount ? new { price = new { amount, currency = Currency } } : luck > 0.6 ? new { tier = luck > 0.8 ? "architect" : "pro" } : null;
            _contents.Add(new
            {
                contentId = id,
                authorId = author.Id,
                title,
                topic = subject.Name,
                format = Pick(["article", "article", "article", "article", "video", "slides", "course"]),
                body,
                tags = new[] { subject.Tag },
                at,
                status,
                requires,
                quality = 2 + (int)Math.Round(_random.NextDouble() * 3),
                reviewerId = author.Id == Accounts[1].Id ? Accounts[0].Id : Accounts[1].Id,
                writtenAt = at.AddDays(-2)
            });

            if (status == "published")
                _articles.Add(new(id, author.Id, at, price, title, 0.2 + Math.Pow(_random.NextDouble(), 2)));
        }

        _articles.Sort((one, other) => one.At.CompareTo(other.At));
    }

    private void Discuss()
    {
        for (var i = 0; i < 860; i++)
        {
            if (Active(Between(_start.AddDays(3), _end.AddHours(-30))) is not var (author, at))
                continue;

            var question = _random.NextDouble() < 0.78;
            var (subject, words) = (Pick(DemoTexts.Subjects), author.Chinese ? DemoTexts.Chinese : DemoTexts.English);
            var about = About(subject);
            var topic = IdOf($"topic/{i}", at);
            _topics.Add(new { topicId = topic, kind = question ? "question" : "discussion", authorId = author.Id, title = about(Pick(question ? words.QuestionTitles : words.DiscussionTitles)), body = about(Pick(words.QuestionBodies)), tags = new[] { subject.Tag }, at });
            Vote("topic", topic, author.Id, at, 2);
            Guid? best = null;
            var when = at;

            for (var r = 0; r < (int)(-Math.Log(1 - _random.NextDouble()) * 3); r++)
            {
                if (Active(when.AddMinutes(20 + (_random.NextDouble() * 900))) is not var (helper, then) || then > _end || helper.Id == author.Id || then < when)
                    continue;

                var reply = IdOf($"reply/{i}/{r}", then);
                (when, best) = (then, best is null || _random.NextDouble() < 0.3 ? reply : best);
                _replies.Add(new { replyId = reply, topicId = topic, authorId = helper.Id, body = about(Pick((helper.Chinese ? DemoTexts.Chinese : DemoTexts.English).Replies)), at = then });
                Vote("reply", reply, helper.Id, then, 1.4);

                if (_random.NextDouble() < 0.25 && Later(then, 5) is var (critic, said))
                    _comments.Add(new { commentId = IdOf($"comment/{i}/{r}", said), subjectKind = "reply", subjectId = reply, authorId = critic.Id, body = Pick((critic.Chinese ? DemoTexts.Chinese : DemoTexts.English).Comments), at = said });
            }

            if (question && best is { } accepted && _random.NextDouble() < 0.62 && when.AddHours(5) < _end)
                _accepted.Add(new { topicId = topic, replyId = accepted, at = when.AddHours(5) });
        }
    }

    private void Vote(string kind, Guid subject, Guid author, DateTimeOffset at, double mean)
    {
        var voters = new HashSet<Guid> { author };

        for (var v = 0; v < (int)(-Math.Log(1 - _random.NextDouble()) * mean); v++)
        {
            if (Later(at, 6) is var (voter, then) && voters.Add(voter.Id))
                _votes.Add(new { voteId = IdOf($"vote/{subject}/{voter.Id}", then), subjectKind = kind, subjectId = subject, voterId = voter.Id, value = _random.NextDouble() < 0.93 ? 1 : -1, at = then });
        }
    }

    private void Read()
    {
        var i = 0;

        foreach (var member in _members)
        {
            for (var day = member.Joined; day < member.Last; day = day.AddDays(1))
            {
                // Working days, and evenings; the first days are the busiest.
                var weekend = day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? 0.5 : 1;
                var first = (day - member.Joined).TotalDays < 5 ? 5 : 1;

                if (_random.NextDouble() > member.Keenness * weekend * first * 0.2 || Hour(day) is var at && (at < member.Joined || at > _end))
                    continue;

                var known = _articles.FindLastIndex(article => article.At < at) + 1;

                if (known == 0)
                    continue;

                // What is new, or good, is read most.
                var article = Enumerable.Range(0, 3).Select(_ => _articles[Math.Max(0, known - 1 - (int)(Math.Pow(_random.NextDouble(), 2) * known))]).MaxBy(one => one.Appeal)!;

                if (article.Author == member.Id)
                    continue;

                _views.Add(new { id = IdOf($"view/{i}", at), contentId = article.Id, memberId = member.Id, at });
                var luck = _random.NextDouble() / article.Appeal;

                if (luck < 0.3 && at.AddMinutes(6) < _end)
                    _reactions.Add(new { id = IdOf($"reaction/{i}", at), contentId = article.Id, memberId = member.Id, kind = Pick(["like", "like", "insightful", "thanks", "celebrate", "curious"]), at = at.AddMinutes(6) });
                if (luck < 0.1 && at.AddMinutes(9) < _end)
                    _comments.Add(new { commentId = IdOf($"note/{i}", at), subjectKind = "content", subjectId = article.Id, authorId = member.Id, body = Pick((member.Chinese ? DemoTexts.Chinese : DemoTexts.English).Comments), at = at.AddMinutes(9) });
                if (luck < 0.07 && at.AddMinutes(8) < _end)
                    _feedback.Add(new { id = IdOf($"feedback/{i}", at), contentId = article.Id, memberId = member.Id, rating = 3 + _random.Next(3), text = Pick((member.Chinese ? DemoTexts.Chinese : DemoTexts.English).Feedback), at = at.AddMinutes(8) });
                if (luck < 0.07 && at.AddMinutes(10) < _end)
                    _shares.Add(new { id = IdOf($"share/{i}", at), contentId = article.Id, memberId = member.Id, channel = Pick(["wechat", "link", "juejin", "weibo", "x"]), at = at.AddMinutes(10) });
                i++;
            }
        }
    }

    private void Pay()
    {
        var payers = _members.Where(member => member.Joined < _end.AddDays(-20) && member.Email is null or "member@demo.example").OrderBy(_ => _random.Next()).Take(300).ToList();

        if (!payers.Any(payer => payer.Email is not null))
            payers.Add(_members.First(member => member.Email == "member@demo.example"));

        foreach (var payer in payers)
            Subscribe(payer);

        for (var i = 0; i < 150; i++)
        {
            var article = Pick(_articles.Where(one => one.Price is not null).ToList());

            if (Later(article.At, 120) is not var (buyer, at) || buyer.Id == article.Author || buyer.Email is not null)
                continue;

            DateTimeOffset? back = i % 25 == 0 && at.AddDays(2) < _end ? at.AddDays(2) : null;
            _orders.Add(Order(IdOf($"purchase/{article.Id}/{buyer.Id}/{i}", at), buyer.Id, new { kind = "content", id = article.Id, name = article.Title }, article.Price!.Value, at, back));
        }
    }

    private void Subscribe(Somebody payer)
    {
        var plan = _random.NextDouble() switch { < 0.66 => _plans.Monthly, < 0.86 => _plans.Yearly, _ => _plans.Architect };
        var began = Hour(payer.Joined.AddDays(1 + (_random.NextDouble() * 12)));
        var id = IdOf($"subscription/{payer.Id}", began);
        List<Guid> orders = [id];
        var months = plan == _plans.Yearly ? 12 : 1;
        DateTimeOffset? refunded = _random.NextDouble() < 0.03 && began.AddDays(3) < _end ? began.AddDays(3) : null;
        _orders.Add(Order(id, payer.Id, new { kind = "plan", id = plan.Id, name = plan.Name }, plan.Amount, began, refunded));
        var (stays, renewals) = (refunded is null, 0);

        for (var due = began.AddMonths(months); stays && due < _end; due = began.AddMonths(months * (renewals + 1)))
        {
            // Fewer leave the longer they have stayed.
            stays = _random.NextDouble() > 0.14 / (1 + (renewals * 0.35)) || payer.Email is not null;

            if (!stays)
                break;

            renewals++;
            var order = IdOf($"renewal/{payer.Id}/{renewals}", due);
            orders.Add(order);
            _orders.Add(Order(order, payer.Id, new { kind = "renewal", id = plan.Id, name = plan.Name, subscriptionId = id }, plan.Amount, due, null));

            if (plan == _plans.Monthly && renewals == 2 && _random.NextDouble() < 0.15 && due.AddDays(10) < _end)
            {
                var change = IdOf($"change/{payer.Id}", due.AddDays(10));
                var more = (_plans.Architect.Amount - plan.Amount) * 2 / 3;
                plan = _plans.Architect;
                orders.Add(change);
                _orders.Add(Order(change, payer.Id, new { kind = "change", id = plan.Id, name = plan.Name, subscriptionId = id }, more, due.AddDays(10), null));
            }
        }

        var leaving = stays && payer.Email is null && _random.NextDouble() < 0.07;
        _subscriptions.Add(new { subscriptionId = id, memberId = payer.Id, orders, renewal = leaving ? "never" : "sandbox" });
    }

    private void Award()
    {
        (string Name, string Class)[] names = [("百问百答", "gold"), ("Helpful", "silver"), ("First Answer", "bronze"), ("早起读者", "bronze"), ("Deep Diver", "silver"), ("社区元老", "gold")];

        for (var i = 0; i < 160; i++)
        {
            var (member, name) = (i < Accounts.Count ? _members[i] : Pick(_members), Pick(names));
            var at = Between(member.Joined, _end);
            _badges.Add(new { awardId = IdOf($"badge/{i}", at), memberId = member.Id, name = name.Name, @class = name.Class, at });
        }
    }

    private static object Order(Guid id, Guid member, object item, long amount, DateTimeOffset at, DateTimeOffset? refundedAt) => new
    {
        orderId = id,
        memberId = member,
        item,
        amount = new { amount, currency = Currency },
        paid = new { gateway = "sandbox", receipt = $"demo-{id}" },
        at,
        refundedAt,
        sharesOwed = true
    };

    /// <summary>Somebody who is about at an instant, by how keen they are.</summary>
    private (Somebody Who, DateTimeOffset At)? Active(DateTimeOffset at)
    {
        var then = Hour(at);
        var candidates = Enumerable.Range(0, 30).Select(_ => Pick(_members)).Where(member => member.Joined < then && member.Last >= then).ToList();

        return candidates.Count == 0 || then > _end ? null : (candidates.MaxBy(member => member.Keenness * _random.NextDouble())!, then);
    }

    private (Somebody Who, DateTimeOffset At)? Later(DateTimeOffset at, double days) =>
        Active(at.AddDays(_random.NextDouble() * days)) is var (who, then) && then > at ? (who, then) : null;

    private Func<string, string> About(DemoSubject subject)
    {
        var (x, y) = (Pick(subject.Things), Pick(subject.Things));
        y = y == x ? subject.Name : y;

        return text => text.Replace("{x}", x, StringComparison.Ordinal).Replace("{y}", y, StringComparison.Ordinal).Replace("{n}", (3 + _random.Next(40)).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }

    private T Pick<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];

    private DateTimeOffset Between(DateTimeOffset from, DateTimeOffset to) => from + ((to - from) * _random.NextDouble());

    /// <summary>The same day, when people are awake in Shanghai: mornings and evenings most.</summary>
    private DateTimeOffset Hour(DateTimeOffset day)
    {
        var hour = _random.NextDouble() < 0.45 ? 1 + (_random.NextDouble() * 3) : _random.NextDouble() < 0.6 ? 12 + (_random.NextDouble() * 3) : 5 + (_random.NextDouble() * 6);
        var at = new DateTimeOffset(day.UtcDateTime.Date, TimeSpan.Zero).AddHours(hour);

        var awake = at < day ? day.AddMinutes(_random.Next(90)) : at;
        var latest = _end.AddMinutes(-15);

        return new((awake < latest ? awake : latest).UtcTicks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
    }
#pragma warning restore CA5394

    /// <summary>In the form of version 7: ids are in the order of time here as everywhere, and the rest comes from the name.</summary>
    private static Guid IdOf(string name, DateTimeOffset at)
    {
        var bytes = SHA256.HashData([.. Space.ToByteArray(), .. Encoding.UTF8.GetBytes(name)])[..16];
        var milliseconds = at.ToUnixTimeMilliseconds();

        for (var i = 0; i < 6; i++)
            bytes[i] = (byte)(milliseconds >> (8 * (5 - i)));

        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);

        return new Guid(bytes, bigEndian: true);
    }

    private sealed record Somebody(Guid Id, string Name, string? Email, DateTimeOffset Joined, DateTimeOffset Last, bool Writes, double Keenness, bool Chinese);

    private sealed record Article(Guid Id, Guid Author, DateTimeOffset At, long? Price, string Title, double Appeal);
}

internal sealed record DemoPlan(Guid Id, string Name, long Amount);

internal sealed record DemoPlans(DemoPlan Monthly, DemoPlan Yearly, DemoPlan Architect);
