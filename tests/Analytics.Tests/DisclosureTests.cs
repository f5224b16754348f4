using System.Reflection;
using Community.EventStore;

namespace Community.Analytics.Tests;

public sealed class DisclosureTests
{
    [Fact]
    public void Of_each_kind_of_event_it_is_said_whose_it_is()
    {
        var stored = typeof(Program).Assembly.GetTypes().Where(type => type.GetCustomAttribute<EventTypeAttribute>() is not null);

        Assert.Equal(stored.Select(type => type.Name).Order(), Disclosures.All.Select(disclosure => disclosure.EventType.Name).Order());
    }
}
