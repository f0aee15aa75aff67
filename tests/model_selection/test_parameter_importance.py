"""Importances from searches against shares that are known in closed form, and against what the estimators do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from replayed_curves import Curve
from scipy.stats import loguniform, qmc, randint, uniform
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits, load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV
from sklearn.svm import SVC

from sktune import HyperbandSearchCV, PopulationSearchCV, ZoomSearchCV
from sktune.inspection import ParameterImportance
from sktune.model_selection import BayesSearchCV, WeakSurrogateWarning, parameter_importance
from sktune.model_selection import _importance as implementation
from sktune.space import Categorical, Real, Space

X, y = load_iris(return_X_y=True)


def cube_of(n_dims):
    return {f"x{dim}": Real(0, 1) for dim in range(n_dims)}


def evaluated(function, n_points, n_dims, seed=0):
    """The ``cv_results_`` of a function on the unit cube."""
    U = qmc.Sobol(n_dims, seed=seed).random(2 ** int(np.ceil(np.log2(n_points))))[:n_points]
    return {
        "params": [dict(zip(cube_of(n_dims), row, strict=True)) for row in U.tolist()],
        "mean_test_score": function(U),
    }


def sorted_by_name(importance):
    order = np.argsort(importance.names)
    return importance.first_order[order], importance.total[order]


class Formula(BaseEstimator):
    """Scores what a subclass computes of its parameters."""

    def fit(self, X, y=None):
        return self


# -- closed forms ------------------------------------------------------------------------------------------------------


def ishigami(u):
    x = np.pi * (2 * u - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_ishigami():
    importance = parameter_importance(evaluated(ishigami, 256, 3), space=cube_of(3), scale="raw")
    first_order, total = sorted_by_name(importance)
    assert_allclose(first_order, [0.3139, 0.4424, 0], atol=0.04)
    assert_allclose(total, [0.5576, 0.4424, 0.2437], atol=0.05)
    assert_allclose(importance.interaction, 0.2437, atol=0.04)
    assert importance.loo_r2 > 0.9


def test_g_function():
    a = np.array([0, 1, 4.5, 9, 99, 99])
    own = 1 / (3 * (1 + a) ** 2)
    variance = np.prod(1 + own) - 1
    results = evaluated(lambda u: np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=1), 150, 6)
    first_order, total = sorted_by_name(parameter_importance(results, space=cube_of(6), scale="raw"))
    assert_allclose(first_order, own / variance, atol=0.04)
    assert_allclose(total, own * np.prod(1 + own) / (1 + own) / variance, atol=0.04)


@pytest.mark.parametrize("seed", range(3))
def test_an_additive_function_with_noise_and_an_argument_without_effect(seed):
    noise = 0.1 * np.random.default_rng(seed).standard_normal(40)
    results = evaluated(lambda u: 3 * u[:, 0] + 2 * u[:, 1] + u[:, 2] + noise, 40, 4, seed)
    importance = parameter_importance(results, space=cube_of(4), scale="raw")
    first_order, total = sorted_by_name(importance)
    assert importance.names[:3] == ("x0", "x1", "x2")
    assert_allclose(first_order, np.array([9, 4, 1, 0]) / 14, atol=0.06)
    assert_allclose(total, np.array([9, 4, 1, 0]) / 14, atol=0.06)
    assert total[3] < 0.02
    # what is expected lies within what is thought possible
    assert np.all(np.abs(importance.total - np.array([9, 4, 1, 0]) / 14) < 4 * importance.total_std + 0.01)


def test_few_candidates_leave_the_shares_uncertain():
    few, many = (
        parameter_importance(evaluated(lambda u: np.sin(5 * u[:, 0]) + u[:, 1] * u[:, 2], n, 3), space=cube_of(3))
        for n in (10, 80)
    )
    assert few.total_std.max() > 2 * many.total_std.max()


def test_a_category_with_known_effects():
    effects = {"a": 0.0, "b": 0.2, "c": 1.0}
    rng = np.random.default_rng(0)
    params = [
        {"kind": str(rng.choice(list(effects))), "x": rng.random(), "other": str(rng.choice(["p", "q"]))}
        for _ in range(60)
    ]
    scores = [effects[one["kind"]] + one["x"] for one in params]
    space = {"kind": list(effects), "x": (0.0, 1.0), "other": ["p", "q"]}
    importance = parameter_importance({"params": params, "mean_test_score": scores}, space=space, scale="raw")
    parts = np.array([np.var(list(effects.values())), 0, 1 / 12])
    first_order, total = sorted_by_name(importance)  # kind, other, x
    assert_allclose(first_order, parts / parts.sum(), atol=0.05)
    assert_allclose(total, parts / parts.sum(), atol=0.05)


def test_a_conditional_parameter_counts_where_it_is_active():
    space = Space({"kind": Categorical(["p", "q"]), "x": Real(0, 1, when={"kind": "p"}), "z": Real(0, 1)})
    params = space.from_unit(space.design(64, 0))
    scores = [3 * one["x"] if one["kind"] == "p" else 1.0 for one in params]
    importance = parameter_importance({"params": params, "mean_test_score": scores}, space=space, scale="raw")
    variance = 9 / 24 + (1.5 - 1) ** 2 / 4
    first_order, total = sorted_by_name(importance)  # kind, x, z
    assert_allclose(first_order, np.array([1 / 16, 9 / 48, 0]) / variance, atol=0.05)
    assert_allclose(total, np.array([1 / 16 + 9 / 48, 9 / 24, 0]) / variance, atol=0.05)


def test_the_shares_of_a_full_grid_are_its_analysis_of_variance():
    levels = np.array([0.0, 1.0, 2.0, 5.0])
    table = np.sin(levels)[:, None] + 0.5 * levels[None, :] + 0.1 * levels[:, None] * levels[None, :]
    params = [{"a": float(a), "b": float(b)} for a in levels for b in levels]
    first_order, total = sorted_by_name(
        parameter_importance({"params": params, "mean_test_score": table.ravel()}, scale="raw")
    )
    alone = np.array([table.mean(axis=1).var(), table.mean(axis=0).var()]) / table.var()
    assert_allclose(first_order, alone, atol=0.06)
    assert_allclose(total, 1 - alone[::-1], atol=0.06)


# -- searches ----------------------------------------------------------------------------------------------------------


def test_a_grid_search_on_digits():
    digits = load_digits(n_class=5)
    grid = {
        "gamma": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
        "C": [0.01, 0.1, 1, 10],
        "cache_size": [100, 200],
        "kernel": ["rbf"],
    }
    search = GridSearchCV(SVC(), grid, cv=3).fit(digits.data[:300], digits.target[:300])
    importance = parameter_importance(search)
    assert set(importance.names[:2]) == {"gamma", "C"}
    shares = dict(zip(importance.names, importance.total, strict=True))
    assert shares["gamma"] > 0.3
    assert shares["C"] > 0.1
    assert shares["cache_size"] < 0.02
    assert shares["kernel"] == 0
    assert importance.loo_r2 > 0.8
    assert importance.n_candidates == 40


def test_a_random_search_is_its_results_as_far_as_they_tell():
    space = {
        "gamma": loguniform(1e-4, 1e1),
        "C": loguniform(1e-2, 1e2),
        "degree": randint(2, 6),
        "shrinking": [True, False],
    }
    search = RandomizedSearchCV(SVC(), space, n_iter=40, random_state=0).fit(X, y)
    known, observed = parameter_importance(search), parameter_importance(search.cv_results_)
    assert known.names[:2] == observed.names[:2] == ("gamma", "C")
    assert_allclose(known.total[:2], observed.total[:2], atol=0.15)
    assert max(known.total[2:]) < 0.1


def test_lists_of_grids():
    C = [0.01, 0.1, 1, 10, 100]
    grids = [{"kernel": ["rbf"], "gamma": [1e-4, 1e-3, 1e-2, 0.1, 1], "C": C}, {"kernel": ["linear"], "C": C}]
    importance = parameter_importance(GridSearchCV(SVC(), grids).fit(X, y))
    assert set(importance.names) == {"kernel", "gamma", "C"}
    assert np.all(importance.total > 0.1)


BOTH = {"C": (1e-2, 1e2, "log-uniform")}
RBF_ONLY = {"gamma": (1e-4, 1.0, "log-uniform")}


@pytest.mark.parametrize(
    "spaces",
    [
        {**BOTH, "kernel": ["linear", "rbf"], "gamma": Real(*RBF_ONLY["gamma"], when={"kernel": "rbf"})},
        [({**BOTH, "kernel": ["linear"]}, 8), ({**BOTH, **RBF_ONLY, "kernel": ["rbf"]}, 12)],
    ],
    ids=["conditional", "two spaces"],
)
def test_a_bayesian_search(spaces):
    search = BayesSearchCV(SVC(), spaces, n_iter=20, random_state=0).fit(X, y)
    importance = parameter_importance(search)
    assert set(importance.names) == {"C", "gamma", "kernel"}
    assert np.all(importance.total > 0)


@pytest.mark.filterwarnings("ignore::sktune.model_selection.WeakSurrogateWarning")
@pytest.mark.parametrize(
    "make",
    [
        lambda space: HyperbandSearchCV(Curve(max_epochs=9), space),
        lambda space: ZoomSearchCV(Curve(max_epochs=9), space, n_candidates=9, n_rounds=2),
        lambda space: PopulationSearchCV(Curve(max_epochs=9), space, population_size=6, n_generations=2),
        lambda space: BayesSearchCV(Curve(max_epochs=9), space, n_iter=8, pruning="halving"),
    ],
)
def test_the_space_of_a_search_of_ours_is_the_one_that_it_declares(make):
    space = {"quality": (0.0, 5.0), "speed": (1e-3, 1.0, "log-uniform")}
    search = make(space).set_params(cv=2, refit=False, random_state=0).fit(X, y)
    importance = parameter_importance(search, n_draws=8)
    declared = parameter_importance(search.cv_results_, space=space, n_draws=8)
    guessed = parameter_importance(search.cv_results_, n_draws=8)
    assert_array_equal(importance.total, declared.total)
    assert not np.array_equal(importance.total, guessed.total)


def test_the_constraint_of_a_space_is_ignored():
    space = Space({"C": (0.1, 10.0), "gamma": (0.1, 10.0)}, constraint=lambda params: params["C"] < params["gamma"])
    search = BayesSearchCV(SVC(), space, n_iter=12, random_state=0).fit(X, y)
    assert set(parameter_importance(search, n_draws=8).names) == {"C", "gamma"}


def test_a_self_tuning_estimator_is_asked_for_its_search():
    class Tuned(SVC):
        def fit(self, X, y):
            self.search_ = GridSearchCV(SVC(), {"C": [1e-3, 0.1, 1, 10], "gamma": [0.01, 1]}).fit(X, y)
            return self

    tuned = Tuned().fit(X, y)
    assert str(parameter_importance(tuned)) == str(parameter_importance(tuned.search_))


def test_a_halving_search_is_explained_at_its_largest_resource():
    """With few resources the score depends on ``a``, with many on ``b``."""

    class Changing(Formula):
        def __init__(self, a=0.0, b=0.0, unused=0.0, n=1):
            self.a, self.b, self.unused, self.n = a, b, unused, n

        def score(self, X, y=None):
            late = np.log(self.n) / np.log(27)
            return (1 - late) * self.a + late * self.b

    space = {name: uniform(0, 1) for name in ("a", "b", "unused")}
    search = HalvingRandomSearchCV(
        Changing(), space, resource="n", n_candidates=81, min_resources=1, max_resources=27, random_state=0
    ).fit(X, y)
    importance = parameter_importance(search, scale="raw")
    assert importance.names == ("b", "a", "unused")
    assert importance.total[0] > 0.9


# -- failures and noise ------------------------------------------------------------------------------------------------


def test_a_parameter_that_makes_fits_fail_matters():
    results = evaluated(lambda u: np.where(u[:, 0] > 0.6, np.nan, 1 + 0.1 * u[:, 1]), 60, 3)
    importance = parameter_importance(results, space=cube_of(3), scale="raw")
    assert importance.n_failed == np.isnan(results["mean_test_score"]).sum() > 0
    assert importance.names[0] == "x0"
    assert str(importance.n_failed) in str(importance)


def test_an_absurd_score_does_not_decide_on_the_normal_scale():
    results = evaluated(lambda u: u[:, 0] + 0.1 * u[:, 1], 40, 3)
    results["mean_test_score"][7] = -1e9
    importance = parameter_importance(results, space=cube_of(3))
    assert importance.names[0] == "x0"
    assert importance.total[0] > 0.6


def test_noise_that_the_splits_show_is_believed():
    rng = np.random.default_rng(0)
    results = evaluated(lambda u: u[:, 0], 40, 3)
    deviations = np.where(np.arange(40) % 2, 0.01, 1.0)[:, None] * rng.standard_normal((40, 5))
    folds = results["mean_test_score"][:, None] + deviations
    results["mean_test_score"] = folds.mean(axis=1)
    known = {**results, **{f"split{k}_test_score": fold for k, fold in enumerate(folds.T)}}
    errors = [abs(parameter_importance(one, space=cube_of(3), scale="raw").total[0] - 1) for one in (known, results)]
    assert errors[0] < errors[1]


def test_it_warns_where_the_surrogate_explains_nothing():
    noise = np.random.default_rng(0).standard_normal(30)
    with pytest.warns(WeakSurrogateWarning, match="explains next to nothing .* R2 = "):
        importance = parameter_importance(evaluated(lambda u: noise, 30, 3), space=cube_of(3))
    assert importance.loo_r2 < 0.1


@pytest.mark.parametrize("scale", ["normal", "raw"])
@pytest.mark.parametrize("score", [0.0, 0.1 + 0.2, -1e300])
def test_where_all_scores_are_the_same_nothing_matters(scale, score):
    with pytest.warns(WeakSurrogateWarning):
        importance = parameter_importance(evaluated(lambda u: np.full(10, score), 10, 2), space=cube_of(2), scale=scale)
    assert_array_equal(importance.total, [0, 0])
    assert importance.interaction == importance.loo_r2 == 0


# -- invariances -------------------------------------------------------------------------------------------------------


def bumps(u):
    return np.sin(4 * u[:, 0]) * u[:, 1] + u[:, 2] ** 2


@settings(max_examples=8, deadline=None)
@given(
    scale=st.floats(1e-3, 1e3),
    shift=st.floats(-100, 100),
    seed=st.integers(0, 1000),
    kind=st.sampled_from(["normal", "raw"]),
)
def test_units_and_orders_do_not_matter(scale, shift, seed, kind):
    given_results = evaluated(bumps, 24, 3)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(24)
    params = [given_results["params"][row] for row in rows]
    params = [{name: one[name] for name in rng.permutation(list(one)).tolist()} for one in params]
    scores = scale * given_results["mean_test_score"][rows] + shift
    one = parameter_importance(given_results, scale=kind, n_draws=16)
    two = parameter_importance({"params": params, "mean_test_score": scores}, scale=kind, n_draws=16)
    assert one.names == two.names
    for name in ("first_order", "total", "first_order_std", "total_std", "interaction", "loo_r2"):
        assert_allclose(getattr(one, name), getattr(two, name), atol=0.01)
    assert np.all((one.first_order >= 0) & (one.first_order <= one.total) & (one.total <= 1))


def test_the_order_of_a_space_does_not_matter():
    results = evaluated(bumps, 24, 3)
    ordered = Space([Real(0, 1, name=f"x{dim}") for dim in (2, 0, 1)])
    assert str(parameter_importance(results, space=ordered)) == str(parameter_importance(results, space=cube_of(3)))


def test_neither_does_the_order_in_which_categories_were_tried():
    params = [{"a": a, "b": b} for a in ("p", "q", "r") for b in (0.1, 0.4, 0.9, 2.0)]
    scores = np.arange(12) % 5 + (np.arange(12) // 4) ** 2
    results = {"params": params, "mean_test_score": scores}
    backwards = {"params": params[::-1], "mean_test_score": scores[::-1]}
    assert str(parameter_importance(results)) == str(parameter_importance(backwards))


def test_the_seed_decides():
    results = evaluated(bumps, 24, 3)
    one, same, other = (parameter_importance(results, random_state=seed) for seed in (0, 0, 1))
    assert_array_equal(one.total, same.total)
    assert not np.array_equal(one.total, other.total)
    assert_allclose(one.total, other.total, atol=0.1)
    assert isinstance(parameter_importance(results, random_state=np.random.RandomState(0)), ParameterImportance)


def test_many_candidates():
    importance = parameter_importance(evaluated(bumps, 500, 3), space=cube_of(3), scale="raw", n_draws=8)
    assert importance.loo_r2 > 0.99
    assert importance.n_candidates == 500


# -- what is refused, before any work ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"scale": "log"}, "scale must be 'normal' or 'raw', got 'log'"),
        ({"scale": None}, "scale must be 'normal' or 'raw', got None"),
        ({"n_draws": 1}, "n_draws must be an int of at least 2, got 1"),
        ({"n_draws": 2.5}, "n_draws must be an int of at least 2, got 2.5"),
        ({"n_draws": True}, "n_draws must be an int of at least 2, got True"),
        ({"random_state": "a"}, "random_state must be an int from 0 to 2\\*\\*32 - 1, a RandomState or None, got 'a'"),
        ({"metric": "recall"}, "metric must be one of 'score', got 'recall'"),
        ({"space": [1, 2]}, r"space must be a Space, a dict or None, got \[1, 2\]"),
        (
            {"space": {"x0": (0.0, 1.0)}},
            "space must hold all candidates of search, and does not: Unknown parameter 'x1'",
        ),
        ({"space": {**cube_of(2), "x1": (0.9, 1.0)}}, "space must hold .* Invalid value .* for parameter 'x1'"),
        ({"space": {**cube_of(2), "x2": (0.9, 1.0)}}, "space must hold .* Missing parameter 'x2'"),
    ],
)
def test_bad_arguments(kwargs, message, monkeypatch):
    monkeypatch.setattr(implementation, "explain", lambda *args: pytest.fail("work was begun"))
    with pytest.raises(ValueError, match=message):
        parameter_importance(evaluated(bumps_of_two, 20, 2), **kwargs)


def bumps_of_two(u):
    return np.sin(4 * u[:, 0]) * u[:, 1]


def test_too_few_candidates():
    with pytest.raises(
        ValueError, match="search has 5 different candidates; for 3 varying parameters at least 8 are needed"
    ):
        parameter_importance(evaluated(bumps, 5, 3))
    twice = {"params": [{"a": 1}, {"a": 2}] * 10, "mean_test_score": np.arange(20.0)}
    with pytest.raises(ValueError, match="search has 2 different candidates; for 1 varying parameter at least 4"):
        parameter_importance(twice)


def test_nothing_varies_or_nothing_succeeded():
    with pytest.raises(ValueError, match="search has no parameter that varies"):
        parameter_importance({"params": [{"a": 1}] * 9, "mean_test_score": np.arange(9.0)})
    with pytest.raises(ValueError, match="search has no candidate that succeeded, of 9"):
        parameter_importance({"params": [{"a": 1}] * 9, "mean_test_score": np.full(9, np.nan)})
