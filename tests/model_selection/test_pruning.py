"""BayesSearchCV with pruning: what is stopped, what is kept, and that nothing is trained twice."""

import math
import time

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pausing_networks import NetClassifier
from replayed_curves import Curve
from scipy.special import ndtri
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktune import BayesSearchCV
from sktune.exceptions import TimeBudgetError
from sktune.model_selection import FreezeThaw, SuccessiveHalving, parameter_importance
from sktune.model_selection._freeze_thaw import next_to_train, probability_to_go_on
from sktune.model_selection._halving import promotions

X, y = load_iris(return_X_y=True)
RULES = ["freeze-thaw", "halving"]


def search(pruning, estimator=None, **params):
    space = {"quality": (0.0, 1.0)}
    given = {"n_iter": 20, "n_points": 4, "random_state": 0, "cv": 5, "search_spaces": space, **params}
    return BayesSearchCV(Curve() if estimator is None else estimator, pruning=pruning, **given)


@pytest.mark.parametrize(("pruning", "share"), [("freeze-thaw", 0.75), ("halving", 0.5)])
def test_the_best_comes_to_the_end_and_many_do_not(pruning, share):
    Curve.trained.clear()
    found = search(pruning, refit=False).fit(X, y)
    results = found.cv_results_
    assert len(results["params"]) == 20
    assert found.best_params_["quality"] > 0.9
    assert set(results["status"]) == {"ok", "pruned"}
    assert results["status"][found.best_index_] == "ok"
    assert len(Curve.trained) < share * 20 * 5 * 27
    assert len(Curve.trained) == len(set(Curve.trained)), "an epoch was trained twice"


@pytest.mark.parametrize("pruning", RULES)
def test_somebody_comes_to_the_end_even_if_nobody_promises_to_improve(pruning):
    net = NetClassifier(max_epochs=3, n_neurons=4, random_state=0)
    iris, species = load_iris(return_X_y=True)
    found = BayesSearchCV(net, {"lr": (1e-3, 1e-1)}, n_iter=3, cv=4, pruning=pruning, random_state=0)
    found.fit(iris, species)
    assert "ok" in found.cv_results_["status"]
    assert found.best_estimator_.n_iter_ == 3


@pytest.mark.parametrize("pruning", RULES)
def test_the_results_tell_what_ran(pruning):
    results = search(pruning, refit=False).fit(X, y).cv_results_
    splits = np.array([results[f"split{k}_test_score"] for k in range(5)]).T
    for number, status in enumerate(results["status"]):
        ran = np.isfinite(splits[number])
        n_epochs = results["n_epochs"][number]
        if status == "ok":
            assert ran.all()
            assert (n_epochs, results["stopped_by"][number]) == (27, None)
        else:
            assert ran.sum() == 2
            assert n_epochs in ((3, 9, 27) if pruning == "freeze-thaw" else (3, 9))
            assert results["stopped_by"][number] == "pruning"
        quality = results["params"][number]["quality"]
        np.testing.assert_allclose(splits[number][ran], quality * (1 - math.exp(-0.2 * n_epochs)))
    ok = results["status"] == "ok"
    assert results["rank_test_score"][ok].max() < results["rank_test_score"][~ok].min()


@pytest.mark.parametrize("pruning", RULES)
@pytest.mark.parametrize(("n_jobs", "backend"), [(2, None), (2, "threading"), (2, "loky"), (2, "sktune")])
def test_the_answer_is_the_same_everywhere(pruning, n_jobs, backend):
    net = make_pipeline(StandardScaler(), NetClassifier(max_epochs=6, n_neurons=8, batch_size=32))
    space = {"netclassifier__lr": (1e-4, 1e-1, "log-uniform"), "netclassifier__dropout": (0.0, 0.5)}
    given = {"search_spaces": space, "n_iter": 12, "cv": 3, "refit": False}
    alone = search(pruning, net, n_jobs=1, **given).fit(X, y).cv_results_
    with joblib.parallel_config(**({"backend": backend} if backend else {}), n_jobs=n_jobs):
        other = search(pruning, net, **given).fit(X, y).cv_results_
    for name in alone:
        if "time" not in name and not name.startswith("param_"):
            np.testing.assert_array_equal(alone[name], other[name], err_msg=name)


