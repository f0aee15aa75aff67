"""Run tasks in threads, as many at a time as their data allow.

A thread that ends a task takes the next one itself: memory that the one has freed serves the other. (Allocators keep
a pool per thread; tasks that wander among many threads were measured to double the memory of a search.)
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .._utils.threads import torch_threads
from .._utils.workers import as_worker
from ..engine import plans_go_to
from ._broker import Broker

#: how long cancelled tasks are waited for
_SECONDS_TO_END = 1.0


class Tasks:
    """Tasks that wait for their turn, and the threads that run them.

    Parameters
    ----------
    n_threads : int
        Tasks that run, or stacks that train, at the same time.
    n_tasks : int
        Tasks in flight at most (see `Broker`).
    """

    def __init__(self, n_threads: int, n_tasks: int):
        self._broker = Broker(n_threads, n_tasks, on_limit=self._begin)
        self._lock = threading.Lock()
        self._waiting = deque()
        self._threads = frozenset()
        self._numbers = itertools.count()  # of the threads
        self._cancelled = False

    def add(self, func: Callable[[], Any], callback: Callable[[Future], None] | None) -> Future:
        """Run a task in its turn; `callback` gets the returned future when it is done."""
        future = Future()
        with self._lock:
            self._waiting.append((func, callback, future))
        self._begin()
        return future

    def cancel(self) -> None:
        """End the training of all tasks; tasks that wait for their turn, and any that come later, never begin.

        Returns when all have ended, but soon: what a task does beside training cannot be interrupted.
        """
        with self._lock:
            self._cancelled = True
        self._broker.cancel()  # without it their training would go on
        deadline = time.monotonic() + _SECONDS_TO_END
        for thread in self._threads - {threading.current_thread()}:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _begin(self):
        """Start threads while there are tasks that may be in flight."""
        with self._lock:
            while len(self._threads) < self._broker.limit and (task := self._next()) is not None:
                thread = threading.Thread(target=self._work, args=[task], daemon=True, name="sktune task")
                self._threads = self._threads | {thread}
                thread.start()

    def _next(self):
        return self._waiting.popleft() if self._waiting and not self._cancelled else None

    def _next_or_end(self):
        """Return a task for this thread, or note that it ends."""
        with self._lock:
            task = self._next() if len(self._threads) <= self._broker.limit else None
            if task is None:
                self._threads = self._threads - {threading.current_thread()}
            return task

    def _work(self, task):
        # a task computes on one core; other tasks have the others
        with torch_threads(1), as_worker(next(self._numbers)), plans_go_to(self._broker.submit):
            while task is not None:
                self._run(*task)
                task = self._next_or_end()

    def _run(self, func, callback, future):
        with self._broker.permit():
            try:
                future.set_result(func())
            except BaseException as error:
                future.set_exception(error)
        if callback is not None:
            callback(future)
