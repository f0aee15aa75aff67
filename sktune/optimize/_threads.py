"""One thread for the linear algebra of a surrogate.

Its matrices are small: for 50 observations a second thread was measured to make the search for hyperparameters 2.4
times slower, on idle cores; on busy ones the threads of a BLAS also wait for each other. And with one thread the last
bit of a result does not depend on the number of cores.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .._utils.thread_pools import thread_pools

_lock = threading.RLock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let BLAS use one thread for the enclosed work, which only one thread of Python does at a time.

    The limit belongs to the process. Without the lock, the second to enter would find the limit of the first, take it
    for what was set before, and leave it behind for good.
    """
    with _lock, thread_pools().limit(limits=1, user_api="blas"):
        yield
