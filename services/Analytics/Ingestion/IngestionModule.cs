using Community.Messaging;

namespace Community.Analytics.Ingestion;

internal static class IngestionModule
{
    public static Consumers AddIngestion(this Consumers consume) => consume.Add<RecordFacts>().Add<RecordPayments>().Add<RecordContents>().Add<RecordCommunityTimeZone>();

    public static void MapIngestion(this IEndpointRouteBuilder app) => app.MapActivities();
}
