"""BayesSearchCV keeps what scikit-optimize's class of that name promises, and closes its traps."""

import copy
import inspect
import pickle
import threading

import numpy as np
import pytest
import scipy.stats
from joblib import parallel_config
from list_search import Moody
from numpy.testing import assert_array_equal
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_classification
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GroupKFold, KFold, cross_val_score, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sktune.model_selection import BayesSearchCV
from sktune.space import Categorical, Integer, Real, Space

X, y = load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=0.75, random_state=0)
SVC_SPACE = {
    "C": Real(1e-6, 1e6, prior="log-uniform"),
    "gamma": Real(1e-6, 1e1, prior="log-uniform"),
    "degree": Integer(1, 8),
    "kernel": Categorical(["linear", "poly", "rbf"]),
}
TREE_SPACE = {"max_depth": [3], "min_samples_split": Real(0.1, 0.9)}


def test_the_signature_is_that_of_the_peer_and_some_keywords():
    names = list(inspect.signature(BayesSearchCV).parameters)
    assert names[:16] == [
        *("estimator", "search_spaces", "optimizer_kwargs", "n_iter", "scoring", "fit_params", "n_jobs", "n_points"),
        *("iid", "refit", "cv", "verbose", "pre_dispatch", "random_state", "error_score", "return_train_score"),
    ]
    assert names[16:-1] == ["timeout", "storage", "max_epochs_total", "initial_params", "initial_results", "pruning"]
    assert names[-1] == "keep_curves"
    fit = inspect.signature(BayesSearchCV.fit).parameters
    assert [(name, parameter.kind.name) for name, parameter in fit.items()][3:] == [
        ("groups", "KEYWORD_ONLY"),
        ("callback", "KEYWORD_ONLY"),
        ("params", "VAR_KEYWORD"),
    ]


@pytest.mark.parametrize(
    ("optimizer_kwargs", "n_jobs", "n_points"),
    [(None, 1, 1), ({"base_estimator": "gp"}, 1, 3), ({"n_initial_points": 4}, 2, 3)],
)
def test_it_finds_good_settings(optimizer_kwargs, n_jobs, n_points):
    search = BayesSearchCV(
        SVC(), SVC_SPACE, optimizer_kwargs, n_iter=11, n_jobs=n_jobs, n_points=n_points, random_state=1
    )
    search.fit(X_train, y_train)
    assert search.score(X_test, y_test) > 0.9
    assert len(search.cv_results_["params"]) == 11
    assert search.optimizer_results_[0].fun == -search.best_score_


def test_it_learns():
    """On a smooth bowl, the points after the design come close to the bottom; random ones would not."""

    class Bowl(BaseEstimator):
        def __init__(self, a=0.0, b=0.0):
            self.a, self.b = a, b

        def fit(self, X, y=None):
            return self

        def score(self, X, y=None):
            return -((self.a - 0.3) ** 2) - (self.b + 1.2) ** 2

    search = BayesSearchCV(Bowl(), {"a": (-2.0, 2.0), "b": (-2.0, 2.0)}, n_iter=25, cv=2, random_state=0).fit(X)
    assert search.best_score_ > -0.01
    assert search.best_params_ == pytest.approx({"a": 0.3, "b": -1.2}, abs=0.1)


# -- the forms of search_spaces ----------------------------------------------------------------------------------------


def test_total_iterations_before_fit():
    space = {"C": (0.1, 1.0), "degree": (1, 3)}
    assert BayesSearchCV(SVC(), space, n_iter=7).total_iterations == 7
    assert BayesSearchCV(SVC(), Space(space), n_iter=7).total_iterations == 7
    assert BayesSearchCV(SVC(), [space, space], n_iter=7).total_iterations == 14
    assert BayesSearchCV(SVC(), [(space, 10), space, (space, 1)], n_iter=5).total_iterations == 16


