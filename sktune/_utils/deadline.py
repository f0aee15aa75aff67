"""A time limit that the code far below can ask about.

A search gives each task the time at which its budget ends; the loop that can stop (an estimator's epochs) sits below
pipelines and meta-estimators that know nothing of it. A slot of the thread carries it across them.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..exceptions import TimeBudgetError

_DEADLINE: ContextVar[float | None] = ContextVar("sktune_deadline", default=None)


@contextmanager
def deadline(at: float | None) -> Iterator[None]:
    """Set the limit of the enclosed work, in seconds of ``time.time()`` (a clock that processes share)."""
    token = _DEADLINE.set(at)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def current_deadline() -> float | None:
    """Return the limit of the enclosing work, None where there is none."""
    return _DEADLINE.get()


def check_deadline(at: float | None = None) -> None:
    """Raise `TimeBudgetError` if the limit has passed: `at`, or where that is None that of the enclosing work."""
    at = _DEADLINE.get() if at is None else at
    if at is not None and time.time() > at:
        raise TimeBudgetError("the time budget ran out")
