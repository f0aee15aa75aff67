"""Tell the user's Ctrl-C from a KeyboardInterrupt that code raises."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Watch SIGINT while the block runs; yield a function that says whether it has come.

    The signal keeps its effect. Only the main thread receives signals: elsewhere the answer is always no.
    """
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield lambda: False
        return
    came = False

    def note(signum, frame):
        nonlocal came
        came = True
        previous(signum, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGINT, previous)
