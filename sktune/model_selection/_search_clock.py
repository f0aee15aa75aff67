"""The clock of a time budget: a search that is begun again reads the same times at the same points as before."""

import math
import time
from collections.abc import Callable

from ..exceptions import TimeBudgetError


class SearchClock:
    """The seconds that a search has spent, those of its former processes included.

    What a search decides by the time makes its course. So every reading is numbered and noted, where there is a store,
    and a search that is begun again is given the readings of before, as far as they go.

    Parameters
    ----------
    origin : float
        When the search would have begun had it never been cut off, in seconds of ``time.time()``.
    timeout : float or None
        Seconds that the search may take; None is no limit, and no reading is noted.
    note : callable or None, default=None
        Given the number of a reading and its seconds, keeps them and returns the seconds that this reading had first.
    """

    def __init__(self, origin: float, timeout: float | None, note: Callable[[int, float], float] | None = None):
        self.deadline = None if timeout is None else origin + timeout
        self._origin = origin
        self._timeout = timeout
        self._note = note
        self._n_readings = 0

    def now(self) -> float:
        """Return the seconds spent, without a reading: for what is written beside a result."""
        return time.time() - self._origin

    def check(self) -> None:
        """Raise a TimeBudgetError if the budget has run out."""
        if self.seconds_left() < 0.0:
            raise TimeBudgetError("the time budget of the search ran out")

    def seconds_left(self) -> float:
        """Return the seconds that are left, negative if it is too late: infinite without a budget."""
        return math.inf if self._timeout is None else self._timeout - self._read()

    def _read(self) -> float:
        seconds = self.now()
        if self._note is not None:
            seconds = self._note(self._n_readings, seconds)
            self._n_readings += 1
        return seconds
