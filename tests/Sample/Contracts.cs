namespace Community.Sample.Contracts;

public sealed record NumberSaid(Guid SpeakerId, int Value, DateTimeOffset At);
