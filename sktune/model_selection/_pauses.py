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
