"""Seeds, threads, deadlines, Ctrl-C and optional imports."""

import inspect
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import ThreadpoolController, threadpool_limits

from sktune._utils.deadline import check_deadline, deadline
from sktune._utils.interrupts import interrupts
from sktune._utils.optional import import_optional
from sktune._utils.random import derive_seed, root_seed
from sktune._utils.threads import flushed_denormals, torch_threads
from sktune.exceptions import TimeBudgetError

keys = st.lists(st.text(max_size=5) | st.integers(0, 2**32 - 1), max_size=3)
seeds = st.integers(0, 2**63)


# -- seeds -------------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=200)
@given(seed=seeds, path=keys)
def test_derived_seed_depends_on_its_arguments_alone_and_suits_numpy_and_torch(seed, path):
    derived = derive_seed(seed, *path)
    np.random.random()  # noqa: NPY002  what others draw is of no concern
    assert derive_seed(seed, *path) == derived
    assert 0 <= derived < 2**63
    torch.Generator().manual_seed(derived)
    np.random.default_rng(derived)


def test_derived_seeds_differ_by_every_part_of_their_path():
    paths = [(), ("a",), ("b",), ("a", 0), ("a", 1), (0, "a"), (0,), (1,), (0, 0), (0, 0, 0), ("a", "b"), ("ab",)]
    derived = [derive_seed(seed, *path) for seed in (0, 1, 2**40) for path in paths]
    assert len(set(derived)) == len(derived)


def test_derived_seeds_are_spread_over_all_bits():
    derived = np.array([derive_seed(7, "epoch", epoch) for epoch in range(2000)], dtype=np.uint64)
    share_of_ones = [np.mean((derived >> np.uint64(bit)) & np.uint64(1)) for bit in range(63)]
    # the standard error of a share is 0.011
    assert np.all(np.abs(np.array(share_of_ones) - 0.5) < 0.06)


def test_derived_seed_is_the_same_in_every_process():
    source = inspect.getsourcefile(inspect.unwrap(derive_seed))
    code = f"import runpy; m = runpy.run_path({source!r}); print(m['derive_seed'](3, 'a', 0))"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    printed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert int(printed.stdout) == derive_seed(3, "a", 0)


def test_root_seed_of_an_int_is_itself():
    assert root_seed(42) == 42
    assert root_seed(np.int64(42)) == 42
    assert type(root_seed(np.int64(42))) is int


def test_root_seed_of_a_random_state_is_the_next_draw_of_it():
    state, twin = np.random.RandomState(0), np.random.RandomState(0)
    first, second = root_seed(state), root_seed(state)
    assert first != second
    assert [first, second] == [root_seed(twin), root_seed(twin)]


def test_root_seed_of_none_draws_from_numpys_global_generator():
    before = np.random.get_state()  # noqa: NPY002
    try:
        np.random.seed(5)  # noqa: NPY002
        drawn = [root_seed(None), root_seed(None)]
        np.random.seed(5)  # noqa: NPY002
        assert [root_seed(None), root_seed(None)] == drawn
        assert drawn[0] != drawn[1]
    finally:
        np.random.set_state(before)  # noqa: NPY002


# -- threads -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def three_torch_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_torch_threads_sets_and_restores(three_torch_threads, n_threads):
    with torch_threads(n_threads):
        assert torch.get_num_threads() == n_threads
    assert torch.get_num_threads() == 3


def test_torch_threads_restores_after_an_exception(three_torch_threads):
    with pytest.raises(ZeroDivisionError), torch_threads(1):
        1 / 0
    assert torch.get_num_threads() == 3


def test_torch_threads_of_concurrent_threads_leave_the_callers_number(three_torch_threads):
    def work(_):
        with torch_threads(1):
            seen = torch.get_num_threads()
            (torch.ones(50, 50) @ torch.ones(50, 50)).sum()
        return seen

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, range(200))) == {1}
    assert torch.get_num_threads() == 3


def numbers_of_threads():
    """Return what torch's own report says: of threads of its operations, and of its library of matrix products."""
    report = torch.__config__.parallel_info()
    return [int(number) for number in re.findall(r"(?:omp|mkl)_get_max_threads\(\) : (\d+)", report)]


def test_torch_threads_also_limits_products_where_they_have_a_number_of_their_own(three_torch_threads):
    with threadpool_limits(1):
        before = numbers_of_threads()
        if len(before) < 2:
            pytest.skip("this build of torch has no MKL")
        assert before == [1, 3]  # what this test is about
        with torch_threads(1):
            assert numbers_of_threads() == [1, 1]
        assert numbers_of_threads() == before
    assert numbers_of_threads() == [3, 3]


