"""The main process' side of a search: it hands out tasks, and keeps every record as soon as it arrives."""

import math
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.callback import CallbackContext
from sklearn.utils.parallel import Parallel, delayed

from .._utils.random import derive_seed
from .._utils.torch_state import plain_torch
from ._dispatch import lost_record, outlive_workers
from ._evaluation import (
    FoldRecord,
    Problem,
    Task,
    epochs_with,
    evaluate_fold,
    has_pieces_with,
    make_candidate,
    recall_watched,
)
from ._ledger import Ledger
from ._results import CandidateRecord, value_of
from ._resuming import change_params, epoch_costs
from ._scores import Scores
from ._search_clock import SearchClock
from ._verbose import announce_batch

#: How long the threads of a search that ends early are waited for: what they do cannot be interrupted.
_SECONDS_TO_END = 1.0


class Piece(NamedTuple):
    """A candidate on one split, and the epoch up to which to train it."""

    candidate: CandidateRecord
    split: int
    n_epochs: int


class EpochBudgetError(Exception):
    """What is to be trained next would exceed the search's budget of epochs. Ends a schedule; users never see it."""


class Evaluator:
    """Evaluate candidates on the frozen splits of one search.

    This is the `evaluate` that a search's `_schedule` receives. Which tasks run when, and in which order they finish,
    never changes what is recorded.

    Parameters
    ----------
    problem : Problem
        What all tasks share.
    splits : list of (train, test)
        Row indices of the frozen splits.
    parallel : joblib.Parallel
        Runs the tasks; open for the whole search.
    seed : int or None
        The root of all seeds; None leaves every random state alone.
    context : CallbackContext or None
        The task "search" of scikit-learn's callbacks; None if nobody listens.
    name_metric : callable
        Given the scores of a first successful fit, returns the name of the metric that leads the search.
    was_interrupted : callable
        Whether Ctrl-C has come, even if a fit has swallowed it.
    n_planned : int or None
        How many candidates are to be evaluated, if that is known.
    max_epochs_total : int or None, default=None
        How many epochs may be trained over all candidates and splits.
    known_results : list of (dict, float), default=()
        Settings whose scores were known before, of the metric that leads the search.
    ledger : Ledger or None, default=None
        What is known already, and where to write what becomes known.
    clock : SearchClock or None, default=None
        Of the time budget; None is no limit.
    """

    def __init__(
        self,
        problem: Problem,
        splits: list[tuple[np.ndarray, np.ndarray]],
        *,
        parallel: Parallel,
        seed: int | None,
        context: CallbackContext | None,
        name_metric: Callable[[Any], str],
        was_interrupted: Callable[[], bool],
        n_planned: int | None,
        max_epochs_total: int | None = None,
        known_results: Sequence[tuple[dict[str, Any], float]] = (),
        ledger: Ledger | None = None,
        clock: SearchClock | None = None,
    ):
        self.problem = problem
        self.splits = splits
        self.parallel = parallel
        self.seed = seed
        self.context = context
        self.name_metric = name_metric
        self.was_interrupted = was_interrupted
        self.n_planned = n_planned
        self.max_epochs_total = max_epochs_total
        self.n_epochs_trained = 0.0  # trained so far, over all candidates and splits
        self.clock = clock or SearchClock(time.time(), None)
        self.known_results = list(known_results)
        self.ledger = ledger
        self.candidates: list[CandidateRecord] = []
        self._n_tasks = 0
        self.first_scores: Scores = None  # of the first fit that went well: they show which metrics there are
        self.metric: str | None = None  # the one that leads the search

    def __call__(self, params: list[dict[str, Any]]) -> list[CandidateRecord]:
        """Evaluate each of `params` on every split and return their records, in the order of `params`.

        Raises
        ------
        TimeBudgetError
            If the time budget had run out before the call. What runs when it ends is stopped where it can be, and
            its record says so.
        """
        self.clock.check()
        batch = self.add(params)
        self._evaluate([self._task(c, split) for c in self._affordable(batch) for split in range(len(self.splits))])
        if self.problem.verbose > 0:
            announce_batch(self.candidates, batch, self.n_planned, self.metric)
        return batch

    def add(self, params: list[dict[str, Any]]) -> list[CandidateRecord]:
        """Return records of new candidates, of which nothing is evaluated yet."""
        start = len(self.candidates)
        batch = [CandidateRecord(start + i, point, [None] * len(self.splits)) for i, point in enumerate(params)]
        self.candidates.extend(batch)
        return batch

    def fork(self, parent: CandidateRecord, params: dict[str, Any], changing: Collection[str]) -> CandidateRecord:
        """Return the record of a new candidate that goes on from where `parent` is, with other parameters.

        Parameters
        ----------
        parent : CandidateRecord
            Paused on all splits.
        params : dict
            All parameters of the new candidate.
        changing : collection of str
            Those that may differ from the parent's. What an estimator raises about them is a failure of the candidate.
        """
        (child,) = self.add([params])
        child.parent = parent.index
        child.n_inherited_epochs = max(fold.paused.n_epochs for fold in parent.folds)
        with plain_torch():  # the networks in them stay plain as well
            child.folds = [deepcopy(fold) for fold in parent.folds]
        for fold in child.folds:
            fold.candidate = child.index
            try:
                fold.paused = self._with_changes(parent, fold.paused, params, changing)
            except Exception as error:
                if self.problem.error_score == "raise":
                    raise
                fold.fail(f"{type(error).__name__}: {error}")
                fold.test_scores = fold.train_scores = None  # they are the parent's
        return child

    def _with_changes(self, parent, paused, params, changing):
        estimator = paused.estimator
        if estimator is None:  # it is brought back when it is trained; what would be raised then is raised now
            estimator = make_candidate(self.problem.estimator, parent.params, None)
        change_params(estimator, params, changing)
        return replace(paused, changing=tuple(sorted(changing)))

    def max_epochs(self, candidate: CandidateRecord, default: int | None = None) -> int | None:
        """Return the most epochs of a whole training of a candidate.

        `default` if it cannot tell: training it will raise what is wrong, as a failure of this candidate alone.
        """
        try:
            return epochs_with(self.problem.estimator, candidate.params)
        except Exception:
            return default

    def has_pieces(self, candidate: CandidateRecord) -> bool:
        """Whether a candidate can be trained in pieces; otherwise the first piece is a whole training."""
        try:
            return has_pieces_with(self.problem.estimator, candidate.params)
        except Exception:
            return False

    def epoch_costs(self, candidate: CandidateRecord) -> tuple[float, float]:
        """Return about what an epoch of a candidate costs, on however many splits, and on each; NaN if it cannot tell.

        In operations of a processor. A pipeline is taken to give its last step as many features as it gets itself.
        """
        shape = getattr(self.problem.X, "shape", ())
        given = {"n_rows": len(self.splits[0][0]), "n_features": shape[1] if len(shape) > 1 else 1}
        try:
            return epoch_costs(make_candidate(self.problem.estimator, candidate.params, None), **given)
        except Exception:  # training it will raise what is wrong, as a failure of this candidate alone
            return math.nan, math.nan

    def score_on(self, candidate: CandidateRecord, n_splits: int) -> float:
        """Return the mean latest score on the first splits; NaN if one of them failed or has not begun."""
        folds = candidate.folds[:n_splits]
        if any(fold is None or fold.status != "ok" for fold in folds):
            return math.nan
        return float(np.mean(self.latest_scores(candidate)[:n_splits]))

    def latest_scores(self, candidate: CandidateRecord) -> list[float]:
        """Return the latest scores on all splits that have one."""
        known = (fold.test_scores for fold in candidate.folds if fold is not None and fold.test_scores is not None)
        return [value_of(scores, self.metric) for scores in known]

    def train(self, *stages: Iterable[Piece]) -> None:
        """Train candidates up to some epochs on some splits, from where they are, and score them there.

        Splits on which training has come to its end, or has failed, are left as they are.

        Parameters
        ----------
        *stages : iterable of Piece
            Trained one after the other, if the budget suffices for all: where a candidate on a split is in several, the
            last says where it goes, and those before where to score it on its way.

        Raises
        ------
        TimeBudgetError
            As for a call.
        """
        self.clock.check()
        stages = [list(pieces) for pieces in stages]
        goals = {(piece.candidate.index, piece.split): piece for pieces in stages for piece in _going_on(pieces)}
        self._check_epochs(sum(goal.n_epochs - _epochs_of(goal.candidate.folds[goal.split]) for goal in goals.values()))
        for pieces in stages:
            self.clock.check()
            self._evaluate([self._task(piece.candidate, piece.split, piece.n_epochs) for piece in _going_on(pieces)])

    def _affordable(self, batch: list[CandidateRecord]) -> list[CandidateRecord]:
        """Return as many candidates as the budget of epochs suffices for; raise if it does not for any."""
        if self.max_epochs_total is None:
            return batch
        costs = np.cumsum([self.max_epochs(candidate, default=0) * len(self.splits) for candidate in batch])
        self._check_epochs(costs[0])
        return batch[: int(np.sum(self.n_epochs_trained + costs <= self.max_epochs_total))]

    def _check_epochs(self, n_epochs: float) -> None:
        if self.max_epochs_total is not None and self.n_epochs_trained + n_epochs > self.max_epochs_total:
            raise EpochBudgetError(f"{n_epochs} epochs more would exceed max_epochs_total={self.max_epochs_total}")

    def derive_seed(self, *keys: str | int) -> int | None:
        """Return a seed for the purpose that `keys` name; None if the search has no random state."""
        return None if self.seed is None else derive_seed(self.seed, *keys)

    def score(self, candidate: CandidateRecord) -> float:
        """Return the mean score of the metric that leads the search; greater is better, NaN unless it is "ok"."""
        return candidate.mean_score(self.metric)

    def spent_share(self) -> float:
        """Return the share of the budget, of epochs or of seconds, that is spent: 0 without one, over 1 too late."""
        epochs = 0.0 if self.max_epochs_total is None else self.n_epochs_trained / self.max_epochs_total
        return max(epochs, self.clock.spent_share())

    def recorded(self) -> list[CandidateRecord]:
        """Return the candidates of which at least one split is known, in the order in which they were proposed."""
        return [candidate for candidate in self.candidates if any(candidate.folds)]

    def any_ok(self) -> bool:
        """Whether at least one candidate has been evaluated on all splits without a failure."""
        return any(candidate.status == "ok" for candidate in self.candidates)

    def _task(self, candidate: CandidateRecord, split: int, n_epochs: int | None = None) -> Task:
        context = self.context and self.context.subcontext(
            task_name="candidate-split-evaluation", task_id=self._n_tasks
        )
        self._n_tasks += 1
        seed = self.derive_seed("candidate", candidate.index, "split", split)
        fold = candidate.folds[split]
        paused = fold and fold.paused
        task = Task(candidate.index, split, candidate.params, *self.splits[split], seed, context, n_epochs, paused)
        return task if self.ledger is None else self.ledger.name(task)

    def _evaluate(self, tasks: list[Task]) -> None:
        records = self._run(_drained(tasks)) if self.ledger is None else self._recall_or_run(tasks)
        with closing(records):  # at once, also after an error: tasks may be running
            for record in records:
                self._keep(record)

    def _recall_or_run(self, tasks: list[Task]) -> Iterator[FoldRecord]:
        """Yield the records of tasks that were done before, then those of the others."""
        known, unknown = self.ledger.look_up(_drained(tasks))
        yield from self._recall(known)
        late = []
        with closing(self._run(self.ledger.still_unknown(_drained(unknown), late))) as records:
            yield from records
        yield from self._recall(late)
        self.ledger.note_outcomes(self.recorded(), is_over=False)
        self.ledger.drop_networks(self.candidates)

    def _recall(self, known: list[tuple[Task, FoldRecord]]) -> Iterator[FoldRecord]:
        for task, record in known:
            recall_watched(self.problem, task, record)
            yield record

    def _run(self, tasks: Iterable[Task]) -> Iterator[FoldRecord]:
        """Yield the records as the tasks finish."""
        return outlive_workers(self._run_once, tasks, self._give_up)

    def _run_once(self, tasks: Iterable[Task]) -> Iterator[FoldRecord]:
        records = self.parallel(delayed(evaluate_fold)(self.problem, task) for task in tasks)
        try:
            for record in records:  # noqa: UP028 - "yield from" would close them before the block below can
                yield record
        except BaseException:  # GeneratorExit too: the records to come are not wanted
            # joblib's advice about unused results is not for our users; threads that still run may undo the filter
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if not isinstance(records, list):
                    with suppress(UserWarning):
                        records.close()
                self.problem.threads.join(_SECONDS_TO_END)
            raise

    def _give_up(self, task: Task, death: Exception) -> FoldRecord:
        if self.problem.error_score == "raise":
            raise death
        return lost_record(task, death)

    def _keep(self, record: FoldRecord) -> None:
        if self.was_interrupted():  # and the fit went on as if it were complete: its record means nothing
            raise KeyboardInterrupt
        if self.ledger is not None and not record.is_stored:
            self.ledger.keep(record, self.candidates[record.candidate].params, self.clock.now())
        folds = self.candidates[record.candidate].folds
        if not math.isnan(record.n_epochs):
            self.n_epochs_trained += record.n_epochs - _epochs_of(folds[record.split])
        if folds[record.split] is not None:
            record.follow(folds[record.split])
        folds[record.split] = record
        if record.is_complete:
            record.paused = None
        if self.metric is None and record.status == "ok":
            self.first_scores = record.test_scores
            self.metric = self.name_metric(record.test_scores)


def _going_on(pieces: Iterable[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.candidate.goes_on(piece.split, piece.n_epochs)]


def _epochs_of(fold: FoldRecord | None) -> float:
    return 0.0 if fold is None or math.isnan(fold.n_epochs) else fold.n_epochs


def _drained(tasks: list[Task]) -> Iterator[Task]:
    """Yield tasks out of a list: each holds the network that it goes on with, until it is done and no longer."""
    tasks.reverse()
    while tasks:
        yield tasks.pop()
