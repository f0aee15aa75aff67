"""A ladder of rungs, from few epochs on few splits to all epochs on all splits, and the candidates that climb it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np

from ._evaluator import Evaluator, Piece
from ._learning_curves import expected_gains, lifted, looks_before, outlook
from ._results import CandidateRecord, value_of


class Rung(NamedTuple):
    """A share of a candidate's epochs, on the first so many splits."""

    share: float
    n_splits: int

    def epochs(self, max_epochs: int) -> int:
        """Return the number of epochs of a candidate that has `max_epochs` in all."""
        return min(max_epochs, max(1, round(self.share * max_epochs)))

    def stops(self, max_epochs: int, former: int = 0) -> tuple[int, ...]:
        """Return the epochs at which to score a candidate: here and, unless no more is to come, from `former` on."""
        n_epochs = self.epochs(max_epochs)
        looks = looks_before(n_epochs, former, self.n_splits) if self.share < 1.0 else ()
        return (*looks, n_epochs)


def make_ladder(n_splits: int, *, reduction_factor: float, n_rungs: int, n_first_splits: int | None) -> list[Rung]:
    """Return the rungs of a search, in the order in which they are climbed.

    Parameters
    ----------
    n_splits : int
        Number of splits of the search, which the last rung has.
    reduction_factor : float
        Ratio of the epochs of neighbouring rungs.
    n_rungs : int
    n_first_splits : int or None
        Number of splits below the last rung; None is a third of all, rounded up.
    """
    _check_count("n_splits", n_splits)
    first = -(-n_splits // 3) if n_first_splits is None else min(n_first_splits, n_splits)
    shares = [float(reduction_factor) ** -k for k in range(n_rungs - 1, 0, -1)]
    return [*(Rung(share, first) for share in shares), Rung(1.0, n_splits)]


def check_ladder(reduction_factor, n_rungs, n_first_splits) -> None:
    """Raise a ValueError for what `make_ladder` cannot use."""
    if not isinstance(reduction_factor, Real) or isinstance(reduction_factor, bool) or not 1 < reduction_factor < 1e9:
        raise ValueError(f"reduction_factor must be a number above 1 and below 1e9, got {reduction_factor!r}")
    _check_count("n_rungs", n_rungs)
    if n_first_splits is not None:
        _check_count("n_first_splits", n_first_splits)


def _check_count(name: str, value) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an int of at least 1, got {value!r}")


class Climb:
    """Train candidates from rung to rung, and remember their scores.

    Parameters
    ----------
    evaluate : Evaluator
    ladder : list of Rung

    Attributes
    ----------
    candidates : dict of int to CandidateRecord
        By their index in the search.
    scores : list of dict of int to float
        For each rung, the scores of all that ever came to it; NaN for failures.
    max_epochs : dict of int to int
        Epochs of the candidates' whole trainings.
    epoch_costs : dict of int to (float, float)
        What an epoch of them costs, see `Evaluator.epoch_costs`.
    """

    def __init__(self, evaluate: Evaluator, ladder: Sequence[Rung]):
        self.evaluate = evaluate
        self.ladder = ladder
        self.candidates: dict[int, CandidateRecord] = {}
        self.scores: list[dict[int, float]] = [{} for _ in ladder]
        self.max_epochs: dict[int, int] = {}
        self.epoch_costs: dict[int, tuple[float, float]] = {}

    def add(self, candidates: Iterable[CandidateRecord]) -> None:
        """Let candidates stand below the first rung."""
        for candidate in candidates:
            self.candidates[candidate.index] = candidate
            self.max_epochs[candidate.index] = self.evaluate.max_epochs(candidate, default=1)
            self.epoch_costs[candidate.index] = self.evaluate.epoch_costs(candidate)

    def rung_of(self, index: int) -> int:
        """Return the rung on which a candidate stands, -1 if it has not begun."""
        return max((rung for rung, scores in enumerate(self.scores) if index in scores), default=-1)

    def work_share(self, rung: int) -> float:
        """Return the share of the work of a whole evaluation that is done on a rung, 0 below the first."""
        return self.ladder[rung].share * self.ladder[rung].n_splits / self.ladder[-1].n_splits if rung >= 0 else 0.0

    def costs_to_next(self, indices: Sequence[int]) -> np.ndarray:
        """Return about what it costs to train each of some candidates up to its next rung, in a unit of this search."""
        whole = {i: shared + self.ladder[-1].n_splits * each for i, (shared, each) in self.epoch_costs.items()}
        known = [cost for cost in whole.values() if not math.isnan(cost)]
        usual = np.median(known) if known else 1.0
        of_epochs = np.array([whole[index] for index in indices])
        n_epochs = np.array([self.max_epochs[index] for index in indices])
        rungs = [self.rung_of(index) for index in indices]
        shares = np.array([self.work_share(rung + 1) - self.work_share(rung) for rung in rungs])
        return np.where(np.isnan(of_epochs), usual, of_epochs) * n_epochs * shares

    def next_rungs(self, indices: Iterable[int]) -> dict[int, int]:
        """Return the rung above that of each of some candidates."""
        return {index: self.rung_of(index) + 1 for index in indices}

    def work(self) -> float:
        """Return the work that was done in all, in whole evaluations."""
        return sum(self.work_share(self.rung_of(index)) for index in self.candidates)

    def leaders(self) -> dict[int, float]:
        """Return the candidates on the highest rung on which anybody stands who has not failed, with their scores."""
        return next((alive for rung in reversed(range(len(self.ladder))) if (alive := self.alive(rung))), {})

    def alive(self, rung: int) -> dict[int, float]:
        """Return the candidates that stand on a rung and have not failed, with their scores."""
        return {i: score for i, score in self.scores[rung].items() if self.rung_of(i) == rung and not math.isnan(score)}

    def promote(self, goals: Mapping[int, int]) -> None:
        """Train candidates up to higher rungs, all at once.

        Parameters
        ----------
        goals : mapping of int to int
            The rungs to which candidates go; on those in between they are not scored, but for whole trainings.
        """
        former = {index: self.rung_of(index) for index in goals}
        self.evaluate.train(*self._stages(goals.items()))
        for index in goals:
            self.evaluate.reporter.pause(self.candidates[index], self.evaluate.metric)
        for index, goal in goals.items():
            for number in range(former[index] + 1, goal + 1):
                rung = self.ladder[number]
                if number == goal or rung.share == 1.0:
                    n_epochs = rung.epochs(self.max_epochs[index])
                    self.scores[number][index] = self.evaluate.score_on(self.candidates[index], rung.n_splits, n_epochs)

    def _stops(self, index, rung):
        max_epochs = self.max_epochs[index]
        former = self.ladder[rung - 1].epochs(max_epochs) if rung > 0 else 0
        return self.ladder[rung].stops(max_epochs, former)

    def _stages(self, goals):
        """The pieces up to the first looks, then those up to the second, ..., at last those up to the goals."""
        stages = []
        for index, rung in goals:
            for number, n_epochs in enumerate(self._stops(index, rung)):
                stages += [[]] if number == len(stages) else []
                splits = range(self.ladder[rung].n_splits)
                stages[number] += [Piece(self.candidates[index], split, n_epochs) for split in splits]
        return stages

    def observations(self) -> list[tuple[dict, float, float]]:
        """Return (params, score, share of the work) of all candidates on all rungs that they came to.

        Scores of lower rungs are raised by what their learning curves promise, and by what promotions bring.
        """
        gains = {rung: self._gains(number) for number, rung in enumerate(self.ladder)}
        lifted_scores = lifted(dict(zip(self.ladder, self.scores, strict=True)), gains)
        return [
            (self.candidates[index].params, score, self.work_share(self.ladder.index(rung)))
            for index, score, rung in lifted_scores
        ]

    def _gains(self, rung):
        """What is expected to come of those on a rung that were looked at on their way there."""
        curves = {i: curve for i in self.scores[rung] if (curve := self._curve(i, rung)) is not None}
        if not curves:
            return {}
        scores = np.array([self.scores[rung][index] for index in curves])
        outlooks = [outlook(*self._stops(index, rung)[-2:], self.max_epochs[index]) for index in curves]
        rises = np.array([curve[-1] - curve[-2] for curve in curves.values()])
        earlier = [np.mean(curve[-2] - curve[-3]) if len(curve) > 2 else math.nan for curve in curves.values()]
        gains = expected_gains(scores, rises, np.array(outlooks), np.array(earlier))
        return dict(zip(curves, gains.tolist(), strict=True))

    def _curve(self, index, rung):
        """Scores of a candidate at all its stops, shape (n_stops, n_splits); None if it lacks any, or has only one."""
        stops = self._stops(index, rung)
        curves = [fold.curve for fold in self.candidates[index].folds[: self.ladder[rung].n_splits]]
        was_scored = not math.isnan(self.scores[rung][index]) and all(own.keys() >= set(stops) for own in curves)
        if len(stops) == 1 or not was_scored:
            return None
        return np.array([[value_of(own[stop], self.evaluate.metric) for own in curves] for stop in stops])

    def end(self) -> None:
        """Stop all that have not come to the end."""
        for candidate in self.candidates.values():
            candidate.prune("pruning")
