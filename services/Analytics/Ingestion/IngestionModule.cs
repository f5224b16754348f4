using Community.Messaging;

namespace Community.Analytics.Ingestion;

internal static class IngestionModule
{
    public static void AddIngestion(this WebApplicationBuilder builder)
    {
        builder.AddConsumer<RecordFacts>();
        builder.AddConsumer<RecordPayments>();
        builder.AddConsumer<RecordContents>();
        builder.AddConsumer<RecordCommunityTimeZone>();
    }

    public static void MapIngestion(this IEndpointRouteBuilder app) => app.MapActivities();
}
