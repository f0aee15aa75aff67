"""What HyperbandSearchCV and ZoomSearchCV share: failures, limits, seeds, metrics, estimators of several kinds."""

import inspect
import pickle
import time
import warnings

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from paced_toys import Replay, X, y
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator
from stepwise import StepwiseSGDClassifier, StepwiseSGDRegressor

from sktune import Categorical, HyperbandSearchCV, Integer, NetClassifier, ZoomSearchCV
from sktune.exceptions import TimeBudgetError
from sktune.model_selection import SearchInterruptedWarning

SPACE = {"speed": (0.01, 1.0, "log-uniform"), "height": (0.0, 1.0)}
HYPERBAND = {"sampler": "random"}
ZOOM = {"n_candidates": [6, 3, 2]}
both = pytest.mark.parametrize(
    ("search_class", "options"), [(HyperbandSearchCV, HYPERBAND), (ZoomSearchCV, ZOOM)], ids=["hyperband", "zoom"]
)


def assert_same(one, two):
    assert one.cv_results_["params"] == two.cv_results_["params"]
    for name, column in one.cv_results_.items():
        if "time" not in name and name != "params":
            assert_array_equal(column, two.cv_results_[name])


# -- the interface -----------------------------------------------------------------------------------------------------


@both
def test_parameters_are_keywords_and_survive_copies(search_class, options):
    parameters = list(inspect.signature(search_class).parameters.values())
    assert [parameter.name for parameter in parameters[:2]] == ["estimator", "search_spaces"]
    assert {parameter.kind.name for parameter in parameters[2:]} == {"KEYWORD_ONLY"}
    search = search_class(Replay(max_iter=9), SPACE, cv=2, random_state=0, **options)
    assert clone(search).get_params(deep=False).keys() == {parameter.name for parameter in parameters}
    assert options.items() <= clone(search).get_params().items()
    search.fit(X, y)
    copy = pickle.loads(pickle.dumps(search))
    assert_same(search, copy)
    assert copy.best_estimator_.n_epochs_ == 9
    assert_same(search, clone(search).fit(X, y))


@both
@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"reduction_factor": 1}, ValueError, "'reduction_factor' parameter of"),
        ({"n_rounds": 0}, ValueError, "'n_rounds' parameter"),
        ({"n_first_splits": 0}, ValueError, "'n_first_splits' parameter"),
        ({"sampler": "best"}, ValueError, "'sampler' parameter"),
        ({"timeout": -1}, ValueError, "'timeout' parameter"),
        ({"initial_params": "best"}, ValueError, "'initial_params' parameter"),
        ({"initial_params": [{"speed": 0.1}]}, ValueError, r"initial_params\[0\] is not in the space: Missing"),
        ({"search_spaces": {}}, ValueError, "at least one parameter"),
        ({"search_spaces": {"sped": (0.1, 1.0)}}, ValueError, "Did you mean 'speed'"),
        ({"search_spaces": [SPACE, SPACE]}, ValueError, "must be one dict or Space.*conditions join several"),
        ({"search_spaces": [(SPACE, 3)]}, ValueError, "must be one dict or Space"),
        ({"search_spaces": 3}, TypeError, "search_spaces must be a dict"),
        ({"estimator": SVC(), "search_spaces": {"C": (1.0, 2.0)}}, ValueError, "SVC cannot be trained in pieces"),
        ({"estimator": Replay(max_iter=0)}, ValueError, "max_iter of Replay must be an int of at least 1, got 0"),
    ],
)
def test_bad_parameters_are_explained_in_fit(search_class, options, parameters, error, message):
    search = search_class(**{"estimator": Replay(), "search_spaces": SPACE, **options, **parameters})
    with pytest.raises(error, match=message):
        search.fit(X, y)


@both
def test_known_settings_come_first(search_class, options):
    first = [{"speed": 0.5, "height": 0.25}, {"speed": 0.05, "height": 0.75}]
    search = search_class(Replay(max_iter=3), SPACE, cv=2, initial_params=first, **options).fit(X, y)
    for params, given in zip(search.cv_results_["params"][:2], first, strict=True):
        assert params == pytest.approx(given)
    n_before = len(search.cv_results_["params"])
    search.set_params(initial_params="current", random_state=0).fit(X, y)
    assert search.cv_results_["params"][0] == pytest.approx({"speed": 0.5, "height": 0.5})
    assert len(search.cv_results_["params"]) == n_before


