"""Candidates that climb rungs in step: trained together, and compared where they stand."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from ._evaluator import Evaluator, Piece
from ._halving import Rung
from ._proposals import Observation
from ._results import CandidateRecord

Candidate = TypeVar("Candidate", bound=Hashable)


class Tournament:
    """Train candidates up to rungs, and remember how they scored there.

    Parameters
    ----------
    evaluate : Evaluator
        Trains and scores.
    stopped_by : str
        What is noted of candidates that are dropped.
    """

    def __init__(self, evaluate: Evaluator, stopped_by: str):
        self._evaluate = evaluate
        self._stopped_by = stopped_by
        self._scores: dict[Rung, dict[int, float]] = {}

    def train(self, candidates: Sequence[CandidateRecord], rung: Rung) -> dict[int, float]:
        """Train all of them up to a rung.

        Returns
        -------
        dict
            From their indices to their scores, in the order of `candidates`; NaN for failures.
        """
        if not candidates:  # all have failed, or a small space has no more
            return {}
        self._evaluate.train(
            Piece(candidate, split, rung.epochs(self._max_epochs(candidate)))
            for candidate in candidates
            for split in range(rung.n_splits)
        )
        scores = {candidate.index: self._evaluate.score_on(candidate, rung.n_splits) for candidate in candidates}
        self._scores.setdefault(rung, {}).update(scores)
        self._announce(scores, rung)
        return scores

    def _max_epochs(self, candidate):
        try:
            return self._evaluate.max_epochs(candidate)
        except Exception:  # training raises the same, as a failure of this candidate alone
            return 1

    def _announce(self, scores, rung):
        if self._evaluate.problem.verbose > 0:
            best = max((score for score in scores.values() if not math.isnan(score)), default=math.nan)
            where = f"{rung.share:.3g} of the epochs on {rung.n_splits} splits"
            print(f"{len(scores)} candidates after {where}: best {self._evaluate.metric} {best:.5g}", flush=True)

    def keep(self, indices: Sequence[int], candidates: Sequence[CandidateRecord]) -> list[CandidateRecord]:
        """Return the candidates with these indices, in this order, and let go of the others."""
        by_index = {candidate.index: candidate for candidate in candidates}
        kept = [by_index.pop(index) for index in indices]
        for candidate in by_index.values():
            candidate.prune(self._stopped_by)
        return kept

    def observations(self) -> list[Observation]:
        """Return what is known of all candidates, on all rungs that they came to."""
        return [
            Observation(self._evaluate.candidates[index].params, score, rung.share)
            for index, score, rung in lifted(self._scores)
        ]


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
