"""Which of the workers of a search this is, so that equal workers can take turns with equal devices."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from multiprocessing import current_process

_THREAD: ContextVar[int] = ContextVar("sktune_worker", default=0)


@contextmanager
def as_worker(number: int) -> Iterator[None]:
    """Number this thread among the workers of its process, for the enclosed work."""
    token = _THREAD.set(number)
    try:
        yield
    finally:
        _THREAD.reset(token)


def worker_number() -> int:
    """Return the number of this worker: consecutive for those that one process has started, 0 in a main program."""
    identity = getattr(current_process(), "_identity", ())  # (k,) in the k-th process that the main one has started
    return (identity[-1] - 1 if identity else 0) + _THREAD.get()
