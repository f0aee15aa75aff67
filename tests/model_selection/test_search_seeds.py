"""One seed for a whole search: the same answer for any number of jobs, backend and batch; and nothing for None."""

import numpy as np
import pytest
import torch
from joblib import parallel_config
from list_search import ListSearchCV, Moody
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from sktune.model_selection._seeding import seeded_generators, set_random_states

X, y = make_classification(60, 5, random_state=0)
WAYS = [("loky", 1), ("loky", 2), ("threading", 2)]


class GlobalDice(BaseEstimator):
    """Scores what the global generators give."""

    def __init__(self, source="numpy", choice=0):
        self.source = source
        self.choice = choice

    def fit(self, X, y=None):
        self.draw_ = np.random.uniform() if self.source == "numpy" else torch.rand(1).item()  # noqa: NPY002
        return self

    def score(self, X, y=None):
        return self.draw_


def split_scores(search):
    return np.array([search.cv_results_[f"split{i}_test_score"] for i in range(search.n_splits_)])


def fitted(estimator, grid, backend="loky", n_jobs=1, **options):
    with parallel_config(backend):
        return ListSearchCV(estimator, grid, cv=3, n_jobs=n_jobs, **options).fit(X, y)


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(n_estimators=3),
        make_pipeline(PCA(), BaggingClassifier(DecisionTreeClassifier(), n_estimators=3)),
    ],
    ids=["forest", "pipeline"],
)
def test_unset_random_states_follow_the_seed_whatever_runs_the_tasks(estimator):
    prefix = "" if isinstance(estimator, RandomForestClassifier) else "baggingclassifier__"
    grid = {prefix + "n_estimators": [2, 3, 4]}
    searches = [fitted(estimator, grid, *way, random_state=0, batch_size=size) for way in WAYS for size in (None, 2)]
    for search in searches[1:]:
        assert_array_equal(split_scores(search), split_scores(searches[0]))
        assert_array_equal(search.predict_proba(X), searches[0].predict_proba(X))
    other = fitted(estimator, grid, random_state=1)
    assert (split_scores(other) != split_scores(searches[0])).any()


def test_every_task_has_a_seed_of_its_own():
    class Draws(Moody):
        def score(self, X, y):
            return self.draw_

    scores = split_scores(fitted(Draws(), {"quality": [1, 1, 1]}, random_state=0))
    assert len(np.unique(scores)) == 9


def test_a_random_state_of_the_user_stays():
    class Draws(Moody):
        def score(self, X, y):
            return self.draw_

    search = fitted(Draws(random_state=5), {"quality": [1, 2]}, random_state=0)
    assert len(np.unique(split_scores(search))) == 1
    assert search.best_estimator_.random_state == 5


def test_a_random_state_object_advances_as_in_scikit_learn():
    generator = np.random.RandomState(0)
    grid = {"n_estimators": [2, 3]}
    first, second = (fitted(RandomForestClassifier(), grid, random_state=generator) for _ in range(2))
    again = fitted(RandomForestClassifier(), grid, random_state=np.random.RandomState(0))
    assert (split_scores(first) != split_scores(second)).any()
    assert_array_equal(split_scores(first), split_scores(again))


@pytest.mark.parametrize("source", ["numpy", "torch"])
def test_global_generators_follow_the_seed_and_are_restored(source):
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    searches = [fitted(GlobalDice(source), {"choice": [1, 2]}, n_jobs=n_jobs, random_state=0) for n_jobs in (1, 2)]
    assert_array_equal(split_scores(searches[0]), split_scores(searches[1]))
    assert len(np.unique(split_scores(searches[0]))) == 6
    assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[1])


def test_threads_leave_the_global_generators_alone():
    """They share them: one task would reset the generator under another."""
    before = np.random.get_state()[2]  # noqa: NPY002
    fitted(GlobalDice(), {"choice": [1, 2]}, "threading", 2, random_state=0, refit=False)
    assert np.random.get_state()[2] != before  # noqa: NPY002


def test_without_a_random_state_nothing_is_seeded():
    search = fitted(RandomForestClassifier(n_estimators=2), {"max_depth": [1, 2]})
    assert search.best_estimator_.random_state is None
    assert (
        split_scores(fitted(GlobalDice(), {"choice": [1]})) != split_scores(fitted(GlobalDice(), {"choice": [1]}))
    ).all()


def test_set_random_states_depends_on_names_alone():
    short = set_random_states(make_pipeline(DecisionTreeClassifier()), 4)
    long = set_random_states(make_pipeline(PCA(), DecisionTreeClassifier()), 4)
    name = "decisiontreeclassifier__random_state"
    assert short.get_params()[name] == long.get_params()[name]
    assert long.get_params()["pca__random_state"] != long.get_params()[name]
    assert 0 <= long.get_params()[name] < 2**31


def test_generators_are_restored_after_an_error():
    before = torch.get_rng_state()

    @seeded_generators(1)
    def draw_and_fail():
        torch.rand(3)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        draw_and_fail()
    assert torch.equal(torch.get_rng_state(), before)


def test_the_search_leaves_the_users_estimator_alone():
    forest = RandomForestClassifier(n_estimators=2)
    fitted(forest, {"max_depth": [1]}, random_state=0)
    assert forest.get_params() == clone(forest).get_params()
    assert forest.random_state is None
