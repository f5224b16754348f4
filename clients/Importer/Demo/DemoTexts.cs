namespace Community.Importer.Demo;

/// <summary>What a subject is about: the things that its articles and questions name.</summary>
internal sealed record DemoSubject(string Name, string Tag, string[] Things);

/// <summary>The words of one language. <c>{x}</c> and <c>{y}</c> are two things of a subject, <c>{n}</c> is a number.</summary>
internal sealed record DemoWords(
    string[] ArticleTitles, string[] Openings, string[] Paragraphs, string[] Headings, string[] Endings, string[] QuestionTitles, string[] QuestionBodies,
    string[] DiscussionTitles, string[] Replies, string[] Comments, string[] Feedback);

internal static class DemoTexts
{
    public static readonly DemoSubject[] Subjects =
    [
        new("PostgreSQL", "postgresql", ["autovacuum", "GIN index", "logical replication", "connection pool", "partitioning", "lock wait", "JSONB", "query planner"]),
        new("Go", "go", ["goroutine", "channel", "context", "pprof", "escape analysis", "sync.Pool", "generics", "race detector"]),
        new("Rust", "rust", ["lifetime", "Tokio", "borrow checker", "Pin", "serde", "unsafe", "trait object", "Arc<Mutex>"]),
        new(".NET", "dotnet", ["Span<T>", "Kestrel", "EF Core", "async stream", "source generator", "Native AOT", "GC heap limit", "IAsyncDisposable"]),
        new("Kubernetes", "kubernetes", ["HPA", "liveness probe", "NetworkPolicy", "Helm chart", "etcd", "sidecar", "PodDisruptionBudget", "ingress"]),
        new("分布式系统", "distributed", ["Raft", "outbox", "idempotency key", "saga", "vector clock", "backpressure", "leader election", "exactly-once"]),
        new("Frontend", "frontend", ["hydration", "Web Component", "CSS container query", "bundle size", "service worker", "INP", "virtual list", "TypeScript"]),
        new("可观测性", "observability", ["OpenTelemetry", "trace sampling", "histogram", "log level", "SLO", "alert fatigue", "exemplar", "profiling"]),
        new("Security", "security", ["OAuth PKCE", "CSP", "session fixation", "secret rotation", "SBOM", "rate limit", "passkey", "SSRF"]),
        new("AI 工程", "ai", ["RAG", "embedding", "prompt cache", "eval set", "vector index", "agent loop", "token budget", "rerank"]),
        new("架构", "architecture", ["event sourcing", "CQRS", "module boundary", "ADR", "strangler fig", "read model", "feature flag", "monolith"]),
        new("职业成长", "career", ["code review", "on-call", "technical interview", "mentoring", "design doc", "promotion packet", "open source", "1:1"])
    ];

