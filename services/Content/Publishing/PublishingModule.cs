using Community.Content.Updates;

namespace Community.Content.Publishing;

internal static class PublishingModule
{
    public static void AddPublishing(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(ContentListings.Configure);
        builder.Services.AddSingleton<IUpdateSubjects, ContentUpdates>();
    }
}
