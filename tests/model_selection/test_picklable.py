"""Searches over processes refuse beforehand what cannot be sent to them; threads take it."""

import threading

import joblib
import numpy as np
import pytest
from sklearn.base import ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from skorch.callbacks import Callback

from sktune import BayesSearchCV, HyperbandSearchCV, NetClassifier

X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2


class Calls(Callback):
    def __init__(self, function):
        self.function = function

    def on_epoch_end(self, net, **kwargs):
        self.function()


class Notes(SVC, ClassifierMixin):
    """Says when it is trained."""

    fits: list = []

    def fit(self, X, y, sample_weight=None):
        self.fits.append(1)
        return super().fit(X, y, sample_weight)


def net(function):
    return NetClassifier(callbacks=[Calls(function)], max_epochs=1, n_neurons=2)


def search(estimator, space=None, **params):
    return BayesSearchCV(estimator, space or {"lr": [1e-3, 1e-2]}, **{"n_iter": 2, "cv": 2, "n_jobs": 2, **params})


def test_a_lock_in_callbacks_is_refused_before_any_training():
    with pytest.raises(TypeError, match=r"^callbacks of NetClassifier cannot be pickled: .*lock.* 2 processes here"):
        search(net(threading.Lock().acquire)).fit(X, y)


def test_lambdas_in_callbacks_reach_processes_that_pickle_in_the_stock_way():
    pipeline = make_pipeline(StandardScaler(), net(lambda: None))
    space = {"netclassifier__lr": [1e-3, 1e-2]}
    with joblib.parallel_config("multiprocessing"):
        there = search(pipeline, space, random_state=0).fit(X, y)
    here = search(pipeline, space, random_state=0, n_jobs=1).fit(X, y)
    assert there.cv_results_["mean_test_score"].tolist() == here.cv_results_["mean_test_score"].tolist()


def test_the_message_names_the_step_and_scoring():
    Notes.fits.clear()
    pipeline = make_pipeline(FunctionTransformer(lambda X: X), Notes())
    space = {"notes__C": [0.1, 1.0]}
    with joblib.parallel_config("multiprocessing"):
        with pytest.raises(TypeError, match=r"^func of FunctionTransformer cannot be pickled"):
            search(pipeline, space).fit(X, y)
        with pytest.raises(TypeError, match=r"^scoring=.*cannot be pickled"):
            search(Notes(), {"C": [0.1, 1.0]}, scoring=lambda *args: 1.0).fit(X, y)
    assert Notes.fits == []


@pytest.mark.parametrize("params", [{"n_jobs": 1}, {"n_jobs": None}, {"n_jobs": 2, "backend": "threading"}])
def test_in_this_process_lambdas_and_locks_are_welcome(params):
    calls = []
    estimator = net(lambda lock=None: calls.append(1))
    backend = params.get("backend")
    if backend is None:
        found = search(estimator, n_jobs=params["n_jobs"]).fit(X, y)
    else:
        with joblib.parallel_config(backend):
            found = search(estimator).fit(X, y)
    assert len(calls) == 2 * 2 + 1
    assert found.best_estimator_.predict(X).shape == y.shape


def test_networks_that_train_together_need_no_pickle():
    space = {"lr": [1e-3, 1e-2], "class_weight": [None, {0: 1.0}]}
    found = HyperbandSearchCV(NetClassifier(max_epochs=2, n_neurons=2), space, cv=2, n_jobs=2, random_state=0)
    assert found.fit(X, y).best_estimator_.n_iter_ == 2
