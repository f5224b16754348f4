using System.Globalization;
using System.Resources;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Community.EventStore;
using Community.Privacy;
using Community.ServiceDefaults;
using Community.Web;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Payments.Invoices;

/// <summary>Name, address and tax number as they shall stand on invoices to come.</summary>
internal sealed record Buyer(
    [property: Text(200)] string Name, [property: Text(1000, MultiLine = true)] string Address, [property: Text(100)] string? TaxNumber = null);

/// <param name="Number">Within the year, without a gap.</param>
/// <param name="Credits">The invoice that a credit note takes from.</param>
/// <param name="Tax">Included in the total; null: none.</param>
/// <param name="Kept">Why it outlives the member's data.</param>
/// <param name="IssuedOn">The day of <paramref name="IssuedAt"/> in <paramref name="TimeZone"/>, the community's: what stands on the document.</param>
internal sealed record InvoiceView(
    Guid InvoiceId, string Number, InvoiceKind Kind, Guid? Credits, Guid OrderId, Guid MemberId, IReadOnlyList<InvoiceLine> Lines, Money Total, Money? Tax,
    Buyer? Buyer, DateTimeOffset IssuedAt, string Kept, DateOnly IssuedOn, string TimeZone)
{
    /// <summary>In the zone.</summary>
    internal DateTimeOffset IssuedThere => TimeZoneInfo.ConvertTime(IssuedAt, TimeZoneInfo.FindSystemTimeZoneById(TimeZone));
}

internal sealed record InvoiceServices(ClaimsPrincipal User, HttpContext Http, IDocumentStore Store, KeyRing Keys);

internal static class InvoiceEndpoints
{
    private const string Style = """
        body{font:1rem/1.5 system-ui,sans-serif;max-width:48rem;margin:3rem auto;padding:0 1rem;color:#1b1b1f}
        table{width:100%;border-collapse:collapse}th,td{text-align:left;padding:.4rem;border-bottom:1px solid #ccc}.sum{text-align:right}address{white-space:pre-line;font-style:normal}
        """;

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; frame-ancestors 'none'";

    private static readonly ResourceManager Texts = new("Community.Payments.Invoices.InvoiceWords", typeof(InvoiceEndpoints).Assembly);
    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    public static void MapInvoices(this IEndpointRouteBuilder app)
    {
        var invoices = app.MapGroup("/invoices").WithTag("Invoices", "One for each arrival of money, and a credit note for each refund.");
        invoices.MapGet("", List).WithSummary("One's own invoices, the latest first; for operators, all");
        invoices.MapGet("/{id}", Get).WithSummary("An invoice");
        invoices.MapGet("/{id}/document", Document).Produces<string>(200, "text/html").WithSummary("An invoice to print");
        invoices.MapGet("/{id}/pdf", Pdf).Produces<byte[]>(200, "application/pdf").ProducesProblem(409).WithSummary("An invoice as PDF");
        var details = app.MapGroup("/billing-details").WithTag("Invoices", "One for each arrival of money, and a credit note for each refund.");
        details.MapPut("", Give).WithSummary("Says what shall stand on one's invoices to come");
        details.MapGet("", Details).ProducesProblem(404).WithSummary("What shall stand on one's invoices to come");
    }

    private static async Task<Page<InvoiceView>> List(
        [AsParameters] Paging paging, ClaimsPrincipal user, HttpContext http, IQuerySession session, KeyRing keys, CancellationToken ct)
    {
        var invoices = session.Query<InvoiceInList>().AsQueryable();

        if (!user.May("operator"))
        {
            var member = user.MemberId();
            invoices = invoices.Where(i => i.MemberId == member);
        }

        if (paging.Key<long>(out var after))
        {
            invoices = invoices.Where(i => i.Order < after);
        }

        var rows = await invoices.OrderByDescending(i => i.Order).Take(paging.Size + 1).ToListAsync(ct);
        var ring = await keys.Find([.. rows.Select(i => i.Issued.Buyer?.KeyId).OfType<Guid>().Distinct()], ct);
        var language = http.Request.Language();
        var page = paging.Page([.. rows.Select(i => (i.Order, View: View(i.Id, i.Issued, ring, language)))], i => i.Order);

        return new Page<InvoiceView>([.. page.Items.Select(i => i.View)], page.Next);
    }

    private static async Task<Results<Ok<InvoiceView>, ProblemHttpResult>> Get(
        Guid id, [AsParameters] InvoiceServices services, CancellationToken ct) =>
        await Find(id, services, ct) is { } invoice ? TypedResults.Ok(invoice) : Problems.NotFound("invoice");

    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> Document(
        Guid id, [AsParameters] InvoiceServices services, IConfiguration configuration, CancellationToken ct)
    {
        if (await Find(id, services, ct) is not { } invoice)
        {
            return Problems.NotFound("invoice");
        }

        services.Http.Response.Headers.ContentSecurityPolicy = Policy;
        services.Http.Response.Headers.CacheControl = "no-store";
        services.Http.Response.Headers.Vary = "Accept-Language";

        return TypedResults.Content(Render(invoice, configuration["Invoices:Seller"], services.Http.Request.Language()), "text/html; charset=utf-8");
    }

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> Pdf(
        Guid id, [AsParameters] InvoiceServices services, IConfiguration configuration, ILogger<InvoicePdf> log, CancellationToken ct)
    {
        if (await Find(id, services, ct) is not { } invoice)
        {
            return Problems.NotFound("invoice");
        }

        services.Http.Response.Headers.CacheControl = "no-store";
        services.Http.Response.Headers.Vary = "Accept-Language";

        try
        {
            var language = services.Http.Request.Language();

            return TypedResults.File(InvoicePdf.Of(invoice, configuration["Invoices:Seller"], language), "application/pdf", $"{invoice.Number}.pdf");
        }
        catch (FontMissingException)
        {
            // Which character it was may be of a name.
            log.LogWarning("An invoice cannot be made as PDF: this machine lacks a font for it (Debian: fonts-noto-cjk)");

            return Problems.Problem(
                StatusCodes.Status409Conflict, "invoice-font-missing", "This community's server lacks a font for it; the document to print needs none.");
        }
    }

