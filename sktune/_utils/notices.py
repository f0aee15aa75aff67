"""Warnings that belong to one of many fits, and are given once for all of them.

A search collects what its tasks have to say, in whatever thread or process they run, and gives each kind of warning
once. Where nothing collects, a warning is given at once.
"""

import inspect
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: A warning that was not given yet: its class and its message.
Notice = tuple[type[Warning], str]

#: libraries whose lines would not help a user who looks for the origin of a warning
_INNER = {"sktune", "sklearn", "contextlib"}

_COLLECTOR: ContextVar[list[Notice] | None] = ContextVar("sktune_notices", default=None)


@contextmanager
def collected_notices() -> Iterator[list[Notice]]:
    """Collect the warnings of the enclosed work, of this thread.

    Examples
    --------
    >>> with collected_notices() as notices:
    ...     give_notice(UserWarning, "the columns differ")
    >>> notices
    [(<class 'UserWarning'>, 'the columns differ')]
    """
    notices = []
    token = _COLLECTOR.set(notices)
    try:
        yield notices
    finally:
        _COLLECTOR.reset(token)


def give_notice(category: type[Warning], message: str) -> None:
    """Give a warning, or leave it to the work around this that collects warnings."""
    collector = _COLLECTOR.get()
    if collector is None:
        warnings.warn(message, category, stacklevel=_level_of_caller())
    else:
        collector.append((category, message))


def _level_of_caller() -> int:
    """Return the stack level, seen from the function that calls this one, of the first line that is a user's."""
    frame, level = inspect.currentframe().f_back, 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _INNER:
        frame, level = frame.f_back, level + 1
    return level


@contextmanager
def notices_given_once() -> Iterator[None]:
    """Give the first warning of each class, of those that the enclosed work gives, at its end."""
    with collected_notices() as notices:
        yield
    first = dict(reversed(notices))
    for category in dict.fromkeys(category for category, _ in notices):
        give_notice(category, first[category])
