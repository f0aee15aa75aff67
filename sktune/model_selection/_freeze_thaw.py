"""Freeze and thaw: what is trained next is what promises the greatest improvement, be it new or paused.

The surrogate sees the scores of all rungs. It learns so how much early scores tell of final ones, and which settings
gain late, as a falling learning rate does. Of every candidate it expects a final score, and by how much the next rung
may change this expectation: the improvement that is expected of this step, for the work that it costs, orders new and
paused candidates alike. Early scores are extrapolated by their learning curves before the surrogate sees them.

K. Swersky, J. Snoek and R. P. Adams, "Freeze-Thaw Bayesian Optimization", 2014, is the idea, with another model of
learning curves; P. Frazier, W. Powell and S. Dayanik, "The Knowledge-Gradient Policy for Correlated Normal Beliefs",
2009, values a step by what it may change.
"""

import math
from collections import Counter
from dataclasses import dataclass
from functools import partial
from numbers import Real

import numpy as np
from scipy.special import ndtr, ndtri

from ..optimize import log_expected_improvement
from ._ladder import Climb, Rung, check_ladder, make_ladder
from ._paired_scores import paired_standard_errors
from ._pauses import break_even

#: Where nobody has come to the end after the work of so many whole evaluations, the best goes on: a search that is cut
#: short should have a winner.
_WORK_WITHOUT_END = 4.0
#: No search ends before so many came to the end: fewer do not tell how much the last epochs may change.
_FEWEST_WHOLE = 5
#: The deviations of the surrogate count so many times where a candidate may be left for good: it is too sure of itself.
_CAUTION = 2.0
#: Before so many were begun, the surrogate is not asked who will go on: half of those of which it was sure did not.
_FEWEST_BEGUN = 20
_TINY = np.finfo(float).tiny


@dataclass(frozen=True)
class FreezeThaw:
    """Train those candidates further of which the surrogate expects the most.

    Parameters
    ----------
    min_probability : float, default=0.03
        Candidates are trained further while the probability that they are the best, by more than half a standard
        error of the best score, is at least this; the surrogate, which is too sure of itself, counts as half as sure.
        A lower one is more careful, and more expensive. Candidates are compared on the same splits: what a split adds
        to the scores of all of them is not part of that error. Where no other candidate has come as far as the best,
        nothing tells the error, and it is taken to be 0.
    reduction_factor : float, default=3
        The next rung has so many times the epochs.
    n_rungs : int, default=3
        Number of steps to all epochs: the first rung has ``max_epochs / reduction_factor**(n_rungs - 1)`` epochs.
    n_first_splits : int or None, default=None
        Number of splits on which candidates are trained first, up to all epochs, before the others follow; None is a
        third of them, rounded up.

    Raises
    ------
    ValueError
        If a parameter is not allowed.

    Notes
    -----
    The work of a step counts its epochs and splits; those of our networks also by how large these are.

    A candidate that will probably go on does not stop on a rung where the pause, and training the other splits later
    than the first ones, cost more than is saved if it is left there. Only our networks tell what that costs.

    Where no candidate can be trained in pieces, they stop between the splits only: after the first ones, or not at all.

    Rungs of so few epochs of such small networks that the pauses would take longer than the training are left out: a
    small network is soon trained on the first splits, and this tells more.

    References
    ----------
    .. [1] K. Swersky, J. Snoek and R. P. Adams, "Freeze-Thaw Bayesian Optimization", 2014.
    .. [2] P. Frazier, W. Powell and S. Dayanik, "The Knowledge-Gradient Policy for Correlated Normal Beliefs",
       INFORMS Journal on Computing 21, 2009.

    Examples
    --------
    >>> from sktune.model_selection import FreezeThaw
    >>> [(rung.epochs(max_epochs=81), rung.n_splits) for rung in FreezeThaw(n_rungs=2).ladder(n_splits=3)]
    [(27, 1), (81, 1), (81, 3)]
    """

    min_probability: float = 0.03
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
        rungs = make_ladder(
            n_splits,
            reduction_factor=self.reduction_factor,
            n_rungs=self.n_rungs,
            n_first_splits=self.n_first_splits,
        )
        if len(rungs) > 1 and rungs[0].n_splits < n_splits:  # the first splits may already say that it cannot win
            rungs.insert(-1, Rung(1.0, rungs[0].n_splits))
        return rungs

    def choose(self, climb: Climb, standing: list[int], optimizer, n_points: int) -> dict[int, int]:
        """Return which candidates to train further now, and how far.

        Parameters
        ----------
        climb : Climb
            What has been trained so far.
        standing : list of int
            The candidates that may be trained, by their index in the search.
        optimizer : Optimizer
            Has been told all scores.
        n_points : int
            Number of candidates to choose at most.

        Returns
        -------
        dict of int to int
            The next rungs of some of `standing`, or higher ones; none ends the search.
        """
        top = len(climb.ladder) - 1
        alive = [list(climb.alive(rung)) for rung in range(top + 1)]
        paused = [index for index in standing if climb.rung_of(index) < 0] + [i for rung in alive[:top] for i in rung]
        if optimizer.best_params is None or not paused or not any(alive):
            return climb.next_rungs(paused)
        leaders = list(climb.leaders())
        n, params = len(paused), [climb.candidates[index].params for index in [*paused, *leaders]]
        mean, deviation = optimizer.predict(params)
        leader = int(np.argmax(mean[n:]))
        rungs = np.array([climb.rung_of(index) for index in paused])
        change = optimizer.predict_change(params[:n], [climb.work_share(rung + 1) for rung in rungs])
        beaten = {"best": mean[n + leader], "margin": _margin(climb, leaders, leader, optimizer)}
        choose = partial(
            next_to_train, mean[:n], deviation[:n], change, climb.costs_to_next(paused), rungs < 0, **beaten
        )
        chosen = choose(n_points=n_points, min_probability=self.min_probability)
        if not chosen and len(alive[top]) < _FEWEST_WHOLE:
            chosen = choose(n_points=min(n_points, _FEWEST_WHOLE - len(alive[top])), min_probability=0.0)
        if not alive[top] and climb.work() >= _WORK_WITHOUT_END:
            chosen = list(dict.fromkeys([int(np.argmax(np.where(rungs < 0, -np.inf, mean[:n]))), *chosen]))[:n_points]
        go_on = partial(
            probability_to_go_on,
            mean[chosen],
            deviation[chosen],
            min_probability=self.min_probability,
            **beaten,
        )
        return _goals(climb, [paused[number] for number in chosen], optimizer, go_on)


