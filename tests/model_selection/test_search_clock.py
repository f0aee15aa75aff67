"""A search with a time budget that is cut off and begun again takes the course of one that was not."""

import sys
import time
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from interruptions import Cut, end_after
from sklearn.base import BaseEstimator, clone

from sktune import BayesSearchCV, HyperbandSearchCV
from sktune.exceptions import TimeBudgetError
from sktune.model_selection import _base, _evaluation, _evaluator, _search_clock

X, y = np.arange(30.0).reshape(-1, 1), np.arange(30) % 2


class Slow(BaseEstimator):
    """Each epoch takes a second of a clock that is looked up: what it shows is no part of this code."""

    def __init__(self, height=0.5, max_iter=9):
        self.height = height
        self.max_iter = max_iter

    def fit(self, X, y=None):
        vars(self).pop("n_iter_", None)
        return self.fit_until(X, y, self.max_iter)

    def fit_until(self, X, y, n_epochs):
        sys.modules["sktune_tests_clock"].now += max(0, n_epochs - getattr(self, "n_iter_", 0))
        self.n_iter_ = n_epochs
        return self

    def score(self, X, y=None):
        return self.height - 0.9**self.n_iter_

    # as networks do: what is stored of a paused training need not be trained again

    def _get_training_state(self):
        return {"n_iter": self.n_iter_}

    def _set_training_state(self, X, y, state):
        self.n_iter_ = state["n_iter"]


@pytest.fixture
def clock(monkeypatch):
    clock = ModuleType("sktune_tests_clock")
    clock.now = 1e9
    monkeypatch.setitem(sys.modules, "sktune_tests_clock", clock)
    fake = SimpleNamespace(time=lambda: clock.now, perf_counter=time.perf_counter)
    for module in (_base, _evaluation, _evaluator, _search_clock):
        monkeypatch.setattr(module, "time", fake)
    return clock


SPACE = {"height": (0.0, 1.0)}
SETTINGS = {"cv": 3, "random_state": 0, "refit": False}
SEARCHES = {
    "halving": BayesSearchCV(Slow(), SPACE, n_iter=30, pruning="halving", timeout=100, **SETTINGS),
    "freeze-thaw": BayesSearchCV(Slow(), SPACE, n_iter=10, pruning="freeze-thaw", timeout=60, **SETTINGS),
    "bayes": BayesSearchCV(Slow(), SPACE, n_iter=30, timeout=200, **SETTINGS),
    "hyperband": HyperbandSearchCV(Slow(), SPACE, timeout=60, **SETTINGS),
}


def course(search):
    return {name: list(column) for name, column in search.cv_results_.items() if not name.endswith("_time")}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_resumed_search_has_the_time_that_was_left(name, tmp_path, clock, monkeypatch):
    with monkeypatch.context() as patch:
        left = end_after(patch, 10_000)
        whole = clone(SEARCHES[name]).set_params(storage=tmp_path / "whole.db").fit(X, y)
    assert whole.stopped_by_ == "timeout"
    n_records = 10_000 - left[0]
    search = clone(SEARCHES[name]).set_params(storage=tmp_path / "store.db")
    for n_kept in (n_records // 3, n_records // 2):
        with monkeypatch.context() as patch:
            end_after(patch, n_kept)
            with pytest.raises(Cut):
                search.fit(X, y)
        clock.now += 1000.0  # nobody searches
    resumed = search.fit(X, y)
    assert resumed.stopped_by_ == "timeout"
    np.testing.assert_equal(course(resumed), course(whole))
    clock.now += 1000.0
    spent = clock.now
    np.testing.assert_equal(course(search.fit(X, y)), course(whole))
    assert clock.now == spent  # the time is over: nothing is trained


def test_more_time_goes_on_with_the_same_search(tmp_path, clock):
    search = clone(SEARCHES["bayes"]).set_params(storage=tmp_path / "store.db")
    first = search.fit(X, y).cv_results_
    begun = clock.now
    longer = search.set_params(timeout=400).fit(X, y).cv_results_
    n_ok = (first["status"] == "ok").sum()
    assert n_ok < (longer["status"] == "ok").sum()
    assert longer["params"][:n_ok] == first["params"][:n_ok]
    assert 180 <= clock.now - begun <= 230


def test_without_a_storage_every_fit_has_all_its_time(clock):
    search = clone(SEARCHES["halving"])
    np.testing.assert_equal(course(search.fit(X, y)), course(clone(search).fit(X, y)))


def test_no_time_is_noted_without_a_budget():
    noted = []
    clock = _search_clock.SearchClock(0.0, None, lambda number, seconds: noted.append(number))
    clock.check()
    assert clock.seconds_left() == float("inf")
    assert clock.deadline is None
    assert noted == []


def test_a_reading_is_that_of_the_first_time():
    first = {0: 7.0, 1: 11.0}
    clock = _search_clock.SearchClock(time.time() - 5.0, 10.0, lambda number, seconds: first.get(number, seconds))
    assert clock.seconds_left() == 3.0
    with pytest.raises(TimeBudgetError, match="ran out"):
        clock.check()
    clock.check()