@pytest.mark.parametrize("pruning", RULES)
def test_pruned_networks_have_the_scores_of_full_training(pruning):
    net = NetClassifier(max_epochs=9, n_neurons=8, lr_schedule="cosine")
    space = {"lr": (1e-4, 1e-1, "log-uniform"), "weight_decay": (1e-6, 1.0, "log-uniform")}
    given = {"search_spaces": [(space, 14)], "cv": 3, "optimizer_kwargs": {"n_initial_points": 14}, "refit": False}
    pruned = search(pruning, net, n_points=14, **given).fit(X, y).cv_results_
    full = search(None, net, n_points=14, **given).fit(X, y).cv_results_
    assert pruned["params"] == full["params"]
    ok = pruned["status"] == "ok"
    assert 0 < ok.sum() < 14
    np.testing.assert_array_equal(pruned["mean_test_score"][ok], full["mean_test_score"][ok])


@pytest.mark.parametrize("pruning", RULES)
def test_failures_on_the_way_never_win_and_end_nothing(pruning):
    with pytest.warns(FitFailedWarning):
        found = search(pruning, Curve(fails_above=0.8), error_score=5.0, refit=False).fit(X, y)
    results = found.cv_results_
    assert results["status"][found.best_index_] == "ok"
    assert 0.5 < found.best_params_["quality"] <= 0.8
    failed = results["status"] == "diverged"
    assert failed.any()
    assert all("the loss is nan at epoch" in error for error in results["error"][failed])


def test_all_failing_is_an_error():
    with pytest.raises(ValueError, match="fits failed"):
        search("freeze-thaw", Curve(fails_above=-1)).fit(X, y)


@pytest.mark.parametrize("pruning", RULES)
def test_the_time_budget_holds_and_what_was_paused_cannot_win(pruning):
    start = time.time()
    found = search(pruning, Curve(seconds=0.004, max_epochs=9), n_iter=1000, timeout=5.0, refit=False).fit(X, y)
    assert time.time() - start < 15  # a thousand whole evaluations take minutes
    assert found.stopped_by_ == "timeout"
    results = found.cv_results_
    assert {"ok", "timeout"} <= set(results["status"]) <= {"ok", "timeout", "pruned"}
    assert np.isfinite(results["split0_test_score"]).sum() >= len(results["params"]) - 4


@pytest.mark.parametrize("n_whole", [1.5, 2.0, 4.0])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("pruning", RULES)
def test_a_small_budget_of_epochs_suffices_for_a_winner(pruning, n_whole, seed):
    budget = int(n_whole * 5 * 27)
    found = search(pruning, n_iter=200, max_epochs_total=budget, random_state=seed, refit=False).fit(X, y)
    assert found.stopped_by_ == "max_epochs_total"
    assert "ok" in found.cv_results_["status"]
    assert found.best_params_["quality"] > 0.8


@pytest.mark.parametrize("pruning", RULES)
def test_a_budget_that_suffices_for_all_spaces_changes_nothing(pruning):
    spaces = [({"quality": (0.0, 0.5)}, 14), ({"quality": (0.5, 1.0)}, 14)]

    def trained(**params):
        Curve.trained.clear()
        search(pruning, search_spaces=spaces, refit=False, **params).fit(X, y)
        return list(Curve.trained)

    without = trained()
    assert trained(max_epochs_total=len(without)) == without
    assert sorted(trained(timeout=3600)) == sorted(without)  # a few at a time, as nobody knows how long they take


def test_no_time_at_all():
    with pytest.raises(TimeBudgetError):
        search("halving", Curve(seconds=0.02), timeout=0.3).fit(X, y)


