"""Workers take turns with the GPUs of a machine. There need be none: torch only says that there are."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV

import sktune
from sktune import NetClassifier
from sktune._utils import workers
from sktune._utils.workers import as_worker, worker_number
from sktune.neural_network import _plan
from sktune.neural_network._device import resolve_device

locks = pytest.mark.skipif(workers.fcntl is None, reason="takes numbers by locking files as POSIX does")


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No other process takes numbers."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(workers, "_CLAIM", None)
    yield
    if workers._CLAIM is not None and workers._CLAIM.lock is not None:
        os.close(workers._CLAIM.lock)


@pytest.fixture
def n_gpus(monkeypatch):
    def set_number(number):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: number > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: number)

    return set_number


@pytest.mark.parametrize(("number", "device"), [(0, "cpu"), (1, "cuda"), (2, "cuda:0"), (8, "cuda:0")])
def test_auto_is_the_first_gpu_in_a_main_program(n_gpus, number, device):
    n_gpus(number)
    assert resolve_device("auto") == device


def test_devices_of_torch_are_taken_and_saved(tmp_path):
    X, y = np.eye(8), np.arange(8) % 2
    nets = [
        NetClassifier(device=device, max_epochs=1, random_state=0).fit(X, y) for device in ("cpu", torch.device("cpu"))
    ]
    sktune.save(nets[1], tmp_path / "net.sktune")
    saved = sktune.load(tmp_path / "net.sktune")
    assert saved.device == torch.device("cpu")
    for net in (nets[1], saved):
        np.testing.assert_array_equal(net.predict_proba(X), nets[0].predict_proba(X))


def test_threads_take_turns(n_gpus):
    n_gpus(3)
    devices = []
    for number in range(7):
        with as_worker(number):
            devices.append(resolve_device("auto"))
    assert devices == ["cuda:0", "cuda:1", "cuda:2", "cuda:0", "cuda:1", "cuda:2", "cuda:0"]
    assert worker_number() == 0


def numbers_of_processes(n_processes, tmp_path):
    """Start processes that know nothing of each other; return the numbers that they have at the same time."""
    # the file alone, without the seconds that torch takes
    load = f"import runpy; n = runpy.run_path({workers.__file__!r})['worker_number']"
    code = f"{load}; print(n(), n(), flush=True); input()"
    given = {**os.environ, "TMPDIR": str(tmp_path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": given}
    with ExitStack() as stack:
        processes = [
            stack.enter_context(subprocess.Popen([sys.executable, "-c", code], **pipes)) for _ in range(n_processes)
        ]
        answers = [process.stdout.readline().split() for process in processes]
        for process in processes:
            process.kill()  # however it ends
    assert all(first == second for first, second in answers)
    return sorted(int(first) for first, _ in answers)


@locks
def test_processes_that_were_started_one_by_one_have_different_numbers(tmp_path):
    """And what a process had is free when it has ended."""
    assert numbers_of_processes(4, tmp_path) == [0, 1, 2, 3]
    assert numbers_of_processes(3, tmp_path) == [0, 1, 2]


@locks
def test_a_forked_process_has_a_number_of_its_own(tmp_path):
    assert worker_number() == 0
    context = multiprocessing.get_context("fork")
    numbers, barrier = context.Queue(), context.Barrier(3)

    def tell():
        numbers.put(worker_number())
        barrier.wait(30)

    processes = [context.Process(target=tell) for _ in range(3)]
    for process in processes:
        process.start()
    found = sorted(numbers.get(timeout=30) for _ in processes)
    for process in processes:
        process.join()
    assert found == [1, 2, 3]
    assert worker_number() == 0
    assert numbers_of_processes(1, tmp_path) == [1]  # the parent still has its own


@pytest.mark.parametrize("case", ["no locks", "no folder", "a trap"])
def test_where_nothing_can_be_locked_the_children_of_one_process_take_turns(n_gpus, monkeypatch, tmp_path, case):
    if case == "no locks":
        monkeypatch.setattr(workers, "fcntl", None)
    elif case == "no folder":
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    else:
        monkeypatch.setattr(workers.Path, "is_symlink", lambda path: True)
    n_gpus(2)
    devices = []
    for number in range(1, 5):
        monkeypatch.setattr(workers, "current_process", lambda number=number: SimpleNamespace(_identity=(number,)))
        monkeypatch.setattr(workers, "_CLAIM", None)
        devices.append(resolve_device("auto"))
    assert devices == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]


def test_a_search_spreads_its_networks_and_has_the_same_scores(n_gpus, monkeypatch):
    """The fits meet in one process: each stands for a worker."""
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = np.arange(40) % 2
    search = GridSearchCV(NetClassifier(max_epochs=2, random_state=0, device="auto"), {"lr": [1e-3, 1e-2]}, cv=3)
    expected = search.fit(X, y).cv_results_["mean_test_score"]
    n_gpus(2)
    chosen = []

    def on_the_cpu(device):
        chosen.append(resolve_device(device))
        return "cpu"

    monkeypatch.setattr(_plan, "resolve_device", on_the_cpu)
    with joblib.parallel_config("sktune", n_jobs=2):
        np.testing.assert_array_equal(search.fit(X, y).cv_results_["mean_test_score"], expected)
    assert set(chosen) == {"cuda:0", "cuda:1"}
