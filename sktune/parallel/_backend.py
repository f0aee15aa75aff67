"""The joblib backend "sktune": threads whose networks train together."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from joblib import ParallelBackendBase, cpu_count

from .._joblib_compat import SequentialBackend
from ._tasks import Tasks

#: Tasks in flight: so many fits can meet.
_N_TASKS = 128


class SktuneBackend(ParallelBackendBase):
    """Run tasks in threads, and train the networks that they fit together (see `Broker`).

    ``n_jobs`` is the number of cores to use: at most so many tasks compute at the same time, or so many stacks train.
    Many more tasks than that are begun, so that their fits can meet. Nested calls run in sequence, inside their task.

    scikit-learn's own searches measure a fit from its beginning to its end, so that under this backend their
    ``mean_fit_time`` includes the wait for the networks that train together, and is about the same for all of them.
    The searches of sktune count each network's share.

    Examples
    --------
    >>> import joblib
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sktune import NetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(NetClassifier(max_epochs=10, random_state=0), {"lr": [1e-5, 1e-2]})
    >>> with joblib.parallel_config("sktune"):
    ...     search = search.fit(X, y)
    >>> search.best_params_
    {'lr': 0.01}
    """

    default_n_jobs = -1
    supports_retrieve_callback = uses_threads = supports_sharedmem = True

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Return the number of tasks in flight, so that callers that divide their work make as many parts."""
        _n_cores(n_jobs)
        return _N_TASKS

    def configure(self, n_jobs: int | None = 1, parallel: Any = None, **backend_kwargs: Any) -> int:
        """Prepare for the tasks of one `Parallel`; return the number of tasks in flight."""
        self.parallel = parallel
        self._tasks = Tasks(_n_cores(n_jobs), _N_TASKS)
        return self.effective_n_jobs(n_jobs)

    def submit(self, func: Callable[[], Any], callback: Callable[[Future], None] | None = None) -> Future:
        """Run a task in a thread."""
        return self._tasks.add(func, callback)

    def retrieve_result_callback(self, out: Future) -> Any:
        """Return what a task has returned, or raise what it has raised."""
        return out.result()

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """End all tasks."""
        self._tasks.cancel()
        if ensure_ready:
            self.configure(n_jobs=self.parallel.n_jobs, parallel=self.parallel)

    def terminate(self) -> None:
        """End all tasks."""
        self._tasks.cancel()

    def get_nested_backend(self) -> tuple[ParallelBackendBase, None]:
        """Return the backend of calls inside a task: a sequence, whose fits meet those of other tasks."""
        return SequentialBackend(nesting_level=(self.nesting_level or 0) + 1), None


def _n_cores(n_jobs):
    if n_jobs == 0:
        raise ValueError("n_jobs == 0 in Parallel has no meaning")
    if n_jobs is None:
        return 1
    return n_jobs if n_jobs > 0 else max(1, cpu_count() + 1 + n_jobs)
