"""Candidates on a ladder: train those that are promoted, tell what may be expected of the others."""

import math
from collections.abc import Sequence

import numpy as np

from ._evaluator import Evaluator, Piece
from ._halving import SuccessiveHalving, promotions
from ._results import CandidateRecord


class Race:
    """Train candidates rung by rung.

    Parameters
    ----------
    evaluate : Evaluator
    rule : SuccessiveHalving
    """

    def __init__(self, evaluate: Evaluator, rule: SuccessiveHalving):
        self.evaluate = evaluate
        self.rule = rule
        self.ladder = rule.ladder(len(evaluate.splits))
        self._scores: list[dict[int, float]] = [{} for _ in self.ladder]
        self._candidates: dict[int, CandidateRecord] = {}
        self._max_epochs: dict[int, int] = {}

    def run(self, newcomers: Sequence[CandidateRecord] = ()) -> bool:
        """Train newcomers up to the first rung, and those that are promoted now up to the next one.

        Returns
        -------
        bool
            Whether there was anything to train.
        """
        climbing = [(index, rung + 1) for rung in range(len(self.ladder) - 1) for index in self._promoted(rung)]
        for candidate in newcomers:
            self._candidates[candidate.index] = candidate
            self._max_epochs[candidate.index] = self.evaluate.max_epochs(candidate)
        climbing += [(candidate.index, 0) for candidate in newcomers]
        self.evaluate.train([piece for index, rung in climbing for piece in self._pieces(index, rung)])
        for index, rung in climbing:
            self._scores[rung][index] = self.evaluate.score_on(self._candidates[index], self.ladder[rung].n_splits)
        return bool(climbing)

    def _promoted(self, rung):
        return promotions(self._scores[rung], self._scores[rung + 1], self.rule.reduction_factor)

    def _pieces(self, index, rung):
        n_epochs = self.ladder[rung].epochs(self._max_epochs[index])
        return [Piece(self._candidates[index], split, n_epochs) for split in range(self.ladder[rung].n_splits)]

    def observations(self) -> list[tuple[dict, float, float]]:
        """Return (params, score, share of the epochs) of all candidates on all rungs that they came to.

        Scores of lower rungs are raised by what promotions bring in the median.
        """
        gains = self._gains()
        return [
            (self._candidates[index].params, score + sum(gains[rung:]), self.ladder[rung].share)
            for rung, scores in enumerate(self._scores)
            for index, score in scores.items()
        ]

    def _gains(self):
        """Return what a promotion from each rung adds to the score, in the median."""
        gains = []
        for lower, upper in zip(self._scores, self._scores[1:], strict=False):
            known = [upper[index] - lower[index] for index in upper if not math.isnan(upper[index])]
            gains.append(float(np.median(known)) if known else 0.0)
        return gains

    def end(self) -> None:
        """Stop all who have not come to the end."""
        for candidate in self._candidates.values():
            candidate.prune("pruning")
