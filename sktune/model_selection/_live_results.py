"""The results of a search that is running: what callbacks read of it."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ._evaluator import Evaluator
from ._results import CandidateRecord
from ._scores import Scores

_NAMES = ("cv_results_", "best_index_", "best_params_", "best_score_")


class LiveResults:
    """Mixin of searches whose results can be read while they run: they have all candidates that have ended.

    They are computed when they are read. The best is known at any time; ``cv_results_`` is made anew after candidates
    have ended. A copy in another process has none.
    """

    _running: "_Running | None" = None

    def __getattr__(self, name: str) -> Any:
        if name in _NAMES and self._running is not None:
            return self._running.read(self, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "_running"}

    @contextmanager
    def _showing(self, evaluator: Evaluator) -> Iterator[None]:
        """Show the results of `evaluator` for the time of the enclosed work, and no earlier ones."""
        for name in _NAMES:
            vars(self).pop(name, None)
        self._running = _Running(evaluator)
        try:
            yield
        finally:
            del self._running


class _Running:
    """The results of a search so far.

    Parameters
    ----------
    evaluator : Evaluator
    """

    def __init__(self, evaluator: Evaluator):
        self._evaluator = evaluator
        self._n_ended, self._results = 0, None

    def read(self, search: LiveResults, name: str) -> Any:
        """Return one of the results, or raise AttributeError if no candidate has ended yet."""
        ended = list(self._evaluator.reporter.ended)
        if name == "cv_results_" and ended:
            return self._table(search, ended)
        best = self._best(search, ended)
        if name in best:
            return best[name]
        raise AttributeError(f"{type(search).__name__!r} object has no attribute {name!r} yet: no candidate has ended")

    def _table(self, search, ended):
        if len(ended) != self._n_ended:
            copied = copy.copy(search)
            copied._store_results(_Ended(ended, self._evaluator.first_scores))
            self._n_ended, self._results = len(ended), vars(copied)["cv_results_"]
        return self._results

    def _best(self, search, ended):
        best, first_scores = self._evaluator.reporter.best, self._evaluator.first_scores
        if best is None or (isinstance(first_scores, dict) and not search.refit):
            return {}
        if callable(search.refit):
            copied = copy.copy(search)
            copied.cv_results_ = self._table(search, ended)
            copied._store_best(first_scores)
            return {key: vars(copied)[key] for key in _NAMES if key in vars(copied)}
        index = next(row for row, candidate in enumerate(ended) if candidate is best)
        return {
            "best_index_": index,
            "best_params_": best.params,
            "best_score_": best.mean_score(self._evaluator.metric),
        }


class _Ended:
    """The candidates that have ended, as `Evaluator` tells of all."""

    def __init__(self, candidates: list[CandidateRecord], first_scores: Scores):
        self._candidates, self.first_scores = candidates, first_scores

    def recorded(self) -> list[CandidateRecord]:
        return self._candidates
