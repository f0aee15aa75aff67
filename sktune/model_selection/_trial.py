"""Whether tasks are worth processes of their own, which is tried out in this one.

A worker process imports torch and scikit-learn before its first task. Many searches over estimators of scikit-learn are
over before that. So their first task runs here; the others follow to processes as soon as what remains would take much
longer here. Where a task runs never changes its result.
"""

import time
from collections.abc import Iterator

from joblib import effective_n_jobs
from sklearn.base import BaseEstimator

from ._dispatch import can_join, has_own_workers
from ._evaluation import FoldRecord, Problem, Task, evaluate_fold

#: Seconds that processes must save: they take about half of that to start, on a busy machine all of it.
_WORTHWHILE = 16.0


class Trial:
    """Run tasks in this process, as long as processes are not worth their start.

    Parameters
    ----------
    n_fits : int or None
        How many tasks there will be in all; None, if that is not known, begins with processes.
    n_workers : int
        How many processes there would be.
    """

    def __init__(self, n_fits: int | None, n_workers: int):
        self._n_left, self._n_workers = n_fits, n_workers
        self._n_done, self._seconds = 0, 0.0

    def run(self, problem: Problem, tasks: Iterator[Task]) -> Iterator[FoldRecord]:
        """Yield the records of some of the first of `tasks`, which are taken out of it."""
        while self._stays():
            task = next(tasks, None)
            if task is None:
                return
            start = time.perf_counter()
            record = evaluate_fold(problem, task)
            self._seconds += time.perf_counter() - start
            self._n_done, self._n_left = self._n_done + 1, self._n_left - 1
            yield record

    def _stays(self) -> bool:
        if self._n_left is None or self._n_workers == 1:
            return False
        stays = not is_worth_processes(self._seconds, self._n_done, self._n_left, self._n_workers)
        self._n_left = self._n_left if stays else None  # for good: they run now
        return stays


def is_worth_processes(seconds: float, n_done: int, n_left: int, n_workers: int) -> bool:
    """Whether to start processes for what is left, after `n_done` tasks have taken some seconds.

    Examples
    --------
    >>> is_worth_processes(0.1, 10, 200, n_workers=8), is_worth_processes(5.0, 1, 99, n_workers=2)
    (False, True)
    """
    return n_done > 0 and seconds / n_done * n_left * (1 - 1 / n_workers) > _WORTHWHILE


def open_trial(estimator: BaseEstimator, n_jobs: int | None, n_fits: int | None) -> Trial | None:
    """Return a trial for a search in processes.

    None where tasks run in threads or on a backend of the user's, and where an estimator may end its process: only the
    main one must survive that.

    Parameters
    ----------
    estimator : estimator
        Of the search. It is trusted if all of it is scikit-learn's.
    n_jobs : int or None
    n_fits : int or None
        As in `Trial`.
    """
    if has_own_workers(can_join(estimator)):
        return None
    parts = [estimator, *estimator.get_params(deep=True).values()]
    classes = [type(part) for part in parts if hasattr(part, "fit")]
    if not all(one.__module__.startswith("sklearn.") for one in classes):
        return None
    return Trial(n_fits, effective_n_jobs(n_jobs))
