"""Scikit-learn's own searches, which go on where they were cut off."""

import pickle
import sys

import numpy as np
import pytest
from counters import counts
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone, is_classifier, is_regressor
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_predict, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktune import NetClassifier, NetRegressor
from sktune.store import CachedEstimator

X, y = load_iris(return_X_y=True)
NET = NetClassifier(max_epochs=3, n_neurons=8, random_state=0)


class Counting(ClassifierMixin, BaseEstimator):
    """Counts its fits and predictions, and fails on demand."""

    def __init__(self, level=0):
        self.level = level

    def fit(self, X, y, sample_weight=None):
        counts = sys.modules["counters"].counts
        if counts["fits"] == counts["fits before the end"] - 1:
            raise KeyboardInterrupt
        counts["fits"] += 1
        self.classes_, counts = np.unique(y, return_counts=True)
        self.answer_ = self.classes_[np.argsort(counts, kind="stable")[self.level % len(self.classes_)]]
        return self

    def predict(self, X):
        sys.modules["counters"].counts["predictions"] += 1
        return np.full(len(X), self.answer_)


@pytest.fixture(autouse=True)
def from_zero():
    counts.clear()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "search.db"


def columns(search):
    return {
        name.replace("estimator__", ""): list(column)
        for name, column in search.cv_results_.items()
        if "time" not in name and name != "params"
    }


@pytest.mark.parametrize("n_done", [0, 1, 7, 12])
def test_a_grid_that_was_cut_off_goes_on(path, n_done):
    grid = GridSearchCV(CachedEstimator(Counting(), path), {"estimator__level": [0, 1, 2]}, cv=4)
    counts["fits before the end"] = n_done + 1
    with pytest.raises(KeyboardInterrupt):
        clone(grid).fit(X, y)
    counts["fits before the end"] = 0
    resumed = clone(grid).fit(X, y)
    assert counts["fits"] == 13  # with the refit, none of them twice
    plain = GridSearchCV(Counting(), {"level": [0, 1, 2]}, cv=4).fit(X, y)
    np.testing.assert_equal(columns(resumed), columns(plain))
    fits, predictions = counts["fits"], counts["predictions"]
    again = clone(grid).fit(X, y)
    np.testing.assert_equal(columns(again), columns(plain))
    assert (counts["fits"], counts["predictions"]) == (fits, predictions)
    np.testing.assert_array_equal(again.predict(X[:5]), plain.predict(X[:5]))  # new: now the best is fitted
    assert counts["fits"] == fits + 1


@pytest.mark.parametrize("backend", ["threading", "sktune", "loky"])
def test_on_every_backend_and_for_networks(backend, path):
    space = {"estimator__lr": [1e-3, 1e-2, 1e-1]}
    search = RandomizedSearchCV(
        CachedEstimator(NET, path), space, n_iter=3, cv=2, random_state=0, scoring="roc_auc_ovr"
    )
    with parallel_config(backend, n_jobs=2):
        first, again = (clone(search).fit(X, y) for _ in range(2))
    plain = RandomizedSearchCV(
        NET, {"lr": space["estimator__lr"]}, n_iter=3, cv=2, random_state=0, scoring="roc_auc_ovr"
    )
    np.testing.assert_equal(columns(first), columns(plain.fit(X, y)))
    np.testing.assert_equal(columns(again), columns(first))


def test_other_data_other_parameters_and_weights_share_nothing(path):
    model = CachedEstimator(Counting(), path)
    model.fit(X, y)
    for change in (
        lambda: model.fit(X[:-1], y[:-1]),
        lambda: model.fit(X, np.roll(y, 1)),
        lambda: model.fit(X, y, sample_weight=np.ones(len(y))),
        lambda: CachedEstimator(Counting(level=1), path).fit(X, y),
    ):
        fits = counts["fits"]
        change()
        assert counts["fits"] == fits + 1
    model.fit(X, y)
    assert counts["fits"] == fits + 1


@pytest.mark.parametrize(
    "estimator",
    [SVC(), LogisticRegression(max_iter=2000), KNeighborsClassifier(), make_pipeline(StandardScaler(), NET)],
    ids=lambda estimator: type(estimator).__name__,
)
def test_it_does_what_the_estimator_does(estimator, path):
    for _ in range(2):  # the second time from the file
        cached, plain = CachedEstimator(estimator, path).fit(X, y), clone(estimator).fit(X, y)
        for method in ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform"):
            assert hasattr(cached, method) == hasattr(estimator, method)
            if hasattr(estimator, method):
                np.testing.assert_array_equal(getattr(cached, method)(X), getattr(plain, method)(X))
        assert cached.score(X, y) == plain.score(X, y)
        np.testing.assert_array_equal(cached.classes_, plain.classes_)
        assert cached.n_features_in_ == 4


def test_it_is_of_the_kind_of_its_estimator(path):
    assert is_classifier(CachedEstimator(NET, path))
    assert is_regressor(CachedEstimator(NetRegressor(), path))
    plain = cross_val_predict(LogisticRegression(max_iter=2000), X, y, method="predict_proba")
    np.testing.assert_array_equal(
        cross_val_predict(CachedEstimator(LogisticRegression(max_iter=2000), path), X, y, method="predict_proba"), plain
    )


def test_a_precomputed_kernel_is_cut_in_both_directions(path):
    model = SVC(kernel="precomputed")
    cached = CachedEstimator(model, path)
    np.testing.assert_array_equal(cross_val_score(cached, X @ X.T, y), cross_val_score(model, X @ X.T, y))


def test_what_is_not_fitted_says_so(path):
    model = CachedEstimator(Counting(), path)
    with pytest.raises(NotFittedError, match="CachedEstimator"):
        model.predict(X)
    with pytest.raises(AttributeError, match="no attribute 'estimator_'"):
        model.estimator_
    with pytest.raises(AttributeError, match="no attribute 'classes_'"):
        model.classes_


def test_a_failed_fit_is_not_kept(path):
    class Failing(RegressorMixin, BaseEstimator):
        def fit(self, X, y):
            sys.modules["counters"].counts["fits"] += 1
            if sys.modules["counters"].counts["fits"] == 1:
                raise ValueError("not today")
            return self

    with pytest.raises(ValueError, match="not today"):
        CachedEstimator(Failing(), path).fit(X, y)
    CachedEstimator(Failing(), path).fit(X, y)
    CachedEstimator(Failing(), path).fit(X, y)
    assert counts["fits"] == 2


def test_it_can_be_pickled(path):
    model = CachedEstimator(LogisticRegression(max_iter=2000), path).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
