"""The threads of a process in which the tasks of a search run."""

import threading
import time
import weakref


class TaskThreads:
    """Note threads, and wait for their ends.

    A search that ends early leaves its threads behind, as they cannot be ended from outside. What they still do to the
    state of the process, as ``warnings.catch_warnings`` does to the filters, would come when the search has cleared up.
    Copies in other processes have nothing to do with each other.

    Examples
    --------
    >>> from sktune.model_selection._task_threads import TaskThreads
    >>> threads = TaskThreads()
    >>> thread = threading.Thread(target=lambda: (threads.note(), time.sleep(0.05)))
    >>> thread.start()
    >>> threads.join(10.0)
    >>> thread.is_alive()
    False
    """

    def __init__(self):
        self._threads = weakref.WeakSet()
        self._lock = threading.Lock()

    def __reduce__(self):
        return TaskThreads, ()

    def note(self) -> None:
        """Note the thread that calls this."""
        with self._lock:
            self._threads.add(threading.current_thread())

    def join(self, seconds: float) -> None:
        """Return as soon as all others than this thread have ended, or the seconds are over."""
        with self._lock:
            threads = set(self._threads) - {threading.current_thread()}
        end = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
