using Microsoft.AspNetCore.Http;

namespace Community.Web;

/// <summary>A query or route value that binds but cannot be meant: a 400 that names its field.</summary>
public sealed class InvalidParameter(string field, string fault) : BadHttpRequestException($"{field} {fault}.")
{
    public string Field { get; } = field;

    public string Fault { get; } = fault;
}