def test_several_spaces_with_whole_estimators_as_choices():
    pipeline = Pipeline([("scale", StandardScaler()), ("model", SVC())])
    linear = {"model": Categorical([LinearSVC()]), "model__C": Real(1e-6, 1e6, prior="log-uniform")}
    tree = {
        "model": Categorical([DecisionTreeClassifier()]),
        "model__max_depth": Integer(1, 32),
        "model__min_samples_split": Real(1e-3, 1.0, prior="log-uniform"),
    }
    svc = {"model": [SVC()], "model__C": (1e-6, 1e6, "log-uniform"), "model__kernel": ["linear", "rbf"]}
    search = BayesSearchCV(pipeline, [(linear, 1), (tree, 1), svc], n_iter=2, random_state=0).fit(X_train, y_train)
    assert len(search.cv_results_["mean_test_score"]) == 4
    kinds = [type(result.x[0]) for result in search.optimizer_results_]
    assert kinds == [LinearSVC, DecisionTreeClassifier, SVC]
    assert [len(result.x_iters) for result in search.optimizer_results_] == [1, 1, 2]
    assert not hasattr(svc["model"][0], "support_")


def test_points_follow_the_sorted_names_and_inactive_ones_are_none():
    space = {"kernel": ["linear", "rbf"], "gamma": Real(0.1, 1.0, when={"kernel": "rbf"}), "C": (0.1, 1.0)}
    search = BayesSearchCV(SVC(), space, n_iter=8, cv=3, random_state=0).fit(X, y)
    result = search.optimizer_results_[0]
    assert result.space.names == ("C", "gamma", "kernel")
    for point, params, masked in zip(
        result.x_iters,
        search.cv_results_["params"],
        np.ma.getmaskarray(search.cv_results_["param_gamma"]),
        strict=True,
    ):
        assert point == [params["C"], params.get("gamma"), params["kernel"]]
        assert (point[1] is None) == (point[2] == "linear") == masked
    assert {point[2] for point in result.x_iters} == {"linear", "rbf"}


def test_every_kind_of_dimension_gives_values_of_its_type():
    class Typed(BaseEstimator):
        def __init__(self, real=0.0, integer=0, text="", pair=(), dist=0.0, constant=0, nothing=None):
            self.real, self.integer, self.text, self.pair = real, integer, text, pair
            self.dist, self.constant, self.nothing = dist, constant, nothing

        def fit(self, X, y=None):
            assert type(self.real) is float
            assert type(self.integer) is int
            assert type(self.text) is str
            assert self.pair in [(1,), (1, 2)]
            assert type(self.dist) is float
            assert self.constant == 3
            assert self.nothing in [None, 1]
            return self

        def score(self, X, y=None):
            return 0.0

    spaces = {
        "real": (0.0, 1.0),
        "integer": (0, 10),
        "text": ["one", "two"],
        "pair": [(1,), (1, 2)],
        "dist": scipy.stats.loguniform(1e-3, 1),
        "constant": [3],
        "nothing": [None, 1],
    }
    search = BayesSearchCV(Typed(), spaces, n_iter=12, cv=2, error_score="raise", random_state=0).fit(X)
    assert len(search.cv_results_["params"]) == 12


def test_a_list_is_a_set_of_choices():
    search = BayesSearchCV(Moody(), {"quality": [64, 128]}, n_iter=10, cv=2).fit(X, y)
    assert sorted(search.cv_results_["param_quality"]) == [64, 128]  # and a finite space ends early
    assert search.stopped_by_ is None


@pytest.mark.parametrize("n_points", [1, 4, 10])
def test_a_finite_space_is_evaluated_once(n_points):
    space = {"quality": (1, 3), "seconds": [0.0, 0.1]}
    search = BayesSearchCV(Moody(), space, n_iter=9, n_points=n_points, cv=2, random_state=0).fit(X, y)
    assert len({tuple(params.values()) for params in search.cv_results_["params"]}) == 6
    assert len(search.cv_results_["params"]) == 6
    assert search.best_score_ == 3


def test_nothing_is_evaluated_twice():
    search = BayesSearchCV(Moody(), {"quality": (1, 30)}, n_iter=30, n_points=4, cv=2, random_state=0).fit(X, y)
    assert sorted(search.cv_results_["param_quality"]) == list(range(1, 31))


