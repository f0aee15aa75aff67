"""The seconds that work took, where it trained together with the work of others."""

import time
from contextvars import ContextVar

_RUNNING: ContextVar[tuple["Stopwatch", ...]] = ContextVar("sktune_stopwatches", default=())


class Stopwatch:
    """Measure the enclosed work of this thread, without the time that it spent for others or waited for them.

    Attributes
    ----------
    seconds : float
        What the enclosed work took; there after it has ended, also by an error.

    Examples
    --------
    >>> with Stopwatch() as stopwatch:
    ...     disregard_seconds(-10.0)
    >>> stopwatch.seconds > 10.0
    True
    """

    def __enter__(self) -> "Stopwatch":
        self.of_others = 0.0
        self._token = _RUNNING.set((*_RUNNING.get(), self))
        self._start = time.perf_counter()
        return self

    def __exit__(self, *exception: object) -> None:
        self.seconds = time.perf_counter() - self._start - self.of_others
        _RUNNING.reset(self._token)


def disregard_seconds(seconds: float) -> None:
    """Say that so many seconds of the running stopwatches of this thread belong to the work of others."""
    for stopwatch in _RUNNING.get():
        stopwatch.of_others += seconds
