"""What a search will cost, told before it is spent: its schedule is rehearsed on made-up scores, and a few trainings
are timed.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .._joblib_compat import short_format_time
from .._sklearn_compat import scorers_by_name
from .._utils.random import derive_seed
from ._budget import Budget
from ._evaluation import FoldRecord, Paused, Problem, Task, make_candidate
from ._evaluator import EpochBudgetError, Evaluator, Piece
from ._results import CandidateRecord, count_fits
from ._resuming import count_most_epochs, has_pieces

#: Candidates that are trained for a probe, and for how many epochs: at least so many, or a share of all.
_N_PROBED, _PROBED_EPOCHS, _PROBED_SHARE = 3, 5, 0.05


@dataclass(frozen=True, repr=False)
class SearchPlan:
    """What a search will cost.

    Parameters
    ----------
    n_candidates : int
        Candidates that are begun.
    n_splits : int
        Splits of the cross-validation.
    n_fits : int
        Trainings that are begun: pairs of a candidate and a split.
    n_epochs : int or None
        Epochs of all trainings together, without the refit; None where the estimator has no epochs. The most that there
        can be, for trainings may end by themselves; of an estimator that cannot be trained in pieces, as many as fits
        took in the probe.
    seconds : float or None
        Expected time without the refit; None if it was not probed.
    is_typical : bool
        Whether the scores decide how much is trained: the numbers are then those of made-up scores.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sktune import BayesSearchCV, NetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> BayesSearchCV(NetClassifier(), {"lr": (1e-4, 1e-1, "log-uniform")}, n_iter=30).plan(X, y, probe=False)
    SearchPlan
        candidates         30
        splits              5
        fits              150
        epochs         15,000
    """

    n_candidates: int
    n_splits: int
    n_fits: int
    n_epochs: int | None
    seconds: float | None
    is_typical: bool

    def __repr__(self):
        """Return a table."""
        rows = {
            "candidates": f"{self.n_candidates:,}",
            "splits": f"{self.n_splits:,}",
            "fits": f"{self.n_fits:,}",
            "epochs": "" if self.n_epochs is None else f"{self.n_epochs:,}",
            "expected time": "" if self.seconds is None else short_format_time(self.seconds).strip(),
        }
        width = max(map(len, rows.values()))
        notes = dict.fromkeys(rows, "")
        if self.is_typical:
            notes["epochs"] = "  (typical: the scores decide how far each candidate is trained)"
        notes["expected time"] = "  (without the refit)"
        lines = [f"    {name:<13}  {shown:>{width}}{notes[name]}" for name, shown in rows.items() if shown]
        return "\n".join(["SearchPlan", *lines])


def rehearse(
    problem: Problem,
    splits: list,
    seed: int | None,
    schedule: Callable[[Evaluator], Any],
    open_evaluator: Callable[..., Evaluator],
    *,
    probe: bool,
    is_typical: bool,
) -> SearchPlan:
    """Run a schedule without training, and time a few trainings.

    Parameters
    ----------
    problem, splits, seed
        Of the search.
    schedule : callable
        What the search would do with its evaluator.
    open_evaluator : callable
        Makes an evaluator of a class, as the search would.
    probe : bool
        Whether to train a little for the expected time.
    is_typical : bool
        As in `SearchPlan`.
    """
    start = time.perf_counter()
    rehearsal = open_evaluator(Rehearsal)
    with suppress(EpochBudgetError):
        schedule(rehearsal)
    seconds_of_proposals = time.perf_counter() - start
    begun = rehearsal.recorded()
    seconds, n_epochs = None, rehearsal.n_epochs
    if probe and begun:
        cost = _probe(open_evaluator(Evaluator), [candidate.params for candidate in begun])
        seconds = seconds_of_proposals + cost.of_piece * rehearsal.n_pieces + cost.of_epoch * (n_epochs or 0)
        if n_epochs is not None and not math.isnan(cost.n_epochs_of_fit):
            n_epochs = round(cost.n_epochs_of_fit * rehearsal.n_pieces)
    return SearchPlan(len(begun), len(splits), count_fits(begun), n_epochs, seconds, is_typical)


class Cost(NamedTuple):
    """Seconds of a piece of training besides its epochs, and of an epoch, with all workers busy.

    `n_epochs_of_fit` is how many epochs a whole fit took, where there were whole fits; NaN otherwise.
    """

    of_piece: float
    of_epoch: float
    n_epochs_of_fit: float = math.nan


class Rehearsal(Evaluator):
    """An evaluator that trains nothing: it counts, and makes scores up.

    A candidate has a quality, drawn at random, which its scores approach with the epochs.
    """

    n_pieces = 0
    n_epochs: int | None = 0

    def _run(self, tasks: list[Task]) -> Iterator[FoldRecord]:
        return (self._pretend(task) for task in tasks)

    def _pretend(self, task):
        estimator = task.paused.estimator if task.paused else make_candidate(self.problem.estimator, task.params, None)
        before = task.paused.n_epochs if task.paused else 0
        try:
            whole = count_most_epochs(estimator)
        except ValueError:
            whole = None
        n_epochs = task.n_epochs if task.n_epochs is not None and has_pieces(estimator) else whole
        self.n_pieces += 1
        self.n_epochs = None if whole is None else (self.n_epochs or 0) + n_epochs - before
        record = FoldRecord(task.candidate, task.split, n_epochs=n_epochs or np.nan)
        record.is_complete = n_epochs == whole
        record.paused = Paused(estimator, n_epochs or 0)
        record.test_scores = self._score(task, 1.0 if whole is None else n_epochs / whole)
        return record

    def _score(self, task, share):
        rng = np.random.default_rng(derive_seed(self.seed or 0, "rehearsal", task.candidate))
        score = float(rng.random() - 0.1 / (share + 0.1))
        scorers = scorers_by_name(self.problem.scorer)
        return dict.fromkeys(scorers, score) if isinstance(scorers, dict) else score


def _probe(evaluator: Evaluator, params: list[dict[str, Any]]) -> Cost:
    evaluator.budget = Budget()  # the search's is not for this
    chosen = [params[round(i)] for i in np.linspace(0, len(params) - 1, min(_N_PROBED, len(params)))]
    candidates = evaluator.add(chosen)
    n_epochs = [evaluator.max_epochs(candidate) for candidate in candidates]
    if not all(map(evaluator.has_pieces, candidates)):
        of_fit = _time_of(lambda: evaluator(chosen[:1]), evaluator) / len(evaluator.splits)
        return Cost(of_fit, 0.0, evaluator.candidates[-1].n_epochs)
    longer = [min(whole, 1 + max(_PROBED_EPOCHS, round(_PROBED_SHARE * whole))) for whole in n_epochs]
    n_pieces = len(candidates) * len(evaluator.splits)
    n_more = sum(longer) * len(evaluator.splits) - n_pieces  # epochs of the second round
    with evaluator.parallel:
        evaluator.train([Piece(candidates[0], 0, 1)])  # workers start, libraries warm up
        first = _timed(evaluator, candidates, [1] * len(candidates))
        second = _timed(evaluator, candidates, longer)
    if n_more <= n_pieces or second <= first:  # too short to tell them apart
        return Cost(0.0, (first + second) / (n_pieces + n_more))
    per_epoch = (second - first) / (n_more - n_pieces)
    return Cost(max(first / n_pieces - per_epoch, 0.0), per_epoch)


def _timed(evaluator: Evaluator, candidates: list[CandidateRecord], n_epochs: list[int]) -> float:
    start = time.perf_counter()
    splits = range(len(evaluator.splits))
    evaluator.train(
        [Piece(one, split, goal) for one, goal in zip(candidates, n_epochs, strict=True) for split in splits]
    )
    return time.perf_counter() - start


def _time_of(action, evaluator) -> float:
    with evaluator.parallel:
        action()  # workers start, libraries warm up
        start = time.perf_counter()
        action()
        return time.perf_counter() - start