    public static readonly DemoWords Chinese = new(
        ArticleTitles:
        [
            "{x} 在生产环境里的 {n} 个坑", "一次 {x} 引起的故障复盘", "把 {x} 讲清楚：从原理到实践", "我们为什么放弃了 {x}", "{x} 与 {y}：该怎么选", "从零实现一个最小的 {x}",
            "{x} 性能调优笔记", "读源码：{x} 是怎么工作的", "给团队引入 {x} 的三个月", "{x} 的测试策略", "别再误用 {x} 了", "用 {x} 把延迟降了 {n}%"
        ],
        Openings:
        [
            "上个月我们在一个日活十几万的服务里遇到了 {x} 的问题，花了两天才定位到根因。这篇文章把过程完整写下来。",
            "网上讲 {x} 的文章很多，但大多停留在概念。这里只谈我们真正上线之后看到的东西。",
            "团队里新来的同学经常问：{x} 和 {y} 到底有什么区别？我整理了一份可以直接对照的答案。",
            "如果你正准备在项目里使用 {x}，先花十分钟看完这篇，可能会省下一周。"
        ],
        Paragraphs:
        [
            "先看数据。改动之前 P99 是 {n} 毫秒，而且每到整点就有一次尖刺。我们打开采样之后发现，时间几乎都花在 {x} 上，而不是大家猜的网络。",
            "{x} 的默认配置是为小规模准备的。连接数一多，排队就会发生在你看不到的地方，监控上只会显示“一切正常”。",
            "这里有一个容易忽略的细节：{x} 失败之后会重试，而重试没有退避。三台机器同时重试，就成了一次自己制造的洪峰。",
            "我们写了一个最小的复现用例，只有几十行代码。能在本机稳定复现之后，剩下的事情就简单了：二分、加日志、改一处、再跑一遍。",
            "权衡一下：{x} 换来的是更简单的代码，代价是多一次往返。对我们的场景来说，这笔账是划算的；如果你的请求量再高一个数量级，结论可能相反。",
            "上线分三步：先双写，再灰度读，最后切流量。每一步都可以单独回滚，这一点比任何优化都重要。",
            "测试方面，我们不再 mock {x}，而是在 CI 里起一个真实的实例。慢了 {n} 秒，但抓到过三次 mock 永远发现不了的问题。",
            "和 {y} 相比，{x} 的学习曲线更陡，但边界更清楚。出了问题，你知道该去哪里看。"
        ],
        Headings: ["## 背景", "## 定位过程", "## 根因", "## 方案", "## 效果", "## 取舍"],
        Endings:
        [
            "小结：先测量，再改动；能回滚的改动才是好改动。评论里欢迎讲讲你们的做法。",
            "以上就是我们现在的做法，不一定适合所有团队。如果你踩过别的坑，欢迎补充。",
            "完整的示例代码和压测脚本放在文末的仓库里，跑一遍比看十遍更有用。"
        ],
        QuestionTitles:
        [
            "{x} 偶尔超时，该从哪里查起？", "{x} 和 {y} 混用会有什么问题？", "升级之后 {x} 的行为变了，正常吗？", "{x} 在容器里内存一直涨", "如何给 {x} 写集成测试？", "{x} 的最佳批量大小怎么确定？",
            "线上 {x} CPU 占用 {n}%，怎么定位？", "有没有比 {x} 更轻的方案？", "{x} 报错信息太少，怎么打开调试日志？", "{x} 怎样做到平滑重启？"
        ],
        QuestionBodies:
        [
            "<p>环境：4 核 8G，负载不高。每天大约出现 {n} 次，日志里只有一行超时。已经确认不是网络问题，重启之后能好几个小时。</p><p>请问还可以看哪些指标？</p>",
            "<p>本地完全正常，一上测试环境就不对。配置我对过两遍，唯一的差别是 {y}。</p><pre><code>error: deadline exceeded after {n}s</code></pre><p>有人遇到过吗？</p>",
            "<p>我看文档里说 {x} 是线程安全的，但是压测的时候结果对不上。是我的用法有问题，还是理解错了？</p>",
            "<p>项目里历史代码用的是 {y}，现在想逐步换成 {x}，又不能停机。大家是怎么迁移的？</p>"
        ],
        DiscussionTitles: ["聊聊你们团队的 {x}", "{x} 值得现在就上吗？", "关于 {x}，最近读到的好文章", "大家怎么看 {x} 的未来？", "分享：我们的 {x} 清单"],
        Replies:
        [
            "<p>先看一下排队的长度，而不是处理时间。我们遇到过一模一样的现象，最后是 {x} 的池子太小。</p>", "<p>十有八九是重试没有退避。加上抖动再观察一天。</p>",
            "<p>把采样率调高跑十分钟，火焰图会直接告诉你答案。</p>", "<p>这是已知的行为，新版本改成显式开启了。升级说明里有一行，很容易漏掉。</p>",
            "<p>我们用的办法是先双写，对一周账，再切读。慢是慢，但是睡得着。</p>", "<p>可以看看 <code>{x}</code> 的超时是不是比上游还长，这种情况下客户端早就走了。</p>",
            "<p>不建议混用。真要混，就把边界放在一个模块里，其他地方只见接口。</p>", "<p>我试过两种都行，区别在出错的时候：{x} 的错误信息好查得多。</p>"
        ],
        Comments: ["写得很清楚，收藏了。", "第三点我们也踩过。", "请问压测是用什么工具做的？", "这个结论和我们的经验相反，场景可能不同。", "期待下一篇。", "图里的单位是毫秒吗？", "感谢分享，已经转给同事。", "同意，先测量再优化。"],
        Feedback: ["很实用，例子可以再多一点。", "讲得清楚。", "开头略长，后半部分很好。", "正好解决了我的问题。"]);

