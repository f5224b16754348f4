using System.ComponentModel.DataAnnotations;
using Marten;

namespace Community.EventStore;

/// <summary>A fact from elsewhere, with the id and the instant that its source gives it.</summary>
public interface IImported
{
    Guid Id { get; }

    DateTimeOffset At { get; }
}

/// <summary>What is to become of an item: a command on its stream, a refusal, or nothing, because it is known already.</summary>
public sealed class ImportStep<TCommand> where TCommand : class
{
    public static readonly ImportStep<TCommand> Known = new();

    /// <param name="writeWithEvents">See <see cref="CommandOptions.WriteWithEvents"/>.</param>
    public ImportStep(Guid stream, TCommand command, Action<IDocumentSession>? writeWithEvents = null) =>
        (Stream, Command, WriteWithEvents) = (stream, command, writeWithEvents);

    private ImportStep() { }

    internal Guid Stream { get; }

    internal TCommand? Command { get; }

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
        var verdicts = Items.Select(item => (Item: item, Step: plan(item))).Select(one => (one.Item, one.Step, one.Step.Rejection)).ToArray();
        var planned = Enumerable.Range(0, verdicts.Length).Where(i => verdicts[i].Step.Command is not null).ToList();
        var handled = await store.HandleEach(
            decider,
            [.. planned.Select(i => (verdicts[i].Step.Stream, verdicts[i].Step.Command!,
                new CommandOptions { At = verdicts[i].Item.At, WriteWithEvents = verdicts[i].Step.WriteWithEvents }))],
            knownBy, ct);

        foreach (var (i, answer) in planned.Zip(handled))
        {
            verdicts[i].Rejection = answer?.Rejection;
        }

        var refused = verdicts.Where(one => one.Rejection is not null).Select(one => new RefusedItem(one.Item.Id, one.Rejection!.Code, one.Rejection.Detail)).ToList();
        var taken = handled.Count(answer => answer is { Appended: true });

        return new ImportResult(taken, Items.Count - taken - refused.Count, refused);
    }
}
