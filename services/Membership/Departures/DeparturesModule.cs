using Community.EventStore;
using Weasel.Postgresql.Tables;

namespace Community.Membership.Departures;

internal static class DeparturesModule
{
    public static void AddDepartures(this WebApplicationBuilder builder) => builder.ConfigureStore(options =>
    {
        var erasures = new Table("erasures");
        erasures.AddColumn<Guid>("member_id").AsPrimaryKey();
        erasures.AddColumn("erased_at", "timestamptz").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(erasures);
    });
}
