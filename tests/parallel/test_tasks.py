"""Tasks in threads: few threads, each exception in its own future, and an end to all of them."""

import threading
import time

import pytest

from sktune.parallel._tasks import Tasks


def test_tasks_that_train_nothing_run_in_as_many_threads_as_there_are_cores():
    """Memory that the thread of one task has freed then serves the next one."""
    tasks, all_added = Tasks(n_threads=2, n_tasks=64), threading.Event()
    threads = set()

    def note():
        all_added.wait(10)  # threads end when nothing waits for its turn, and others begin with what comes later
        threads.add(threading.get_ident())

    futures = [tasks.add(note, None) for _ in range(50)]
    all_added.set()
    for future in futures:
        future.result(10)
    assert len(threads) == 2


def test_callbacks_get_futures_with_results_and_with_errors():
    tasks, seen = Tasks(n_threads=1, n_tasks=64), []
    tasks.add(lambda: 7, seen.append)
    last = tasks.add(lambda: 1 / 0, seen.append)
    with pytest.raises(ZeroDivisionError):
        last.result(10)
    tasks.cancel()
    assert seen[0].result() == 7
    assert seen[1] is last


def test_a_callback_may_add_tasks():
    tasks, done = Tasks(n_threads=1, n_tasks=64), threading.Event()
    tasks.add(lambda: None, lambda future: tasks.add(done.set, None))
    assert done.wait(10)


def test_cancel_does_not_wait_for_what_cannot_be_interrupted():
    tasks, begun, may_end = Tasks(n_threads=1, n_tasks=64), threading.Event(), threading.Event()
    tasks.add(lambda: (begun.set(), may_end.wait(60)), None)
    begun.wait(10)
    start = time.monotonic()
    tasks.cancel()
    assert time.monotonic() - start < 20
    may_end.set()


def test_cancel_waits_for_those_that_run_and_drops_those_that_wait():
    tasks, ended = Tasks(n_threads=1, n_tasks=64), []
    begun = threading.Event()

    def slow():
        begun.set()
        time.sleep(0.2)
        ended.append("slow")

    tasks.add(slow, None)
    begun.wait(10)
    tasks.add(lambda: ended.append("never"), None)
    tasks.cancel()
    tasks.add(lambda: ended.append("too late"), None)
    time.sleep(0.05)
    assert ended == ["slow"]
