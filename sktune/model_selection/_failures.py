"""What a search says when candidates have failed, or all of them, or when it was interrupted."""

import warnings
from typing import Any

from sklearn.exceptions import FitFailedWarning

from .._utils.notices import give_notice
from ..exceptions import NothingLearnedWarning, SktuneWarning, TimeBudgetError
from ._results import CandidateRecord, count_failures, count_fits, failure_report


class SearchInterruptedWarning(SktuneWarning):
    """A search was ended by Ctrl-C; its results are those of the candidates that had finished."""


def explain_no_winner(
    candidates: list[CandidateRecord], stopped_by: str | None, timeout: float | None, max_epochs_total: int | None
) -> Exception:
    """Return the error of a search of which no candidate was evaluated on all splits.

    Parameters
    ----------
    candidates : list of CandidateRecord
        All that were proposed.
    stopped_by : str or None
        What ended the search.
    timeout, max_epochs_total
        Its budgets.
    """
    reasons = count_failures(candidates)
    report = f"\n{failure_report(reasons)}" if reasons else ""
    if stopped_by == "timeout":
        return TimeBudgetError(f"no candidate finished within timeout={timeout} seconds{report}")
    if stopped_by == "max_epochs_total":
        return ValueError(f"no candidate was trained to its end within max_epochs_total={max_epochs_total}{report}")
    if not candidates:
        return ValueError("No fits were performed: the search proposed no candidates")
    n_failed, n_fits = reasons.total(), count_fits(candidates)
    if n_failed == n_fits:
        return ValueError(f"All the {n_fits} fits failed; error_score='raise' shows where.{report}")
    return ValueError(
        f"Every candidate failed on at least one split: {n_failed} fits failed out of a total of {n_fits}; "
        f"error_score='raise' shows where.{report}"
    )


def pass_on_notices(candidates: list[CandidateRecord], best_index: int | None) -> None:
    """Pass on what the networks of candidates have warned of.

    Many candidates learn nothing: a search is there to find that out. Only of the best one it is news.
    """
    for candidate in candidates:
        is_best = best_index is not None and candidate is candidates[best_index]
        for category, message in dict.fromkeys(notice for fold in candidate.folds if fold for notice in fold.notices):
            if is_best or category is not NothingLearnedWarning:
                give_notice(category, message)


def warn_of_failures(candidates: list[CandidateRecord], error_score: Any) -> None:
    """Warn once of all fits that failed, with their reasons."""
    reasons = count_failures(candidates)
    if reasons:
        warnings.warn(
            f"\n{reasons.total()} fits failed out of a total of {count_fits(candidates)}.\n"
            f"The score on these splits for these parameters will be set to {error_score}; "
            f"candidates with such a split rank last.\n"
            f"error_score='raise' shows where they come from.\n{failure_report(reasons)}",
            FitFailedWarning,
            stacklevel=3,
        )


def warn_of_interruption(n_ok: int, *, refits: bool) -> None:
    """Warn that the results are those of the candidates that had finished."""
    warnings.warn(
        f"the search was interrupted: its results are those of the {n_ok} candidates that had finished"
        + (", and the best of them is refitted now" if refits else ""),
        SearchInterruptedWarning,
        stacklevel=3,
    )