def test_torch_threads_leaves_the_threads_of_other_libraries(three_torch_threads):
    with threadpool_limits(1):
        libraries = ThreadpoolController().select(user_api="openmp").lib_controllers
        others = [library for library in libraries if "torch" not in library.filepath]
        for library in others:
            library.set_num_threads(2)
        with torch_threads(1):
            pass
        assert [library.num_threads for library in others] == [2] * len(others)
        assert torch.get_num_threads() == 1


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="nothing is forked here")
def test_products_in_a_forked_process_end(three_torch_threads):
    def multiply():
        torch.ones(600, 600) @ torch.ones(600, 600)

    def multiply_on_one_thread():
        with torch_threads(1):
            multiply()

    multiply()  # starts the threads that the fork leaves behind
    with threadpool_limits(1):
        process = multiprocessing.get_context("fork").Process(target=multiply_on_one_thread)
        process.start()
    process.join(60)
    process.kill()
    process.join()
    assert process.exitcode == 0


def tiny():
    """Return half the smallest normal number, as this thread computes it."""
    return float(torch.tensor([torch.finfo(torch.float32).tiny]) * 0.5)


@pytest.mark.parametrize("before", [False, True])
def test_denormals_are_flushed_here_and_as_before_afterwards(before):
    if not torch.set_flush_denormal(before):
        pytest.skip("this processor cannot flush denormals")
    try:
        with pytest.raises(ZeroDivisionError), flushed_denormals(True):
            assert tiny() == 0.0
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(tiny).result() == 0.0
            1 / 0
        assert (tiny() == 0.0) == before
    finally:
        torch.set_flush_denormal(False)


def test_denormals_of_other_threads_stay():
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(tiny).result() > 0.0
        with flushed_denormals(True):
            assert pool.submit(tiny).result() > 0.0


# -- deadlines ---------------------------------------------------------------------------------------------------------


def test_without_a_deadline_nothing_is_checked():
    check_deadline()
    with deadline(None):
        check_deadline()


def test_deadline_raises_only_after_its_time():
    with deadline(time.time() + 60):
        check_deadline()
    with deadline(time.time() - 1), pytest.raises(TimeBudgetError, match="time budget"):
        check_deadline()


def test_deadline_ends_with_its_block_even_when_that_raises():
    with pytest.raises(ZeroDivisionError), deadline(0.0):
        1 / 0
    check_deadline()


def test_inner_deadline_gives_way_to_the_outer_one():
    with deadline(0.0):
        with deadline(time.time() + 60):
            check_deadline()
        with pytest.raises(TimeBudgetError):
            check_deadline()


def test_deadline_belongs_to_its_thread():
    answers = []

    def ask():
        check_deadline()
        answers.append("no deadline")

    with deadline(0.0):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert answers == ["no deadline"]


# -- Ctrl-C ------------------------------------------------------------------------------------------------------------


def test_interrupts_notes_sigint_and_leaves_its_effect():
    handler = signal.getsignal(signal.SIGINT)
    with interrupts() as came:
        assert not came()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert came()
    assert signal.getsignal(signal.SIGINT) is handler


def test_interrupts_does_not_take_an_exception_for_the_signal():
    with interrupts() as came:
        with pytest.raises(KeyboardInterrupt):
            raise KeyboardInterrupt
        assert not came()


def test_interrupts_restores_the_handler_after_an_exception():
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), interrupts():
        1 / 0
    assert signal.getsignal(signal.SIGINT) is handler


def test_interrupts_calls_a_handler_that_does_not_raise():
    calls = []
    before = signal.signal(signal.SIGINT, lambda signum, frame: calls.append(signum))
    try:
        with interrupts() as came:
            signal.raise_signal(signal.SIGINT)
            assert came()
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == [signal.SIGINT]


def test_interrupts_leaves_an_ignored_signal_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts() as came:
            signal.raise_signal(signal.SIGINT)
            assert not came()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_interrupts_works_outside_the_main_thread():
    handler = signal.getsignal(signal.SIGINT)

    def watch():
        with interrupts() as came:
            return came(), signal.getsignal(signal.SIGINT) is handler

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(watch).result() == (False, True)


# -- optional imports --------------------------------------------------------------------------------------------------


def test_import_optional_returns_the_module():
    assert import_optional("numpy.linalg", extra="none", purpose="this test") is np.linalg


def test_import_optional_names_the_extra_and_the_purpose():
    with pytest.raises(ImportError, match=r"the plot needs no_such_package_xyz: pip install 'sktune\[progress\]'"):
        import_optional("no_such_package_xyz", extra="progress", purpose="the plot")
