using System.Text.Encodings.Web;
using System.Text.Json;

namespace Community.Client.Content;

public partial class ContentClient
{
    // A request is never shown in a page. Escaped for one, bodies in HTML or Chinese would be several times as long.
    static partial void UpdateJsonSerializerSettings(JsonSerializerOptions settings) => settings.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
}
