using System.Text.Json;
using Community.EventStore;

namespace Community.Testing;

/// <summary>Given events, when a command, then events: all of them by way of their stored form, so that serialisation is tested too.</summary>
public static class Spec
{
    public static Scenario<TState, TCommand, TEvent> For<TState, TCommand, TEvent>(Decider<TState, TCommand, TEvent> decider)
        where TEvent : class => new(decider, []);

    public sealed class Scenario<TState, TCommand, TEvent>(Decider<TState, TCommand, TEvent> decider, IReadOnlyList<TEvent> past)
        where TEvent : class
    {
        /// <summary>The events that came before.</summary>
        public Scenario<TState, TCommand, TEvent> Given(params IEnumerable<TEvent> events) => new(decider, [.. past, .. events]);

        public Outcome<TEvent> When(TCommand command) => new(decider.Decide(State, command));

        /// <summary>The state that the given events lead to.</summary>
        public TState State => past.Select(Stored).Aggregate(decider.Initial, decider.Evolve);

        private static TEvent Stored(TEvent e) =>
            (TEvent)JsonSerializer.Deserialize(JsonSerializer.Serialize(e, e.GetType(), EventTypes.Json), e.GetType(), EventTypes.Json)!;
    }

    public sealed class Outcome<TEvent>(Decision<TEvent> decision) where TEvent : class
    {
        public void Then(params TEvent[] expected)
        {
            if (decision.Rejection is { } rejection)
            {
                throw new SpecFailedException($"Rejected: {rejection.Code}, {rejection.Detail}");
            }

            var (wanted, got) = (Lines(expected), Lines(decision.Events));

            if (wanted != got)
            {
                throw new SpecFailedException($"Expected:{Environment.NewLine}{wanted}{Environment.NewLine}but was:{Environment.NewLine}{got}");
            }
        }

        public void ThenNothing() => Then();

        public void ThenRejected(string code)
        {
            if (decision.Rejection?.Code != code)
            {
                throw new SpecFailedException(
                    $"Expected the rejection {code}, but was: {decision.Rejection?.Code ?? Lines(decision.Events)}");
            }
        }

        private static string Lines(IEnumerable<TEvent> events) => string.Join(
            Environment.NewLine, events.Select(e => $"{e.GetType().Name} {JsonSerializer.Serialize(e, e.GetType(), EventTypes.Json)}"));
    }
}

public sealed class SpecFailedException(string message) : Exception(message);
