using Community.Client;
using Community.Client.Membership;

namespace Community.Portal.Services;

internal sealed class MembershipService(HttpClient http)
{
    private readonly MembershipClient _client = new(http);

    /// <param name="oneTimeCode">Of an authenticator, or a recovery code; null where the member has none.</param>
    public Task<Answer<Tokens>> SignIn(string email, string password, string? oneTimeCode, CancellationToken ct, string? deviceToken = null) =>
        Answers.Of(_client.PostSessionsAsync(new SignInRequest { Email = email, Password = password, OneTimeCode = oneTimeCode, DeviceToken = deviceToken }, null, ct));

    public Task<Answer<Tokens>> Return(string email, string password, string? oneTimeCode, CancellationToken ct) =>
        Answers.Of(_client.PostSessionsReturnAsync(new SignInRequest { Email = email, Password = password, OneTimeCode = oneTimeCode }, null, ct));

    public Task<Answer<object>> AskForPassword(string email, CancellationToken ct) => Answers.Of(_client.PostPasswordResetsAsync(new ResetRequest { Email = email }, null, ct));

    /// <param name="token">Of the link in the mail.</param>
    public Task<Answer<object>> SetPassword(string token, string password, CancellationToken ct) =>
        Answers.Of(_client.PostPasswordResetsCompletionAsync(new NewPassword { Token = token, Password = password }, null, ct));

    /// <param name="token">Of the link in the mail.</param>
    public Task<Answer<object>> ConfirmAddress(string token, CancellationToken ct) => Answers.Of(_client.PostEmailConfirmationsAsync(new Confirmation { Token = token }, null, ct));

    public Task<Answer<Tokens>> Refresh(string refreshToken, CancellationToken ct) =>
        Answers.Of(_client.PostSessionsRefreshAsync(new RefreshRequest { RefreshToken = refreshToken }, null, ct));

    public Task<Answer<object>> SignOut(CancellationToken ct) => Answers.Of(_client.DeleteSessionsCurrentAsync(ct));

    public Task<Answer<Settings>> Settings(CancellationToken ct) => Answers.Of(_client.GetSettingsAsync(null, ct));

    public Task<Answer<Settings>> Configure(SettingsChange change, CancellationToken ct) => Answers.Of(_client.PatchSettingsAsync(change, null, ct));

    public Task<Answer<SetupState>> SetupState(CancellationToken ct) => Answers.Of(_client.GetSetupAsync(ct));

    public Task<Answer<Profile>> SetUp(Setup setup, string key, CancellationToken ct) => Answers.Of(_client.PostSetupAsync(setup, key, ct));

    /// <summary>A member, with a session; or nobody yet, who waits to be let in.</summary>
    public async Task<Answer<NewProfile>> Join(NewMember member, string key, CancellationToken ct)
    {
        try
        {
            return await Answers.Of(_client.PostMembersAsync(member, key, ct), expected: 202);
        }
        catch (ApiException<Waiting>)
        {
            return new(Outcome.Given, null);
        }
    }

    /// <summary>Mails of the last days; their text is for operators where no server sends them.</summary>
    public Task<Answer<PageOfMailView>> Outbox(string? after, CancellationToken ct) => Answers.Of(_client.GetOutboxAsync(50, after, ct));

    public Task<Answer<ProviderList>> Providers(CancellationToken ct) => Answers.Of(_client.GetSignInProvidersAsync(ct));

    public Task<Answer<Begun>> BeginSignIn(string provider, string redirectUri, CancellationToken ct) =>
        Answers.Of(_client.PostSignInsAsync(new NewSignIn { Provider = provider, RedirectUri = redirectUri }, null, ct));

    /// <inheritdoc cref="Join"/>
    public async Task<Answer<Tokens>> SignInBy(string state, string code, string? oneTimeCode, CancellationToken ct)
    {
        try
        {
            return await Answers.Of(_client.PostSessionsByProviderAsync(new SignedIn { State = state, Code = code, OneTimeCode = oneTimeCode }, null, ct), expected: 202);
        }
        catch (ApiException<Waiting>)
        {
            return new(Outcome.Given, null);
        }
    }

