"""ZoomSearchCV goes from wide and short to narrow and long, and never loses its best."""

import numpy as np
import pytest
from paced_toys import Replay, X, epochs_of, trained, y
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import KFold
from sklearn.svm import SVC

from sktune import Real, ZoomSearchCV
from sktune.space import Integer

SAMPLERS = ["sobol", "random", "bayes"]
CV = KFold(5)
SPACE = {"speed": (0.01, 1.0, "log-uniform"), "height": (0.0, 1.0)}


def zoom(space=SPACE, **options):
    options = {"cv": CV, "random_state": 0, "refit": False, **options}
    return ZoomSearchCV(Replay(max_iter=27), space, **options).fit(X, y)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_rounds_by_hand(sampler):
    search = zoom(sampler=sampler, n_candidates=[9, 4, 2], n_carried=2)
    results = search.cv_results_
    values = [Replay(**params) for params in results["params"]]
    first = sorted(range(9), key=lambda i: -values[i].value(3))
    second = sorted([*first[:2], 9, 10, 11, 12], key=lambda i: -values[i].value(9))
    last = {*second[:2], 13, 14}
    expected = [27 if i in last else 9 if i in second else 3 for i in range(15)]
    assert epochs_of(search, split=0) == expected
    assert epochs_of(search, split=4) == [epochs if epochs == 27 else 0 for epochs in expected]
    assert {i for i, status in enumerate(results["status"]) if status == "ok"} == last
    assert set(results["stopped_by"][results["status"] == "pruned"]) == {"zoom"}
    whole, part, core = search.spaces_
    assert part == whole.zoomed(results["params"][first[0]], 0.5)
    assert core == whole.zoomed(results["params"][second[0]], 0.25)
    assert all(params in part for params in results["params"][9:13])
    assert all(params in core for params in results["params"][13:])
    assert search.best_index_ == max(last, key=lambda i: values[i].value(27))


def test_no_epoch_is_trained_twice():
    trained.clear()
    search = zoom()
    assert sum(trained.values()) == sum(sum(epochs_of(search, split)) for split in range(5))
    assert max(trained.values()) == 1  # (candidate, rows, epoch)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_it_comes_closer_than_trainings_at_random_of_the_same_cost(sampler):
    def error(seed, **options):
        search = zoom(random_state=seed, n_first_splits=2, cv=2, **options)
        trainings.append(search.cv_results_["n_epochs"].sum() / 27)
        return abs(search.best_params_["height"] - 0.7)

    space = {"height": (0.0, 1.0), "speed": (0.2, 1.0)}
    trainings = []
    zoomed = [error(seed, space=space, sampler=sampler) for seed in range(6)]
    n_random = int(np.ceil(max(trainings)))
    at_random = [error(seed, space=space, sampler="random", n_rounds=1, n_candidates=n_random) for seed in range(6)]
    assert np.mean(zoomed) < np.mean(at_random) / 2


def test_choices_conditions_and_integers_are_zoomed_as_the_space_does_it():
    space = {
        "crossing": [True, False],
        "height": Real(0.0, 1.0, when={"crossing": False}),
        "max_iter": Integer(9, 90),
    }
    search = zoom(space, n_candidates=8)
    assert search.best_params_["crossing"] is False
    narrow = dict(zip(search.spaces_[-1].names, search.spaces_[-1].dimensions, strict=True))
    assert narrow["crossing"].categories == (True, False)
    assert narrow["height"].bounds[1] - narrow["height"].bounds[0] == pytest.approx(0.25)
    assert narrow["max_iter"].bounds[1] - narrow["max_iter"].bounds[0] <= 0.25 * 81 + 1


def test_a_grid_becomes_finer_around_its_best():
    search = zoom({"height": (0.0, 1.0), "speed": (0.2, 1.0)}, sampler="grid", n_candidates=[9, 9, 9])
    heights, speeds = (search.cv_results_[f"param_{name}"].astype(float) for name in ("height", "speed"))
    assert sorted(zip(heights[:9], speeds[:9], strict=True)) == [(h, s) for h in (0, 0.5, 1) for s in (0.2, 0.6, 1)]
    assert sorted(set(heights[9:16])) == [0.25, 0.5, 0.75]  # without the two of these that are known
    assert sorted(set(heights[16:])) == [0.625, 0.75, 0.875]
    assert search.best_params_["height"] == pytest.approx(0.75)


@pytest.mark.parametrize("sampler", [*SAMPLERS, "grid"])
def test_a_small_space_ends_with_fewer_candidates(sampler):
    search = zoom({"height": [0.1, 0.5, 0.7]}, sampler=sampler)
    assert sorted(search.cv_results_["param_height"]) == [0.1, 0.5, 0.7]
    assert search.best_params_ == {"height": 0.7}
    assert list(search.cv_results_["status"]) == ["ok"] * 3


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_after_a_round_of_failures_the_next_one_has_the_whole_space(sampler):
    class Starting(Replay):
        def partial_fit(self, X, y=None):
            calls.append(self.height)
            if len(calls) <= 4 * 2:  # those of the first round
                raise RuntimeError("not yet")
            return super().partial_fit(X, y)

    calls = []
    search = ZoomSearchCV(Starting(max_iter=27), SPACE, n_candidates=[4, 4, 4], sampler=sampler, cv=2, random_state=0)
    with pytest.warns(FitFailedWarning, match="not yet"):
        search.set_params(refit=False, n_first_splits=2).fit(X, y)
    assert set(search.cv_results_["status"][:4]) == {"failed"}
    assert search.spaces_[1] == search.spaces_[0]
    assert search.spaces_[2] != search.spaces_[0]


def test_bad_numbers_and_estimators_are_explained():
    with pytest.raises(ValueError, match="n_candidates must be an int or one positive int for each of n_rounds=3"):
        zoom(n_candidates=[3, 2])
    with pytest.raises(ValueError, match="SVC cannot be trained in pieces"):
        ZoomSearchCV(SVC(), {"C": (0.1, 1.0)}).fit(X, y)


def test_boosting_by_warm_start():
    X, y = load_iris(return_X_y=True)
    space = {"learning_rate": (1e-3, 1.0, "log-uniform"), "max_depth": (1, 3)}
    booster = GradientBoostingClassifier(n_estimators=18, random_state=0)
    search = ZoomSearchCV(booster, space, n_candidates=6, n_carried=2, cv=3, random_state=0).fit(X, y)
    assert search.score(X, y) > 0.95
    assert sorted(set(search.cv_results_["n_epochs"])) == [2, 6, 18]
    assert len(search.best_estimator_.estimators_) == 18
