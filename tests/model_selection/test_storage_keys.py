"""What a search finds again in its store, and what it refuses to store."""

import threading

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import ProgressBar
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedKFold, TimeSeriesSplit
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sktune import BayesSearchCV, HyperbandSearchCV, NetRegressor
from sktune.exceptions import FingerprintError
from sktune.store import CachedEstimator, Store

X, y = load_iris(return_X_y=True)


def model(**more):
    return make_pipeline(FeatureUnion([("scale", StandardScaler())]), LogisticRegression(), **more)


def n_stored(path):
    with Store(path) as store:
        return sum(result.split >= 0 for result, _ in store.results())  # of scores, not of what else is noted


def changed(estimator, **params):
    return estimator.set_params(**params)


@pytest.mark.parametrize("scoring", [None, "accuracy", ["accuracy", "f1_macro"]])
def test_what_has_no_influence_is_found_again(tmp_path, scoring):
    def run(estimator=None, y=y, callbacks=(), **more):
        settings = {
            "n_iter": 3,
            "cv": 2,
            "random_state": 0,
            "refit": False,
            "scoring": scoring,
            "storage": tmp_path / "a",
        }
        search = BayesSearchCV(estimator or model(), {"logisticregression__C": (0.1, 10.0)}, **settings | more)
        search.set_callbacks(*callbacks).fit(X, y)
        assert n_stored(tmp_path / "a") == 6

    run()
    run(model().fit(X, y))
    run(model().set_callbacks(ProgressBar(max_propagation_depth=0)))
    run(model(verbose=False, memory=str(tmp_path / "cache")))
    run(changed(model(), featureunion__n_jobs=1, logisticregression__verbose=0, featureunion__verbose=False))
    run(n_jobs=2, verbose=0, pre_dispatch=2, cv=StratifiedKFold(2))
    run(y=y.tolist())
    run(y=pd.Series(y, name="kind"))


def test_choices_that_were_fitted_before_are_found_again(tmp_path):
    def run(*choices):
        space = {"logisticregression": list(choices)}
        BayesSearchCV(model(), space, n_iter=2, cv=2, random_state=0, storage=tmp_path / "a").fit(X, y)
        return n_stored(tmp_path / "a")

    assert run(LogisticRegression(C=1), LogisticRegression(C=2)) == 4
    assert run(LogisticRegression(C=1).fit(X[:, :2], y), LogisticRegression(C=2).fit(X[:, :2], y)) == 4


def test_other_work_is_not_found(tmp_path):
    def run(estimator, X=X):
        search = BayesSearchCV(estimator, {"logisticregression__C": (0.1, 10.0)}, n_iter=1, cv=2, random_state=0)
        search.set_params(storage=tmp_path / "a").fit(X, y)
        return n_stored(tmp_path / "a") // 2

    def linear():
        return LogisticRegression(max_iter=10_000)

    def frompyfunc(function):
        ufunc = np.frompyfunc(function, 1, 1)
        return lambda X: ufunc(X).astype(float)

    assert run(model()) == 1
    assert run(changed(model(), logisticregression__tol=1e-3)) == 2
    assert run(model(), X=X.astype(np.float32)) == 3
    assert run(make_pipeline(FunctionTransformer(np.log1p), linear())) == 4
    assert run(make_pipeline(FunctionTransformer(frompyfunc(lambda x: x + 1)), linear())) == 5
    assert run(make_pipeline(FunctionTransformer(frompyfunc(lambda x: x + 2)), linear())) == 6


@pytest.mark.parametrize("search", [BayesSearchCV, HyperbandSearchCV])
def test_dates_are_data_like_any_other(tmp_path, search):
    days = pd.date_range("2024-01-01", periods=40, tz="Europe/Berlin")
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"], index=days)
    settings = {"cv": TimeSeriesSplit(2), "random_state": 0, "storage": tmp_path / "a"}
    net = NetRegressor(max_epochs=2, n_neurons=4, random_state=0)
    first = search(net, {"lr": [1e-3, 1e-2]}, **settings).fit(frame, frame["a"])
    stored = n_stored(tmp_path / "a")
    second = search(net, {"lr": [1e-3, 1e-2]}, **settings).fit(frame, frame["a"])
    assert n_stored(tmp_path / "a") == stored
    np.testing.assert_array_equal(first.cv_results_["mean_test_score"], second.cv_results_["mean_test_score"])


def test_months_as_groups(tmp_path):
    months = np.tile(np.arange("2024-01", "2024-04", dtype="M8[M]"), 50)
    settings = {"n_iter": 2, "cv": GroupKFold(2), "random_state": 0, "storage": tmp_path / "a"}
    for _ in range(2):
        BayesSearchCV(LogisticRegression(max_iter=1000), {"C": (0.1, 10.0)}, **settings).fit(X, y, groups=months)
        assert n_stored(tmp_path / "a") == 4


class Locked(ClassifierMixin, BaseEstimator):
    def __init__(self, inside=None, C=1.0):
        self.inside = inside
        self.C = C

    def fit(self, X, y):
        raise AssertionError("nothing must be trained")


@pytest.mark.parametrize(
    ("inside", "place"),
    [
        (threading.Lock(), r"estimator\.inside"),
        ({"a": [1, threading.Lock()]}, r"estimator\.inside\['a'\]\[1\]"),
        (Locked(threading.Lock()), r"estimator\.inside\.inside"),
        (LogisticRegression(C=threading.Lock()), r"estimator\.inside\.C"),
        ((lambda lock: lambda X: lock)(threading.Lock()), r"estimator\.inside\.__closure__\['lock'\]"),
    ],
)
def test_what_cannot_be_stored_is_named_before_anything_is_trained(tmp_path, inside, place):
    message = rf"^{place} is of type lock, which cannot be pickled \(.*\), so .*: remove it, or search without storage"
    with pytest.raises(FingerprintError, match=message):
        BayesSearchCV(Locked(inside), {"C": (0.1, 1.0)}, storage=tmp_path / "a").fit(X, y)
    with pytest.raises(FingerprintError, match=message):
        CachedEstimator(Locked(inside), tmp_path / "a").fit(X, y)


def test_data_and_settings_are_named_too(tmp_path):
    search = BayesSearchCV(Locked(), {"C": (0.1, 1.0)}, storage=tmp_path / "a")
    rows = np.array([[1, threading.Lock()]] * 6, object)
    with pytest.raises(FingerprintError, match=r"^X\[1\] is of type lock"):
        search.fit(rows, y[:6])
    with pytest.raises(FingerprintError, match=r"^search_spaces\['C'\]\[1\] is of type lock"):
        search.set_params(search_spaces={"C": [1, threading.Lock()]}).fit(X, y)
