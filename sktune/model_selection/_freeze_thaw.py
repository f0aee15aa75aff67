"""Freeze and thaw: what is trained next is what promises the greatest improvement, be it new or paused.

The surrogate sees the scores of all rungs, with the share of the epochs as one more input. It learns so how much early
scores tell of final ones, and which settings gain late, as a falling learning rate does. Of every candidate it expects
a final score; the expected improvement over the best that was trained to its end, for the epochs that are still to be
paid, orders new and paused candidates alike.

K. Swersky, J. Snoek and R. P. Adams, "Freeze-Thaw Bayesian Optimization", 2014, is the idea, with another model of
learning curves.
"""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.special import ndtr

from ..optimize import log_expected_improvement
from ._ladder import Climb, Rung, check_ladder, make_ladder


@dataclass(frozen=True)
class FreezeThaw:
    """Train those candidates further of which the surrogate expects the most.

    Parameters
    ----------
    min_probability : float, default=0.05
        When all candidates have been begun, those are trained further that may be the best with at least this
        probability. A lower one is more careful, and more expensive.
    reduction_factor : float, default=3
        The next rung has so many times the epochs.
    n_rungs : int, default=3
        Number of rungs, the one of all epochs on all splits included: the first has
        ``max_epochs / reduction_factor**(n_rungs - 1)`` epochs.
    n_first_splits : int or None, default=None
        Number of splits on which candidates are trained below the last rung; None is a third of them, rounded up.

    Raises
    ------
    ValueError
        If a parameter is not allowed.

    References
    ----------
    .. [1] K. Swersky, J. Snoek and R. P. Adams, "Freeze-Thaw Bayesian Optimization", 2014.

    Examples
    --------
    >>> from sktune.model_selection import FreezeThaw
    >>> [(rung.epochs(max_epochs=81), rung.n_splits) for rung in FreezeThaw(n_rungs=2).ladder(n_splits=3)]
    [(27, 1), (81, 3)]
    """

    min_probability: float = 0.05
    reduction_factor: float = 3.0
    n_rungs: int = 3
    n_first_splits: int | None = None

    def __post_init__(self):
        value = self.min_probability
        if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value < 0.5:
            raise ValueError(f"min_probability must be a number above 0 and below 0.5, got {value!r}")
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

    def choose(self, climb: Climb, optimizer, n_points: int, *, more_to_come: bool) -> list[int]:
        """Return the candidates to train further now, at most `n_points`; none ends the search of this space."""
        at = {index: climb.rung_of(index) for index in climb.candidates}
        top = len(climb.ladder) - 1
        paused = [index for index, rung in at.items() if rung < top and _is_alive(climb, index, rung)]
        if optimizer.best_params is None or not paused:
            return paused
        furthest = max(rung for index, rung in at.items() if rung >= 0 and _is_alive(climb, index, rung))
        leaders = [index for index, rung in at.items() if rung == furthest and _is_alive(climb, index, rung)]
        mean, deviation = optimizer.predict([climb.candidates[index].params for index in [*paused, *leaders]])
        shares = np.array([climb.ladder[at[index]].share if at[index] >= 0 else 0.0 for index in paused])
        n, best = len(paused), mean[len(paused) :].max()
        may_end = furthest == top and not more_to_come
        least = self.min_probability if may_end else 0.0
        chosen = next_to_train(mean[:n], deviation[:n], shares, best, n_points, min_probability=least)
        return [paused[number] for number in chosen]


def _is_alive(climb, index, rung):
    return rung < 0 or not np.isnan(climb.scores[rung][index])


def next_to_train(
    mean: np.ndarray,
    deviation: np.ndarray,
    shares: np.ndarray,
    best: float,
    n_points: int,
    *,
    min_probability: float,
) -> list[int]:
    """Return which candidates to train further, by falling expected improvement for the cost.

    Parameters
    ----------
    mean, deviation : ndarray of shape (n_candidates,)
        What is expected of their final scores.
    shares : ndarray of shape (n_candidates,)
        Shares of their epochs that they have been trained, below 1.
    best : float
        What is expected of the best of those that have been trained the furthest.
    n_points : int
        How many to choose at most.
    min_probability : float
        Those that are better than `best` with a smaller probability are left.

    Returns
    -------
    list of int
        Their positions.
    """
    value = log_expected_improvement(mean, deviation**2, best) - np.log1p(-shares)
    probability = ndtr((mean - best) / deviation)
    order = np.argsort(-value, kind="stable")
    return [int(number) for number in order if probability[number] >= min_probability][:n_points]
