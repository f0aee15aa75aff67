"""Weights, groups and other metadata reach fit, score and split as in scikit-learn's searches, routed or not."""

import numpy as np
import pytest
from list_search import ListSearchCV
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, get_scorer, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktune import NetClassifier, NetClassifierCV, NetRegressor, NetRegressorCV
from sktune.model_selection import BayesSearchCV, HyperbandSearchCV

X, y = make_classification(60, 4, n_informative=2, n_redundant=0, random_state=0)
weight = np.random.default_rng(0).uniform(size=60)
groups = np.arange(60) % 4
GRID = {"C": [0.1, 1.0, 10.0]}


def assert_same_scores(ours, theirs):
    for name in theirs.cv_results_:
        if "_score" in name and not name.endswith("_time"):
            assert_array_equal(ours.cv_results_[name], theirs.cv_results_[name], err_msg=name)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("options", [{}, {"scoring": ["accuracy", "roc_auc"], "refit": "roc_auc"}], ids=str)
def test_weights_reach_fit_and_score_without_routing(options, n_jobs):
    ours = ListSearchCV(SVC(), GRID, n_jobs=n_jobs, return_train_score=True, **options)
    theirs = GridSearchCV(SVC(), GRID, return_train_score=True, **options)
    assert_same_scores(ours.fit(X, y, sample_weight=weight), theirs.fit(X, y, sample_weight=weight))
    unweighted = GridSearchCV(SVC(), GRID).fit(X, y)
    name = "mean_test_roc_auc" if options else "mean_test_score"
    assert (ours.cv_results_[name] != unweighted.cv_results_["mean_test_score"]).all()


def test_a_scorer_without_weights_is_told():
    def plain(estimator, X, y):
        return 1.0

    with pytest.warns(UserWarning, match="does not support sample_weight"):
        ListSearchCV(SVC(), GRID, scoring=plain).fit(X, y, sample_weight=weight)


def score_by_C(search):
    """Our searches may evaluate the same candidates in another order."""
    scores = search.cv_results_["mean_test_weighted"]
    return {params["C"]: score for params, score in zip(search.cv_results_["params"], scores, strict=True)}


@pytest.mark.parametrize("search_class", [ListSearchCV, BayesSearchCV])
def test_routing_of_weights_and_groups(search_class):
    with config_context(enable_metadata_routing=True):
        estimator = SVC().set_fit_request(sample_weight=True)
        scoring = {
            "weighted": make_scorer(accuracy_score).set_score_request(sample_weight=True),
            "plain": make_scorer(accuracy_score).set_score_request(sample_weight=False),
        }
        options = {"scoring": scoring, "refit": "weighted", "cv": GroupKFold(4)}
        ours = search_class(estimator, GRID, **options).fit(X, y, sample_weight=weight, groups=groups)
        theirs = GridSearchCV(estimator, GRID, **options).fit(X, y, sample_weight=weight, groups=groups)
    assert score_by_C(ours) == score_by_C(theirs)
    assert ours.n_splits_ == 4
    assert (ours.cv_results_["mean_test_weighted"] != ours.cv_results_["mean_test_plain"]).all()


NET = NetClassifier(n_neurons=6, max_epochs=6, lr=0.05, early_stopping=True, random_state=0)
RATES = {"net__lr": [0.01, 0.05]}


def scaled(net):
    return Pipeline([("scale", StandardScaler()), ("net", net)], transform_input=["X_val"])


@pytest.mark.parametrize("n_val", [24, 60], ids=["fewer rows", "as many as X"])
@pytest.mark.parametrize("kind", [ListSearchCV, BayesSearchCV, HyperbandSearchCV], ids=lambda kind: kind.__name__)
def test_validation_data_stay_whole_and_are_scaled_as_each_fold_is(kind, n_val):
    X_val, y_val = X[:n_val] + 0.2, y[:n_val]
    cv = StratifiedKFold(3)
    with config_context(enable_metadata_routing=True):
        net = clone(NET).set_fit_request(X_val=True, y_val=True)
        given = {"n_iter": 2} if kind is BayesSearchCV else {}
        search = kind(scaled(net), RATES, cv=cv, **given).fit(X, y, X_val=X_val, y_val=y_val)
    results = search.cv_results_
    for index in np.flatnonzero(results["status"] == "ok"):
        for split, (train, test) in enumerate(cv.split(X, y)):
            scaler = StandardScaler().fit(X[train])
            own = clone(NET).set_params(lr=results["params"][index]["net__lr"])
            own.fit(scaler.transform(X[train]), y[train], X_val=scaler.transform(X_val), y_val=y_val)
            assert results[f"split{split}_test_score"][index] == own.score(scaler.transform(X[test]), y[test])
    best = search.best_estimator_
    assert best["net"].history_["valid_loss"][best["net"].best_epoch_ - 1] == pytest.approx(
        log_loss(y_val, best.predict_proba(X_val)), rel=1e-5
    )


