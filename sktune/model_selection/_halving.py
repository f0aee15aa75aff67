"""Successive halving, asynchronously: on every rung, the best of all that ever came to it are trained further.

The others stay where they are, and may still be promoted when more have come. Candidates on a rung are compared on the
same splits, after the same share of their epochs.

L. Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020 (asynchronous successive halving).
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ._ladder import Climb, Rung, check_ladder, make_ladder
from ._learning_curves import Candidate


@dataclass(frozen=True)
class SuccessiveHalving:
    """Train those candidates further that are among the best of all that were trained as far.

    Parameters
    ----------
    reduction_factor : float, default=3
        One of so many candidates of a rung is promoted; the next rung has so many times the epochs.
    n_rungs : int, default=3
        Number of rungs, the one of all epochs on all splits included: the first has
        ``max_epochs / reduction_factor**(n_rungs - 1)`` epochs.
    n_first_splits : int or None, default=None
        Number of splits on which candidates are trained below the last rung; None is a third of them, rounded up.

    Raises
    ------
    ValueError
        If a parameter is not allowed.

    Notes
    -----
    Cheap and robust, as it compares nothing but scores. It errs where curves cross: a falling learning rate shows its
    worth at the end. Fewer rungs and more splits make it careful, at a higher price. ``benchmarks/bench_agreement.py``
    measures how often it chooses the winner of the full search, and how often :class:`FreezeThaw` does.

    Where no candidate can be trained in pieces, they stop between the splits only: after the first ones, or not at all.

    Rungs of so few epochs of such small networks that the pauses would take longer than the training are left out. If
    all are, candidates are trained to all epochs on the first splits, and the promoted ones on the others.

    References
    ----------
    .. [1] L. Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020.

    Examples
    --------
    >>> from sktune.model_selection import SuccessiveHalving
    >>> [(rung.epochs(max_epochs=81), rung.n_splits) for rung in SuccessiveHalving().ladder(n_splits=5)]
    [(9, 2), (27, 2), (81, 5)]
    """

    reduction_factor: float = 3.0
    n_rungs: int = 3
    n_first_splits: int | None = None

    def __post_init__(self):
        check_ladder(self.reduction_factor, self.n_rungs, self.n_first_splits)

    def ladder(self, n_splits: int) -> list[Rung]:
        """Return the rungs of a search, in the order in which they are climbed.

        Parameters
        ----------
        n_splits : int
            Number of splits of the search.

        Returns
        -------
        list of Rung
            Their shares of the epochs, and numbers of splits.
        """
        return make_ladder(
            n_splits,
            reduction_factor=self.reduction_factor,
            n_rungs=self.n_rungs,
            n_first_splits=self.n_first_splits,
        )

    def choose(self, climb: Climb, standing: list[int], optimizer, n_points: int) -> dict[int, int]:
        """Return which candidates to train further now: all newcomers, and those that are promoted.

        Somebody must come to the end: where there are too few candidates for a promotion, or those that were promoted
        have failed, the best of the highest rung goes on.

        Parameters
        ----------
        climb : Climb
            What has been trained so far.
        standing : list of int
            The candidates that may be trained, by their index in the search.
        optimizer : Optimizer
            Has been told all scores.
        n_points : int
            Not used: promotions are not limited.

        Returns
        -------
        dict of int to int
            The next rungs of some of `standing`; none ends the search.
        """
        newcomers = [index for index in standing if climb.rung_of(index) == -1]
        promoted = [
            index
            for lower, upper in zip(climb.scores, climb.scores[1:], strict=False)
            for index in promotions(lower, upper, self.reduction_factor)
        ]
        chosen = newcomers + promoted
        if chosen or climb.alive(len(climb.ladder) - 1):
            return climb.next_rungs(chosen)
        return climb.next_rungs(promotions(climb.leaders(), (), 1.0)[:1])


def promotions(
    scores: Mapping[Candidate, float], promoted: Collection[Candidate], reduction_factor: float
) -> list[Candidate]:
    """Return the candidates of a rung that are to be promoted now.

    Parameters
    ----------
    scores : dict
        Scores of all that ever came to the rung, in the order in which they were proposed; NaN for failures, which are
        counted and never promoted.
    promoted : collection
        Those that have left it already.
    reduction_factor : float
        One of so many is promoted.

    Returns
    -------
    list
        The best ``floor(n / reduction_factor)`` of the n, except for those that were promoted before. Of equals, the
        one that was proposed first.
    """
    ranked = sorted((c for c, score in scores.items() if not math.isnan(score)), key=lambda c: -scores[c])
    n_best = math.floor(len(scores) / reduction_factor)
    return [candidate for candidate in ranked[:n_best] if candidate not in promoted]
