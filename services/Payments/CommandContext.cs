using System.Security.Claims;
using Marten;

namespace Community.Payments;

/// <summary>Who sends a command, and what it is carried out with.</summary>
internal sealed record CommandContext(ClaimsPrincipal User, HttpContext Http, IDocumentStore Store, TimeProvider Clock);
