namespace Community.Content.Discussions;

internal static class DiscussionsModule
{
    public static void AddDiscussions(this WebApplicationBuilder builder) => builder.ConfigureStore(options =>
    {
        CommentTexts.Configure(options);
        TopicReadings.Configure(options);
    });

    public static void MapDiscussions(this IEndpointRouteBuilder app)
    {
        app.MapTopics();
        app.MapComments();
    }
}
