"""One thread for the linear algebra of a surrogate.

Its matrices are small: for 50 observations a second thread was measured to make the search for hyperparameters 2.4
times slower, on idle cores; on busy ones the threads of a BLAS also wait for each other. And with one thread the last
bit of a result does not depend on the number of cores.
"""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_n_inside = 0
_limit = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let BLAS use one thread for the enclosed work.

    The limit belongs to the process, so the first to enter sets it and the last to leave lifts it: were every thread
    to restore what it found, one could find the limit of another and leave it behind for good.
    """
    global _n_inside, _limit
    with _lock:
        if _n_inside == 0:
            _limit = _controller().limit(limits=1, user_api="blas")
        _n_inside += 1
    try:
        yield
    finally:
        with _lock:
            _n_inside -= 1
            if _n_inside == 0:
                _limit.restore_original_limits()
                _limit = None


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # looks through all loaded libraries: milliseconds, so once