def _goals(climb, chosen, optimizer, go_on):
    """The next rungs, or higher ones where a stop costs more than it is expected to save."""
    goals = climb.next_rungs(chosen)
    params = [climb.candidates[index].params for index in chosen]
    n_begun = sum(climb.rung_of(index) >= 0 for index in climb.candidates)
    needed = _break_evens(climb, goals) if n_begun >= _FEWEST_BEGUN else {}
    while needed:
        change = optimizer.predict_change(params, [climb.work_share(goal) for goal in goals.values()])
        probability = dict(zip(chosen, go_on(change), strict=True))
        rising = [index for index, least in needed.items() if probability[index] >= least]
        goals.update({index: goals[index] + 1 for index in rising})
        needed = _break_evens(climb, {index: goals[index] for index in rising})
    return goals


def _break_evens(climb, goals):
    """How probable it must be of each candidate that it goes on, so that its goal is passed without a stop."""
    answer = {}
    n_alike = Counter(climb.epoch_costs[index] for index in goals)  # these share their stacks
    for index, goal in goals.items():
        stack, each = costs = climb.epoch_costs[index]
        if goal + 1 < len(climb.ladder) and not math.isnan(stack + each):
            start = climb.rung_of(index)
            way = [climb.ladder[rung] if rung >= 0 else None for rung in (start, goal, goal + 1)]
            answer[index] = break_even(*way, climb.max_epochs[index], stack / n_alike[costs], each)
    return answer


def _margin(climb, leaders, leader, optimizer):
    """Half a standard error of the leader's score, in the unit of the surrogate: less is no improvement to pay for.

    It is the error of a comparison on the same splits with the others on its rung; 0 if there are none.
    """
    n_splits = climb.ladder[climb.rung_of(leaders[leader])].n_splits
    scores = np.array([climb.evaluate.latest_scores(climb.candidates[index])[:n_splits] for index in leaders])
    score, error = np.mean(scores[leader]), paired_standard_errors(scores)[leader]
    low, high = optimizer.normalize([score, score + error / 2])
    return high - low


def next_to_train(
    mean: np.ndarray,
    deviation: np.ndarray,
    change: np.ndarray,
    cost: np.ndarray,
    is_new: np.ndarray,
    *,
    best: float,
    n_points: int,
    margin: float,
    min_probability: float,
) -> list[int]:
    """Return which candidates to train further, by falling expected improvement for the cost.

    Parameters
    ----------
    mean, deviation : ndarray of shape (n_candidates,)
        What is expected of their final scores.
    change : ndarray of shape (n_candidates,)
        By how much the next rung may change `mean`, as a standard deviation.
    cost : ndarray of shape (n_candidates,)
        Work to the next rung.
    is_new : ndarray of bool of shape (n_candidates,)
        Whether they have not been begun.
    best : float
        What is expected of the best of those that have been trained the furthest.
    n_points : int
        How many to choose at most.
    margin : float
        Improvement that is not worth its price.
    min_probability : float
        Those that have been begun, and are better than `best` and the margin with a smaller probability, are left;
        the surrogate is taken to be half as sure as it says.

    Returns
    -------
    list of int
        Their positions.
    """
    goal = max(best, np.max(mean[~is_new], initial=-np.inf))  # a step may also make a paused candidate the best
    value = log_expected_improvement(mean, change**2, goal) - np.log(cost)
    may_win = (mean >= _least_mean(deviation, best, margin, min_probability)) | is_new
    order = np.argsort(-value, kind="stable")
    return order[may_win[order]][:n_points].tolist()


def probability_to_go_on(
    mean: np.ndarray,
    deviation: np.ndarray,
    change: np.ndarray,
    *,
    best: float,
    margin: float,
    min_probability: float,
) -> np.ndarray:
    """Return how probable it is that candidates are not left after their next step; arguments as of `next_to_train`.

    The step changes what is expected of a candidate, and leaves the less unknown.

    Examples
    --------
    >>> given = {"best": 1.0, "margin": 0.0, "min_probability": 0.03}
    >>> means = np.array([-2.0, 0.0, 1.0])
    >>> probability_to_go_on(means, deviation=np.full(3, 0.5), change=np.full(3, 0.4), **given).round(2)
    array([0.  , 0.63, 1.  ])
    """
    left = np.sqrt(np.maximum(deviation**2 - change**2, 0.0))
    ahead = mean - _least_mean(left, best, margin, min_probability)
    return ndtr(ahead / np.maximum(change, _TINY))


def _least_mean(deviation, best, margin, min_probability):
    """The mean with which a candidate may still be better than the best and the margin."""
    return best + margin + _CAUTION * np.maximum(deviation, _TINY) * ndtri(min_probability)
