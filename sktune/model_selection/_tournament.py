"""Candidates that climb rungs in step: trained together, and compared where they stand."""

import math
from collections.abc import Sequence

from ._evaluator import Evaluator, Piece
from ._ladder import Rung
from ._learning_curves import lifted
from ._progress_lines import digits
from ._proposals import Observation
from ._results import CandidateRecord


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
        ends = {one.index: rung.epochs(self._evaluate.max_epochs(one, default=1)) for one in candidates}
        self._evaluate.train(
            Piece(candidate, split, ends[candidate.index]) for candidate in candidates for split in range(rung.n_splits)
        )
        scores = {one.index: self._evaluate.score_on(one, rung.n_splits, ends[one.index]) for one in candidates}
        self._scores.setdefault(rung, {}).update(scores)
        self._announce(scores, rung)
        return scores

    def _announce(self, scores, rung):
        best = max((score for score in scores.values() if not math.isnan(score)), default=math.nan)
        where = f"{rung.share:.3g} of the epochs on {rung.n_splits} of {len(self._evaluate.splits)} folds"
        result = "all failed" if math.isnan(best) else f"best {self._evaluate.metric} {digits(best)}"
        self._evaluate.reporter.stage(f"{len(scores)} candidate{'s'[: len(scores) > 1]} after {where}: {result}")

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
