"""The unit and the origin of scores are free, and so is what a split adds to the scores of all candidates.

Scores are multiples of 2**-20, units are powers of two and shifts are multiples of these: no float is rounded, so that
whole searches must take the very same course.
"""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replayed_curves import Curve

from sktune import BayesSearchCV, HyperbandSearchCV, PopulationSearchCV, ZoomSearchCV
from sktune.model_selection._learning_curves import reliability_by_looks
from sktune.model_selection._results import rank_failures_last

N_SPLITS = 4
X = np.repeat(np.arange(float(N_SPLITS)), 4)[:, None]
y = np.tile([0, 1], 2 * N_SPLITS)
CV = [(np.flatnonzero(X[:, 0] != split), np.flatnonzero(X[:, 0] == split)) for split in range(N_SPLITS)]
SPACE = {"quality": (0.0, 1.0), "speed": (0.05, 1.0)}
DESIGN = {"optimizer_kwargs": {"n_initial_points": 12}}
SEARCHES = {
    "bayes": lambda **given: BayesSearchCV(Curve(), SPACE, n_iter=9, n_points=2, **given),
    "freeze-thaw": lambda **given: BayesSearchCV(Curve(), SPACE, n_iter=10, n_points=4, pruning="freeze-thaw", **given),
    "freeze-thaw of a design": lambda **given: SEARCHES["freeze-thaw"](**DESIGN, **given),
    "halving of a design": lambda **given: BayesSearchCV(
        Curve(), SPACE, n_iter=12, n_points=3, pruning="halving", **DESIGN, **given
    ),
    "hyperband": lambda **given: HyperbandSearchCV(Curve(), SPACE, **given),
    "zoom": lambda **given: ZoomSearchCV(Curve(), SPACE, n_candidates=9, n_rounds=3, **given),
    "population": lambda **given: PopulationSearchCV(Curve(), SPACE, population_size=6, n_generations=3, **given),
}
#: searches whose extrapolated scores are rounded: their proposals may differ in the last digit
ROUNDED = {"freeze-thaw"}


class Scorer:
    """The scores of curves in some unit, with an origin for each split; some fail."""

    def __init__(self, unit=1.0, origins=(0.0,) * N_SPLITS):
        self.unit = unit
        self.origins = origins

    def __call__(self, estimator, X, y):
        chance = math.sin(1e4 * estimator.quality + X[0, 0])  # of this candidate on this split
        if chance > 0.5 and X[0, 0] == 0:
            return math.nan
        score = round((estimator.score(X, y) + chance / 64) * 2**20) / 2**20
        return self.unit * (score + self.origins[int(X[0, 0])])


@cache
def course(name, unit=1.0, origins=(0.0,) * N_SPLITS):
    """Return all that a search does and finds, but for the scores."""
    Curve.trained.clear()
    search = SEARCHES[name](cv=CV, scoring=Scorer(unit, origins), refit=False, random_state=3)
    search.set_params(estimator=Curve(max_epochs=9)).fit(X, y)
    results = search.cv_results_
    return {
        "trained": list(Curve.trained),
        "params": results["params"],
        "status": results["status"].tolist(),
        "ranks": results["rank_test_score"].tolist(),
        "best": search.best_index_,
    }


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.parametrize("exponent", [-200, 60, 200])
@pytest.mark.parametrize("name", SEARCHES)
def test_the_unit_of_scores_changes_nothing(name, exponent):
    expected = course(name)
    assert {"ok", "failed"} <= set(expected["status"])
    assert course(name, 2.0**exponent) == expected


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.parametrize("origin", [-3.0, 1024.0, -(2.0**20)])
@pytest.mark.parametrize("name", sorted(set(SEARCHES) - ROUNDED))
def test_the_origin_of_scores_changes_nothing(name, origin):
    assert course(name, 1.0, (origin,) * N_SPLITS) == course(name)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.parametrize("origins", [(-0.125, 0.5, 0.25, -0.25), (8.0, -2.0, 0.0, 1.0)])
@pytest.mark.parametrize("name", sorted(set(SEARCHES) - ROUNDED))
def test_what_a_split_adds_to_the_scores_of_all_candidates_changes_nothing(name, origins):
    assert course(name, 1.0, origins) == course(name)


@given(st.lists(st.floats(allow_infinity=False, allow_nan=True), min_size=1, max_size=8), st.data())
@settings(deadline=None, max_examples=100)
def test_whatever_the_scores_those_that_are_not_ok_rank_behind(scores, data):
    n = len(scores)
    status = np.array(data.draw(st.lists(st.sampled_from(["ok", "pruned", "failed"]), min_size=n, max_size=n)), object)
    results = {"status": status, "mean_test_score": np.array(scores)}
    rank_failures_last(results)
    ranks, good = results["rank_test_score"], (status == "ok") & ~np.isnan(scores)
    assert ranks.dtype == np.int32
    assert (ranks[~good] == good.sum() + 1).all()
    for index in np.flatnonzero(good):
        assert ranks[index] == 1 + sum(np.greater(other, scores[index]) for other in np.array(scores)[good])


@given(st.integers(0, 2**32 - 1), st.integers(-300, 300))
@settings(deadline=None, max_examples=100)
def test_how_much_of_the_rises_is_noise_does_not_depend_on_their_unit(seed, exponent):
    rng = np.random.default_rng(seed)
    earlier = rng.standard_normal(8)
    rises = 0.5 * earlier + rng.standard_normal(8)
    unit = 2.0**exponent
    assert reliability_by_looks(unit * earlier, unit * rises) == reliability_by_looks(earlier, rises)