@both
@pytest.mark.filterwarnings("ignore:The estimator Replay does not support callbacks")
def test_progress_is_told(search_class, options, capsys):
    search = search_class(Replay(max_iter=9), SPACE, cv=2, verbose=1, random_state=0, **options).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    n_candidates = len(search.cv_results_["params"])
    assert lines[0] == f"Fitting at most 2 folds for each of {n_candidates} candidates"
    assert lines[1].split(":")[0] in [f"{n} candidates after 0.111 of the epochs on 1 of 2 folds" for n in (9, 6)]
    assert "best score " in lines[1]
    search.set_params(verbose=0).set_callbacks(ProgressBar()).fit(X, y)


@both
def test_groups_and_weights_reach_their_place(search_class, options):
    X, y = load_iris(return_X_y=True)
    search = search_class(StepwiseSGDClassifier(max_iter=9), {"alpha": (1e-4, 1e-1)}, cv=GroupKFold(3), **options)
    search.fit(X, y, groups=np.arange(150) % 5, sample_weight=np.ones(150))
    assert search.n_splits_ == 3


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("mood", ["raise", "nan"])
def test_failures_are_data_and_go_no_further(search_class, options, mood):
    space = {**SPACE, "mood": ["fine", mood]}
    search = search_class(Replay(max_iter=9), space, cv=2, error_score=99, random_state=0, **options)
    with pytest.warns(FitFailedWarning):
        search.fit(X, y)
    results = search.cv_results_
    is_failed = results["status"] == "failed"
    assert_array_equal(is_failed, results["param_mood"] == mood)
    assert 0 < is_failed.sum() < len(is_failed)
    assert np.nanmax(np.append(results["n_epochs"][is_failed], 1)) <= 9
    assert search.best_params_["mood"] == "fine"
    assert search.best_score_ < 1
    with pytest.raises((RuntimeError, ValueError), match="no fit with height" if mood == "raise" else "All|nan|NaN"):
        search.set_params(search_spaces={**SPACE, "mood": [mood]}, error_score="raise").fit(X, y)


@both
def test_a_searched_step_is_trained_as_a_whole_where_it_has_no_pieces(search_class, options):
    X, y = load_iris(return_X_y=True)
    pipeline = Pipeline([("scale", StandardScaler()), ("model", GaussianNB())])
    models = [GradientBoostingClassifier(n_estimators=9), SVC()]
    space = {"model": Categorical(models), "model__max_features": Integer(1, 4, when={"model": models[0]})}
    search = search_class(pipeline, space, cv=2, random_state=1, **options).fit(X, y)
    results = search.cv_results_
    is_svc = np.array([isinstance(params["model"], SVC) for params in results["params"]])
    assert 0 < is_svc.sum() < len(is_svc)
    assert set(results["status"]) == {"ok", "pruned"}
    for split, whole in enumerate(cross_val_score(clone(pipeline).set_params(model=SVC()), X, y, cv=2)):
        scores = results[f"split{split}_test_score"][is_svc]
        assert set(scores[~np.isnan(scores)]) <= {whole}  # no piece of it
    with pytest.raises(ValueError, match="SVC cannot be trained in pieces"):
        search.set_params(search_spaces={"model": [SVC()], "model__C": (0.1, 1.0)}).fit(X, y)


class Slow(Replay):
    """Calls `ends` in the training of an epoch whose number, over the whole search, is `limit`."""

    n_calls = 0
    limit = 0
    ends = None

    def partial_fit(self, X, y=None):
        Slow.n_calls += 1
        if Slow.n_calls == Slow.limit:
            Slow.ends()
        return super().partial_fit(X, y)


@both
@pytest.mark.parametrize("how", ["timeout", "interrupt"])
def test_what_is_paused_cannot_win(search_class, options, how):
    search = search_class(Slow(max_iter=9), SPACE, cv=2, random_state=0, timeout=None, refit=False, **options)
    Slow.n_calls, Slow.limit = 0, -1
    search.fit(X, y)
    # while the last candidate is trained up to its end: on its second split, or before its first
    Slow.limit, Slow.n_calls = Slow.n_calls - (3 if how == "interrupt" else 12), 0
    if how == "timeout":
        Slow.ends = staticmethod(lambda: time.sleep(2.0))
        search.set_params(timeout=1.9).fit(X, y)
    else:
        Slow.ends = staticmethod(interrupt)
        with pytest.warns(SearchInterruptedWarning):
            search.fit(X, y)
    assert search.stopped_by_ == how
    assert search.cv_results_["status"][-1] in ("timeout", "interrupted")
    assert "pruned" in search.cv_results_["status"]
    assert search.cv_results_["status"][search.best_index_] == "ok"
    own = "hyperband" if search_class is HyperbandSearchCV else "zoom"
    assert set(search.cv_results_["stopped_by"]) >= {own, None}