    public Task<Answer<Profile>> Me(CancellationToken ct) => Answers.Of(_client.GetMembersMeAsync(null, ct));

    public Task<Answer<Profile>> Change(ProfileChange profile, string? version, CancellationToken ct) => Answers.Of(_client.PatchMembersMeAsync(profile, version, ct));

    public Task<Answer<Profile>> Member(Guid id, CancellationToken ct, DateTimeOffset? asOf = null) => Answers.Of(_client.GetMembersByIdAsync(id, asOf, ct));

    /// <summary>Public profiles of some; who is not there is left out.</summary>
    public Task<Answer<PageOfProfile>> Some(IEnumerable<Guid> ids, CancellationToken ct) => Answers.Of(_client.GetMembersAsync(string.Join(',', ids.Take(100)), null, null, ct));

    public Task<Answer<PageOfProfile>> AllMembers(string? after, CancellationToken ct, int limit = 50) => Answers.Of(_client.GetMembersAsync(null, limit, after, ct));

    public Task<Answer<History>> HistoryOf(Guid id, CancellationToken ct) => Answers.Of(_client.GetMembersByIdHistoryAsync(id, ct));

    public Task<Answer<object>> SetPicture(Stream picture, string type, CancellationToken ct) => Answers.Of(_client.PutMembersMeAvatarAsync(new FileParameter(picture, type), ct));

    public Task<Answer<object>> RemovePicture(CancellationToken ct) => Answers.Of(_client.DeleteMembersMeAvatarAsync(ct));

