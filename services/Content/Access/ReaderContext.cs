using System.Security.Claims;

namespace Community.Content.Access;

/// <summary>Who asks, and what an endpoint answers with where the answer depends on what they may read.</summary>
internal sealed record ReaderContext(ClaimsPrincipal User, HttpContext Http, IDocumentStore Store, Entitlements Entitlements, TimeProvider Clock)
{
    public Reader Reader => Reader.Of(User);
}
