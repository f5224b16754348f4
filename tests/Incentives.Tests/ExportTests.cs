using System.Reflection;
using Community.EventStore;

namespace Community.Incentives.Tests;

public sealed class ExportTests
{
    [Fact]
    public void Of_each_kind_of_event_it_is_said_whose_it_is()
    {
        var stored = typeof(Program).Assembly.GetTypes().Where(type => type.GetCustomAttribute<EventTypeAttribute>() is not null && !type.IsAssignableTo(typeof(IFormerEvent)));

        Assert.Equal(stored.Select(type => type.Name).Order(), Exports.All.Select(disclosure => disclosure.EventType.Name).Order());
    }
}
