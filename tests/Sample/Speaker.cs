using Community.EventStore;

namespace Community.Sample;

public abstract record SpeakerEvent
{
    private protected SpeakerEvent() { }
}

[EventType("number-said.v1")]
public sealed record NumberSaid(int Value, DateTimeOffset At) : SpeakerEvent;

public abstract record SpeakerCommand
{
    private protected SpeakerCommand() { }
}

public sealed record Say(int Value, DateTimeOffset At) : SpeakerCommand;

/// <summary>As <see cref="Say"/>, but the numbers of a speaker must rise: a rule that depends on the state.</summary>
public sealed record SayNext(DateTimeOffset At) : SpeakerCommand;

public sealed record Speaker(int Last)
{
    public static readonly Decider<Speaker, SpeakerCommand, SpeakerEvent> Decider = new(new Speaker(0), Decide, Evolve);

    private static Decision<SpeakerEvent> Decide(Speaker speaker, SpeakerCommand command) => command switch
    {
        Say { Value: < 0 } => new Rejection("negative-number", "Only numbers from zero are said."),
        Say c => new NumberSaid(c.Value, c.At),
        SayNext c => new NumberSaid(speaker.Last + 1, c.At),
        _ => throw new System.Diagnostics.UnreachableException()
    };

    private static Speaker Evolve(Speaker speaker, SpeakerEvent @event) => @event switch
    {
        NumberSaid e => new Speaker(e.Value),
        _ => throw new System.Diagnostics.UnreachableException()
    };
}