@pytest.mark.parametrize("pruning", RULES)
@pytest.mark.parametrize(
    ("estimator", "space"),
    [
        (SVC(), {"C": (1e-3, 1e2, "log-uniform")}),
        (make_pipeline(StandardScaler(), SGDClassifier()), {"sgdclassifier__alpha": (1e-6, 1.0, "log-uniform")}),
    ],
)
def test_what_has_no_pieces_is_stopped_between_the_splits(pruning, estimator, space):
    found = search(pruning, estimator, search_spaces=space, n_iter=9).fit(X, y)
    results = found.cv_results_
    assert "pruned" in results["status"]
    split_scores = np.array([results[f"split{split}_test_score"] for split in range(5)])
    for params, scores in zip(results["params"], split_scores.T, strict=True):
        estimator.set_params(**params)
        if isinstance(estimator, SVC):  # nothing of it is random
            whole = cross_val_score(estimator, X, y, cv=found.cv)
            assert_array_equal(np.where(np.isnan(scores), whole, scores), whole)
        else:
            assert (results["n_epochs"] < 200).all()  # tol ends it, and not max_iter


@pytest.mark.parametrize("pruning", RULES)
def test_a_choice_without_pieces_is_trained_as_a_whole(pruning):
    pipeline = Pipeline([("model", SVC())])
    found = search(pruning, pipeline, search_spaces={"model": [SVC(), Curve(0.7), Curve(0.9)]}, refit=False).fit(X, y)
    assert isinstance(found.best_params_["model"], SVC)
    results = found.cv_results_
    assert "failed" not in results["status"]
    whole = cross_val_score(SVC(), X, y, cv=5)
    assert_array_equal([results[f"split{split}_test_score"][found.best_index_] for split in range(5)], whole)


def test_finite_spaces_several_spaces_and_callbacks():
    seen = []
    spaces = [{"quality": [0.1, 0.5, 0.9]}, ({"quality": (0.0, 0.4)}, 4)]
    found = search("freeze-thaw", search_spaces=spaces, refit=False)
    found.fit(X, y, callback=lambda result: seen.append(len(result.x_iters)))
    assert found.best_params_ == {"quality": 0.9}
    assert [len(result.x_iters) for result in found.optimizer_results_] == [3, 4]
    assert seen == sorted(seen[: seen.index(max(seen[:5])) + 1]) + seen[seen.index(max(seen[:5])) + 1 :]
    stopped = search("halving", refit=False, n_iter=100).fit(X, y, callback=lambda result: result.fun < -0.5)
    assert stopped.stopped_by_ == "callback"


def test_several_metrics():
    given = {"search_spaces": {"lr": (1e-4, 1e-1, "log-uniform")}, "scoring": ["accuracy", "neg_log_loss"]}
    found = search("halving", NetClassifier(max_epochs=9), **given, refit="accuracy", n_iter=8).fit(X, y)
    assert np.isfinite(found.cv_results_["mean_test_neg_log_loss"][found.best_index_])


@pytest.mark.filterwarnings("ignore::sktune.model_selection.WeakSurrogateWarning")  # most candidates lie at the optimum
@pytest.mark.parametrize("seed", range(3))
def test_importance_of_a_pruned_search(seed):
    space = {"quality": (0.0, 1.0), "speed": (0.1, 1.0)}
    found = search("freeze-thaw", Curve(), search_spaces=space, refit=False, random_state=seed).fit(X, y)
    table = parameter_importance(found, random_state=0)
    assert table.names[0] == "quality"
    assert table.total[0] > 0.7


@pytest.mark.parametrize("pruning", ["asha", 3, True, {}])
def test_the_rule_is_checked(pruning):
    with pytest.raises(ValueError, match="The 'pruning' parameter of BayesSearchCV must be"):
        search(pruning).fit(X, y)


@pytest.mark.parametrize("rule", [SuccessiveHalving, FreezeThaw])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"reduction_factor": 1}, "reduction_factor must be a number above 1 and below 1e9, got 1"),
        ({"reduction_factor": "3"}, "reduction_factor must be a number above 1 and below 1e9, got '3'"),
        ({"n_rungs": 0}, "n_rungs must be an int of at least 1, got 0"),
        ({"n_first_splits": 1.5}, "n_first_splits must be an int of at least 1, got 1.5"),
    ],
)
def test_parameters_of_rules_are_checked(rule, params, message):
    with pytest.raises(ValueError, match=message):
        rule(**params)