def interrupt():
    raise KeyboardInterrupt


@both
def test_a_budget_in_which_nothing_is_fully_evaluated_raises(search_class, options):
    Slow.n_calls, Slow.limit, Slow.ends = 0, 5, staticmethod(lambda: time.sleep(0.6))
    with pytest.raises(TimeBudgetError, match=r"no candidate finished within timeout=0\.5 seconds"):
        search_class(Slow(max_iter=9), SPACE, cv=2, timeout=0.5, **options).fit(X, y)


# -- the same everywhere -----------------------------------------------------------------------------------------------


@both
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # the refit is a fit
def test_the_result_is_the_same_for_any_backend_and_number_of_jobs(search_class, options):
    X, y = load_iris(return_X_y=True)
    fewer = {"min_epochs": 3} if search_class is HyperbandSearchCV else {"n_candidates": [4, 2, 1], "sampler": "bayes"}

    def run(backend, n_jobs):
        mlp = MLPClassifier((8,), max_iter=9, learning_rate_init=0.01)
        search = search_class(mlp, {"alpha": (1e-5, 1.0, "log-uniform"), "batch_size": [16, 32]}, cv=2, **fewer)
        with parallel_config(backend):
            return search.set_params(n_jobs=n_jobs, random_state=3).fit(X, y)

    one = run("loky", 1)
    for other in (run("loky", 2), run("threading", 2)):
        assert_same(one, other)
        assert_array_equal(one.predict_proba(X), other.predict_proba(X))


@both
def test_networks_in_a_pipeline(search_class, options):
    X, y = load_iris(return_X_y=True)
    net = NetClassifier(n_layers=1, n_neurons=8, max_epochs=9, lr_schedule="cosine", early_stopping=False)
    pipeline = Pipeline([("scale", StandardScaler()), ("net", net)])
    space = {"net__lr": (1e-3, 1e-1, "log-uniform"), "net__dropout": (0.0, 0.5)}
    searches = [
        search_class(pipeline, space, cv=3, n_jobs=n_jobs, random_state=0, **options).fit(X, y) for n_jobs in (1, 2)
    ]
    assert_same(*searches)
    assert searches[0].best_score_ > 0.8
    best = searches[0].best_estimator_["net"]
    assert best.n_iter_ == 9
    assert set(searches[0].cv_results_["n_epochs"]) == {1.0, 3.0, 9.0}


# -- scikit-learn's own checks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "search",
    [
        HyperbandSearchCV(StepwiseSGDRegressor(max_iter=2), {"alpha": [1e-4, 1e-3]}, reduction_factor=2, **HYPERBAND),
        ZoomSearchCV(StepwiseSGDRegressor(max_iter=2), {"alpha": (1e-4, 1e-2)}, n_rounds=2, n_candidates=2),
    ],
    ids=["hyperband", "zoom"],
)
def test_scikit_learns_checks(search):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing converges in two epochs
        results = check_estimator(search.set_params(cv=2, random_state=0, error_score="raise"), on_skip=None)
    skipped = {result["check_name"] for result in results if result["status"] == "skipped"}
    assert all(name.startswith("check_array_api") for name in skipped)
    assert len(results) > 40


# -- metrics -----------------------------------------------------------------------------------------------------------


def two_metrics(estimator, X, y):
    return {"up": estimator.height, "down": -estimator.height}


@both
@pytest.mark.parametrize(
    ("refit", "lowest"), [("up", False), ("down", True), (False, False), (lambda results: pick(results), False)]
)
def test_one_metric_leads_the_search(search_class, options, refit, lowest):
    search = search_class(Replay(max_iter=9), SPACE, cv=2, scoring=two_metrics, refit=refit, random_state=0, **options)
    search.set_params(return_train_score=True).fit(X, y)
    results = search.cv_results_
    assert {"mean_test_up", "mean_test_down", "mean_train_up", "rank_test_down"} <= results.keys()
    heights = results["param_height"].astype(float)
    longest = heights[results["status"] == "ok"]
    assert (np.mean(longest) < 0.5) == lowest
    if refit in ("up", "down"):
        assert search.best_params_["height"] == (longest.min() if lowest else longest.max())
    assert hasattr(search, "best_estimator_") == (refit is not False)


def pick(results):
    return int(np.flatnonzero(results["status"] == "ok")[0])
