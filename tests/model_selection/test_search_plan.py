"""`plan` tells beforehand what a search then does."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktune import BayesSearchCV, HyperbandSearchCV, NetClassifier, PopulationSearchCV, ZoomSearchCV

X, y = load_iris(return_X_y=True)
NET = make_pipeline(StandardScaler(), NetClassifier(max_epochs=9, n_neurons=4))
SPACE = {"netclassifier__lr": (1e-4, 1e-1, "log-uniform"), "netclassifier__dropout": (0.0, 0.5)}


def trained(search):
    """Candidates, fits and epochs of a search that has ended."""
    results = search.cv_results_
    ran = np.isfinite([results[f"split{k}_test_score"] for k in range(search.n_splits_)])
    inherited = results.get("n_inherited_epochs", 0)
    n_epochs = np.sum(ran.sum(axis=0) * (results["n_epochs"] - inherited))
    return len(results["params"]), ran.sum(), n_epochs


@pytest.mark.parametrize(
    "search",
    [
        BayesSearchCV(NET, SPACE, n_iter=6),
        BayesSearchCV(NET, [({"netclassifier__lr": [0.1, 0.01]}, 5), (SPACE, 2)], n_points=3),
        HyperbandSearchCV(NET, SPACE),
        ZoomSearchCV(NET, SPACE, n_candidates=6),
    ],
)
def test_the_plan_is_what_is_done(search):
    search.set_params(random_state=0, cv=3, refit=False)
    plan = search.plan(X, y, probe=False)
    assert not hasattr(search, "cv_results_")
    assert not plan.is_typical
    assert plan.seconds is None
    assert trained(search.fit(X, y)) == (plan.n_candidates, plan.n_fits, plan.n_epochs)


def test_a_population_trains_as_many_epochs_as_planned():
    search = PopulationSearchCV(NET, SPACE, population_size=5, n_generations=3, random_state=0, cv=3, refit=False)
    plan = search.plan(X, y, probe=False)
    assert plan.n_epochs == 5 * 3 * 9


def test_what_the_scores_decide_is_called_typical():
    search = BayesSearchCV(NET, SPACE, n_iter=12, pruning="halving", random_state=0, cv=3)
    plan = search.plan(X, y, probe=False)
    assert plan.is_typical
    assert plan.n_candidates == 12
    assert 12 < plan.n_epochs < 12 * 3 * 9
    assert "typical" in str(plan)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_expected_time(n_jobs):
    plan = BayesSearchCV(NET, SPACE, n_iter=4, random_state=0, n_jobs=n_jobs).plan(X, y)
    assert 0 < plan.seconds < 60
    lines = [line.split() for line in str(plan).splitlines()]
    assert lines[1:5] == [["candidates", "4"], ["splits", "5"], ["fits", "20"], ["epochs", "180"]]
    assert lines[5][:2] == ["expected", "time"]


def test_estimators_without_epochs():
    plan = BayesSearchCV(SVC(), {"C": (0.1, 10.0)}, n_iter=3, scoring=["accuracy", "f1_macro"], refit="accuracy").plan(
        X, y
    )
    assert (plan.n_candidates, plan.n_fits, plan.n_epochs) == (3, 15, None)
    assert plan.seconds > 0


def test_trees_count_as_epochs():
    search = BayesSearchCV(GradientBoostingClassifier(n_estimators=7), {"learning_rate": (0.01, 1.0)}, n_iter=2)
    assert search.plan(X, y, probe=False).n_epochs == 2 * 5 * 7


@pytest.mark.parametrize("pruning", [None, "halving"])
def test_epochs_of_what_stops_by_itself_are_those_of_its_fits(pruning):
    space = {"alpha": [1e-4], "penalty": ["l2"]}  # one candidate, which is the probe as well
    search = BayesSearchCV(SGDClassifier(random_state=0), space, n_iter=1, cv=2, pruning=pruning, random_state=0)
    plan = search.plan(X, y)
    assert plan.n_epochs == 2 * search.fit(X, y).cv_results_["n_epochs"][0] < 2 * 200


def test_what_is_wrong_is_known_beforehand():
    with pytest.raises(ValueError, match="has no parameter 'Cc'"):
        BayesSearchCV(SVC(), {"Cc": (0.1, 10.0)}).plan(X, y)
