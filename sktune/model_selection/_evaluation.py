"""One task of a search: fit one candidate on one split and score it.

Pure, so that any process or thread can run it: all that it needs comes in, a record goes out. What goes wrong with a
candidate is part of the record, because a search must outlive its candidates.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from numbers import Real
from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.callback import CallbackContext

from .._sklearn_compat import _check_method_params, _safe_split, array_device, get_namespace
from .._utils.deadline import deadline
from .._utils.notices import Notice, collected_notices
from .._utils.stopwatch import Stopwatch
from ..exceptions import DivergedError, TimeBudgetError
from ._containers import last_step
from ._fit_checks import params_of_rows
from ._histories import Curve, read_curve
from ._resuming import Carried, Step, bring_back, count_epochs, count_most_epochs, has_pieces, train_until
from ._scores import Scores, read_scores
from ._seeding import seeded_generators, set_random_states
from ._shared_steps import SharedSteps, n_bytes
from ._task_threads import TaskThreads
from ._verbose import announce_end, announce_start

#: Errors that may not come again: they say something about the machine, not about the candidate.
_ACCIDENTS = (MemoryError, torch.OutOfMemoryError, OSError)
#: What became of a fit; of a candidate, what became of its first split that is not "ok".
Status = Literal["ok", "failed", "diverged", "timeout", "interrupted", "pruned"]


@dataclass(frozen=True, eq=False)
class Problem:
    """What all tasks of a search share."""

    estimator: BaseEstimator
    X: Any
    y: Any
    scorer: Callable
    fit_params: dict[str, Any]
    score_params: dict[str, Any]
    n_splits: int
    return_train_score: bool = False
    keep_curves: bool = False
    error_score: float | Literal["raise"] = np.nan
    verbose: int = 0
    deadline: float | None = None  # seconds of time.time()
    caller: BaseEstimator | None = None  # the search, where callbacks want to know it
    shared: SharedSteps = field(default_factory=SharedSteps)
    threads: TaskThreads = field(default_factory=TaskThreads)

    def __sizeof__(self) -> int:
        """Return the bytes that travel: by them, clusters decide whether to send a thing once or with every task."""
        return object.__sizeof__(self) + n_bytes(self.X, 0) + n_bytes(self.y, 0)


@dataclass(frozen=True)
class Paused:
    """A candidate on one split, trained so far.

    `estimator` is None if it was trained by an earlier process: then `trail` says how, and `state` is what that process
    has kept of it, if anything. `changing` names parameters that are different from now on.
    """

    estimator: BaseEstimator | None
    n_epochs: int
    trail: tuple[Step, ...] = ()
    changing: tuple[str, ...] = ()
    carried: Carried = field(default_factory=Carried)
    key: str | None = None  # under which a store keeps the state
    state: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Task:
    """One candidate on one split, to the end or up to an epoch."""

    candidate: int
    split: int
    params: dict[str, Any]
    train: np.ndarray  # (n_train,) row indices
    test: np.ndarray  # (n_test,) row indices
    seed: int | None = None
    callback_context: CallbackContext | None = None
    n_epochs: int | None = None  # up to which to train; None fits, as the estimator does it
    paused: Paused | None = None  # where to go on
    key: str | None = None  # under which a store keeps the record

    @property
    def trail(self) -> tuple[Step, ...]:
        """All pieces of this training, this one included."""
        former, changing = (self.paused.trail, self.paused.changing) if self.paused else ((), ())
        return (*former, Step(self.params, self.seed, self.n_epochs, changing))


@dataclass
class FoldRecord:
    """What is known of one candidate on one split. Times are in seconds.

    `n_epochs` is the `n_iter_` of the fitted estimator, and `n_trained` the number of epochs that this fit or piece has
    trained, also where it failed; NaN where that is not known.

    Of a training in pieces the record of the last piece has the times of all, and `curve` the scores after each, by
    epoch. `history` is what each epoch recorded, if that is kept. `is_complete` says whether training has come to its
    end, `is_repeatable` whether the same would become of the same fit another time, `is_stored` whether the record was
    read from a store, and `key` under what one keeps it.
    """

    candidate: int
    split: int
    status: Status = "ok"
    error: str | None = None
    test_scores: Scores = None
    train_scores: Scores = None
    fit_time: float = 0.0
    score_time: float = 0.0
    n_test_samples: int = 0
    n_epochs: float = math.nan
    n_trained: float = math.nan
    is_complete: bool = True
    curve: dict[int, Scores] = field(default_factory=dict)
    history: Curve | None = field(default=None, repr=False)
    paused: Paused | None = field(default=None, repr=False)
    is_repeatable: bool = True
    is_stored: bool = False
    key: str | None = None
    notices: tuple[Notice, ...] = ()  # warnings of its fits

    def follow(self, former: "FoldRecord") -> None:
        """Take over what the record of the piece before this one has."""
        self.fit_time += former.fit_time
        self.score_time += former.score_time
        self.curve = {**former.curve, **self.curve}
        self.history = former.history if self.history is None else self.history
        self.notices = former.notices + self.notices
        if self.test_scores is None and self.status == "timeout":  # what is known stays known
            self.test_scores, self.train_scores = former.test_scores, former.train_scores
            self.n_test_samples, self.n_epochs = former.n_test_samples, former.n_epochs

    def fail(self, error: str, status: Status | None = None) -> None:
        """Note what went wrong; the first reason stands."""
        if self.status == "ok":
            diverged = error.startswith(DivergedError.__name__)  # a scorer may hand on no more than the text
            self.status, self.error = status or ("diverged" if diverged else "failed"), error


def evaluate_fold(problem: Problem, task: Task) -> FoldRecord:
    """Fit and score one candidate on one split.

    Raises
    ------
    Exception
        Whatever the estimator or the scorer raises, if ``problem.error_score`` is "raise"; otherwise the record
        tells it.
    """
    problem.threads.note()
    record = FoldRecord(task.candidate, task.split, key=task.key)
    if problem.deadline is not None and time.time() > problem.deadline:
        record.fail("TimeBudgetError: the time budget ran out before this fit started", "timeout")
        record.n_trained = 0.0
        return record
    announce_start(problem, task)
    with deadline(problem.deadline), seeded_generators(task.seed), collected_notices() as notices:
        try:
            _fit_and_score(problem, task, record)
        except Exception as error:
            out_of_time = isinstance(error, TimeBudgetError) and problem.deadline is not None
            if problem.error_score == "raise" and not out_of_time:
                raise
            record.status, record.error = _status_of(error), f"{type(error).__name__}: {error}"
            if isinstance(error, DivergedError) and error.epoch is not None:
                record.n_trained = float(error.epoch - (task.paused.n_epochs if task.paused else 0))
            record.is_repeatable = not isinstance(error, _ACCIDENTS) and not out_of_time
    record.notices = tuple(dict.fromkeys(notices))
    announce_end(problem, task, record)
    return record


def _status_of(error: Exception) -> Status:
    if isinstance(error, DivergedError):
        return "diverged"
    return "timeout" if isinstance(error, TimeBudgetError) else "failed"


def _fit_and_score(problem: Problem, task: Task, record: FoldRecord) -> None:
    with _timed(record, "fit_time"):
        estimator = task.paused and task.paused.estimator
        if estimator is None:
            begin = task.trail[0]
            estimator = make_candidate(problem.estimator, begin.params, begin.seed)
        train, test = _rows(problem.X, task)
        X_train, y_train = _safe_split(estimator, problem.X, problem.y, train)
        X_test, y_test = _safe_split(estimator, problem.X, problem.y, test, train)
        fit_params = params_of_rows(problem.X, problem.fit_params, train)
        carried = task.paused.carried if task.paused else Carried()
        if task.paused is not None and task.paused.estimator is None:
            given = {"fit_params": fit_params, "shared": problem.shared, "split": task.split}
            carried = bring_back(estimator, X_train, y_train, task.trail, state=task.paused.state, **given)
        in_pieces = partial(_train_piece, problem, task, record, estimator, carried)
        fit = estimator.fit if task.n_epochs is None else in_pieces
        fit_watched(fit, estimator, X_train, y_train, fit_params, context=task.callback_context, caller=problem.caller)
    if task.n_epochs is None:
        record.n_epochs = record.n_trained = count_epochs(estimator)
    if problem.keep_curves:
        record.history = read_curve(estimator)
    check_losses(estimator)
    record.n_test_samples = len(task.test)
    with _timed(record, "score_time"):
        raw_scores = _score(problem, estimator, X_test, y_test, test)
    record.test_scores = read_scores(raw_scores, on_failure=record.fail, must_be_finite=True)
    if problem.return_train_score:
        raw_scores = _score(problem, estimator, X_train, y_train, train)
        record.train_scores = read_scores(raw_scores, on_failure=record.fail, must_be_finite=False)
    if task.n_epochs is not None and record.status == "ok":
        record.curve[task.n_epochs] = record.test_scores


def _train_piece(problem: Problem, task: Task, record: FoldRecord, estimator, carried, X, y=None, **fit_params) -> None:
    before = task.paused.n_epochs if task.paused else 0
    given = {"fit_params": fit_params, "shared": problem.shared, "split": task.split, "seed": task.seed}
    progress = train_until(estimator, X, y, task.n_epochs, trained=before, carried=carried, **given)
    record.n_epochs, record.is_complete = float(progress.n_epochs), progress.is_over
    record.n_trained = float(progress.n_epochs - before)
    if not progress.is_over:
        record.paused = Paused(estimator, progress.n_epochs, task.trail, carried=carried, key=task.key)


def make_candidate(estimator: BaseEstimator, params: dict[str, Any], seed: int | None) -> BaseEstimator:
    """Return a new estimator with `params`; the parameters are cloned too, for they may be estimators."""
    candidate = clone(estimator).set_params(**clone(params, safe=False))
    return candidate if seed is None else set_random_states(candidate, seed)


def epochs_with(estimator: BaseEstimator, params: Mapping[str, Any]) -> int:
    """Return the most epochs of a whole training of an estimator with other parameters; raise as they do."""
    return count_most_epochs(make_candidate(estimator, dict(params), None))


def has_pieces_with(estimator: BaseEstimator, params: Mapping[str, Any]) -> bool:
    """Whether an estimator with other parameters can be trained in pieces; raise as the parameters do."""
    return has_pieces(make_candidate(estimator, dict(params), None))


def fit_watched(
    fit: Callable,
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    fit_params: dict[str, Any],
    *,
    context: CallbackContext | None,
    caller: BaseEstimator | None,
) -> None:
    """Call `fit`, which fits `estimator`, below the callbacks of the search; their hooks as scikit-learn calls them."""
    arguments = (X,) if y is None else (X, y)
    if context is None:
        fit(*arguments, **fit_params)
        return
    weight = fit_params.get("sample_weight")
    news = {"estimator": caller, "X": X, "y": y, "metadata": None if weight is None else {"sample_weight": weight}}
    try:
        with context.propagate_callback_context(estimator):
            context.call_on_fit_task_begin(**news)
            fit(*arguments, **fit_params)
    finally:
        context.call_on_fit_task_end(**news)


def recall_watched(problem: Problem, task: Task, record: FoldRecord) -> None:
    """Tell the callbacks of a search, and its reader, of a task that was done before."""
    if task.callback_context is not None:
        news = {"estimator": problem.caller, "X": problem.X, "y": problem.y, "metadata": None}
        task.callback_context.call_on_fit_task_begin(**news)
        task.callback_context.call_on_fit_task_end(**news)
    announce_end(problem, task, record)


def check_losses(estimator: BaseEstimator) -> None:
    """Raise `DivergedError` if the history of a skorch net ends with a loss that is not finite.

    Skorch itself says nothing, and the class that NaN is read as may well score best on imbalanced data.
    """
    history = getattr(last_step(estimator), "history_", None)
    last_epoch = history[-1] if isinstance(history, list) and history else {}
    for name in ("train_loss", "valid_loss"):
        loss = last_epoch.get(name)
        if isinstance(loss, Real) and not math.isfinite(loss):
            raise DivergedError(f"{name} is {loss} at the end of the training")


def _rows(X: Any, task: Task) -> tuple[Any, Any]:
    """Rows of the split in the array library and on the device of X; splitters give numpy's."""
    xp, _ = get_namespace(X)
    where = array_device(X)
    return xp.asarray(task.train, device=where), xp.asarray(task.test, device=where)


def _score(problem: Problem, estimator: BaseEstimator, X: Any, y: Any, rows: Any) -> Any:
    params = _check_method_params(problem.X, params=problem.score_params, indices=rows)
    arguments = (X,) if y is None else (X, y)
    return problem.scorer(estimator, *arguments, **params)


@contextmanager
def _timed(record: FoldRecord, field: str) -> Iterator[None]:
    """Note the seconds that the block takes, also when it fails; of networks that train together each has its share."""
    stopwatch = Stopwatch()
    try:
        with stopwatch:
            yield
    finally:
        setattr(record, field, stopwatch.seconds)
