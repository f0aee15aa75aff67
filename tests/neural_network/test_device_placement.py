"""Workers take turns with the GPUs of a machine. There need be none: torch only says that there are."""

import multiprocessing
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV

from sktune import NetClassifier
from sktune._utils import workers
from sktune._utils.workers import as_worker, worker_number
from sktune.neural_network import _plan
from sktune.neural_network._device import resolve_device


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


def test_threads_take_turns(n_gpus):
    n_gpus(3)
    devices = []
    for number in range(7):
        with as_worker(number):
            devices.append(resolve_device("auto"))
    assert devices == ["cuda:0", "cuda:1", "cuda:2", "cuda:0", "cuda:1", "cuda:2", "cuda:0"]
    assert worker_number() == 0


def test_processes_take_turns(n_gpus, monkeypatch):
    n_gpus(2)
    devices = []
    for number in range(1, 5):
        monkeypatch.setattr(workers, "current_process", lambda number=number: SimpleNamespace(_identity=(number,)))
        devices.append(resolve_device("auto"))
    assert devices == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]


def test_processes_are_numbered_one_after_the_other():
    context = multiprocessing.get_context("fork")
    numbers = context.Queue()
    processes = [context.Process(target=lambda: numbers.put(worker_number())) for _ in range(3)]
    for process in processes:
        process.start()
    found = sorted(numbers.get(timeout=30) for _ in processes)
    for process in processes:
        process.join()
    assert np.diff(found).tolist() == [1, 1]


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
