"""The time of fits that trained together is divided among them."""

import threading
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris

from sktune import BayesSearchCV, NetClassifier, ZoomSearchCV
from sktune._utils.stopwatch import Stopwatch, disregard_seconds
from sktune.engine import _stack

X, y = load_iris(return_X_y=True)
NET = NetClassifier(n_neurons=4, max_epochs=3, random_state=0)
#: what a training seems to take from one look at the clock to the next; all else takes far less
HOUR = 3600.0


@pytest.fixture
def looks(monkeypatch):
    """The looks at a clock of the engine that goes on by an hour from one to the next, in each thread by itself."""
    seen, clock = [], threading.local()

    def perf_counter():
        clock.time = getattr(clock, "time", 0.0) + HOUR
        seen.append(clock.time)
        return clock.time

    monkeypatch.setattr(_stack, "time", SimpleNamespace(perf_counter=perf_counter))
    return seen


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    "search",
    [
        BayesSearchCV(NET, {"lr": [1e-4, 1e-3, 1e-2]}, n_iter=3, n_points=3, cv=2, refit=False),
        ZoomSearchCV(NET, {"lr": (1e-4, 1e-1, "log-uniform")}, cv=2, n_candidates=3, n_rounds=2, refit=False),
    ],
    ids=["bayes", "zoom"],
)
def test_the_fit_times_of_a_search_sum_up_to_what_all_trainings_took(search, n_jobs, looks):
    search.set_params(random_state=0, n_jobs=n_jobs).fit(X, y)
    n_hours = search.n_splits_ * np.sum(search.cv_results_["mean_fit_time"]) / HOUR
    assert len(looks) > 0
    assert n_hours == pytest.approx(len(looks) / 2, abs=0.5)


def test_alone_a_fit_takes_what_the_clock_says(looks):
    with joblib.parallel_config("threading"):
        search = BayesSearchCV(NET, {"lr": [1e-3]}, n_iter=1, cv=2, refit=False).fit(X, y)
    assert search.cv_results_["mean_fit_time"][0] < HOUR  # the engine's clock is not asked


def test_a_stopwatch_does_not_count_what_others_have_needed():
    with Stopwatch() as outer:
        with Stopwatch() as inner:
            disregard_seconds(-100.0)
        disregard_seconds(-10.0)
    disregard_seconds(-1000.0)
    assert 100.0 <= inner.seconds < 105.0
    assert 110.0 <= outer.seconds < 115.0


def test_a_stopwatch_measures_what_fails():
    stopwatch = Stopwatch()
    with pytest.raises(ZeroDivisionError), stopwatch:
        disregard_seconds(-100.0)
        1 / 0
    assert stopwatch.seconds >= 100.0
