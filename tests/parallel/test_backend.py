"""The joblib backend "sktune": the same answers as without it, and no way to get stuck."""

import os
import signal
import threading
import time
import warnings
from dataclasses import replace

import joblib
import numpy as np
import pytest
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    cross_val_score,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktune import NetClassifier
from sktune.engine import Rows, fit_plans, plans_go_to
from sktune.parallel._broker import Broker
from sktune.parallel._sharing import share_equal_data

X, y = make_classification(n_samples=90, n_features=5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
NET = NetClassifier(n_layers=1, n_neurons=8, max_epochs=3, random_state=0)
PIPELINE = make_pipeline(StandardScaler(), NET)


def grid_search(n_jobs):
    grid = {"netclassifier__lr": [1e-3, 1e-2], "netclassifier__n_neurons": [4, 8], "netclassifier__dropout": [0.0, 0.2]}
    return GridSearchCV(PIPELINE, grid, cv=3, n_jobs=n_jobs).fit(X, y).cv_results_["mean_test_score"]


def randomized_search(n_jobs):
    search = RandomizedSearchCV(NET, {"lr": [1e-3, 1e-2, 1e-1]}, n_iter=3, cv=3, random_state=0, n_jobs=n_jobs)
    return search.fit(X, y).cv_results_["mean_test_score"]


def halving_search(n_jobs):
    search = HalvingRandomSearchCV(NET, {"lr": loguniform(1e-3, 1e-1)}, cv=3, random_state=0, n_jobs=n_jobs)
    return search.fit(X, y).cv_results_["mean_test_score"]


WORK = {
    "grid": grid_search,
    "randomized": randomized_search,
    "halving": halving_search,
    "cross_val_score": lambda n_jobs: cross_val_score(PIPELINE, X, y, n_jobs=n_jobs),
    "learning_curve": lambda n_jobs: learning_curve(NET, X, y, train_sizes=[20, 40, 60], cv=3, n_jobs=n_jobs)[2],
    "bagging": lambda n_jobs: BaggingClassifier(NET, 5, random_state=0, n_jobs=n_jobs).fit(X, y).predict_proba(X),
    "stacking": lambda n_jobs: (
        StackingClassifier([("net", NET), ("linear", LogisticRegression())], cv=3, n_jobs=n_jobs).fit(X, y).transform(X)
    ),
    "one_vs_rest": lambda n_jobs: OneVsRestClassifier(NET, n_jobs=n_jobs).fit(X, y).predict_proba(X),
    "nested": lambda n_jobs: cross_val_score(BaggingClassifier(NET, 3, random_state=0, n_jobs=2), X, y, n_jobs=n_jobs),
    "nothing to train": lambda n_jobs: cross_val_score(LogisticRegression(), X, y, n_jobs=n_jobs),
}


@pytest.mark.parametrize("name", WORK)
def test_answers_are_those_without_it(name):
    with joblib.parallel_config("threading"):  # the inner jobs of "nested" need no processes
        expected = WORK[name](1)
    for n_jobs in (None, 1, 2):
        with joblib.parallel_config("sktune"):
            assert_array_equal(WORK[name](n_jobs), expected)


def test_fits_meet(monkeypatch):
    sizes = []

    def counting_fit_plans(plans, **settings):
        sizes.append(len(plans))
        return fit_plans(plans, **settings)

    monkeypatch.setattr("sktune.parallel._broker.fit_plans", counting_fit_plans)
    monkeypatch.setattr("sktune.parallel._broker._GRACE", 1.0)  # however busy the machine is
    monkeypatch.setattr("sktune.parallel._broker._PATIENCE", 30.0)
    with joblib.parallel_config("sktune", n_jobs=2):
        grid_search(None)
    assert sizes == [24]  # the refit is no task


class Sleeper(ClassifierMixin, BaseEstimator):
    """An estimator that never trains a network, and takes its time."""

    def __init__(self, seconds=0.0, net=None):
        self.seconds, self.net = seconds, net

    def fit(self, X, y):
        time.sleep(self.seconds)
        if self.net is not None:
            self.net.fit(X, y)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_tasks_that_do_not_train_and_tasks_of_different_length():
    candidates = {"seconds": [0.0, 0.01, 0.4], "net": [None, NET]}
    with joblib.parallel_config("sktune", n_jobs=2):
        search = GridSearchCV(Sleeper(), candidates, cv=3).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_a_task_that_waits_for_a_training_task_does_not_stop_it():
    """The second task blocks on the first, whose plan would wait for the second: patience resolves it."""
    trained = threading.Event()

    def train():
        clone(NET).fit(X, y)
        trained.set()

    with joblib.parallel_config("sktune", n_jobs=2):
        answers = Parallel()(delayed(call)() for call in (train, lambda: trained.wait(30)))
    assert answers == [None, True]


def test_an_exception_reaches_its_own_task_only():
    grid = {"lr": [1e-3, 1e38], "n_neurons": [8, -1]}
    with joblib.parallel_config("sktune", n_jobs=2), warnings.catch_warnings():
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.simplefilter("ignore", UserWarning)
        search = GridSearchCV(NET, grid, cv=3).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).tolist() == [True, False, False, False]
    assert scores[0] == cross_val_score(NET, X, y, cv=3).mean()


