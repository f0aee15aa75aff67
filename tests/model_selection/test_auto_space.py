"""search_spaces="auto": the space of the network in an estimator, for the data that reach it."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.feature_selection import SelectFromModel, SelectKBest
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

import sktune
from sktune import (
    BayesSearchCV,
    HyperbandSearchCV,
    NetClassifier,
    NetClassifierCV,
    NetRegressor,
    PopulationSearchCV,
    Space,
    ZoomSearchCV,
    default_search_space,
    parameter_importance,
)

X, y = load_iris(return_X_y=True)
NET = NetClassifier(max_epochs=3, n_neurons=8, random_state=0)
PIPELINE = make_pipeline(StandardScaler(), NET)
SEARCHES = {
    BayesSearchCV: {"n_iter": 4, "n_points": 2},
    HyperbandSearchCV: {"min_epochs": 1},
    ZoomSearchCV: {"n_candidates": 5, "n_rounds": 2},
    PopulationSearchCV: {"population_size": 4, "n_generations": 3},
}


@pytest.mark.parametrize("search", SEARCHES)
def test_it_is_the_search_of_the_space_that_it_stands_for(search, tmp_path):
    kwargs = {"cv": 2, "random_state": 0, **SEARCHES[search]}
    space = default_search_space(X, y, estimator=PIPELINE)
    auto = search(PIPELINE, "auto", **kwargs).fit(X, y)
    explicit = search(PIPELINE, space, **kwargs).fit(X, y)
    for name, column in explicit.cv_results_.items():
        if not name.endswith("_time"):
            assert_equal(auto.cv_results_[name], column)
    assert_equal(auto.predict_proba(X), explicit.predict_proba(X))
    assert auto.search_spaces_ == explicit.search_spaces_ == [Space(space)]
    assert auto.search_spaces == "auto"
    sktune.save(auto, tmp_path / "auto.sktune")
    assert sktune.load(tmp_path / "auto.sktune").search_spaces_ == [Space(space)]


def test_plans_storage_and_importance_know_the_space(tmp_path):
    settings = {"n_iter": 22, "n_points": 22, "cv": 2, "random_state": 0, "storage": tmp_path / "scores.db"}
    search = BayesSearchCV(clone(PIPELINE).set_params(netclassifier__max_epochs=1), "auto", **settings)
    assert search.total_iterations == 22
    assert search.plan(X, y, probe=False).n_candidates == 22
    first = search.fit(X, y).cv_results_
    assert_equal(search.fit(X, y).cv_results_["mean_fit_time"], first["mean_fit_time"])
    warm = clone(search).set_params(n_iter=2, random_state=1, storage=None, initial_results=tmp_path / "scores.db")
    warm.fit(X, y)
    assert not [params for params in warm.cv_results_["params"] if params in first["params"]]
    assert set(parameter_importance(search, random_state=0).names) == set(search.search_spaces_[0].names)


TABLE = pd.DataFrame({"a": np.arange(60.0), "b": np.tile(list("xyz"), 20), "c": np.arange(60.0)[::-1]})
ENCODE = make_column_transformer((OneHotEncoder(), ["b"]), remainder="passthrough")


class Doubled(TransformerMixin, BaseEstimator):
    """Makes two columns of each; it needs the targets and counts how often it was fitted."""

    n_fits = 0

    def fit(self, X, y):
        assert len(X) == len(y)
        Doubled.n_fits += 1
        return self

    def transform(self, X):
        return np.hstack([X, X])


@pytest.mark.parametrize(
    ("estimator", "data", "prefix", "shape"),
    [
        (NET, X, "", (150, 4)),
        (NET, X.tolist(), "", (150, 4)),
        (NET, pd.DataFrame(X), "", (150, 4)),
        (PIPELINE, X, "netclassifier__", (150, 4)),
        (make_pipeline(SelectKBest(k=2), NET), X, "netclassifier__", (150, 2)),
        (make_pipeline(ENCODE, NET), TABLE, "netclassifier__", (60, 5)),
        (Pipeline([("a", "passthrough"), ("b", Pipeline([("d", Doubled()), ("e", NET)]))]), X, "b__e__", (150, 8)),
        (TransformedTargetRegressor(NetRegressor()), X, "regressor__", (150, 4)),
        (
            make_pipeline(Doubled(), TransformedTargetRegressor(NetRegressor(), func=np.log1p, inverse_func=np.expm1)),
            X,
            "transformedtargetregressor__regressor__",
            (150, 8),
        ),
    ],
)
def test_it_is_sized_by_what_reaches_the_network(estimator, data, prefix, shape):
    target = y[: shape[0]]
    expected = NetClassifier.default_search_space(*shape, prefix=prefix)
    assert default_search_space(data, target, estimator=estimator) == expected
    assert not hasattr(estimator, "n_features_in_")


def test_without_an_estimator_it_is_that_of_a_network_alone():
    assert default_search_space(X) == NetClassifier.default_search_space(150, 4)


def test_a_network_that_tunes_itself_searches_it():
    model = NetClassifierCV(estimator=NET, n_iter=2, cv=2, random_state=0).fit(X, y)
    assert model.search_.search_spaces_ == [Space(default_search_space(X, y)).prefixed("net__")]


def test_the_steps_are_fitted_once_for_the_size():
    Doubled.n_fits = 0
    search = BayesSearchCV(make_pipeline(Doubled(), NET), "auto", n_iter=2, cv=2, random_state=0)
    search.fit(X, y)
    assert Doubled.n_fits == 1 + 2 * 2 + 1  # the size, the candidates on the splits, the refit


def test_parameters_of_fit_reach_the_steps():
    X, y = load_diabetes(return_X_y=True)
    model = make_pipeline(StandardScaler(), NetRegressor(max_epochs=2))
    search = BayesSearchCV(model, "auto", n_iter=2, cv=2, fit_params={"standardscaler__sample_weight": np.ones(len(y))})
    assert search.fit(X, y).best_estimator_[0].n_samples_seen_ == len(y)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (SVC(), r"NetClassifier or a NetRegressor, .* SVC\(\) has no network: write a dict"),
        (make_pipeline(StandardScaler(), SVC()), "has no network"),
        (
            make_pipeline(SelectFromModel(NetClassifier()), NET),
            "several: netclassifier, selectfrommodel__estimator; write a dict of parameters",
        ),
        (VotingClassifier([("a", NET), ("b", NET)]), "several: a, b;"),
        (BaggingClassifier(NET), "what 'estimator' is trained on is not known: .*prefix='estimator__'"),
        (make_pipeline(StandardScaler(), BaggingClassifier(NET)), "what 'baggingclassifier__estimator' is trained on"),
    ],
)
def test_an_estimator_without_one_network_at_its_end_is_explained(estimator, message):
    with pytest.raises(ValueError, match=f"search_spaces='auto' .*{message}"):
        BayesSearchCV(estimator, "auto").fit(X, y)
    with pytest.raises(ValueError, match=f"^estimator .*{message}"):
        default_search_space(X, y, estimator=estimator)
