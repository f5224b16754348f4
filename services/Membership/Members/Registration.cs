using System.ComponentModel.DataAnnotations;
using System.Net.Mail;
using System.Text;
using Community.EventSourcing;
using Community.Membership.Sessions;
using Community.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Community.Membership.Members;

internal static class Registration
{
    internal static async Task<Results<Created<Profile>, ProblemHttpResult>> Register(
        NewMember request, IDocumentStore store, KeyRing ring, Passwords passwords, TimeProvider clock, HttpContext http, CancellationToken ct)
    {
        var id = http.NewId(clock);
        Origin.Set(Origin.Current with { By = id.ToString() });
        var keys = await ring.Create([id], ct);
        var join = new Join(keys.Seal(id, request.DisplayName.Trim()), keys.Seal(id, request.Email), clock.GetUtcNow());
        var credentials = passwords.Make(id, request.Email, request.Password);

        try
        {
            var handled = await store.Handle(Member.Decider, id, join, new Handling { Also = session => session.Insert(credentials) }, ct);

            return TypedResults.Created($"/members/{id}", Profile.Of(id, (Joined)handled.State, keys, withAddress: true));
        }
        catch (Exception e) when (e.UniqueViolation() == Credentials.AddressIndex)
        {
            await ring.Erase(id, ct);

            return AddressTaken();
        }
    }

    internal static ProblemHttpResult AddressTaken() => Problems.Problem(409, "address-taken", "A member with this address exists.");
}

internal sealed record NewMember([Address] string Email, [Password] string Password, [Text(80)] string DisplayName);

/// <summary>An e-mail address as people have them: no display name, no comments, no spaces.</summary>
internal sealed class AddressAttribute() : ValidationAttribute("must be an e-mail address")
{
    public override bool IsValid(object? value) => value is null
        || (value is string text && Text.Fault(text, 254) is null && !text.Any(char.IsWhiteSpace)
            && MailAddress.TryCreate(text, out var address) && address.Address == text);

    /// <summary>The form under which one address is one address, in any case of letters and any composition of accents.</summary>
    public static string Normalize(string address) => address.Normalize(NormalizationForm.FormKC).ToLowerInvariant();
}
