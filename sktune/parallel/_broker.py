"""Gather the plans of many threads and train them together.

Notation
--------
task        one call that joblib runs; it may fit several networks, one after the other
running     tasks that hold a permit: they compute in Python, at most as many as there are cores
waiting     plans that tasks have submitted; a task whose plan waits holds no permit

One more thread trains. When no task is running and none can start, it trains all waiting plans at once. A task may
also block on something else than training: when nothing has happened for a while, the plans that wait are trained all
the same. So no task ever waits for one that waits for it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from .._utils.stopwatch import disregard_seconds
from ..engine import FitPlan, FitResult, fit_plans
from ..exceptions import CancelledError
from ._errors import for_another_thread
from ._sharing import share_equal_data

#: Seconds without news after which waiting plans are trained although some task is still running.
_PATIENCE = 0.25
#: Bytes that tasks in flight may hold together: each has rows of its own, cut out and preprocessed.
_BYTES_IN_FLIGHT = 256 << 20
_COPIES_PER_TASK = 2.5
#: Seconds without news after which no further task is expected to begin.
_GRACE = 0.003


@dataclass
class _Submission:
    plan: FitPlan
    reporter: object
    state: object
    done: threading.Event = field(default_factory=threading.Event)
    result: FitResult | None = None
    error: BaseException | None = None


class Broker:
    """Where the plans of several threads meet.

    Parameters
    ----------
    n_threads : int
        Tasks that run, or stacks that train, at the same time.
    n_tasks : int
        Tasks in flight at most. They are fewer where their data are large, and until the first plan says how large.
    on_limit : callable, default=None
        Called when `limit` may have changed.

    Attributes
    ----------
    limit : int
        How many tasks may be in flight, as far as is known.
    """

    def __init__(self, n_threads: int, n_tasks: int, on_limit: Callable[[], None] = lambda: None):
        self.n_threads, self.n_tasks, self._on_limit = n_threads, n_tasks, on_limit
        self.limit = n_threads
        lock = threading.Lock()
        self._permits = threading.Condition(lock)  # one may be free
        self._news = threading.Condition(lock)  # it may be time to train
        self._n_running = 0
        self._n_ready = 0  # tasks that want a permit
        self._waiting: list[_Submission] = []
        self._trainer: threading.Thread | None = None
        self._training = False
        self._cancelled = False
        self._last_news = time.monotonic()

    # -- permits ------------------------------------------------------------------------------------------------------

    @contextmanager
    def permit(self) -> Iterator[None]:
        """Hold a permit, for the time of a task; wait until there is one."""
        with self._permits:
            self._acquire()
        try:
            yield
        finally:
            with self._permits:
                self._release()

    def _acquire(self):
        self._n_ready += 1
        try:
            while self._n_running >= self.n_threads or self._training:
                self._permits.wait()
        finally:
            self._n_ready -= 1
        self._n_running += 1
        self._last_news = time.monotonic()

    def _release(self):
        self._n_running -= 1
        self._last_news = time.monotonic()
        self._permits.notify()
        self._news.notify()

    # -- plans --------------------------------------------------------------------------------------------------------

    def submit(self, plan: FitPlan, reporter=None, state=None) -> FitResult:
        """Have a plan trained with those of other tasks; return its result when it is there.

        Raises
        ------
        CancelledError
            If the work is no longer wanted.
        """
        self.limit = self.n_tasks_for(plan)
        self._on_limit()
        submission = _Submission(plan, reporter, state)
        start = time.perf_counter()
        with self._news:
            self._check_cancelled()
            self._waiting.append(submission)
            self._start_trainer()
            self._release()
        try:
            submission.done.wait()
        finally:
            with self._permits:
                self._acquire()
            own_seconds = 0.0 if submission.result is None else submission.result.seconds
            disregard_seconds(time.perf_counter() - start - own_seconds)
        if submission.error is not None:
            raise submission.error
        return submission.result

    def n_tasks_for(self, plan: FitPlan) -> int:
        """Return how many tasks with data like those of `plan` may be in flight."""
        n_bytes = sum(rows.n_bytes for rows in (plan.train, plan.valid) if rows is not None)
        return max(self.n_threads, min(self.n_tasks, int(_BYTES_IN_FLIGHT / (_COPIES_PER_TASK * n_bytes))))

    def _start_trainer(self):
        if self._trainer is None:
            self._trainer = threading.Thread(target=self._train_when_quiet, daemon=True, name="sktune trainer")
            self._trainer.start()

    def _train_when_quiet(self):
        with self._news:
            while not self._cancelled:
                if self._waiting and self._seconds_to_wait() <= 0:
                    self._train()
                else:
                    self._news.wait(self._seconds_to_wait() if self._waiting else None)
            for submission in self._waiting:
                submission.error = CancelledError("the search was interrupted")
                submission.done.set()

    def _seconds_to_wait(self):
        """Seconds without further news after which what waits is trained."""
        is_idle = self._n_running == 0 and self._n_ready == 0
        return self._last_news + (_GRACE if is_idle else _PATIENCE) - time.monotonic()

    def _train(self):
        """Train all that waits, without the lock."""
        batch, self._waiting = self._waiting, []
        self._training = True
        self._news.release()
        try:
            self._train_batch(batch)
        finally:
            self._news.acquire()
            self._training = False
            self._last_news = time.monotonic()
            self._permits.notify(self.n_threads)

    def _train_batch(self, batch):
        try:
            plans = _with_shared_data([submission.plan for submission in batch])
            reporters = [submission.reporter for submission in batch]
            states = [submission.state for submission in batch]
            results = fit_plans(
                plans, reporters=reporters, states=states, n_threads=self.n_threads, check=self._check_cancelled
            )
            for submission, result in zip(batch, results, strict=True):
                if result.error is not None:
                    result.error = for_another_thread(result.error)
                submission.result = result
        except BaseException as error:  # the training of all has ended
            for submission in batch:
                submission.error = for_another_thread(error)
        for submission in batch:
            submission.done.set()

    # -- the end ------------------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """End all training; tasks that wait for it fail."""
        with self._news:
            self._cancelled = True
            self._news.notify()
        if self._trainer is not None and self._trainer is not threading.current_thread():
            self._trainer.join()

    def _check_cancelled(self):
        if self._cancelled:
            raise CancelledError("the search was interrupted")


def _with_shared_data(plans):
    """Return the plans, with one copy of equal arrays where they have arrays: each that has not fails by itself."""
    with suppress(Exception):
        return share_equal_data(plans)
    return plans
