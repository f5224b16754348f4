using Community.EventStore;
using Community.Membership.Contracts;
using Community.Messaging;
using Marten;
using MassTransit;

namespace Community.Analytics.Recommendations;

internal static class RecommendationsModule
{
    public static void AddRecommendations(this WebApplicationBuilder builder)
    {
        builder.ConfigureStore(options => options.Storage.ExtendedSchemaObjects.AddRange(NeighbourTables.All()));
        builder.AddConsumer<ForgetDismissalsWhenMemberErased>();
        builder.Services.AddHostedService<FindNeighbours>();
    }
}

/// <summary>What a person did not want to see is no fact of the log: it goes with the person.</summary>
internal sealed class ForgetDismissalsWhenMemberErased(IDocumentStore store) : IConsumer<MemberErased>
{
    public Task Consume(ConsumeContext<MemberErased> context) => store.Once(
        context, session => session.QueueSqlCommand("delete from content_dismissals where member_id = ?", context.Message.MemberId));
}
