"""A ladder of rungs, from few epochs on few splits to all epochs on all splits, and the candidates that climb it."""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import NamedTuple, TypeVar

import numpy as np

from ._evaluator import Evaluator, Piece
from ._results import CandidateRecord

#: While nobody has come to the end, so many whole evaluations are kept in reserve, at the price they had until then.
_RESERVE = 2.0

Candidate = TypeVar("Candidate", bound=Hashable)


class Rung(NamedTuple):
    """A share of a candidate's epochs, on the first so many splits."""

    share: float
    n_splits: int

    def epochs(self, max_epochs: int) -> int:
        """Return the number of epochs of a candidate that has `max_epochs` in all."""
        return min(max_epochs, max(1, round(self.share * max_epochs)))


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


def lifted(scores: Mapping[Rung, Mapping[Candidate, float]]) -> list[tuple[Candidate, float, Rung]]:
    """Return scores of all rungs as if all were of the last one.

    To a score of a lower rung is added what the next rung brings to those that came there, in the median: otherwise a
    surrogate would hold all that was trained long for good.

    Examples
    --------
    >>> low, high = Rung(0.1, 1), Rung(1.0, 5)
    >>> [(name, score) for name, score, _ in lifted({high: {"a": 0.75}, low: {"a": 0.5, "b": 0.25}})]
    [('a', 0.75), ('b', 0.5), ('a', 0.75)]
    """
    answer, gain, above = [], 0.0, {}
    for rung in sorted(scores, reverse=True):
        own = scores[rung]
        gains = [above[c] - own[c] for c in above if c in own and not math.isnan(above[c] - own[c])]
        gain += float(np.median(gains)) if gains else 0.0
        answer = [(candidate, score + gain, rung) for candidate, score in own.items()] + answer
        above = own
    return answer


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
    """

    def __init__(self, evaluate: Evaluator, ladder: Sequence[Rung]):
        self.evaluate = evaluate
        self.ladder = ladder
        self.candidates: dict[int, CandidateRecord] = {}
        self.scores: list[dict[int, float]] = [{} for _ in ladder]
        self._max_epochs: dict[int, int] = {}

    def add(self, candidates: Iterable[CandidateRecord]) -> None:
        """Let candidates stand below the first rung."""
        for candidate in candidates:
            self.candidates[candidate.index] = candidate
            self._max_epochs[candidate.index] = self.evaluate.max_epochs(candidate, default=1)

    def rung_of(self, index: int) -> int:
        """Return the rung on which a candidate stands, -1 if it has not begun."""
        return max((rung for rung, scores in enumerate(self.scores) if index in scores), default=-1)

    def work_share(self, rung: int) -> float:
        """Return the share of the work of a whole evaluation that is done on a rung, 0 below the first."""
        return self.ladder[rung].share * self.ladder[rung].n_splits / self.ladder[-1].n_splits if rung >= 0 else 0.0

    def work(self) -> float:
        """Return the work that was done in all, in whole evaluations."""
        return sum(self.work_share(self.rung_of(index)) for index in self.candidates)

    def last_chance(self) -> list[int]:
        """Return who is to go on alone so that somebody comes to the end within the budget; nobody if it is not short.

        It is the best of those that have come the furthest.
        """
        share = self.evaluate.spent_share()
        if self.work() * (1.0 - share) >= _RESERVE * share or self.evaluate.any_ok():
            return []
        leaders = self.leaders()
        return [max(leaders, key=leaders.get)] if leaders else []

    def leaders(self) -> dict[int, float]:
        """Return the candidates on the highest rung on which anybody stands who has not failed, with their scores."""
        return next((alive for rung in reversed(range(len(self.ladder))) if (alive := self.alive(rung))), {})

    def alive(self, rung: int) -> dict[int, float]:
        """Return the candidates that stand on a rung and have not failed, with their scores."""
        above = self.scores[rung + 1] if rung + 1 < len(self.scores) else {}
        return {i: score for i, score in self.scores[rung].items() if i not in above and not math.isnan(score)}

    def promote(self, indices: Sequence[int]) -> None:
        """Train candidates up to their next rungs, all at once."""
        goals = [(index, self.rung_of(index) + 1) for index in indices]
        self.evaluate.train([piece for goal in goals for piece in self._pieces(*goal)])
        for index, rung in goals:
            self.scores[rung][index] = self.evaluate.score_on(self.candidates[index], self.ladder[rung].n_splits)

    def _pieces(self, index, rung):
        n_epochs = self.ladder[rung].epochs(self._max_epochs[index])
        return [Piece(self.candidates[index], split, n_epochs) for split in range(self.ladder[rung].n_splits)]

    def observations(self) -> list[tuple[dict, float, float]]:
        """Return (params, score, share of the work) of all candidates on all rungs that they came to.

        Scores of lower rungs are raised by what promotions bring in the median.
        """
        lifted_scores = lifted(dict(zip(self.ladder, self.scores, strict=True)))
        return [
            (self.candidates[index].params, score, self.work_share(self.ladder.index(rung)))
            for index, score, rung in lifted_scores
        ]

    def end(self) -> None:
        """Stop all that have not come to the end."""
        for candidate in self.candidates.values():
            candidate.prune("pruning")