def test_validation_data_without_routing():
    plain = NetClassifier(**NET.get_params())
    search = BayesSearchCV(plain, {"lr": [0.05]}, n_iter=1, cv=3).fit(X, y, X_val=X + 0.2, y_val=y)
    assert search.best_estimator_.history_ == plain.fit(X, y, X_val=X + 0.2, y_val=y).history_
    steps = Pipeline([("same", "passthrough"), ("net", plain)])
    search = BayesSearchCV(steps, RATES, n_iter=1, cv=3).fit(X, y, net__X_val=X + 0.2, net__y_val=y)
    assert search.best_estimator_["net"].n_iter_ > 0


@pytest.mark.parametrize("tuner", ["search", "NetClassifierCV", "NetRegressorCV"])
def test_groups_divide_the_folds_and_what_each_sets_aside(tuner):
    many = np.arange(60) % 12
    Net = NetRegressor if tuner == "NetRegressorCV" else NetClassifier
    net = Net(max_epochs=2, lr=0.05, early_stopping=True, validation_split="group", random_state=0)
    settings = {"n_iter": 1, "cv": GroupKFold(3), "random_state": 0}
    with config_context(enable_metadata_routing=tuner == "search"):
        if tuner == "search":
            model = BayesSearchCV(clone(net).set_fit_request(groups=True), {"lr": [0.05]}, **settings)
        else:
            kind = NetClassifierCV if Net is NetClassifier else NetRegressorCV
            model = kind(estimator=net, search_space={"lr": [0.05]}, standardize=False, **settings)
        model.fit(X, y, groups=many)
    for split, (train, test) in enumerate(GroupKFold(3).split(X, y, many)):
        net.fit(X[train], y[train], groups=many[train])
        assert model.cv_results_[f"split{split}_test_score"][0] == net.score(X[test], y[test])
    final = model.best_estimator_ if tuner == "search" else model.best_estimator_["net"]
    assert final.history_ == net.fit(X, y, groups=many).history_


def test_routing_through_a_cross_validation_around_the_search():
    with config_context(enable_metadata_routing=True):
        estimator = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), LogisticRegression())
        estimator[-1].set_fit_request(sample_weight=True)
        scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
        results = []
        for search_class in (BayesSearchCV, GridSearchCV):
            search = search_class(estimator, {"logisticregression__C": [0.1, 1.0]}, scoring=scorer, cv=GroupKFold(3))
            nested = cross_validate(
                search, X, y, cv=GroupKFold(4), scoring=scorer, params={"sample_weight": weight, "groups": groups}
            )
            results.append(nested["test_score"])
    assert_array_equal(*results)


def test_metadata_that_nobody_asked_for_is_an_error():
    with config_context(enable_metadata_routing=True), pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        BayesSearchCV(SVC(), GRID).fit(X, y, sample_weight=weight)


def test_the_search_itself_asks_for_nothing():
    assert not hasattr(BayesSearchCV(SVC(), GRID), "set_fit_request")


def test_fit_params_of_the_constructor_and_of_fit():
    class Recorder(ClassifierMixin, BaseEstimator):
        def __init__(self, C=1):
            self.C = C

        def fit(self, X, y, one=None, two=None, rows=None):
            assert len(rows) == len(X)
            assert_array_equal(rows, X[:, 0])
            self.seen_ = (one, two)
            return self

        def score(self, X, y):
            return 1.0

    search = BayesSearchCV(Recorder(), GRID, fit_params={"one": 1, "two": 1}, error_score="raise")
    assert search.fit(X, y, two=2, rows=X[:, 0]).best_estimator_.seen_ == (1, 2)
