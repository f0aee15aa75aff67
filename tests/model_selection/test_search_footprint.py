"""What a search leaves behind, and what it takes: memory, threads, global states."""

import itertools
import os
import signal
import threading
import time
import warnings
from contextlib import nullcontext, suppress

import joblib
import numpy as np
import pytest
import torch
from list_search import ListSearchCV
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from spied_tasks import Counted, tell_where_the_rows_are

from sktune import BayesSearchCV, HyperbandSearchCV, NetClassifier, PopulationSearchCV, ZoomSearchCV
from sktune.model_selection import SearchInterruptedWarning, _evaluator

X, y = load_iris(return_X_y=True)
X, y = X[::3], y[::3]
ALPHA = {"alpha": (1e-5, 1e-1, "log-uniform")}


def test_200_tasks_in_processes_share_one_copy_of_the_rows(monkeypatch):
    monkeypatch.setattr(_evaluator, "evaluate_fold", tell_where_the_rows_are)
    big = np.random.default_rng(0).normal(size=(100_000, 25))  # 20 MB
    with joblib.parallel_config("loky", n_jobs=2):
        grid = {"alpha": np.linspace(0, 1, 100)}
        search = ListSearchCV(Counted(), grid, batch_size=25, cv=2, refit=False).fit(big, np.arange(100_000) % 2)
    results = search.cv_results_
    assert set(results["mean_test_is_mapped"]) == {1.0}
    for name in ("split0_test_file", "split1_test_file"):
        assert len(set(results[name])) == 1  # of several calls of joblib's too
    assert results["split0_test_file"][0] == results["split1_test_file"][0]
    assert np.max(results["mean_test_n_files"]) == 1


@pytest.mark.parametrize(
    "search",
    [
        BayesSearchCV(Counted(max_iter=9, tol=None), ALPHA, n_iter=20, n_points=4),
        BayesSearchCV(Counted(max_iter=9, tol=None), ALPHA, n_iter=20, pruning="halving"),
        BayesSearchCV(Counted(max_iter=9, tol=None), ALPHA, n_iter=8, pruning="freeze-thaw"),
        HyperbandSearchCV(Counted(max_iter=9, tol=None), ALPHA),
        ZoomSearchCV(Counted(max_iter=9, tol=None), ALPHA),
        PopulationSearchCV(Counted(max_iter=9, tol=None), ALPHA, population_size=4, n_generations=4),
    ],
    ids=["bayes", "halving", "freeze-thaw", "hyperband", "zoom", "population"],
)
def test_candidates_that_were_dropped_or_are_complete_are_freed(search, monkeypatch):
    n_over = []
    keep = _evaluator.Evaluator._keep

    def watched(self, record):
        paused = {
            id(fold.paused.estimator)
            for candidate in self.candidates
            for fold in candidate.folds
            if fold is not None and fold.paused is not None
        }
        if record.paused is not None:
            paused.add(id(record.paused.estimator))
        strangers = [estimator for estimator in Counted.living if id(estimator) not in paused]
        assert len(strangers) <= 1  # that of this record, if it is complete
        for candidate in self.candidates:
            if candidate.pruned_by is not None:
                assert all(fold is None or fold.paused is None for fold in candidate.folds)
        keep(self, record)
        n_over.append(sum(c.pruned_by is not None or c.status == "ok" for c in self.candidates))

    Counted.living.clear()
    monkeypatch.setattr(_evaluator.Evaluator, "_keep", watched)
    search.set_params(cv=2, random_state=0, refit=False, n_jobs=1).fit(X, y)
    assert max(n_over) > 0
    assert len(Counted.living) == 0


class Breaking(ClassifierMixin, BaseEstimator):
    """Changes all global states that a task may change, and ends as it is told."""

    def __init__(self, level=0.0, end="well", draws=True):
        self.level = level
        self.end = end
        self.draws = draws

    def fit(self, X, y):
        if self.draws:
            np.random.uniform(size=3)  # noqa: NPY002
            torch.rand(3)
        self.net_ = NetClassifier(max_epochs=1, n_neurons=4, random_state=None if self.draws else 0).fit(X, y)
        self.classes_ = self.net_.classes_
        if self.level > 0.5 and self.end == "fail":
            raise ValueError("fails")
        if self.level > 0.5 and self.end == "interrupt":
            raise KeyboardInterrupt
        return self

    def predict(self, X):
        return self.net_.predict(X)


def global_states():
    kind, keys, position, *rest = np.random.get_state()  # noqa: NPY002
    return {
        "torch threads": torch.get_num_threads(),
        "environment": dict(os.environ),
        "numpy": (kind, keys.tolist(), position, rest),
        "torch": torch.get_rng_state().tolist(),
        "warning filters": list(warnings.filters),
        "gradients": torch.is_grad_enabled(),
        "dtype": torch.get_default_dtype(),
        "printing": np.get_printoptions(),
        "float errors": np.geterr(),
        "ctrl-c": signal.getsignal(signal.SIGINT),
        "joblib": joblib.parallel.get_active_backend()[1],
    }


@pytest.mark.parametrize(
    ("way", "end"),
    [
        *itertools.product([(None, 1), ("threading", 2), ("sktune", 2)], ["well", "fail", "interrupt"]),
        (("loky", 2), "well"),
        (("loky", 2), "interrupt"),  # an error ends the processes in the same way
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::UserWarning:joblib")
def test_global_states_are_those_of_before(way, end):
    backend, n_jobs = way
    draws = backend not in ("threading", "sktune")  # threads share the generators: what draws from them moves them
    search = BayesSearchCV(Breaking(end=end, draws=draws), {"level": (0.0, 1.0)}, n_iter=3, cv=2, random_state=0)
    search.set_params(error_score="raise", n_jobs=n_jobs)
    before = global_states()
    with joblib.parallel_config(backend) if backend else nullcontext():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SearchInterruptedWarning)
                search.fit(X, y)
        except (ValueError, KeyboardInterrupt) as error:
            assert end != "well", error  # noqa: PT017
        else:
            assert end != "fail"
    after = global_states()
    for name, state in before.items():
        assert after[name] == state, name


class Slow(ClassifierMixin, BaseEstimator):
    """Interrupts the search, or takes its time."""

    threads = set()

    def __init__(self, level=0.0):
        self.level = level

    def fit(self, X, y):
        if self.level == 0:
            raise KeyboardInterrupt
        self.threads.add(threading.current_thread())
        time.sleep(0.3)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), int)


def test_an_interrupted_search_waits_for_its_threads():
    search = BayesSearchCV(Slow(), {"level": [0, 1]}, n_iter=2, n_points=2, cv=2, n_jobs=4, random_state=0, refit=False)
    before = list(warnings.filters)
    with warnings.catch_warnings(), joblib.parallel_config("threading"), suppress(KeyboardInterrupt):
        warnings.simplefilter("ignore", SearchInterruptedWarning)
        search.fit(X, y)
    assert Slow.threads  # some were at work
    assert not any(thread.is_alive() for thread in Slow.threads)
    assert list(warnings.filters) == before
