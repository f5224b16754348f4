namespace Community.Client;

/// <summary>A body that is no JSON: a picture, a report.</summary>
public sealed record FileParameter(Stream Data, string ContentType);
