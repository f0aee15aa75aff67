"""What is known before a search helps it, and is not evaluated again."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from sktune import BayesSearchCV, Categorical, HyperbandSearchCV, NetClassifier
from sktune._utils.random import derive_seed
from sktune.model_selection._proposals import Observation, propose
from sktune.optimize import Optimizer
from sktune.space import Space
from sktune.store import load_results

X, y = load_iris(return_X_y=True)
SPACE = {"C": (1e-3, 1e3, "log-uniform"), "gamma": (1e-4, 1e1, "log-uniform")}


class Bowl(RegressorMixin, BaseEstimator):
    """Scores by its parameters alone: best at u = v = 0.3."""

    def __init__(self, u=0.0, v=0.0):
        self.u = u
        self.v = v

    def fit(self, X, y):
        return self

    def score(self, X, y):
        return -((self.u - 0.3) ** 2) - (self.v - 0.3) ** 2


BOWL = BayesSearchCV(Bowl(), {"u": (0.0, 1.0), "v": (0.0, 1.0)}, n_iter=4, cv=2, random_state=0)
KNOWN = [({"u": u, "v": v}, -((u - 0.3) ** 2) - (v - 0.3) ** 2) for u, v in np.random.default_rng(0).random((12, 2))]


def test_trials_by_hand_count():
    """The proposals are those of an optimizer that was told them."""
    search = clone(BOWL).set_params(initial_results=KNOWN).fit(X, y)
    optimizer = Optimizer(BOWL.search_spaces, random_state=_seed_of(search))
    optimizer.tell(*map(list, zip(*KNOWN, strict=True)))
    for params in search.cv_results_["params"]:
        assert optimizer.ask() == params
        optimizer.tell(params, Bowl(**params).score(X, y))
    assert search.best_score_ > clone(BOWL).fit(X, y).best_score_
    assert len(search.cv_results_["params"]) == 4


def _seed_of(search):
    return derive_seed(search.random_state, "optimizer", 0)


def test_a_search_begins_with_what_another_one_has_found(tmp_path):
    path = tmp_path / "search.db"
    first = BayesSearchCV(SVC(), SPACE, n_iter=8, cv=3, random_state=0, storage=path).fit(X, y)
    known = list(zip(first.cv_results_["params"], first.cv_results_["mean_test_score"], strict=True))
    second = BayesSearchCV(SVC(), SPACE, n_iter=3, cv=3, random_state=1)
    from_file = clone(second).set_params(initial_results=path).fit(X, y)
    by_hand = clone(second).set_params(initial_results=known).fit(X, y)
    assert from_file.cv_results_["params"] == by_hand.cv_results_["params"]
    assert from_file.cv_results_["params"] != clone(second).fit(X, y).cv_results_["params"]


def test_only_what_can_be_compared_counts(tmp_path):
    path = tmp_path / "search.db"
    for search, data in (
        (BayesSearchCV(SVC(), SPACE, n_iter=2, cv=4, random_state=0), (X, y)),
        (BayesSearchCV(SVC(), SPACE, n_iter=2, cv=3, random_state=0), (X[:-1], y[:-1])),
        (BayesSearchCV(SVC(), SPACE, n_iter=2, cv=3, random_state=0, scoring="f1_macro"), (X, y)),
        (BayesSearchCV(SVC(), {"C": (2e3, 1e4), "gamma": SPACE["gamma"]}, n_iter=2, cv=3), (X, y)),
        (BayesSearchCV(SVC(), {"C": (0.1, 10.0)}, n_iter=2, cv=3), (X, y)),
    ):
        search.set_params(storage=path).fit(*data)
    second = BayesSearchCV(SVC(), SPACE, n_iter=3, cv=3, random_state=1)
    assert (
        clone(second).set_params(initial_results=path).fit(X, y).cv_results_["params"]
        == clone(second).fit(X, y).cv_results_["params"]
    )


def test_a_search_begun_again_sticks_to_what_was_known_then(tmp_path):
    path = tmp_path / "search.db"
    BayesSearchCV(SVC(), SPACE, n_iter=6, cv=3, random_state=0, storage=path).fit(X, y)
    second = BayesSearchCV(SVC(), SPACE, n_iter=3, cv=3, random_state=1, storage=path, initial_results=path)
    first_time = clone(second).fit(X, y)
    again = clone(second).fit(X, y)  # knows more now: its own results are in the file
    assert again.cv_results_["params"] == first_time.cv_results_["params"]
    assert len(load_results(path)["params"]) == 9


def test_several_spaces_and_failures():
    spaces = [{"kernel": Categorical(["linear"]), "C": (0.1, 10.0)}, {"kernel": Categorical(["rbf"]), **SPACE}]
    known = [({"kernel": "linear", "C": 1.0}, 0.9), ({"kernel": "rbf", "C": 1.0, "gamma": 0.1}, np.nan)]
    search = BayesSearchCV(SVC(), spaces, n_iter=2, cv=2, random_state=0, initial_results=known).fit(X, y)
    assert {"kernel": "linear", "C": 1.0} not in search.cv_results_["params"]
    assert len(search.cv_results_["params"]) == 4


@pytest.mark.parametrize("pruning", ["freeze-thaw", "halving"])
def test_with_pruning_too(pruning):
    space = {"lr": (1e-5, 1e-1, "log-uniform")}
    known = [({"lr": lr}, score) for lr, score in ((1e-4, 0.3), (1e-3, 0.5), (1e-2, 0.9), (3e-2, 0.95), (1e-1, 0.7))]
    search = BayesSearchCV(NetClassifier(max_epochs=6, n_neurons=8), space, n_iter=12, cv=2, random_state=0)
    found, ignorant = (
        clone(search).set_params(pruning=pruning, initial_results=results).fit(X, y) for results in (known, None)
    )
    far = [np.abs(np.log10(s.cv_results_["param_lr"].astype(float)) + 1.5).mean() for s in (found, ignorant)]
    assert far[0] < far[1]  # looks where it was promising


LR = {"lr": (1e-5, 1e-1, "log-uniform")}
RATES = [({"lr": lr}, score) for lr, score in ((1e-4, 0.3), (1e-3, 0.5), (1e-2, 0.9), (3e-2, 0.95), (1e-1, 0.7))]
HYPERBAND = HyperbandSearchCV(NetClassifier(max_epochs=9, n_neurons=8), LR, cv=2, refit=False, random_state=0)


@pytest.mark.parametrize("first", [[], [{"lr": 2e-5}, {"lr": 5e-2}]], ids=len)
def test_the_first_bracket_of_hyperband_is_proposed_by_what_is_known(first):
    """A third of it is from anywhere; settings to begin with count among these."""
    search = clone(HYPERBAND).set_params(initial_results=RATES, initial_params=first).fit(X, y)
    seed = derive_seed(0, "bracket", 0)
    known = [Observation(params, score, 1.0) for params, score in RATES]
    anywhere = propose("sobol", space_of(search), 3, known, seed=seed)
    expected = propose("bayes", space_of(search), 9, known, seed=seed, share=1 / 9, first=first + anywhere)
    assert search.cv_results_["params"][:9] == expected
    assert (
        search.cv_results_["params"][:9]
        != clone(search).set_params(initial_results=None).fit(X, y).cv_results_["params"][:9]
    )


def space_of(search):
    return Space(search.search_spaces)


def test_chance_does_not_draw_again_what_is_known():
    space = {"lr": [1e-4, 1e-3, 1e-2, 3e-2, 1e-1]}
    search = clone(HYPERBAND).set_params(search_spaces=space, sampler="random", initial_results=RATES[:2]).fit(X, y)
    assert sorted(params["lr"] for params in search.cv_results_["params"]) == [1e-2, 3e-2, 1e-1]


def test_hyperband_reads_what_another_search_has_found(tmp_path):
    """Only its whole trainings: those of the other's dropped candidates are no results."""
    path = tmp_path / "search.db"
    first = clone(HYPERBAND).set_params(storage=path, random_state=1).fit(X, y)
    results = first.cv_results_
    known = [
        (params, score)
        for params, score, status in zip(results["params"], results["mean_test_score"], results["status"], strict=True)
        if status == "ok"
    ]
    assert 0 < len(known) < len(results["params"])
    from_file = clone(HYPERBAND).set_params(initial_results=path).fit(X, y)
    by_hand = clone(HYPERBAND).set_params(initial_results=known).fit(X, y)
    assert from_file.cv_results_["params"] == by_hand.cv_results_["params"]
    again = clone(HYPERBAND).set_params(initial_results=path, storage=path)
    assert again.fit(X, y).cv_results_["params"] == clone(again).fit(X, y).cv_results_["params"]