    private static async Task<NoContent> Give(
        Buyer buyer, ClaimsPrincipal user, IDocumentStore store, KeyRing keys, TimeProvider clock, CancellationToken ct)
    {
        var member = user.MemberId();
        var details = (await keys.Create([member], ct)).Seal(member, JsonSerializer.Serialize(buyer, Json.Options));
        await store.Handle(BillingDetails.Decider, BillingDetails.Stream(member), new GiveBillingDetails(details, clock.GetUtcNow()), ct);

        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<Buyer>, ProblemHttpResult>> Details(ClaimsPrincipal user, IDocumentStore store, KeyRing keys, CancellationToken ct)
    {
        var details = (await store.Load(BillingDetails.Decider, BillingDetails.Stream(user.MemberId()), null, ct)).State.Details;

        return Open(details, await keys.Find([user.MemberId()], ct)) is { } buyer ? TypedResults.Ok(buyer) : Problems.NotFound("entry of what shall stand there");
    }

    private static async Task<InvoiceView?> Find(Guid id, InvoiceServices services, CancellationToken ct)
    {
        await using var session = services.Store.QuerySession();

        return (await session.Events.FetchStreamAsync(id, token: ct)) is [{ Data: InvoiceIssued issued }]
            && (issued.MemberId == services.User.MemberId() || services.User.May("operator"))
            ? View(id, issued, await services.Keys.Find(issued.Buyer is { } buyer ? [buyer.KeyId] : [], ct), services.Http.Request.Language())
            : null;
    }

    private static InvoiceView View(Guid id, InvoiceIssued i, MemberKeys keys, CultureInfo language)
    {
        var zone = i.TimeZone is { } name ? TimeZoneInfo.FindSystemTimeZoneById(name) : TimeZoneInfo.Utc;

        return new(
            id, InvoiceIds.Number(i.Year, i.Number), i.Kind, i.Credits, i.OrderId, i.MemberId, i.Lines, i.Total, i.Tax, Open(i.Buyer, keys), i.At,
            Text("Kept", language), zone.DayOf(i.At), zone.Id);
    }

    private static Buyer? Open(Sealed? details, MemberKeys keys) =>
        keys.Open(details) is { } clear ? JsonSerializer.Deserialize<Buyer>(clear, Json.Options) : null;

    private static string Render(InvoiceView invoice, string? seller, CultureInfo language)
    {
        string Word(string name) => Html.Encode(Text(name, language));
        var lines = string.Concat(invoice.Lines.Select(line =>
            $"<tr><td>{Html.Encode(line.Name)}</td><td>{line.Quantity}</td><td class=\"sum\">{Html.Encode(line.Amount.In(language))}</td></tr>"));
        var tax = invoice.Tax is { } included
            ? $"<tr><td colspan=\"2\">{Word("Tax")}</td><td class=\"sum\">{Html.Encode(included.In(language))}</td></tr>"
            : "";
        var buyer = invoice.Buyer is { } b
            ? $"<address>{Html.Encode(b.Name)}\n{Html.Encode(b.Address)}\n{Html.Encode(b.TaxNumber ?? "")}</address>"
            : $"<p>{Word("Member")} <code>{invoice.MemberId}</code></p>";

        return $"""
            <!doctype html>
            <html lang="{language.Name}">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{Word(invoice.Kind.ToString())} {invoice.Number}</title><style>{Style}</style></head>
            <body><main>
            <h1>{Word(invoice.Kind.ToString())} {invoice.Number}</h1>
            <p>{Html.Encode(seller ?? "")}</p>
            {buyer}
            <p>{Word("Date")} <time datetime="{invoice.IssuedThere:yyyy-MM-ddTHH:mm:sszzz}">{Html.Encode(invoice.IssuedOn.In(language))}</time> ({Html.Encode(invoice.TimeZone)}) · {Word("Order")} <code>{invoice.OrderId}</code></p>
            <table><thead><tr><th>{Word("Item")}</th><th>{Word("Quantity")}</th><th class="sum">{Word("Amount")}</th></tr></thead>
            <tbody>{lines}</tbody>
            <tfoot><tr><th colspan="2">{Word("Total")}</th><th class="sum">{Html.Encode(invoice.Total.In(language))}</th></tr>{tax}</tfoot></table>
            <p><small>{Word("Kept")}</small></p>
            </main></body>
            </html>
            """;
    }

    internal static string Text(string name, CultureInfo language) => Texts.GetString(name, language) ?? name;
}
