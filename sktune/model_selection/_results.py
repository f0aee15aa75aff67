"""From the records of a search to ``cv_results_``, and to one message about all that failed."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import rankdata

from ._evaluation import FoldRecord, Status
from ._scores import Scores

#: What ended a candidate whose status this is.
_STOPPED_BY = {"timeout": "timeout", "interrupted": "interrupt"}


@dataclass
class CandidateRecord:
    """What is known of one candidate: a record per split, None where there is none (yet)."""

    index: int
    params: dict[str, Any]
    folds: list[FoldRecord | None] = field(repr=False)
    pruned_by: str | None = None
    parent: int | None = None  # index of the candidate that this one is a copy of
    n_inherited_epochs: int = 0  # that the copied networks had been trained

    @property
    def status(self) -> Status:
        """The status of the first split that is not "ok"; "interrupted" if that split was never finished.

        "pruned" if the search has stopped the candidate, and none of what it has trained failed.
        """
        statuses = [status for status in map(_status, self.folds) if status != "ok"]
        if self.pruned_by is not None:
            return next((status for status in statuses if status != "interrupted"), "pruned")
        return next(iter(statuses), "ok")

    @property
    def stopped_by(self) -> str | None:
        """What ended a candidate that neither finished nor failed by itself."""
        return self.pruned_by if self.status == "pruned" else _STOPPED_BY.get(self.status)

    def goes_on(self, split: int, n_epochs: int) -> bool:
        """Whether there is anything to train on a split up to an epoch."""
        fold = self.folds[split]
        if fold is None:
            return self.pruned_by is None
        return fold.status == "ok" and not fold.is_complete and fold.n_epochs < n_epochs and self.pruned_by is None

    def prune(self, stopped_by: str) -> None:
        """Note that the search stops this candidate, unless it has come to its end; let go of its networks."""
        if self.status == "interrupted":
            self.pruned_by = stopped_by
        self.release()

    def time_out(self) -> None:
        """Note that the time budget has ended a training that was paused, unless the search had stopped it before."""
        if self.pruned_by is not None:
            return
        if not any(self.folds):
            return  # it never began
        for split, fold in enumerate(self.folds):
            if fold is None:
                self.folds[split] = fold = FoldRecord(self.index, split, is_complete=False)
            if not fold.is_complete:
                fold.fail("TimeBudgetError: the time budget ran out before this training had ended", "timeout")

    def release(self) -> None:
        """Let go of the networks: this candidate will not be trained any more."""
        for fold in self.folds:
            if fold is not None:
                fold.paused = None

    @property
    def error(self) -> str | None:
        """The reason of the first split that has one."""
        return next((fold.error for fold in self.folds if fold is not None and fold.error is not None), None)

    @property
    def n_epochs(self) -> float:
        """The mean number of epochs over the splits where it is known; NaN if it is nowhere."""
        known = [fold.n_epochs for fold in self.folds if fold is not None and not math.isnan(fold.n_epochs)]
        return float(np.mean(known)) if known else math.nan

    def mean_score(self, metric: str | None) -> float:
        """The mean test score over the splits, NaN unless all of them are "ok"."""
        if self.status != "ok":
            return math.nan
        return float(np.mean([value_of(fold.test_scores, metric) for fold in self.folds]))


def value_of(scores: Scores, metric: str | None) -> float:
    """Return the score of one metric."""
    return scores[metric] if isinstance(scores, dict) else scores


def _status(fold: FoldRecord | None) -> Status:
    return "interrupted" if fold is None or not (fold.is_complete or fold.status != "ok") else fold.status


def fold_outcomes(
    candidates: list[CandidateRecord], metrics: list[str] | None, error_score: float, return_train_score: bool
) -> list[dict[str, Any]]:
    """Return one dict per candidate and split, in the form in which scikit-learn's searches collect them.

    Parameters
    ----------
    candidates : list of CandidateRecord
    metrics : list of str, or None
        The names of several metrics; None for a single one without a name.
    error_score : float
        What stands for a score that a fit did not give. A split that was interrupted has NaN.
    return_train_score : bool
        Whether to add the scores on the training rows.
    """
    outcomes = []
    for candidate in candidates:
        for fold in candidate.folds:
            outcome = {"fit_time": math.nan, "score_time": math.nan}
            if fold is not None:
                outcome = {"fit_time": fold.fit_time, "score_time": fold.score_time}
            missing = math.nan if fold is None else error_score
            outcome["test_scores"] = _filled(fold and fold.test_scores, metrics, missing)
            if return_train_score:
                outcome["train_scores"] = _filled(fold and fold.train_scores, metrics, missing)
            outcomes.append(outcome)
    return outcomes


def _filled(scores: Scores, metrics: list[str] | None, missing: float) -> float | dict[str, float]:
    """Put `missing` where there is no score."""
    if metrics is None:
        return missing if scores is None else scores
    known = scores or {}
    return {name: missing if known.get(name) is None else known[name] for name in metrics}


def extra_columns(candidates: list[CandidateRecord]) -> dict[str, np.ndarray]:
    """Return the columns that sktune adds to ``cv_results_``."""
    statuses = [candidate.status for candidate in candidates]
    return {
        "status": np.array(statuses, dtype=object),
        "n_epochs": np.array([candidate.n_epochs for candidate in candidates], dtype=np.float64),
        "stopped_by": np.array([candidate.stopped_by for candidate in candidates], dtype=object),
        "error": np.array([candidate.error for candidate in candidates], dtype=object),
    }


def rank_failures_last(results: dict[str, Any], kind: str = "test") -> None:
    """Rank by the mean scores in place, every candidate that is not "ok" behind all that are.

    A numeric ``error_score`` may be better than any true score (0 for a negated loss): it must not win.
    """
    ok = results["status"] == "ok"
    prefix = f"mean_{kind}_"
    for metric in [name.removeprefix(prefix) for name in results if name.startswith(prefix)]:
        means = results[prefix + metric]
        ranked = ok & ~np.isnan(means)
        ranks = np.full(len(means), ranked.sum() + 1, dtype=np.int32)
        ranks[ranked] = rankdata(-means[ranked], method="min")
        results[f"rank_{kind}_{metric}"] = ranks


def count_failures(candidates: list[CandidateRecord]) -> Counter[str]:
    """Count the fits that failed, by reason; a fit that was stopped has not failed."""
    folds = [fold for candidate in candidates for fold in candidate.folds if fold is not None]
    return Counter(fold.error for fold in folds if fold.status in ("failed", "diverged"))


def count_fits(candidates: list[CandidateRecord]) -> int:
    """Count the splits on which candidates were fitted, or were to be."""
    return sum(fold is not None for candidate in candidates for fold in candidate.folds)


def failure_report(reasons: Counter[str]) -> str:
    """Spell out the reasons and how often each occurred, one paragraph each, the most frequent first."""
    rule = "-" * 80
    return "\n".join(
        f"{rule}\n{count} fits failed with the following error:\n{reason}" for reason, count in reasons.most_common()
    )