@pytest.mark.parametrize("value", [0, 0.5, -1, "a", None, math.nan])
def test_the_probability_is_checked(value):
    with pytest.raises(ValueError, match="min_probability must be a number above 0"):
        FreezeThaw(min_probability=value)


def test_a_search_with_a_rule_can_be_cloned():
    assert clone(search(FreezeThaw(n_rungs=2))).pruning == FreezeThaw(n_rungs=2)


# -- the rules ----------------------------------------------------------------------------------------------------

SCORES = st.lists(st.one_of(st.integers(-5, 5), st.just(math.nan)), max_size=20)


@given(scores=SCORES, factor=st.sampled_from([1.5, 2, 3, 4]), data=st.data())
def test_promotions_are_the_best_that_are_still_there(scores, factor, data):
    scores = {number: float(score) for number, score in enumerate(scores)}
    gone = set(data.draw(st.lists(st.sampled_from(range(20)))))
    chosen = promotions(scores, gone, factor)
    alive = sorted(((-s, n) for n, s in scores.items() if not math.isnan(s)))
    best = [number for _, number in alive][: int(len(scores) // factor)]
    assert chosen == [number for number in best if number not in gone]


def test_asynchronous_halving_on_a_replayed_list():
    scores, promoted, history = {}, [], []
    for number, score in enumerate([5.0, 3.0, 4.0, 6.0, 7.0, 1.0, 8.0, 2.0, 9.0]):
        scores[number] = score
        promoted += (new := promotions(scores, promoted, 3))
        history.append(new)
    assert history == [[], [], [0], [3], [4], [], [6], [], [8]]


def test_the_greatest_improvement_for_the_cost_goes_first():
    # new; paused and dear; paused and cheap, but the next rung tells little; the best; hopeless
    candidates = {
        "mean": np.array([0.0, 0.0, 0.0, 1.0, -9.0]),
        "deviation": np.array([1.0, 1.0, 1.0, 0.1, 0.1]),
        "change": np.array([0.9, 0.9, 0.3, 0.05, 0.1]),
        "cost": np.array([0.1, 0.5, 0.1, 0.5, 0.1]),
        "is_new": np.array([True, False, False, False, False]),
    }

    def order(best, n_points=9, margin=0.0, without=0):
        some = {name: values[without:] for name, values in candidates.items()}
        return next_to_train(**some, best=best, n_points=n_points, margin=margin, min_probability=0.05)

    assert order(0.5) == [0, 1, 3, 2]
    assert order(0.5, n_points=2) == [0, 1]
    assert order(5.0) == [0]  # what was not begun is not left
    assert order(5.0, without=1) == []
    assert order(0.5, without=3, margin=1.5) == []


def test_a_probability_counts_with_the_surrogate_half_as_sure():
    given = {"change": np.ones(1), "cost": np.ones(1), "is_new": np.zeros(1, bool), "n_points": 1, "margin": 0.0}
    for deviations, chosen in ((3.2, [0]), (3.4, [])):  # the normal distribution has 5 % below -1.645
        mean = np.array([-deviations])
        assert next_to_train(mean, np.ones(1), best=0.0, min_probability=0.05, **given) == chosen


@given(
    mean=st.floats(-3, 3),
    deviation=st.floats(0.1, 2),
    share=st.floats(0.1, 1),
    best=st.floats(-1, 1),
    margin=st.floats(0, 1),
)
def test_who_goes_on_after_a_step_is_who_is_chosen_after_it(mean, deviation, share, best, margin):
    beaten = {"best": best, "margin": margin, "min_probability": 0.05}
    change, n = share * deviation, 20_000
    after = mean + change * ndtri((np.arange(n) + 0.5) / n)  # what may be expected after the step
    rest = np.full(n, math.sqrt(max(deviation**2 - change**2, 0.0)))
    chosen = next_to_train(after, rest, np.ones(n), np.ones(n), np.zeros(n, bool), n_points=n, **beaten)
    given = np.array([mean]), np.array([deviation]), np.array([change])
    assert probability_to_go_on(*given, **beaten)[0] == pytest.approx(len(chosen) / n, abs=1e-3)
