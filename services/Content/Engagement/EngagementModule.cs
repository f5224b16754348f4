namespace Community.Content.Engagement;

internal static class EngagementModule
{
    public static void AddEngagement(this WebApplicationBuilder builder) => builder.ConfigureStore(ReactionRows.Configure);
}
