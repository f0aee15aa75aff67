"""What a running search tells: a line for each candidate that ends, and scikit-learn's callbacks of it.

Lines are records of the logger "sktune.model_selection._reporter", of level INFO, or WARNING for a candidate that has
failed. From ``verbose=1`` on they are printed too (see `sktune._utils.log.tell`).
"""

import logging
import math
import time
from bisect import insort
from operator import attrgetter

from sklearn.base import BaseEstimator
from sklearn.callback import CallbackContext

from .._utils.log import is_heard, tell
from ._progress_lines import candidate_line, digits, span, with_params
from ._results import CandidateRecord

_LOGGER = logging.getLogger(__name__)


class Reporter:
    """Notice which candidates of a search have ended, and tell it.

    Parameters
    ----------
    verbose : float, default=0
        Whether to print the lines.
    n_planned : int or None, default=None
        How many candidates there will be, if that is known.
    is_silent : bool, default=False
        Whether to tell nothing at all.
    context : CallbackContext or None, default=None
        The task "search" of scikit-learn's callbacks, if they are to hear of candidates: one task below it for each.
    search : estimator or None, default=None
        What callbacks are given.

    Attributes
    ----------
    ended : list of CandidateRecord
        Those that have ended, in the order in which they were proposed.
    best : CandidateRecord or None
        The best of them by the metric that leads the search; the first of several.
    n_epochs_planned : float or None
        How many epochs there will be in all, over the splits, where a schedule knows that.
    """

    def __init__(
        self,
        verbose: float = 0,
        n_planned: int | None = None,
        *,
        is_silent: bool = False,
        context: CallbackContext | None = None,
        search: BaseEstimator | None = None,
    ):
        self.verbose = verbose
        self.n_planned = n_planned
        self.n_epochs_planned: float | None = None
        self.ended: list[CandidateRecord] = []
        self.best: CandidateRecord | None = None
        self._is_silent = is_silent
        self._context = context
        self._search = search
        self._open: dict[int, CandidateRecord] = {}  # begun, and not ended yet
        self._failing: dict[int, CandidateRecord] = {}  # of these, those that will not be trained on
        self._tasks: dict[int, CallbackContext] = {}
        self._paused: set[int] = set()
        self._n_recalled = 0  # candidates from the store that have not been reported
        self._epochs = {True: 0.0, False: 0.0}  # that were trained, by whether that was before
        self._n_ended_before = 0
        self._start = time.monotonic()

    def begin(self, candidate: CandidateRecord) -> None:
        """Notice that a candidate is about to be trained."""
        if candidate.index in self._open:
            return
        self._open[candidate.index] = candidate
        if self._context is not None:
            task = self._context.subcontext(task_name="candidate", task_id=candidate.index)
            self._tasks[candidate.index] = task.call_on_fit_task_begin(estimator=self._search)

    def hear(self, candidate: CandidateRecord, split: int, metric: str | None) -> None:
        """Notice a new record of a candidate."""
        record = candidate.folds[split]
        self._epochs[record.is_stored] += 0.0 if math.isnan(record.n_trained) else record.n_trained
        if all(fold is not None and (fold.is_complete or fold.status != "ok") for fold in candidate.folds):
            self._end(candidate, metric)
        elif record.status != "ok":
            self._failing[candidate.index] = candidate

    def settle(self, metric: str | None) -> None:
        """Notice, while nothing is trained, which candidates have failed on some split, or were stopped."""
        stopped = [candidate for candidate in self._open.values() if candidate.pruned_by is not None]
        for candidate in [*self._failing.values(), *stopped]:
            self._end(candidate, metric)

    def pause(self, candidate: CandidateRecord, metric: str | None) -> None:
        """Tell of a candidate that has scores and may be trained on later; once."""
        if candidate.index in self._open and candidate.index not in self._paused:
            self._paused.add(candidate.index)
            if not _is_recalled(candidate):
                self._tell_line(candidate, self.best, metric, is_paused=True)

    def stage(self, line: str) -> None:
        """Tell how far a schedule is."""
        if not self._is_silent:
            tell(_LOGGER, line, verbose=self.verbose)

    def finish(self, stopped_by: str | None, metric: str | None) -> None:
        """Notice that the search is over: what is under way has ended."""
        for candidate in list(self._open.values()):
            self._end(candidate, metric)
        self._tell_recalled()
        if self.best is not None and not self._is_silent and is_heard(_LOGGER, self.verbose):
            end = "ended" if stopped_by is None else f"ended by {stopped_by}"
            line = f"Search {end} after {span(self._seconds())}: best {metric} {digits(self.best.mean_score(metric))}"
            tell(_LOGGER, with_params(f"{line} with ", self.best.params), verbose=self.verbose)

    # -- one candidate ------------------------------------------------------------------------------------------------

    def _end(self, candidate, metric):
        if self._open.pop(candidate.index, None) is None:
            return
        self._failing.pop(candidate.index, None)
        former_best = self.best
        insort(self.ended, candidate, key=attrgetter("index"))
        if candidate.status == "ok" and _is_better(candidate, self.best, metric):
            self.best = candidate
        if _is_recalled(candidate):
            self._n_recalled += 1
            self._n_ended_before += 1
        else:
            self._tell_line(candidate, former_best, metric)
        if candidate.index in self._tasks:
            self._tasks.pop(candidate.index).call_on_fit_task_end(estimator=self._search)

    def _tell_line(self, candidate, former_best, metric, *, is_paused=False):
        level = logging.WARNING if candidate.status in ("failed", "diverged") else logging.INFO
        if self._is_silent or not is_heard(_LOGGER, self.verbose, level):
            return
        self._tell_recalled()
        line = candidate_line(
            candidate,
            self.best,
            former_best,
            metric,
            count=self._count(),
            times=self._times(),
            is_paused=is_paused,
        )
        tell(_LOGGER, line, verbose=self.verbose, level=level)

    def _tell_recalled(self):
        """Tell of candidates from the store: all at once, for they take no time."""
        if self._n_recalled and not self._is_silent:
            of_all = "" if self.n_planned is None else f" of {self.n_planned}"
            tell(_LOGGER, f"{self._n_recalled}{of_all} candidates from storage", verbose=self.verbose)
        self._n_recalled = 0

    # -- how far the search is ----------------------------------------------------------------------------------------

    def _count(self):
        if self.n_planned is None:
            return str(len(self.ended))
        return f"{len(self.ended):>{len(str(self.n_planned))}}/{self.n_planned}"

    def _seconds(self):
        return time.monotonic() - self._start

    def _times(self):
        left = self._seconds_left()
        return span(self._seconds()) + ("" if left is None else f", {span(left)} left")

    def _seconds_left(self) -> float | None:
        """About how many seconds remain; None if nothing is known of that."""
        if self.n_epochs_planned is not None:
            n_trained, n_left = self._epochs[False], self.n_epochs_planned - sum(self._epochs.values())
        elif self.n_planned is not None:
            # most of those that are paused have had what they will have
            n_ended = len(self.ended) + sum(index in self._open for index in self._paused)
            n_trained, n_left = n_ended - self._n_ended_before, self.n_planned - n_ended
            if n_left <= 0 and self._open:  # paused candidates may be resumed, for an unknown number of epochs
                return None
        else:
            return None
        return self._seconds() * max(n_left, 0.0) / n_trained if n_trained > 0 else None


def _is_better(candidate, best, metric):
    if best is None:
        return True
    score, other = candidate.mean_score(metric), best.mean_score(metric)
    return score > other or (score == other and candidate.index < best.index)


def _is_recalled(candidate):
    return all(fold is None or fold.is_stored for fold in candidate.folds)
