"""The limit of one BLAS thread: set inside, lifted outside, also under competition."""

import threading

import pytest
from threadpoolctl import threadpool_info

from sktune.optimize import Optimizer
from sktune.optimize._threads import one_blas_thread


def blas_threads():
    libraries = (library for library in threadpool_info() if library["user_api"] == "blas")
    return [library["num_threads"] for library in sorted(libraries, key=lambda library: library["filepath"])]


DEFAULT = blas_threads()
pytestmark = pytest.mark.skipif(max(DEFAULT, default=1) < 2, reason="BLAS has one thread here in any case")


def test_one_thread_inside_and_as_many_as_before_outside():
    with one_blas_thread():
        assert set(blas_threads()) == {1}
        with one_blas_thread():
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert blas_threads() == DEFAULT


def test_the_limit_is_lifted_after_an_error():
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        1 / 0
    assert blas_threads() == DEFAULT


def test_threads_that_compete_leave_no_limit_behind():
    inside = []

    def enter():
        for _ in range(20):
            with one_blas_thread():
                inside.append(set(blas_threads()))

    threads = [threading.Thread(target=enter) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inside == [{1}] * 60
    assert blas_threads() == DEFAULT


def test_asking_leaves_the_number_of_threads_alone():
    optimizer = Optimizer({"x": (0.0, 1.0)}, random_state=0, n_initial_points=2)
    for score in (0.1, 0.2, 0.3):
        optimizer.tell(optimizer.ask(), score)
    assert blas_threads() == DEFAULT
