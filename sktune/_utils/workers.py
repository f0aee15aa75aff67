"""Which of the workers on this machine this is, so that equal workers can take turns with equal devices.

Processes take numbers: each the least that no other one has, which it keeps to its end. They need not know of each
other, as those of joblib, of dask workers that were started one by one and of Ray do not.
"""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from multiprocessing import current_process
from pathlib import Path
from typing import NamedTuple

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None

_THREAD: ContextVar[int] = ContextVar("sktune_worker", default=0)


class _Claim(NamedTuple):
    pid: int
    number: int
    lock: int | None  # file descriptor


_CLAIM: _Claim | None = None
_CLAIMING = threading.Lock()


@contextmanager
def as_worker(number: int) -> Iterator[None]:
    """Number this thread among the workers of its process, for the enclosed work."""
    token = _THREAD.set(number)
    try:
        yield
    finally:
        _THREAD.reset(token)


def worker_number() -> int:
    """Return the number of this worker: that of its process, from 0, and that of its thread in the process."""
    return _process_number() + _THREAD.get()


def _process_number() -> int:
    """Return the least number that no other process of this user on this machine had when this one first asked."""
    global _CLAIM
    with _CLAIMING:
        if _CLAIM is None or _CLAIM.pid != os.getpid():
            if _CLAIM is not None and _CLAIM.lock is not None:
                os.close(_CLAIM.lock)  # of the process from which this one was forked, which keeps it open
            try:
                _CLAIM = _Claim(os.getpid(), *_first_free())
            except OSError:  # nothing can be locked here
                _CLAIM = _Claim(os.getpid(), _number_of_child(), None)
        return _CLAIM.number


def _first_free() -> tuple[int, int]:
    """Lock the first file that nobody has locked; the system lets go of it when this process ends, however it does."""
    if fcntl is None:
        raise OSError("this system locks files in another way")
    folder = Path(tempfile.gettempdir(), f"sktune-workers-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} is somebody else's trap")
    for number in count():
        lock = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number, lock
        except BlockingIOError:
            os.close(lock)


def _number_of_child() -> int:
    """Return k - 1 in the k-th process that the main one has started, and 0 in a main program."""
    identity = getattr(current_process(), "_identity", ())
    return identity[-1] - 1 if identity else 0
