using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Community.Testing;

namespace Community.SystemTests;

/// <summary>Aspire's resource service, by which its dashboard lets an operator start what has ended.</summary>
internal sealed class AspireResources(Uri address, string key) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = address };

    /// <param name="resource">A server, or one replica of a service, as <c>content-qrmvtbkz</c>.</param>
    public Task Start(string resource) => Eventually.Value(
        () => Execute("start", resource), answer => answer == "started", $"Aspire to start {resource}");

    public void Dispose() => _http.Dispose();

    // One unary gRPC call; a client made from Aspire's contract would be a package for this alone.
    private async Task<string> Execute(string command, string resource)
    {
        byte[] message = [.. Text(1, command), .. Text(2, resource), .. Text(3, "Project")];
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);

        using var request = new HttpRequestMessage(HttpMethod.Post, "aspire.v1.DashboardService/ExecuteResourceCommand")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
            Headers = { TE = { new TransferCodingWithQualityHeaderValue("trailers") } }
        };
        request.Headers.Add("x-resource-service-api-key", key);
        using var response = await _http.SendAsync(request);
        var answer = await response.Content.ReadAsByteArrayAsync();

        return answer is [_, _, _, _, _, 8, 1, ..] // the first field, kind, says: succeeded
            ? "started"
            : $"{(int)response.StatusCode} {string.Join(' ', response.TrailingHeaders)} {Encoding.UTF8.GetString(answer)}";

        static byte[] Text(byte field, string text) => [(byte)((field << 3) | 2), (byte)Encoding.UTF8.GetByteCount(text), .. Encoding.UTF8.GetBytes(text)];
    }
}
