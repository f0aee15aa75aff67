"""A population in training: generation by generation, the worst go on from copies of the best."""

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ._evaluator import Evaluator, Piece
from ._population import exploit, generation_ends
from ._progress_lines import generation_line
from ._results import CandidateRecord


class Evolution:
    """Train a population.

    Parameters
    ----------
    evaluate : Evaluator
    n_generations : int
    quantile : float
        As in `exploit`.
    explore : callable
        From the parameters of a member and a generator to those of its copy.
    mutable : collection of str
        The parameters that `explore` changes.
    """

    def __init__(
        self,
        evaluate: Evaluator,
        *,
        n_generations: int,
        quantile: float,
        explore: Callable[[dict[str, Any], np.random.Generator], dict[str, Any]],
        mutable: Collection[str],
    ):
        self.evaluate = evaluate
        self.n_generations = n_generations
        self.quantile = quantile
        self.explore = explore
        self.mutable = mutable
        self.members: list[CandidateRecord] = []
        self._ends: dict[int, list[int]] = {}

    def run(self, params: list[dict[str, Any]], max_epochs: int) -> str | None:
        """Train members that start with `params` through all generations.

        Parameters
        ----------
        params : list of dict
        max_epochs : int
            Of the estimator: that of members which cannot tell their own.

        Returns
        -------
        str or None
            "timeout" if time ran out during a generation.
        """
        self.members = self.evaluate.add(params)
        for member in self.members:
            self._ends[member.index] = generation_ends(self.evaluate.max_epochs(member, max_epochs), self.n_generations)
        n_generations = max(map(len, self._ends.values()))
        for generation in range(n_generations):
            self.evaluate.train(self._pieces(generation))
            if any(map(_is_out_of_time, self.members)):
                return "timeout"  # a member without a score for want of time is no failure
            scores = [self._score(member, generation) for member in self.members]
            is_last = generation == n_generations - 1
            n_replaced = 0 if is_last else self._replace(scores, generation)
            self.evaluate.reporter.stage(
                generation_line(generation + 1, n_generations, scores, n_replaced, self.evaluate.metric)
            )
        return None

    def _pieces(self, generation):
        for member in self.members:
            for split in range(len(self.evaluate.splits)):
                yield Piece(member, split, self._end(member, generation))

    def _end(self, member, generation):
        ends = self._ends[member.index]
        return ends[min(generation, len(ends) - 1)]

    def _score(self, member, generation):
        return self.evaluate.score_on(member, len(self.evaluate.splits), self._end(member, generation))

    def _replace(self, scores, generation) -> int:
        """Replace the worst by copies; those that failed leave, even if there is nobody to copy."""
        rng = np.random.default_rng(self.evaluate.derive_seed("generation", generation))
        can_be_copied = [_is_paused(member) for member in self.members]
        winners = dict(exploit(scores, self.quantile, rng, can_be_copied=can_be_copied))
        survivors = []
        for place, (member, score) in enumerate(zip(self.members, scores, strict=True)):
            if place in winners:
                survivors.append(self._copy(self.members[winners[place]], rng))
            elif not math.isnan(score):
                survivors.append(member)
                continue
            member.prune("exploit")
        self.members = survivors
        return len(winners)

    def _copy(self, winner, rng):
        child = self.evaluate.fork(winner, self.explore(winner.params, rng), self.mutable)
        self._ends[child.index] = self._ends[winner.index]
        return child


def _is_out_of_time(member: CandidateRecord) -> bool:
    return any(fold is not None and fold.status == "timeout" for fold in member.folds)


def _is_paused(member: CandidateRecord) -> bool:
    """Whether a copy could go on on all splits: early stopping may have ended some."""
    return all(fold is not None and fold.paused is not None for fold in member.folds)