@pytest.mark.parametrize("seed", range(4))
def test_stress(seed):
    """Tasks that train, sleep, fail or do nothing, in random order: all end, each with its own answer."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["train", "sleep", "fail", "nothing", "twice"], size=60)
    expected = clone(NET).fit(X, y).predict_proba(X)

    def task(kind, delay):
        net = clone(NET)
        if kind == "sleep":
            time.sleep(delay)
        if kind == "fail":
            try:
                net.set_params(lr=1e38).fit(X, y)
            except ArithmeticError:
                return kind
            except Exception as error:
                return kind if "diverged" in str(error) else error
        if kind in ("train", "twice"):
            assert_array_equal(net.fit(X, y).predict_proba(X), expected)
        if kind == "twice":
            assert_array_equal(net.fit(X, y).predict_proba(X), expected)
        return kind

    with joblib.parallel_config("sktune", n_jobs=2):
        answers = Parallel()(
            delayed(task)(kind, delay) for kind, delay in zip(kinds, rng.uniform(0, 0.02, 60), strict=True)
        )
    assert answers == kinds.tolist()


def test_ctrl_c_ends_training_soon():
    slow = NetClassifier(max_epochs=10**6, random_state=0)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    start = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt), joblib.parallel_config("sktune", n_jobs=2):
        cross_val_score(slow, X, y)
    assert time.monotonic() - start < 20
    assert not [thread for thread in threading.enumerate() if "sktune" in thread.name]


def test_n_jobs_of_zero_is_refused():
    with pytest.raises(ValueError, match="n_jobs == 0"), joblib.parallel_config("sktune"):
        cross_val_score(DummyClassifier(), X, y, n_jobs=0)


def plan_of(X):
    plans = []

    def keep(plan, reporter, state):
        plans.append(plan)
        return fit_plans([plan])[0]

    with plans_go_to(keep):
        clone(NET).fit(X, y)
    return plans[0]


def test_equal_data_are_shared_and_others_are_not():
    first, second, third = share_equal_data([plan_of(rows) for rows in (X.copy(), X.copy(), X + 1e-3)])
    assert first.train.X is second.train.X
    assert first.train.y is third.train.y
    assert third.train.X is not first.train.X


@pytest.mark.parametrize(("n_rows", "lowest", "highest"), [(1000, 64, 64), (50_000, 3, 12), (10**7, 2, 2)])
def test_large_data_keep_few_tasks_in_flight(n_rows, lowest, highest):
    rows = Rows(np.broadcast_to(np.float32(0), (n_rows, 100)), np.broadcast_to(0, n_rows))
    broker = Broker(n_threads=2, n_tasks=64)
    assert lowest <= broker.n_tasks_for(replace(plan_of(X), train=rows)) <= highest