@pytest.mark.parametrize(
    ("search_spaces", "error", "message"),
    [
        ({}, ValueError, "at least one"),
        ([], ValueError, "at least one space"),
        ([{}], ValueError, "at least one parameter"),
        ({"C": "1 ... 100.0"}, ValueError, "parameter 'C': Invalid dimension"),
        ({"C": 3}, ValueError, r"write \[3\]"),
        (["C", (1.0, 1)], TypeError, "each element of search_spaces must be a dict"),
        (None, TypeError, "search_spaces must be a dict"),
        ("C", TypeError, "search_spaces must be a dict"),
        ([({"C": (1, 2)}, 0)], ValueError, "int >= 1, got 0"),
        ([({"C": (1, 2)}, "all")], ValueError, "int >= 1, got 'all'"),
        ([({"C": (1, 2)}, 1, 2)], TypeError, "each element"),
        ({"c": (1, 2)}, ValueError, "SVC has no parameter 'c'. Did you mean 'C'"),
        ({"gama": (1, 2)}, ValueError, "Did you mean 'gamma'"),
        ({"C__x": (1, 2)}, ValueError, "no parameter 'C__x'"),
    ],
)
def test_bad_spaces_are_explained_in_fit(search_spaces, error, message):
    search = BayesSearchCV(SVC(), search_spaces)  # the constructor only assigns
    with pytest.raises(error, match=message):
        search.fit(X, y)


def test_a_misspelt_parameter_of_a_searched_estimator_is_found_too():
    pipeline = Pipeline([("model", SVC())])
    mixed = {"model": [Ridge(), "passthrough"], "model__alpha": [1.0, 2.0]}  # one choice of two takes it
    with pytest.warns(FitFailedWarning, match="4 fits failed out of a total of 8"):
        BayesSearchCV(pipeline, mixed, n_iter=4, cv=2).fit(X, y)
    with pytest.raises(ValueError, match=r"no parameter 'model__alpa'\. Did you mean 'model__alpha'"):
        BayesSearchCV(pipeline, {"model": [Ridge()], "model__alpa": (1.0, 2.0)}).fit(X, y)
    with pytest.raises(ValueError, match=r"no parameter 'modle'\. Did you mean 'model'"):
        BayesSearchCV(pipeline, {"modle": [Ridge()], "model__alpha": (1.0, 2.0)}).fit(X, y)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("n_iter", 0, "'n_iter' parameter of BayesSearchCV must be"),
        ("n_points", 1.5, "'n_points' parameter"),
        ("optimizer_kwargs", [1], "'optimizer_kwargs' parameter"),
        ("optimizer_kwargs", {"acq": "EI"}, "unknown key 'acq'; it may have base_estimator, n_initial_points"),
        ("optimizer_kwargs", {"random_state": 1}, "must not have 'random_state'"),
        ("optimizer_kwargs", {"base_estimator": "forest"}, "forest"),
        ("initial_params", "best", "'initial_params' parameter"),
        ("timeout", -1, "'timeout' parameter"),
    ],
)
def test_bad_parameters_are_named_in_fit(name, value, message):
    search = BayesSearchCV(SVC(), SVC_SPACE, **{name: value})
    with pytest.raises(ValueError, match=message):
        search.fit(X, y)


def test_iid_is_ignored_with_a_warning():
    with pytest.warns(FutureWarning, match="iid has no effect"):
        BayesSearchCV(Moody(), {"quality": [1]}, iid=False, cv=2).fit(X, y)


# -- results -----------------------------------------------------------------------------------------------------------


def test_train_scores_are_ranked():
    search = BayesSearchCV(SVC(), SVC_SPACE, n_iter=11, random_state=42, return_train_score=True).fit(X, y)
    results = search.cv_results_
    for kind in ("test", "train"):
        expected = rankdata(-results[f"mean_{kind}_score"], method="min")
        assert_array_equal(results[f"rank_{kind}_score"], expected)


def test_optimizer_results_tell_the_search():
    search = BayesSearchCV(Moody(), {"quality": (0.0, 1.0), "seconds": [0.0]}, n_iter=6, cv=2, random_state=0).fit(X, y)
    (result,) = search.optimizer_results_
    assert_array_equal(result.func_vals, -search.cv_results_["mean_test_score"])
    assert result.x == [search.best_params_["quality"], 0.0]
    assert result.fun == result.func_vals.min()
    assert result.models == []
    assert "x_iters" in repr(result)


