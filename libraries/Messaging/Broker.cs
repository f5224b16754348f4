namespace Community.Messaging;

/// <param name="Address">With user and password.</param>
/// <param name="Retries">Of a message that fails, before it is set aside (<c>Messaging:Retries</c>).</param>
internal sealed record Broker(Uri Address, int Retries)
{
    public const int UsualRetries = 9;
}
