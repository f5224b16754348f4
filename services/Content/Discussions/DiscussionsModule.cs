using Community.Content.Updates;

namespace Community.Content.Discussions;

internal static class DiscussionsModule
{
    public static void AddDiscussions(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options =>
        {
            CommentTexts.Configure(options);
            TopicReadings.Configure(options);
        });
        builder.Services.AddSingleton<IUpdateSubjects, TopicUpdates>();
    }

    public static void MapDiscussions(this IEndpointRouteBuilder app)
    {
        app.MapTopics();
        app.MapComments();
    }
}