    /// <summary>As it is kept; the generated client reads no pictures.</summary>
    public Task<HttpResponseMessage> Picture(Guid id, CancellationToken ct) => http.GetAsync(new Uri($"/members/{id}/avatar", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, ct);

    public Task<Answer<object>> ChangePassword(string newPassword, string? currentPassword, CancellationToken ct) =>
        Answers.Of(_client.PutMembersMePasswordAsync(new PasswordChange { NewPassword = newPassword, CurrentPassword = currentPassword }, ct));

    public Task<Answer<object>> ChangeAddress(string email, string? currentPassword, CancellationToken ct) =>
        Answers.Of(_client.PutMembersMeEmailAsync(new NewAddress { Email = email, CurrentPassword = currentPassword }, ct));

    public Task<Answer<object>> AskToConfirm(CancellationToken ct) => Answers.Of(_client.PostMembersMeEmailConfirmationAsync(null, ct));

    public Task<Answer<PageOfSessionView>> Sessions(CancellationToken ct) => Answers.Of(_client.GetSessionsAsync(50, null, ct));

    public Task<Answer<object>> EndSession(Guid id, CancellationToken ct) => Answers.Of(_client.DeleteSessionsByIdAsync(id, ct));

    public Task<Answer<object>> EndOtherSessions(CancellationToken ct) => Answers.Of(_client.DeleteSessionsAsync(ct));

    public Task<Answer<TwoFactorView>> TwoFactor(CancellationToken ct) => Answers.Of(_client.GetMembersMeTwoFactorAsync(ct));

    public Task<Answer<Enrolment>> BeginTwoFactor(string? password, CancellationToken ct) =>
        Answers.Of(_client.PostMembersMeTwoFactorAsync(new WithPassword { Password = password }, null, ct));

    public Task<Answer<RecoveryCodesShown>> ConfirmTwoFactor(string oneTimeCode, CancellationToken ct) =>
        Answers.Of(_client.PostMembersMeTwoFactorConfirmationAsync(new WithCode { OneTimeCode = oneTimeCode }, null, ct));

    public Task<Answer<RecoveryCodesShown>> RenewRecoveryCodes(string oneTimeCode, CancellationToken ct) =>
        Answers.Of(_client.PostMembersMeTwoFactorRecoveryCodesAsync(new WithCode { OneTimeCode = oneTimeCode }, null, ct));

    public Task<Answer<object>> RemoveTwoFactor(string? password, CancellationToken ct) =>
        Answers.Of(_client.PostMembersMeTwoFactorRemovalAsync(new WithPassword { Password = password }, null, ct));

    public Task<Answer<LinkedList>> LinkedAccounts(CancellationToken ct) => Answers.Of(_client.GetMembersMeSignInsAsync(ct));

    public Task<Answer<object>> LinkAccount(string state, string code, CancellationToken ct) =>
        Answers.Of(_client.PostMembersMeSignInsAsync(new Returned { State = state, Code = code }, null, ct));

    public Task<Answer<object>> UnlinkAccount(string provider, CancellationToken ct) => Answers.Of(_client.DeleteMembersMeSignInsByProviderAsync(provider, ct));

    public Task<Answer<PageOfListedToken>> ApiTokens(CancellationToken ct) => Answers.Of(_client.GetTokensAsync(50, null, ct));

    public Task<Answer<ShownToken>> MakeToken(string name, IReadOnlyList<string> scopes, DateTimeOffset? expiresAt, string key, CancellationToken ct) =>
        Answers.Of(_client.PostTokensAsync(new NewToken { Name = name, Scopes = scopes, ExpiresAt = expiresAt }, key, ct));

    public Task<Answer<object>> RevokeToken(Guid id, CancellationToken ct) => Answers.Of(_client.DeleteTokensByIdAsync(id, ct));

    public Task<Answer<PageOfInvitationView>> Invitations(CancellationToken ct) => Answers.Of(_client.GetInvitationsAsync(50, null, ct));

    public Task<Answer<InvitationView>> Invite(int uses, string key, CancellationToken ct) => Answers.Of(_client.PostInvitationsAsync(new NewInvitation { Uses = uses }, key, ct));

    public Task<Answer<object>> WithdrawInvitation(Guid id, CancellationToken ct) => Answers.Of(_client.DeleteInvitationsByIdAsync(id, ct));

    public Task<Answer<object>> Depart(string key, CancellationToken ct) => Answers.Of(_client.PostMembersMeDepartureAsync(key, ct));

    public Task<Answer<object>> Erase(string key, CancellationToken ct) => Answers.Of(_client.PostMembersMeErasureAsync(key, ct));

    public Task<Answer<PageOfApplicationView>> Applicants(CancellationToken ct) => Answers.Of(_client.GetApplicationsAsync(50, null, ct));

    public Task<Answer<object>> Decide(Guid applicant, bool admit, CancellationToken ct) =>
        Answers.Of(admit ? _client.PostApplicationsByIdApprovalAsync(applicant, null, ct) : _client.PostApplicationsByIdRefusalAsync(applicant, null, ct));

    public Task<Answer<object>> Role(Guid id, string role, bool give, CancellationToken ct) =>
        Answers.Of(give ? _client.PutMembersByIdRolesByRoleAsync(id, role, ct) : _client.DeleteMembersByIdRolesByRoleAsync(id, role, ct));

    public Task<Answer<object>> Suspend(Guid id, string reason, DateTimeOffset? until, string key, CancellationToken ct) =>
        Answers.Of(_client.PostMembersByIdSuspensionAsync(id, new NewSuspension { Reason = reason, Until = until }, key, ct));

    public Task<Answer<object>> LiftSuspension(Guid id, CancellationToken ct) => Answers.Of(_client.DeleteMembersByIdSuspensionAsync(id, ct));

    public Task<Answer<object>> GiveTier(Guid id, string tier, DateTimeOffset? until, CancellationToken ct) =>
        Answers.Of(_client.PutMembersByIdTierAsync(id, new Gift { Tier = tier, Until = until }, ct));

    public Task<Answer<object>> TakeTier(Guid id, CancellationToken ct) => Answers.Of(_client.DeleteMembersByIdTierAsync(id, ct));
}