def test_failures_are_data_and_infinite_losses():
    space = {"quality": (0.0, 1.0), "mood": ["fine", "raise"]}
    with pytest.warns(FitFailedWarning):
        search = BayesSearchCV(Moody(), space, n_iter=12, cv=2, random_state=0, error_score=99).fit(X, y)
    failed = search.cv_results_["status"] == "failed"
    assert 0 < failed.sum() < 12
    assert_array_equal(np.isinf(search.optimizer_results_[0].func_vals), failed)
    assert search.best_params_["mood"] == "fine"


def test_the_optimizer_avoids_what_fails():
    space = {"quality": (0.0, 1.0), "mood": ["fine", "raise"]}
    with pytest.warns(FitFailedWarning):
        search = BayesSearchCV(Moody(), space, n_iter=25, cv=2, random_state=0).fit(X, y)
    assert (search.cv_results_["status"][-10:] == "failed").sum() <= 3


@pytest.mark.parametrize(("backend", "n_jobs"), [("loky", 2), ("threading", 2)])
@pytest.mark.parametrize("n_points", [1, 3])
def test_the_result_is_the_same_for_any_number_of_jobs(backend, n_jobs, n_points):
    def run(backend, n_jobs):
        with parallel_config(backend):
            estimator = DecisionTreeClassifier(splitter="random")
            space = {"max_depth": (1, 8), "min_samples_split": (0.1, 0.9)}
            search = BayesSearchCV(estimator, space, n_iter=12, n_points=n_points, n_jobs=n_jobs, cv=3, random_state=5)
            return search.fit(X, y)

    one, two = run("loky", 1), run(backend, n_jobs)
    assert one.cv_results_["params"] == two.cv_results_["params"]
    assert_array_equal(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    assert_array_equal(one.predict(X), two.predict(X))


def test_equal_seeds_give_equal_searches_and_refits_repeat():
    search = BayesSearchCV(SVC(), SVC_SPACE, n_iter=6, cv=2, random_state=42, optimizer_kwargs={"n_initial_points": 3})
    search.fit(X, y)
    again = clone(search).fit(X, y)
    assert search.best_params_ == again.best_params_
    assert [search.best_params_[name] for name in sorted(SVC_SPACE)] == again.optimizer_results_[0].x
    assert search.optimizer_results_[0].x_iters == again.optimizer_results_[0].x_iters
    other = clone(search).set_params(random_state=43).fit(X, y)
    assert other.optimizer_results_[0].x_iters != again.optimizer_results_[0].x_iters
    assert search.fit(X, y).best_params_ == again.best_params_


# -- metrics and refit -------------------------------------------------------------------------------------------------


def up(estimator, X, y):
    return estimator.quality


def down(estimator, X, y):
    return -estimator.quality


def up_and_down(estimator, X, y):
    return {"up": estimator.quality, "down": -estimator.quality}


def lowest_up(results):
    return int(np.argmin(results["mean_test_up"]))


@pytest.mark.parametrize(
    ("scoring", "refit", "leading", "best"),
    [
        (up_and_down, "up", "up", max),
        (up_and_down, "down", "down", min),
        (up_and_down, False, "up", None),
        (up_and_down, lowest_up, "up", min),
        ({"down": down, "up": up}, "up", "up", max),
        ({"down": down, "up": up}, False, "down", None),
        ({"only": up}, "only", "only", max),
    ],
)
def test_one_metric_leads_the_search(scoring, refit, leading, best):
    search = BayesSearchCV(Moody(), {"quality": (0.0, 1.0)}, n_iter=14, scoring=scoring, refit=refit, cv=2)
    search.set_params(random_state=0).fit(X, y)
    assert search.multimetric_
    result = search.optimizer_results_[0]
    assert_array_equal(result.func_vals, -search.cv_results_[f"mean_test_{leading}"])
    assert abs(result.x[0] - (0 if leading == "down" else 1)) < 0.05
    if best is None:
        assert not hasattr(search, "best_index_")
        assert not hasattr(search, "best_estimator_")
    else:
        assert search.best_estimator_.quality == search.best_params_["quality"]
        assert search.best_params_["quality"] == best(search.cv_results_["param_quality"])


def test_several_metrics_with_a_plain_refit_are_refused_at_once():
    with pytest.raises(ValueError, match="refit"):
        BayesSearchCV(SVC(), SVC_SPACE, scoring=["accuracy", "f1_macro"]).fit(X, y)


def test_refit_false_has_a_best_candidate_and_no_estimator():
    search = BayesSearchCV(SVC(), SVC_SPACE, n_iter=3, cv=3, refit=False, random_state=0).fit(X, y)
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    assert not hasattr(search, "best_estimator_")
    with pytest.raises(AttributeError, match="predict"):
        search.predict(X)


# -- callbacks ---------------------------------------------------------------------------------------------------------


def test_a_callback_can_end_the_search():
    seen = []

    def callback(result):
        seen.append(len(result.x_iters))
        assert len(result.func_vals) == len(result.x_iters)
        assert result.fun == min(result.func_vals)
        assert result.x in result.x_iters
        assert result.space.names == ("max_depth", "min_samples_split")
        return len(seen) > 2

    search = BayesSearchCV(DecisionTreeClassifier(), TREE_SPACE, n_iter=5, cv=3).fit(X, y, callback=callback)
    assert seen == [1, 2, 3]
    assert search.stopped_by_ == "callback"
    assert search.score(X, y) > 0.5


def test_every_callback_of_a_list_is_called_after_each_batch():
    calls = {"first": 0, "second": 0}

    def counting(name, stop_at):
        def callback(result):
            calls[name] += 1
            return calls[name] == stop_at

        return callback

    search = BayesSearchCV(DecisionTreeClassifier(), TREE_SPACE, n_iter=8, n_points=2, cv=3)
    search.fit(X, y, callback=[counting("first", 2), counting("second", 9)])
    assert calls == {"first": 2, "second": 2}
    assert len(search.cv_results_["params"]) == 4


def test_a_callback_ends_one_space_and_the_next_one_begins():
    seen = []

    def callback(result):
        seen.append((len(result.space.names), len(result.x_iters)))
        return seen[-1] == (2, 1)  # after one point of the space that has two parameters

    search = BayesSearchCV(DecisionTreeClassifier(), [TREE_SPACE, {"max_depth": (1, 9)}], n_iter=3, cv=3)
    search.fit(X, y, callback=callback)
    assert seen == [(2, 1), (1, 1), (1, 2), (1, 3)]
    assert [len(result.x_iters) for result in search.optimizer_results_] == [1, 3]


@pytest.mark.parametrize("callback", [3, [print, 3], "print"])
def test_bad_callbacks_are_refused(callback):
    with pytest.raises(ValueError, match="callback must be a callable or a list of callables"):
        BayesSearchCV(SVC(), SVC_SPACE).fit(X, y, callback=callback)


def test_an_error_in_a_callback_is_raised_and_what_has_finished_is_kept():
    def callback(result):
        if len(result.x_iters) == 2:
            raise RuntimeError("callback")

    search = BayesSearchCV(Moody(), {"quality": (0.0, 1.0)}, n_iter=4, cv=2)
    with pytest.raises(RuntimeError, match="callback"):
        search.fit(X, y, callback=callback)
    assert len(search.cv_results_["params"]) == 2
    assert len(search.optimizer_results_[0].x_iters) == 2


def test_a_callback_need_not_be_picklable_for_processes():
    lock = threading.Lock()

    def callback(result):
        with lock:
            return False

    assert BayesSearchCV(SVC(), SVC_SPACE, n_iter=2, cv=3, n_jobs=2).fit(X, y, callback=callback).n_splits_ == 3


def test_a_fitted_search_with_a_lambda_callback_can_be_pickled():
    search = BayesSearchCV(SVC(), SVC_SPACE, n_iter=2, cv=3, random_state=0).fit(X, y, callback=lambda result: None)
    loaded = pickle.loads(pickle.dumps(search))
    assert_array_equal(loaded.predict(X), search.predict(X))
    assert loaded.optimizer_results_[0].x == search.optimizer_results_[0].x


# -- as an estimator ---------------------------------------------------------------------------------------------------


def test_clone_set_params_and_repr():
    space = {"model": Categorical([LinearSVC()]), "model__C": Real(1e-6, 1e6, prior="log-uniform")}
    search = BayesSearchCV(Pipeline([("model", SVC())]), [(space, 1), SVC_SPACE], n_iter=2, random_state=3)
    copied = clone(search)
    assert copied.get_params().keys() == search.get_params().keys()
    for name, value in search.get_params().items():
        assert isinstance(copied.get_params()[name], type(value))
    search.set_params(search_spaces=[(space, 1)], estimator__model=DecisionTreeClassifier()).fit(X, y)
    assert len(search.cv_results_["params"]) == 1
    assert "Categorical(categories=(LinearSVC(),)" in repr(search)
    pickle.loads(pickle.dumps(copied))


def test_nested_cross_validation_and_pipelines():
    search = BayesSearchCV(
        make_pipeline(StandardScaler(), PCA(), SVC()), {"svc__C": (0.1, 10.0), "pca__n_components": (2, 4)}, n_iter=3
    )
    assert cross_val_score(search.set_params(cv=3, random_state=0), X, y, cv=3, n_jobs=2).mean() > 0.9
    outer = make_pipeline(StandardScaler(), search.set_params(estimator=SVC(), search_spaces={"C": (0.1, 10.0)}))
    assert outer.fit(X, y).score(X, y) > 0.9


def test_without_a_target():
    search = BayesSearchCV(KMeans(n_init=1), {"n_clusters": (2, 5)}, n_iter=3, cv=3, random_state=0).fit(X)
    assert search.predict(X).shape == (150,)
    assert search.best_params_["n_clusters"] in range(2, 6)


def test_groups_and_generators():
    groups = np.arange(150) % 5
    search = BayesSearchCV(SVC(), {"C": (0.1, 10.0)}, n_iter=2, cv=GroupKFold(5), random_state=0)
    assert search.fit(X, y, groups=groups).n_splits_ == 5
    with pytest.raises(ValueError, match="groups"):
        clone(search).fit(X, y)
    search.set_params(cv=(split for split in KFold(3, shuffle=True).split(X)))
    assert search.fit(X, y).n_splits_ == 3


def test_feature_names_and_attributes():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    search = BayesSearchCV(LogisticRegression(max_iter=1000), {"C": (0.1, 10.0)}, n_iter=2, cv=3).fit(frame, y)
    assert list(search.feature_names_in_) == list("abcd")
    assert search.n_features_in_ == 4
    assert list(search.classes_) == [0, 1, 2]
    assert search.refit_time_ > 0
    assert not search.multimetric_
    assert search.predict_proba(frame).shape == (150, 3)
    table = pandas.DataFrame(search.cv_results_)
    assert list(table["status"]) == ["ok", "ok"]
    assert table["param_C"].dtype == float


def test_more_rows_than_joblib_passes_by_value():
    big_X, big_y = make_classification(40_000, 10, random_state=0)  # 3.2 MB: memory-mapped, read-only in the workers
    search = BayesSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": (0.1, 1.0)})
    search.set_params(n_iter=2, cv=2, n_jobs=2).fit(big_X, big_y)
    assert search.best_score_ > 0.6


# -- known settings first ----------------------------------------------------------------------------------------------


def test_the_current_parameters_come_first():
    search = BayesSearchCV(SVC(C=2.5, gamma=0.3), SVC_SPACE, n_iter=3, cv=3, initial_params="current", random_state=0)
    search.fit(X, y)
    assert search.cv_results_["params"][0] == {"C": 2.5, "gamma": 0.3, "degree": 3, "kernel": "rbf"}


def test_current_parameters_leave_inactive_ones_out():
    space = {"kernel": ["linear", "rbf"], "gamma": Real(0.1, 1.0, when={"kernel": "rbf"})}
    search = BayesSearchCV(SVC(kernel="linear"), space, n_iter=2, cv=3, initial_params="current").fit(X, y)
    assert search.cv_results_["params"][0] == {"kernel": "linear"}


def test_current_parameters_go_to_the_space_that_holds_them():
    spaces = [{"kernel": ["linear"], "C": (0.1, 9.0)}, {"kernel": ["rbf"], "C": (0.1, 9.0)}]
    search = BayesSearchCV(SVC(C=3.0), spaces, n_iter=2, cv=3, initial_params="current").fit(X, y)
    assert search.cv_results_["params"][2] == {"kernel": "rbf", "C": 3.0}


OUTSIDE = {"C": 1.0, "gamma": "scale", "degree": 3, "kernel": "rbf"}  # of SVC(), whose gamma is not a number


@pytest.mark.parametrize("n_iter", [1, 4])
def test_current_parameters_outside_of_the_space_come_first_all_the_same(n_iter):
    search = BayesSearchCV(SVC(), SVC_SPACE, n_iter=n_iter, cv=3, initial_params="current", random_state=0).fit(X, y)
    assert search.cv_results_["params"][0] == OUTSIDE
    assert len(search.cv_results_["params"]) == n_iter
    assert search.cv_results_["mean_test_score"][0] == cross_val_score(SVC(), X, y, cv=3).mean()
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    (result,) = search.optimizer_results_
    assert len(result.x_iters) == n_iter
    assert all(params in Space(SVC_SPACE) for params in search.cv_results_["params"][1:])


@pytest.mark.parametrize("pruning", ["halving", "freeze-thaw"])
@pytest.mark.parametrize("n_iter", [1, 12])
def test_current_parameters_outside_of_the_space_are_not_pruned(pruning, n_iter):
    model = SGDClassifier(alpha=10.0, max_iter=9, tol=None, random_state=0)
    search = BayesSearchCV(model, {"alpha": (1e-4, 1e-1)}, n_iter=n_iter, cv=3, initial_params="current")
    search.set_params(pruning=pruning, random_state=0).fit(X, y)
    assert search.cv_results_["params"][0] == {"alpha": 10.0}
    assert search.cv_results_["status"][0] == "ok"
    assert len(search.cv_results_["params"]) == n_iter


def test_the_surrogate_proposes_as_if_the_current_parameters_outside_were_not_there():
    search = BayesSearchCV(SVC(), SVC_SPACE, n_iter=9, cv=3, random_state=0).fit(X, y)
    with_own = clone(search).set_params(initial_params="current", n_iter=10).fit(X, y)
    assert with_own.cv_results_["params"] == [OUTSIDE, *search.cv_results_["params"]]


def test_current_parameters_outside_of_a_finite_space_are_one_more_candidate():
    search = BayesSearchCV(SVC(C=5), {"C": [1, 2]}, n_iter=9, cv=3, initial_params="current", random_state=0)
    assert sorted(params["C"] for params in search.fit(X, y).cv_results_["params"]) == [1, 2, 5]
    assert search.plan(X, y).n_candidates == 3


def test_known_settings_come_first_in_their_order():
    known = [{"C": 3.0, "kernel": "rbf"}, {"C": 0.5, "kernel": "linear"}]
    space = {"C": (0.1, 9.0), "kernel": ["linear", "rbf"]}
    search = BayesSearchCV(SVC(), space, n_iter=4, n_points=3, cv=3, initial_params=known).fit(X, y)
    assert search.cv_results_["params"][:2] == known


@pytest.mark.parametrize(
    ("initial_params", "message"),
    [
        ([{"C": 1.0, "gamma": 0.1}], r"initial_params\[0\] is not in the space: Missing parameter"),
        ([{"C": -1.0}], r"initial_params\[0\]"),
        ([3], "a setting must be a dict, got 3"),
        ([{"C": 1.0, "gamma": 1.0, "degree": 1, "kernel": "rbf"}] * 3, "3 settings for a space of which n_iter=2"),
    ],
)
def test_settings_outside_of_the_space_are_refused(initial_params, message):
    with pytest.raises(ValueError, match=message):
        BayesSearchCV(SVC(), SVC_SPACE, n_iter=2, initial_params=initial_params).fit(X, y)


def test_what_callbacks_get_can_be_dumped_by_scikit_optimize():
    """``CheckpointSaver(store_objective=False)`` copies the result and looks for the objective in its `specs`."""
    seen = []

    def checkpoint(result):
        copied = copy.deepcopy(result)
        assert "func" not in copied.specs["args"]
        seen.append(pickle.loads(pickle.dumps(copied)))

    search = BayesSearchCV(SVC(), {"C": (0.1, 10.0)}, n_iter=3, cv=2, random_state=0).fit(X, y, callback=checkpoint)
    assert [len(one.x_iters) for one in seen] == [1, 2, 3]
    assert seen[-1].x == [search.best_params_["C"]]
    assert str(seen[-1])
