"""Which rungs are worth their pauses.

Where a training pauses, it is scored, and handed back and forth: some milliseconds for each split, in which a small
network could be trained for many epochs, on several splits at once. On 340 rows, whole trainings on one of five splits
were measured to cost less than the first ninth of them with its pauses, and they tell more. So a rung on which the
training would take less time than its pauses is left out; where all are, whole trainings on the first splits remain.
"""

from collections.abc import Callable, Sequence

from ._ladder import Rung

#: What a pause costs on a split, in operations (see `Evaluator.epoch_costs`).
_PAUSE = 2.7e8


def worthwhile_rungs(ladder: Sequence[Rung], max_epochs: int, epoch_cost: Callable[[int], float]) -> list[Rung]:
    """Return the rungs on which training takes longer than pausing, and the last.

    Parameters
    ----------
    ladder : sequence of Rung
        From few epochs to all.
    max_epochs : int
        Of a usual candidate.
    epoch_cost : callable
        Returns what an epoch of a usual candidate costs on so many splits, in operations; NaN if this is not known, and
        nothing is left out then.

    Examples
    --------
    >>> ladder = [Rung(0.1, 1), Rung(0.3, 1), Rung(1.0, 3)]
    >>> [rung.share for rung in worthwhile_rungs(ladder, 100, lambda n_splits: 5e7)]
    [0.3, 1.0]
    >>> worthwhile_rungs(ladder, 100, lambda n_splits: 5e6)
    [Rung(share=1.0, n_splits=1), Rung(share=1.0, n_splits=3)]
    """
    *lower, top = ladder

    def is_worthwhile(rung):
        stops = rung.stops(max_epochs)
        return not stops[-1] * epoch_cost(rung.n_splits) < len(stops) * rung.n_splits * _PAUSE

    kept = [rung for rung in lower if is_worthwhile(rung)]
    if lower and not kept and lower[0].n_splits < top.n_splits:
        race = Rung(1.0, lower[0].n_splits)
        kept = [race] if is_worthwhile(race) else []
    return [*kept, top]


def rungs_of_whole_trainings(ladder: Sequence[Rung]) -> list[Rung]:
    """Return the rungs for candidates that cannot be trained in pieces: they may stop between the splits only.

    Examples
    --------
    >>> rungs_of_whole_trainings([Rung(0.1, 1), Rung(0.3, 1), Rung(1.0, 3)])
    [Rung(share=1.0, n_splits=1), Rung(share=1.0, n_splits=3)]
    """
    *lower, top = ladder
    return [Rung(1.0, lower[0].n_splits), top] if lower and lower[0].n_splits < top.n_splits else [top]


def break_even(start: Rung | None, stop: Rung, goal: Rung, max_epochs: int, stack: float, each: float) -> float:
    """Return how probable it must be that a candidate goes on to `goal` so that it had better not stop on the way.

    Stopping costs a pause. And where further splits follow, networks train in two stacks that might be in one.

    Parameters
    ----------
    start, stop, goal : Rung
        Where the candidate stands, None if it has not begun; where it may stop; and the next rung.
    max_epochs : int
        Of the candidate.
    stack, each : float
        What an epoch of a stack costs, whatever is in it, and of each network, in operations.

    Returns
    -------
    float
        At most 1. If it is negative, the stop costs more than is saved even if the candidate is always left there.

    Examples
    --------
    >>> half, first, all_splits = Rung(0.5, 2), Rung(1.0, 2), Rung(1.0, 5)
    >>> break_even(None, first, all_splits, 100, stack=1e8, each=1e8)
    0.75
    >>> break_even(None, first, all_splits, 100, stack=0.0, each=1e8)
    1.0
    >>> round(break_even(None, half, first, 100, stack=1e8, each=1e8), 2)
    0.93
    """
    later = _cost(stop, goal, max_epochs, stack, each)
    pause = _PAUSE * stop.n_splits * len(stop.stops(max_epochs)) if stop.share < 1.0 else 0.0  # ends are scored anyway
    straight = _cost(start, goal, max_epochs, stack, each) - _cost(start, stop, max_epochs, stack, each)
    return (straight - pause) / later if later else 0.0


def _cost(start, end, max_epochs, stack, each):
    """What it costs to train a candidate from one rung to another, its splits in one stack."""
    former = (start.epochs(max_epochs), start.n_splits) if start else (0, 0)
    n_epochs = end.epochs(max_epochs)
    longest = n_epochs if end.n_splits > former[1] else n_epochs - former[0]
    return longest * stack + (n_epochs * end.n_splits - former[0] * former[1]) * each
