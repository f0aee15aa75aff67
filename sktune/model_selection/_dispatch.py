"""Tasks out, results in: joblib's backends as a search uses them, also where workers die."""

import logging
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import closing
from functools import partial

from joblib import ParallelBackendBase
from sklearn.base import BaseEstimator
from sklearn.utils.parallel import Parallel

from .._joblib_compat import get_active_backend
from ..exceptions import SktuneWarning
from ..neural_network import NetClassifier, NetRegressor
from ._evaluation import FoldRecord, Task

_LOGGER = logging.getLogger(__name__)
#: What says that the process of a task has died, besides `BrokenExecutor`; by name, as few have these packages.
_DEATHS = {
    "distributed.scheduler.KilledWorker",
    "distributed.client.FutureCancelledError",  # the data of a task were on the worker that died
    "ray.exceptions.RayActorError",
    "ray.exceptions.WorkerCrashedError",
}
#: Backends whose tasks may run on other machines.
_CLUSTERS = ("RayBackend", "DaskDistributedBackend")
#: Tasks that are at work, or were when their worker died, by candidate and split.
Tasks = dict[tuple[int, int], Task]


class WorkerDiedWarning(SktuneWarning):
    """A worker of a search has died, for want of memory for example; its tasks are done once more."""


def can_join(estimator: BaseEstimator) -> bool:
    """Whether networks of ours are in the estimator that train through the engine: several of them can train as one."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    return any(isinstance(part, NetClassifier | NetRegressor) and not part.callbacks for part in parts)


def open_parallel(n_jobs: int | None, pre_dispatch: int | str, *, fuse: bool) -> Parallel:
    """Return joblib's runner of tasks, one that hands out results as they come wherever the backend can do that.

    Parameters
    ----------
    n_jobs : int or None
    pre_dispatch : int or str
    fuse : bool
        Whether to train the networks of several tasks together, unless the user has chosen a backend.
    """
    settings = {"n_jobs": n_jobs, "pre_dispatch": pre_dispatch}
    backend, n_jobs_in_context = get_active_backend()
    if goes_to_threads(fuse):
        settings |= {"backend": "sktune", "n_jobs": n_jobs or n_jobs_in_context or 1}
    elif (completed := _completed(backend)) is not backend:
        settings["backend"] = completed
    try:
        return Parallel(**settings, return_as="generator_unordered")
    except ValueError:
        return Parallel(**settings)


def stays_on_this_machine() -> bool:
    """Whether tasks run where the search runs, and not on a cluster."""
    return type(get_active_backend()[0]).__name__ not in _CLUSTERS


def goes_to_threads(fuse: bool) -> bool:
    """Whether `open_parallel` trains the networks of several tasks together, in threads."""
    return fuse and not _is_backend_chosen()


def has_own_workers(fuse: bool) -> bool:
    """Whether the tasks of `open_parallel` run in threads, or in workers of a backend that the user has chosen."""
    return fuse or _is_backend_chosen()


def _is_backend_chosen() -> bool:
    """Whether a ``parallel_config`` names a backend: then, and only then, joblib gives nothing on preferences."""
    (plain, _), (preferred, _) = get_active_backend(), get_active_backend(prefer="threads")
    return type(plain) is type(preferred)


def _completed(backend: ParallelBackendBase) -> ParallelBackendBase:
    """Return a backend of a cluster with what a search needs and joblib has not thought of; any other as it is.

    The user's own object stays as it was, for it may serve others.
    """
    name = type(backend).__name__
    if name not in _CLUSTERS:
        return backend
    twin = object.__new__(type(backend))  # dask's cannot be copied: its copies belong to the default client
    vars(twin).update(vars(backend))
    if name == "RayBackend":  # inherits this from one that cannot
        twin.supports_return_generator = True
    else:
        twin.submit = partial(_submit_and_hear_of_failure, twin.submit)
        twin.effective_n_jobs = partial(_at_least_two, twin, twin.effective_n_jobs)
    return twin


def _submit_and_hear_of_failure(submit: Callable, func: Callable, callback: Callable | None = None) -> Future:
    """Submit a task to dask; joblib is told of tasks that are done, and waits for ever for those dask has given up."""

    def tell(future):
        if callback is not None and future.exception() is not None:
            callback(future.exception())

    future = submit(func, callback)
    future.add_done_callback(tell)
    return future


def _at_least_two(backend: ParallelBackendBase, effective_n_jobs: Callable, n_jobs: int | None) -> int:
    """Return the number of tasks at once; where it is one, joblib runs the tasks itself instead of giving them away."""
    n_workers = effective_n_jobs(n_jobs)  # raises where no worker comes within some seconds
    backend.wait_for_workers_timeout = 0  # but those that die later may take their time to come back
    return max(2, n_workers)


def drained(tasks: list[Task]) -> Iterator[Task]:
    """Yield tasks and drop them from the list: each holds the paused network that it resumes, which is then freed."""
    tasks.reverse()
    while tasks:
        yield tasks.pop()


def outlive_workers(
    run: Callable[[Iterable[Task]], Iterator[FoldRecord]],
    tasks: Iterable[Task],
    give_up: Callable[[Task, Exception], FoldRecord],
    count_lost: Callable[[Iterable[Task]], None],
) -> Iterator[FoldRecord]:
    """Yield the records of all tasks, as they come, also when workers die.

    The tasks that were at work then are done again: together, and if once more a worker dies, one by one. So the one
    that ends its worker every time is found, and costs no other.

    Parameters
    ----------
    run : callable
        Generator of the records of some tasks; asks for the next task when it may begin.
    tasks : iterable of Task
        Each of another candidate or another split.
    give_up : callable
        Given a task that has lost its workers three times, the last time alone, and how, returns its record.
    count_lost : callable
        Told which tasks were at work, each time when a worker dies; what it raises ends all.
    """
    tasks = iter(tasks)
    while True:
        at_work: Tasks = {}
        death = yield from _attempt(run, tasks, at_work)
        if death is None:
            return
        count_lost(at_work.values())
        _LOGGER.info("a worker died (%s): %d tasks are done again", _describe(death), len(at_work))
        warnings.warn(
            f"a worker died ({_describe(death)}): the {len(at_work)} tasks that it and others were given are done "
            "again. If this comes often, let fewer tasks run at a time (n_jobs), or give the workers more memory.",
            WorkerDiedWarning,
            stacklevel=2,
        )
        yield from _run_again(run, iter(list(at_work.values())), give_up, count_lost)


def _run_again(run: Callable, tasks: Iterator[Task], give_up: Callable, count_lost: Callable) -> Iterator[FoldRecord]:
    while True:
        at_work: Tasks = {}
        if (yield from _attempt(run, tasks, at_work)) is None:
            return
        count_lost(at_work.values())
        for task in at_work.values():
            death = yield from _attempt(run, [task], {})
            if death is not None:
                count_lost([task])
                yield give_up(task, death)


def _attempt(run: Callable, tasks: Iterable[Task], at_work: Tasks) -> Generator[FoldRecord, None, Exception | None]:
    """Yield records until a worker dies; return how, None if none did. `at_work` has the tasks without a record."""
    try:
        with closing(run(_noted(tasks, at_work))) as records:
            for record in records:
                at_work.pop((record.candidate, record.split), None)
                yield record
    except Exception as error:
        if not _is_death(error):
            raise
        return error.with_traceback(None)


def _noted(tasks: Iterable[Task], at_work: Tasks) -> Iterator[Task]:
    for task in tasks:
        at_work[task.candidate, task.split] = task
        yield task


def _is_death(error: Exception) -> bool:
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    return isinstance(error, BrokenExecutor) or not names.isdisjoint(_DEATHS)


def _describe(error: Exception) -> str:
    first_line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first_line}"


def lost_record(task: Task, error: Exception) -> FoldRecord:
    """Return the record of a task that ends its worker every time."""
    record = FoldRecord(task.candidate, task.split, key=task.key, n_trained=0.0, is_repeatable=False)
    record.fail(f"{_describe(error)} The worker of this fit died again and again.")
    return record
