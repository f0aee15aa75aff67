"""Lines for the user: records of the logger "sktune", which are printed as well where a `verbose` asks for it."""

import logging
import sys
from collections.abc import Iterator

#: Without a handler of its own, Python would print warnings of a library even if logging is not configured.
logging.getLogger("sktune").addHandler(logging.NullHandler())


def tell(logger: logging.Logger, line: str, *, verbose: float, level: int = logging.INFO) -> None:
    """Log a line, and print it if `verbose` is not 0.

    It is not printed where the user's own logging shows it on the screen already.

    Parameters
    ----------
    logger : Logger
        That of the module: ``logging.getLogger(__name__)``.
    line : str
    verbose : float
        The `verbose` of the estimator.
    level : int, default=logging.INFO
    """
    if verbose > 0 and not _is_on_screen(logger, level):
        print(line, flush=True)
    logger.log(level, line)


def is_heard(logger: logging.Logger, verbose: float, level: int = logging.INFO) -> bool:
    """Whether `tell` would print or log anything: if not, the line need not be computed."""
    return verbose > 0 or logger.isEnabledFor(level)


def _is_on_screen(logger, level) -> bool:
    if not logger.isEnabledFor(level):
        return False
    screens = [sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__]
    return any(_stream_of(handler) in screens for handler in _handlers(logger) if handler.level <= level)


def _handlers(logger: logging.Logger | None) -> Iterator[logging.Handler]:
    while logger is not None:
        yield from logger.handlers
        logger = logger.parent if logger.propagate else None


def _stream_of(handler):
    """Where a handler writes; that of rich has a console, which has a file."""
    console = getattr(handler, "console", None)
    return getattr(handler, "stream", ()) if console is None else getattr(console, "file", ())
