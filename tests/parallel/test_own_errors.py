"""Errors of networks that train together: each task raises one of its own, and nothing of the others stays alive."""

import gc
import threading
import traceback
import weakref

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV

from sktune import BayesSearchCV, NetClassifier, NetRegressor
from sktune.exceptions import CancelledError, DivergedError
from sktune.parallel._broker import Broker
from sktune.parallel._errors import for_another_thread

X, y = load_iris(return_X_y=True)


class Picky(Exception):
    """An error whose class wants other arguments than it hands on."""

    def __init__(self, code, *, place):
        super().__init__(f"{code} at {place}")
        self.code = code


def raised(error, cause=None):
    try:
        raise error from cause
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    "error", [ValueError("no", 1), Picky(3, place="here"), KeyError("x"), OSError(2, "gone"), CancelledError("over")]
)
def test_a_copy_says_what_the_error_says(error):
    error.extra = [1]
    error = raised(error, cause=raised(ArithmeticError("why")))
    copied = for_another_thread(error)
    assert copied is not error
    assert type(copied) is type(error)
    assert (str(copied), copied.args, copied.extra) == (str(error), error.args, [1])
    assert copied.__traceback__ is copied.__cause__.__traceback__ is None
    assert copied.__suppress_context__
    assert repr(copied.__cause__) == "ArithmeticError('why')"
    assert "in raised" in "".join(traceback.format_exception(copied))
    assert error.__traceback__ is not None
    assert not hasattr(error, "__notes__")


def test_errors_that_follow_each_other_in_a_circle_are_copied():
    one, other = raised(ValueError("one")), raised(ValueError("other"))
    one.__context__, other.__context__ = other, one
    copied = for_another_thread(one)
    assert copied.__context__.__context__ is copied


class Falls(NetClassifier):
    """Raises one and the same error in the thread that trains, after holding much data."""

    error = LookupError("the same")

    def _plan_epochs(self, *args, **kwargs):
        plan = super()._plan_epochs(*args, **kwargs)
        return plan if self.lr < 1 else type("Plan", (type(plan),), {"schedule": fail})(**vars(plan))


def fail(plan):
    raise Falls.error


def fail_anew(plan):
    raise LookupError("another one")


def test_tasks_do_not_share_the_error_that_their_networks_share():
    caught = []

    def fit(lr):
        try:
            Falls(lr=lr, max_epochs=1).fit(X, y)
        except LookupError as error:
            caught.append(error)

    with joblib.parallel_config("sktune"):
        joblib.Parallel()(joblib.delayed(fit)(lr) for lr in [1.0, 2.0, 3.0, 1e-3])
    assert len({id(error) for error in caught}) == len(caught) == 3
    assert all(error is not Falls.error and error.args == ("the same",) for error in caught)
    assert Falls.error.__cause__ is None


def test_what_ends_all_training_gives_each_task_an_error_of_its_own(monkeypatch):
    broker = Broker(n_threads=2, n_tasks=4)
    caught = []

    def task(plan):
        with broker.permit():
            try:
                broker.submit(plan, reporter)
            except KeyboardInterrupt as error:
                caught.append(error)

    class Interrupt:
        def begin(self):
            raise KeyboardInterrupt("by a callback")

    reporter = Interrupt()
    net = NetClassifier(max_epochs=1, random_state=0)
    data = net._check_data(X, y, None, reset=True)
    net._start(data)
    plan = net._plan_epochs(data, 1, schedule_start=0)
    threads = [threading.Thread(target=task, args=[plan]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    broker.cancel()
    assert len({id(error) for error in caught}) == 3


def test_the_error_of_one_task_keeps_no_data_of_others_alive():
    gone = []

    class Watched(NetRegressor):
        def _plan_epochs(self, *args, **kwargs):
            plan = super()._plan_epochs(*args, **kwargs)
            gone.append(weakref.ref(plan.train.X))
            if self.lr > 1:
                return type("Plan", (type(plan),), {"schedule": fail_anew})(**vars(plan))
            return plan

    def fit(lr):
        try:
            Watched(lr=lr, max_epochs=1).fit(X * lr, X[:, 0])
        except LookupError as error:
            return error.with_traceback(None)  # its own frames may hold its own data

    with joblib.parallel_config("sktune"):
        errors = [error for error in joblib.Parallel()(joblib.delayed(fit)(lr) for lr in (2.0, 0.1, 3.0)) if error]
    gc.collect()
    assert len(errors) == 2
    assert [reference() for reference in gone] == [None] * 3


@pytest.mark.parametrize("backend", [None, "sktune"])
def test_a_candidate_that_fails_in_the_engine_costs_no_other(backend):
    grid = {"lr": [1e-3, 2.0, 1e-2]}
    net = Falls(max_epochs=2, n_neurons=8, random_state=0)
    expected = GridSearchCV(NetClassifier(**net.get_params()), {"lr": [1e-3, 1e-2]}, cv=2).fit(X, y)
    config = {"backend": backend} if backend else {}
    with joblib.parallel_config(**config), pytest.warns(FitFailedWarning, match="2 fits failed"):
        search = BayesSearchCV(net, grid, n_iter=3, cv=2, random_state=0).fit(X, y)
    scores = dict(zip(search.cv_results_["param_lr"], search.cv_results_["mean_test_score"], strict=True))
    assert np.isnan(scores.pop(2.0))
    assert scores == dict(zip([1e-3, 1e-2], expected.cv_results_["mean_test_score"], strict=True))


def test_a_diverged_network_is_said_to_have_diverged_by_its_task_alone():
    def fit(lr):
        try:
            return NetClassifier(lr=lr, optimizer="sgd", max_epochs=2, random_state=0).fit(X * 100, y).n_iter_
        except DivergedError as error:
            return error

    with joblib.parallel_config("sktune"):
        first, second, third = joblib.Parallel()(joblib.delayed(fit)(lr) for lr in (1e30, 1e-5, 1e30))
    assert second == 2
    assert first is not third
    assert str(first) == str(third)
