"""What is known before a search helps it, and is not evaluated again."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.datasets import load_iris
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from sktune import BayesSearchCV, Categorical, HyperbandSearchCV, NetClassifier
from sktune._utils.random import derive_seed
from sktune.exceptions import UnusedResultsWarning
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
    with pytest.warns(
        UnusedResultsWarning, match="with 0 of 10 .* splits or scoring: 6; settings outside the space: 4"
    ):
        informed = clone(second).set_params(initial_results=path).fit(X, y)
    assert informed.cv_results_["params"] == clone(second).fit(X, y).cv_results_["params"]


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


def near(estimator, X, y):
    return -((estimator.u - 0.3) ** 2) - (estimator.v - 0.3) ** 2


def far(estimator, X, y):
    return (estimator.u - 0.3) ** 2 + (estimator.v - 0.3) ** 2


def both(estimator, X, y):
    return {"z": near(estimator, X, y), "a": far(estimator, X, y)}


def first_ok(results):
    return int(np.flatnonzero(results["status"] == "ok")[0])


@pytest.mark.parametrize(
    ("scoring", "refit", "leader"),
    [
        ({"z": near, "a": far}, False, "z"),
        ({"z": near, "a": far}, first_ok, "z"),
        ({"z": near, "a": far}, "a", "a"),
        (both, False, "z"),
        (both, first_ok, "z"),
        (both, "a", "a"),
    ],
)
def test_the_metric_that_leads_the_search_is_read(scoring, refit, leader, tmp_path):
    path = tmp_path / "search.db"
    first = clone(BOWL).set_params(scoring=scoring, refit=False, n_iter=8, storage=path).fit(X, y).cv_results_
    second = clone(BOWL).set_params(scoring=scoring, refit=refit, random_state=1)
    informed = clone(second).set_params(initial_results=path).fit(X, y).cv_results_["params"]
    for metric in ("z", "a"):
        known = list(zip(first["params"], first[f"mean_test_{metric}"], strict=True))
        by_hand = clone(second).set_params(initial_results=known).fit(X, y).cv_results_["params"]
        assert (informed == by_hand) == (metric == leader)


def test_a_metric_that_the_file_has_not_is_named(tmp_path):
    path = tmp_path / "search.db"
    clone(BOWL).set_params(scoring=both, refit=False, storage=path).fit(X, y)
    search = clone(BOWL).set_params(scoring=both, refit="r2", initial_results=path)
    with pytest.raises(ValueError, match=r"has no scores of 'r2', which leads the search, only of 'z', 'a'"):
        search.fit(X, y)


class Deep(Bowl):
    """One with settings besides."""

    def __init__(self, u=0.0, v=0.0, w=0.5, max_epochs=20, verbose=0, random_state=None):
        super().__init__(u, v)
        self.w = w
        self.max_epochs = max_epochs
        self.verbose = verbose
        self.random_state = random_state

    def __sklearn_is_fitted__(self):
        return True


class Deeper(Deep):
    pass


UV, UVW = {"u": (0.0, 1.0), "v": (0.0, 1.0)}, {"u": (0.0, 1.0), "v": (0.0, 1.0), "w": (0.0, 1.0)}


def piped(scaler, **params):
    return Pipeline([("scale", scaler), ("bowl", Deep(**params))])


PIPE = {"bowl__u": (0.0, 1.0), "bowl__v": (0.0, 1.0)}
OTHERS = {  # what was searched first, what is searched now, and why that does not count, or what is added to its params
    "another class": (Deep(), UV, Deeper(), UV, "another estimator: 6"),
    "other epochs": (Deep(), UV, Deep(max_epochs=200), UV, r"of what is not searched \(max_epochs\): 6"),
    "another value of what was searched": (Deep(), UVW, Deep(w=0.123), UV, r"of what is not searched \(w\): 6"),
    "another step": (piped(StandardScaler()), PIPE, piped(MinMaxScaler()), PIPE, r"not searched \(scale, .*: 6"),
    "another step's parameter": (
        piped(StandardScaler()), PIPE, piped(StandardScaler(with_std=False)), PIPE, r"\(scale__with_std\): 6",
    ),
    "a pipeline": (Deep(), UV, piped(StandardScaler()), PIPE, "another estimator: 6"),
    "a wider space": (Deep(), UV, Deep(w=0.9), UVW, {"w": 0.5}),
    "a wider space of epochs": (Deep(), UV, Deep(max_epochs=200), {**UV, "max_epochs": (10, 300)}, {"max_epochs": 20}),
    "a narrower space": (Deep(w=0.1), {**UV, "w": [0.5]}, Deep(w=0.5), UV, {}),
    "what decides nothing": (Deep(), UV, Deep(verbose=3, random_state=7), UV, {}),
    "a step that decides nothing": (
        piped(StandardScaler()), PIPE, piped(StandardScaler(), verbose=1, random_state=5), PIPE, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_results_of_other_estimators_do_not_count(case, tmp_path):
    former, space, estimator, own_space, expected = OTHERS[case]
    path = tmp_path / "search.db"
    settings = {"n_iter": 6, "cv": 2, "random_state": 0, "refit": False}
    first = BayesSearchCV(former, space, storage=path, **settings).fit(X, y).cv_results_
    search = BayesSearchCV(estimator, own_space, **(settings | {"random_state": 1, "n_iter": 3}))
    informed = clone(search).set_params(initial_results=path)
    if isinstance(expected, str):
        with pytest.warns(UnusedResultsWarning, match=f"with 0 of 6 candidates. Left out are .*{expected}"):
            informed.fit(X, y)
        search.fit(X, y)
    else:
        informed.fit(X, y)
        points = [{k: v for k, v in params.items() if k in own_space} | expected for params in first["params"]]
        search.set_params(initial_results=list(zip(points, first["mean_test_score"], strict=True))).fit(X, y)
    assert informed.cv_results_["params"] == search.cv_results_["params"]


def test_one_file_for_several_estimators_is_no_reason_to_warn(tmp_path):
    path = tmp_path / "search.db"
    for estimator in (Deep(), Deeper()):
        clone(BOWL).set_params(estimator=estimator, storage=path).fit(X, y)
    clone(BOWL).set_params(estimator=Deep(), initial_results=path).fit(X, y)
    search = clone(BOWL).set_params(estimator=Deep(max_epochs=9), random_state=1)
    clone(search).set_params(storage=path).fit(X, y)
    with pytest.warns(UnusedResultsWarning, match=r"with 4 of 12 .*\(max_epochs\): 4; another estimator: 4"):
        search.set_params(initial_results=path).fit(X, y)
