"""What `load_results` says of a search is what its ``cv_results_`` says, and of an unfinished one what is known."""

import numpy as np
import pytest
from interruptions import Cut, end_after
from sklearn.base import BaseEstimator, clone

from sktune import BayesSearchCV, HyperbandSearchCV, PopulationSearchCV, ZoomSearchCV
from sktune.model_selection import SearchInterruptedWarning
from sktune.store import load_results

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
X, y = np.arange(30.0).reshape(-1, 1), np.arange(30) % 2


class Toy(BaseEstimator):
    """Its score rises with the epochs, differently on each split; some of its candidates fail at some epoch."""

    def __init__(self, height=0.5, fails_at=0, max_iter=9):
        self.height = height
        self.fails_at = fails_at
        self.max_iter = max_iter

    def fit(self, X, y=None):
        vars(self).pop("n_iter_", None)
        return self.fit_until(X, y, self.max_iter)

    def fit_until(self, X, y, n_epochs):
        self.level_ = float(X.mean())
        while getattr(self, "n_iter_", 0) < n_epochs:
            self.n_iter_ = getattr(self, "n_iter_", 0) + 1
            if self.n_iter_ == self.fails_at:
                raise RuntimeError("no more")
        return self

    def score(self, X, y=None):
        return self.height + 0.1 * np.sin(self.level_) - 0.9**self.n_iter_


def height(estimator, X, y):
    return estimator.height


def reached(estimator, X, y):
    return estimator.score(X)


SPACE = {"height": (0.0, 1.0), "fails_at": [0, 2, 7, 99]}
SETTINGS = {"cv": 3, "random_state": 0, "refit": False}
SEARCHES = {
    "bayes": BayesSearchCV(Toy(), SPACE, n_iter=8, **SETTINGS),
    "freeze-thaw": BayesSearchCV(Toy(), SPACE, n_iter=14, pruning="freeze-thaw", **SETTINGS),
    "halving": BayesSearchCV(Toy(), SPACE, n_iter=14, pruning="halving", **SETTINGS),
    "hyperband": HyperbandSearchCV(Toy(), SPACE, **SETTINGS),
    "zoom": ZoomSearchCV(Toy(), {"height": (0.0, 1.0)}, **SETTINGS),
    "population": PopulationSearchCV(Toy(), SPACE, population_size=8, n_generations=4, **SETTINGS),
    "ten splits": BayesSearchCV(Toy(), SPACE, n_iter=12, pruning="halving", **(SETTINGS | {"cv": 10})),
    "two metrics": HyperbandSearchCV(Toy(), SPACE, scoring={"z": reached, "a": height}, **SETTINGS),
    "a budget of epochs": BayesSearchCV(
        Toy(), SPACE, n_iter=14, pruning="halving", max_epochs_total=120, **SETTINGS
    ),
}  # fmt: skip


def stored(name, path, **settings):
    return clone(SEARCHES[name]).set_params(storage=path, **settings)


def assert_told(path, results):
    told = load_results(path)
    shared = [name for name in told if name in results]
    metrics = ["z", "a"] if "mean_test_z" in results else ["score"]
    assert {"params", "status", "stopped_by", "error", "n_epochs", "mean_fit_time"} <= set(shared)
    assert {f"{kind}_test_{metric}" for kind in ("mean", "std", "split0", "split2") for metric in metrics} <= set(
        shared
    )
    for name in shared:
        np.testing.assert_array_equal(told[name], np.ma.filled(results[name], None), err_msg=name)
    return told


@pytest.mark.parametrize("name", SEARCHES)
def test_the_rows_are_those_of_the_finished_search(name, tmp_path):
    results = stored(name, tmp_path / "store.db").fit(X, y).cv_results_
    told = assert_told(tmp_path / "store.db", results)
    if name not in ("bayes", "zoom"):
        assert "pruned" in told["status"]
    if name == "hyperband":  # dropped ones have been on fewer splits, and their means say nothing
        scores = np.array([told[f"split{split}_test_score"] for split in range(3)])
        assert (np.isnan(told["mean_test_score"]) == (told["n_splits"] < 3)).all()
        assert np.isfinite(scores[0][told["status"] == "pruned"]).all()


@pytest.mark.parametrize("name", ["bayes", "freeze-thaw", "hyperband", "population"])
def test_what_was_killed_is_unfinished_until_it_is_begun_again(name, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        end_after(patch, 7 if name == "bayes" else 11, Cut())
        with pytest.raises(Cut):
            stored(name, tmp_path / "store.db").fit(X, y)
    told = load_results(tmp_path / "store.db")
    unfinished = "running" if name == "bayes" else "paused"
    assert unfinished in told["status"]
    assert set(told["status"]) <= {"ok", "failed", "pruned", "paused", "running"}
    assert (told["n_splits"][told["status"] == "ok"] == 3).all()
    assert np.isnan(told["mean_test_score"][told["n_splits"] < 3]).all()
    assert_told(tmp_path / "store.db", stored(name, tmp_path / "store.db").fit(X, y).cv_results_)


@pytest.mark.parametrize("name", ["bayes", "freeze-thaw", "population"])
def test_what_was_interrupted_is_told_so_and_may_go_on(name, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        n_records = end_after(patch, 10_000, None)
        stored(name, None).fit(X, y)
    with monkeypatch.context() as patch:
        end_after(patch, 10_000 - n_records[0] - 2, KeyboardInterrupt())
        with pytest.warns(SearchInterruptedWarning):
            search = stored(name, tmp_path / "store.db").fit(X, y)
    told = assert_told(tmp_path / "store.db", search.cv_results_)
    assert "interrupted" in told["status"]
    assert_told(tmp_path / "store.db", stored(name, tmp_path / "store.db").fit(X, y).cv_results_)


def test_a_search_that_finds_all_in_the_rows_of_another_has_rows_of_its_own(tmp_path):
    """Both begin with the same candidates: their tasks have the same keys."""
    first = [{"height": 0.2, "fails_at": 0}, {"height": 0.7, "fails_at": 0}]
    path = tmp_path / "store.db"
    results = [
        stored(name, path, initial_params=first, n_iter=2).fit(X, y).cv_results_ for name in ("bayes", "ten splits")
    ]
    again = stored("bayes", path, initial_params=[*first, {"height": 0.9, "fails_at": 0}], n_iter=3).fit(X, y)
    told = load_results(path)
    assert len(told["params"]) == 2 + 2 + 3
    np.testing.assert_array_equal(told["mean_test_score"][-3:], again.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(told["mean_test_score"][:2], results[0]["mean_test_score"])


def test_copies_that_began_with_other_settings_are_no_results_of_their_settings(tmp_path):
    path = tmp_path / "store.db"
    results = stored("population", path).fit(X, y).cv_results_
    known = [
        (params, score)
        for params, score, status, parent in zip(
            results["params"], results["mean_test_score"], results["status"], results["parent"], strict=True
        )
        if status == "ok" and parent < 0
    ]
    assert (results["parent"][results["status"] == "ok"] >= 0).any()
    search = stored("bayes", None, random_state=1)
    by_hand = clone(search).set_params(initial_results=known or None).fit(X, y)
    from_file = clone(search).set_params(initial_results=path)
    if not known:
        with pytest.warns(match="a training that began with other settings"):
            from_file.fit(X, y)
    else:
        from_file.fit(X, y)
    assert from_file.cv_results_["params"] == by_hand.cv_results_["params"]