    public static readonly DemoWords English = new(
        ArticleTitles:
        [
            "{n} things we learned running {x} in production", "Post-mortem: how {x} took us down", "{x}, explained from first principles", "Why we moved away from {x}", "{x} or {y}: how to choose",
            "Building a tiny {x} from scratch", "Tuning {x} without guessing", "Reading the source: how {x} works", "Three months with {x}", "Testing {x} for real", "Stop misusing {x}", "How {x} cut our latency by {n}%"
        ],
        Openings:
        [
            "Last month {x} cost us two days. The fix was one line; finding it was not. Here is the whole path, wrong turns included.",
            "There is no lack of articles on {x}. Most of them stop where production begins, so this one starts there.",
            "New colleagues ask us how {x} differs from {y}. This is the answer that we now send them.",
            "If you are about to adopt {x}, ten minutes here may save you a week."
        ],
        Paragraphs:
        [
            "Numbers first. Before the change the p99 was {n} ms, with a spike on every full hour. A profile showed that nearly all of it was spent in {x}, and not in the network as everybody had guessed.",
            "The defaults of {x} are made for small systems. With more connections the queue forms where no dashboard looks, and every light stays green.",
            "One detail is easy to miss: {x} retries, and it retries without back-off. Three machines that do so at once make a flood of their own.",
            "We wrote a reproduction of forty lines. Once it failed on a laptop, the rest was routine: halve the problem, add a log line, change one thing, run it again.",
            "It is a trade. {x} buys simpler code for one more round trip. For us that is cheap; with ten times the traffic the answer may be the opposite.",
            "We rolled it out in three steps: write twice, read from both, then switch. Each step can be undone by itself, which matters more than any optimisation.",
            "We no longer mock {x}. CI starts a real one, which takes {n} seconds and has found three faults that no mock would have shown.",
            "Compared with {y}, {x} is harder to learn and easier to reason about. When it breaks you know where to look."
        ],
        Headings: ["## Background", "## What we saw", "## The cause", "## What we changed", "## The result", "## What it costs"],
        Endings:
        [
            "In short: measure first, and prefer the change that you can undo. Tell us in the comments how you do it.",
            "This works for us today. If you have met a case where it does not, we would like to read about it.",
            "The sample and the load test are in the repository below. Running it once beats reading it ten times."
        ],
        QuestionTitles:
        [
            "{x} times out now and then: where do I start?", "What goes wrong when {x} and {y} are mixed?", "{x} behaves differently after the upgrade. Is that intended?", "Memory grows with {x} in a container",
            "How do you write integration tests for {x}?", "How to choose the batch size for {x}?", "{x} uses {n}% CPU in production", "Is there something lighter than {x}?", "How to get debug logs out of {x}?", "Graceful restart with {x}?"
        ],
        QuestionBodies:
        [
            "<p>Four cores, 8 GB, little load. It happens about {n} times a day, and the log has one line: a timeout. The network is fine, and a restart helps for some hours.</p><p>What else should I look at?</p>",
            "<p>It works on my machine and fails in staging. I compared the settings twice; the only difference is {y}.</p><pre><code>error: deadline exceeded after {n}s</code></pre><p>Has anybody seen this?</p>",
            "<p>The documentation says that {x} is thread-safe, yet under load the sums do not add up. Do I use it wrongly?</p>",
            "<p>Our old code uses {y}. We would like to move to {x} without downtime. How did you migrate?</p>"
        ],
        DiscussionTitles: ["How does your team use {x}?", "Is {x} worth it today?", "Good reads on {x}", "Where is {x} going?", "Our checklist for {x}"],
        Replies:
        [
            "<p>Look at the length of the queue before you look at the time spent. We had the very same thing, and the pool of {x} was too small.</p>", "<p>Most likely retries without back-off. Add jitter and watch it for a day.</p>",
            "<p>Profile it for ten minutes; the flame graph will tell you.</p>", "<p>Known, and intended: the new version wants it switched on explicitly. One line in the release notes, easy to miss.</p>",
            "<p>We wrote to both for a week, compared, and then moved the reads. Slow, but we slept.</p>", "<p>Check whether the timeout of <code>{x}</code> is longer than that of its caller. Then the caller has long gone.</p>",
            "<p>I would not mix them. If you must, keep the border in one module.</p>", "<p>Both work. The difference shows when they fail: the errors of {x} are far easier to read.</p>"
        ],
        Comments: ["Very clear, thank you.", "We fell into number three as well.", "Which tool did you use for the load test?", "Our experience is the opposite; it may be the traffic.", "Looking forward to the next part.", "Is that axis in milliseconds?", "Sent to the whole team.", "Measure first, indeed."],
        Feedback: ["Useful; more examples please.", "Clear.", "A long start, a very good second half.", "Solved my problem."]);

    public static readonly string[] ChineseFamilies = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧"];

    public static readonly string[] ChineseGiven =
    [
        "子涵", "浩然", "思远", "雨桐", "俊杰", "欣怡", "志强", "晓明", "文博", "佳琪", "宇航", "梦瑶", "建国", "雪", "磊", "静", "伟", "敏", "鹏", "丽", "凯", "婷", "昊", "琳", "晨", "悦", "一鸣", "若曦", "天宇", "嘉懿"
    ];

    public static readonly string[] EnglishGiven = ["Ada", "Ben", "Carla", "Dmitri", "Elena", "Femi", "Grace", "Hugo", "Ines", "Jonas", "Kavya", "Leo", "Mina", "Noah", "Olga", "Priya", "Quinn", "Rosa", "Sam", "Tariq", "Uma", "Viktor", "Wen", "Yara", "Zoe"];

    public static readonly string[] EnglishFamilies = ["Almeida", "Berg", "Costa", "Dietrich", "Evans", "Fischer", "Garcia", "Hansen", "Ito", "Jensen", "Kumar", "Larsen", "Moreau", "Novak", "Okafor", "Park", "Rossi", "Silva", "Tanaka", "Ueda", "Varga", "Weber", "Young", "Zhang"];
}
