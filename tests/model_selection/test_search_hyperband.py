"""HyperbandSearchCV runs the brackets of the paper, and trains nothing twice."""

import numpy as np
import pytest
from paced_toys import Replay, X, epochs_of, trained, y
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from stepwise import StepwiseSGDClassifier

from sktune import HyperbandSearchCV
from sktune.space import Integer

CV = KFold(5)
SPACE = {"speed": (0.01, 1.0, "log-uniform"), "height": (0.0, 1.0)}


def plain_hyperband(params, brackets):
    """Successive halving on known curves, written as the paper says it: the epochs that each candidate gets."""
    n_epochs, params = [], list(params)
    for bracket in brackets:
        alive = [len(n_epochs) + i for i in range(bracket[0][0])]
        n_epochs += [0] * len(alive)
        for n, epochs in bracket:
            alive = sorted(alive, key=lambda c: -Replay(**params[c]).value(n_epochs[c]))[:n]
            for c in alive:
                n_epochs[c] = epochs
    return n_epochs


@pytest.mark.parametrize(("sampler", "n_first_splits"), [("random", 5), ("random", None), ("bayes", 1)])
def test_replayed_curves_give_what_a_plain_loop_gives(sampler, n_first_splits):
    search = HyperbandSearchCV(Replay(max_iter=27), SPACE, sampler=sampler, n_first_splits=n_first_splits)
    search.set_params(cv=CV, n_rounds=2, refit=False, random_state=0).fit(X, y)
    results = search.cv_results_
    assert search.brackets_ == [
        [(27, 1), (9, 3), (3, 9), (1, 27)],
        [(9, 3), (3, 9), (1, 27)],
        [(6, 9), (2, 27)],
        [(4, 27)],
    ]
    expected = plain_hyperband(results["params"], 2 * search.brackets_)
    assert epochs_of(search, split=0) == expected
    assert epochs_of(search, split=4) == (expected if n_first_splits == 5 else [e if e == 27 else 0 for e in expected])
    assert [status == "ok" for status in results["status"]] == [epochs == 27 for epochs in expected]
    assert set(results["stopped_by"][results["status"] == "pruned"]) == {"hyperband"}
    assert search.stopped_by_ is None
    ok = results["status"] == "ok"
    assert search.best_score_ == results["mean_test_score"][ok].max()
    assert np.isnan(results["mean_test_score"][~ok]).all() == (n_first_splits != 5)


def test_no_epoch_is_trained_twice():
    trained.clear()
    search = HyperbandSearchCV(Replay(max_iter=27), SPACE, cv=CV, refit=False, sampler="random").fit(X, y)
    assert sum(trained.values()) == sum(sum(epochs_of(search, split)) for split in range(5))
    assert max(trained.values()) == 1  # (candidate, rows, epoch)


def test_the_optimizer_does_better_than_chance():
    def best(sampler, seed):
        search = HyperbandSearchCV(Replay(max_iter=9), SPACE, sampler=sampler, n_rounds=2, cv=2, refit=False)
        return search.set_params(random_state=seed).fit(X, y).best_score_

    assert np.mean([best("bayes", seed) > best("random", seed) for seed in range(3)]) == 1


def test_min_epochs_and_the_reduction_factor_shape_the_brackets():
    search = HyperbandSearchCV(Replay(max_iter=16), SPACE, reduction_factor=2, min_epochs=4, sampler="random", cv=2)
    search.fit(X, y)
    assert search.brackets_ == [[(4, 4), (2, 8), (1, 16)], [(2, 8), (1, 16)], [(3, 16)]]
    with pytest.raises(ValueError, match="min_epochs=17 is more than the 16 epochs of a whole training"):
        search.set_params(min_epochs=17).fit(X, y)


@pytest.mark.parametrize("sampler", ["random", "bayes"])
def test_a_small_space_is_spread_over_the_brackets(sampler):
    space = {"height": [k / 8 for k in range(8)]}
    search = HyperbandSearchCV(Replay(max_iter=9), space, sampler=sampler, cv=2, random_state=0).fit(X, y)
    assert search.brackets_ == [[(9, 1), (3, 3), (1, 9)], [(3, 3), (1, 9)], [(3, 9)]]
    assert sorted(search.cv_results_["param_height"]) == space["height"]
    assert sorted(epochs_of(search, 0)[:5]) == [1, 1, 3, 3, 9]
    assert epochs_of(search, 0)[5:] == [9, 9, 9]  # one in the second bracket, two in the third


def test_shares_of_epochs_that_are_searched():
    space = {**SPACE, "max_iter": Integer(9, 90)}
    search = HyperbandSearchCV(Replay(max_iter=9), space, sampler="random", cv=2, random_state=0).fit(X, y)
    shares = epochs_of(search, 0) / search.cv_results_["param_max_iter"].astype(float)
    assert all(np.abs(shares[:, None] - [1 / 9, 1 / 3, 1]).min(axis=1) < 0.06)
    assert (shares == 1).sum() == 5  # 1, 1 and 3 from the brackets
    best = search.best_estimator_
    assert best.n_epochs_ == search.best_params_["max_iter"]


@pytest.mark.parametrize("seed", range(3))
def test_what_needs_time_is_found_by_the_patient_brackets(seed):
    """The curves cross: what is best after one epoch is worst in the end."""
    crossing = Replay(height=0.7, crossing=True, max_iter=81)
    search = HyperbandSearchCV(crossing, {"speed": SPACE["speed"]}, cv=2, sampler="random", random_state=seed).fit(X, y)
    full = [index for index, status in enumerate(search.cv_results_["status"]) if status == "ok"]
    assert search.cv_results_["param_speed"][full[0]] > 0.5  # that of the first bracket
    assert search.best_index_ > 81
    assert 0.03 < search.best_params_["speed"] < 0.15


def test_estimators_that_cannot_be_trained_in_pieces_are_refused():
    with pytest.raises(ValueError, match="SVC cannot be trained in pieces: that takes fit_until"):
        HyperbandSearchCV(SVC(), {"C": (0.1, 1.0)}).fit(X, y)


def test_an_estimator_of_scikit_learn():
    pipeline = make_pipeline(StandardScaler(), StepwiseSGDClassifier(max_iter=9))
    space = {"stepwisesgdclassifier__alpha": (1e-5, 1e-1, "log-uniform")}
    X, y = load_iris(return_X_y=True)
    search = HyperbandSearchCV(pipeline, space, cv=3, random_state=0).fit(X, y)
    again = clone(search).fit(X, y)
    assert again.cv_results_["params"] == search.cv_results_["params"]
    assert np.array_equal(again.best_estimator_[-1].coef_, search.best_estimator_[-1].coef_)
