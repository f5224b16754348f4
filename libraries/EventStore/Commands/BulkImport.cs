using System.ComponentModel.DataAnnotations;
using Marten;

namespace Community.EventStore;

/// <summary>A fact from elsewhere, with the id and the instant that its source gives it.</summary>
public interface IImported
{
    Guid Id { get; }

    DateTimeOffset At { get; }
}

/// <summary>What is to become of an item: commands on its stream, a refusal, or nothing, because it is known already.</summary>
public sealed class ImportStep<TCommand> where TCommand : class
{
    public static readonly ImportStep<TCommand> Known = new();

    /// <param name="writeWithEvents">See <see cref="CommandOptions.WriteWithEvents"/>.</param>
    public ImportStep(Guid stream, TCommand command, Action<IDocumentSession>? writeWithEvents = null) =>
        (Stream, Commands, WriteWithEvents) = (stream, [(command, null)], writeWithEvents);

    /// <summary>A history: each command has its own instant. The plan has seen to it that none of them is refused.</summary>
    public ImportStep(Guid stream, IReadOnlyList<(TCommand Command, DateTimeOffset At)> commands) =>
        (Stream, Commands) = (stream, [.. commands.Select(one => (one.Command, (DateTimeOffset?)one.At))]);

    private ImportStep() { }

    internal Guid Stream { get; }

    internal IReadOnlyList<(TCommand Command, DateTimeOffset? At)> Commands { get; } = [];

    internal Action<IDocumentSession>? WriteWithEvents { get; }

    internal Rejection? Rejection { get; private init; }

    public static implicit operator ImportStep<TCommand>(Rejection rejection) => new() { Rejection = rejection };
}

/// <param name="Taken">How many facts were new.</param>
/// <param name="Already">How many were known.</param>
public sealed record ImportResult(int Taken, int Already, IReadOnlyList<RefusedItem> Refused);

public sealed record RefusedItem(Guid Id, string Code, string Detail);

/// <summary>Facts from elsewhere. Those that can be taken are, in one transaction; each item has its own verdict, and taking it again changes nothing.</summary>
public sealed record BulkImport<TItem>([property: Length(0, 500, ErrorMessage = "must be at most 500 items")] IReadOnlyList<TItem> Items)
    where TItem : class, IImported
{
    /// <param name="plan">What is to become of an item.</param>
    /// <param name="knownBy">A unique index: whose row is there already, because it came in meanwhile, is known.</param>
    public async Task<ImportResult> Commit<TState, TCommand, TEvent>(
        IDocumentStore store, Decider<TState, TCommand, TEvent> decider, Func<TItem, ImportStep<TCommand>> plan, CancellationToken ct, string? knownBy = null)
        where TCommand : class
        where TEvent : class
    {
        var verdicts = Items.Select(item => (Item: item, Step: plan(item))).Select(one => (one.Item, one.Step, one.Step.Rejection, Taken: false)).ToArray();
        var planned = (
            from i in Enumerable.Range(0, verdicts.Length)
            from command in verdicts[i].Step.Commands
            select (Item: i, command.Command, At: command.At ?? verdicts[i].Item.At)).ToList();
        var handled = await store.HandleEach(
            decider,
            [.. planned.Select(one => (verdicts[one.Item].Step.Stream, one.Command,
                new CommandOptions { At = one.At, WriteWithEvents = verdicts[one.Item].Step.WriteWithEvents }))],
            knownBy, ct);

        foreach (var (one, answer) in planned.Zip(handled))
        {
            verdicts[one.Item].Rejection ??= answer?.Rejection;
            verdicts[one.Item].Taken |= answer is { Appended: true };
        }

        var refused = verdicts.Where(one => one.Rejection is not null).Select(one => new RefusedItem(one.Item.Id, one.Rejection!.Code, one.Rejection.Detail)).ToList();
        var taken = verdicts.Count(one => one is { Taken: true, Rejection: null });

        return new ImportResult(taken, Items.Count - taken - refused.Count, refused);
    }
}
