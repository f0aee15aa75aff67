"""Populations of which members fail, stop early, run out of time or are interrupted."""

import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from populations import LR, Toy, TwoValleys, X, net, search, y
from sklearn.exceptions import FitFailedWarning

from sktune.exceptions import DivergedError, TimeBudgetError
from sktune.model_selection import SearchInterruptedWarning


@pytest.mark.parametrize("fail_as", ["raise", "diverge"])
def test_failures_are_replaced_and_never_copied(fail_as):
    valleys = TwoValleys(max_iter=6, fail_on=(1, 3), fail_as=fail_as)
    with pytest.warns(FitFailedWarning, match="no luck"):
        fitted = search(valleys, {"axis": [0, 1]}, initial_params=[{"axis": 1}], resample_probability=0.0).fit(X, y)
    results = fitted.cv_results_
    failed = np.flatnonzero(results["status"] == {"raise": "failed", "diverge": "diverged"}[fail_as])
    assert {results["params"][row]["axis"] for row in failed} == {1}
    copied_later = results["n_inherited_epochs"] >= 3
    assert not {*results["parent"][copied_later]} & {*failed}
    assert list(results["status"]).count("ok") == 5  # all of them were replaced
    assert {*results["stopped_by"][failed]} == {None}


def test_a_failure_on_the_second_split_is_one():
    class Picky(TwoValleys):
        def partial_fit(self, X, y=None):
            if self.axis == 1 and X[0, 0] > 5:
                raise DivergedError("on these rows")
            return super().partial_fit(X, y)

    rows = np.c_[np.arange(10.0)]
    splits = [(np.arange(5), np.arange(5, 10)), (np.arange(6, 10), np.arange(5))]
    with pytest.warns(FitFailedWarning, match="on these rows"):
        fitted = search(Picky(), {"axis": [0, 1]}, cv=splits, refit=False).fit(rows, rows[:, 0])
    statuses = fitted.cv_results_["status"]
    axes = np.array([params["axis"] for params in fitted.cv_results_["params"]])
    assert_array_equal(axes == 1, statuses == "diverged")


def test_when_all_fail_the_reasons_are_told():
    with pytest.raises(ValueError, match=r"All the 10 fits failed(.|\n)*no luck"):
        search(TwoValleys(fail_on=(1, 1)), {"axis": [1], "fail_as": ["raise", "diverge"]}).fit(X, y)


def test_what_has_stopped_early_can_win_and_is_not_copied():
    early = net(max_epochs=30, early_stopping=True, patience=1, tol=0.5, lr=0.05)
    fitted = search(early, LR, n_generations=10).fit(X, y)
    results = fitted.cv_results_
    ended = results["n_epochs"] < 30
    assert ended[results["status"] == "ok"].any()
    parents = results["parent"]
    for child in np.flatnonzero(parents >= 0):
        assert results["n_epochs"][parents[child]] >= results["n_inherited_epochs"][child]
        assert results["n_epochs"][child] > results["n_inherited_epochs"][child]


def test_what_has_stopped_early_on_one_split_is_not_copied():
    class Ending(Toy):
        def __init__(self, lr=0.1, max_epochs=9):
            self.lr = lr
            self.max_epochs = max_epochs

        def fit_until(self, X, y, n_epochs):
            self.n_iter_ = min(n_epochs, 5 if X[0, 0] == 0 else 9)

        def score(self, X, y=None):
            return self.lr

    rows = np.c_[np.arange(10.0)]
    fitted = search(Ending(), {"lr": (0.1, 1.0)}, n_generations=9).fit(rows, rows[:, 0])
    results = fitted.cv_results_
    # nobody knows after 5 epochs that these were the last: the attempt at the sixth tells
    assert {*results["n_inherited_epochs"]} == {0, 1, 2, 3, 4, 5}
    assert {*results["n_epochs"][results["status"] == "ok"]} == {7.0}  # 5 on one split, 9 on the other


class Slow(TwoValleys):
    def partial_fit(self, X, y=None):
        time.sleep(0.1)
        return super().partial_fit(X, y)


def test_what_is_paused_when_time_runs_out_cannot_win():
    with pytest.raises(TimeBudgetError, match=r"no candidate finished within timeout=0\.3"):
        search(Slow(), {"axis": [0, 1]}, timeout=0.3).fit(X, y)


def test_what_has_come_to_the_end_in_time_can_win():
    class LastIsSlow(TwoValleys):
        def partial_fit(self, X, y=None):
            super().partial_fit(X, y)
            if len(self.axes_) == 4 and self.axis == 0:
                time.sleep(1.3)
            return self

    fitted = search(
        LastIsSlow(max_iter=4),
        {"axis": [0, 1]},
        initial_params=[{"axis": 1}, {"axis": 0}, {"axis": 0}],
        population_size=3,
        resample_probability=0.0,
        n_generations=2,
        timeout=1.2,
    ).fit(X, y)
    assert fitted.stopped_by_ == "timeout"
    results = fitted.cv_results_
    assert results["status"][fitted.best_index_] == "ok"
    assert [*results["status"]].count("pruned") == 1  # and time cannot stop it once more
    assert [*results["stopped_by"]].count("timeout") >= 1


def test_an_interrupt_before_the_end_propagates():
    class Interrupting(TwoValleys):
        def partial_fit(self, X, y=None):
            super().partial_fit(X, y)
            if len(self.axes_) == 12:
                raise KeyboardInterrupt
            return self

    with pytest.raises(KeyboardInterrupt):
        search(Interrupting(), {"axis": [0, 1]}).fit(X, y)


def test_an_interrupt_leaves_what_has_come_to_the_end():
    class Interrupting(TwoValleys):
        def partial_fit(self, X, y=None):
            super().partial_fit(X, y)
            if len(self.axes_) == 4 and self.axis == 0:
                raise KeyboardInterrupt
            return self

    members = [{"axis": 1}, {"axis": 0}, {"axis": 1}]
    options = {"population_size": 3, "n_generations": 2, "initial_params": members, "resample_probability": 0.0}
    with pytest.warns(SearchInterruptedWarning, match="those of the 1 candidates"):
        fitted = search(Interrupting(max_iter=4), {"axis": [0, 1]}, **options).fit(X, y)
    assert fitted.best_params_ == {"axis": 1}
    assert fitted.best_estimator_.axes_ == [1] * 4
