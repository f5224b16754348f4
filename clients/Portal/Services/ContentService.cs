using Community.ServiceDefaults;

namespace Community.Portal.Services;

public sealed record Price(long Amount, string Currency);

public sealed record Requirements(Price? Price, string? Tier, int? Level);

internal sealed record ContentItem(
    Guid ContentId, string Title, string Topic, string Format, string Access, Requirements Requires, string Excerpt, DateTimeOffset? PublishedAt);

internal sealed record ContentText(
    Guid ContentId, string Title, string Topic, string Status, string Access, Requirements Requires, string Body, DateTimeOffset? PublishedAt);

internal sealed class ContentService(HttpClient http)
{
    public Task<Answer<Page<ContentItem>>> Published(string? after, CancellationToken ct) =>
        http.Ask<Page<ContentItem>>(HttpMethod.Get, after is null ? "/contents?limit=12" : $"/contents?limit=12&after={Uri.EscapeDataString(after)}", null, ct);

    public Task<Answer<ContentText>> Find(Guid id, CancellationToken ct) =>
        http.Ask<ContentText>(HttpMethod.Get, $"/contents/{id}", null, ct);

    public Task<Answer<object>> View(Guid id, CancellationToken ct) =>
        http.Ask<object>(HttpMethod.Post, $"/contents/{id}/views", null, ct);
}
