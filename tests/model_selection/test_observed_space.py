"""The space of a search that has none: what kind each parameter is, and when it is active."""

import numpy as np
import pytest
from scipy.stats import loguniform, randint, uniform
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.svm import SVC

from sktune.model_selection._observed_space import WHICH, observed_space
from sktune.space import Categorical, Distribution, Integer, Real


def dimension_of(values, *specs):
    space, _ = observed_space([{"a": value} for value in values], [{"a": spec} for spec in specs])
    return space.dimensions[0]


# -- declared ----------------------------------------------------------------------------------------------------------


def test_the_numbers_of_a_grid_are_levels_evenly_spaced():
    dimension = dimension_of([1, 100, 10, 1000], [1, 10, 100, 1000, 10_000])
    np.testing.assert_allclose(dimension.to_unit([1, 10, 100, 1000, 10_000]), [0.1, 0.3, 0.5, 0.7, 0.9])
    assert not dimension.is_categorical


@pytest.mark.parametrize("grid", [np.geomspace(1e-3, 1e3, 7), (1e-3, 5.0), [np.float32(0.1), 0.2, 3]])
def test_grids_of_any_form_hold_their_values(grid):
    dimension = dimension_of(list(grid), grid)
    assert dimension.n_values == len(grid)
    assert np.all(np.diff(dimension.to_unit(list(grid))) > 0)


@pytest.mark.parametrize(
    "choices",
    [
        ["rbf", "linear"],
        [True, False],
        [None, 3, 5],
        ["sqrt", 0.5],
        [(10,), (10, 10)],
        [SVC(), LogisticRegression()],
        [{"a": 1}, None],
        [np.nan, 1.0],
    ],
)
def test_what_is_no_number_is_a_category(choices):
    for dimension in (dimension_of(choices * 2), dimension_of(choices, choices)):
        assert isinstance(dimension, Categorical)
        assert dimension.n_values == 2 + (choices == [None, 3, 5])


def test_equal_choices_are_one():
    assert dimension_of([SVC(), SVC(), SVC(C=2)], [SVC(), SVC(), SVC(C=2)]).n_values == 2


def test_a_distribution_is_itself():
    dimension = dimension_of([0.1, 0.2, 3.0], loguniform(1e-2, 1e2))
    assert isinstance(dimension, Distribution)
    np.testing.assert_allclose(dimension.to_unit([1.0]), 0.5)


def test_a_single_value_is_a_constant():
    for dimension in (dimension_of(["rbf"] * 5), dimension_of([3.0] * 5), dimension_of([3, 3], [3])):
        assert dimension.is_constant


# -- only observed -----------------------------------------------------------------------------------------------------


def test_repeated_numbers_are_levels():
    np.testing.assert_allclose(dimension_of([0.1, 0.2, 0.4] * 3).to_unit([0.1, 0.2, 0.4]), [1 / 6, 3 / 6, 5 / 6])


@pytest.mark.parametrize(
    ("values", "kind", "prior"),
    [
        (np.geomspace(1e-4, 1, 10).tolist(), Real, "log-uniform"),
        (np.linspace(0.1, 1, 10).tolist(), Real, "uniform"),
        (np.linspace(0, 100, 10).tolist(), Real, "uniform"),
        (np.linspace(-100, -0.1, 10).tolist(), Real, "uniform"),
        ([1, 4, 16, 30, 100, 300], Integer, "log-uniform"),
        ([2, 3, 5, 7, 11], Integer, "uniform"),
    ],
)
def test_other_numbers_are_a_range(values, kind, prior):
    dimension = dimension_of(values)
    assert (type(dimension), dimension.prior, dimension.low, dimension.high) == (kind, prior, min(values), max(values))


# -- conditions --------------------------------------------------------------------------------------------------------


def check(grids, *, sampled=False):
    params = list(ParameterSampler(grids, 30, random_state=0)) if sampled else list(ParameterGrid(grids))
    space, completed = observed_space(params, grids)
    U = space.to_unit(completed)
    active = space.active(U)
    for one, row in zip(completed, active, strict=True):
        assert {name for name, on in zip(space.names, row, strict=True) if on} == set(one)
    return dict(zip(space.names, space.dimensions, strict=True))


@pytest.mark.parametrize("sampled", [False, True])
def test_a_parameter_depends_on_what_tells_its_grid(sampled):
    C = uniform(0, 1) if sampled else [0.1, 1, 10]
    gamma = loguniform(1e-3, 1) if sampled else [0.1, 1]
    dimensions = check(
        [{"kernel": ["linear"], "C": C}, {"kernel": ["rbf", "poly"], "C": C, "gamma": gamma}], sampled=sampled
    )
    assert set(dimensions) == {"kernel", "C", "gamma"}
    assert set(dimensions["gamma"].when) == {"kernel"}
    assert set(dimensions["gamma"].when["kernel"]) == {"rbf", "poly"}
    assert not dimensions["C"].conditions


def test_conditions_may_be_nested_and_on_estimators():
    svc = SVC()
    dimensions = check(
        [
            {"model": [svc], "model__kernel": ["rbf"], "model__gamma": [0.1, 1]},
            {"model": [svc], "model__kernel": ["linear"], "model__tol": [0.1, 0.2]},
            {"model": [LogisticRegression()], "model__C": [0.1, 1, 10]},
        ]
    )
    assert dimensions["model__gamma"].when == {"model__kernel": ["rbf"]}
    assert dimensions["model__kernel"].when == {"model": [svc]}


def test_where_nothing_tells_the_grid_a_category_does():
    dimensions = check([{"C": [0.1, 1, 10], "gamma": [0.1, 1]}, {"C": [1, 10, 100]}, {"tol": [1, 2]}])
    assert dimensions[WHICH].n_values == 3
    assert set(dimensions["gamma"].when) == {WHICH}
    assert dimensions["C"].n_values == 4


def test_settings_are_not_changed():
    params = [{"a": 1}, {"b": 2}]
    observed_space(params)
    assert params == [{"a": 1}, {"b": 2}]


def test_the_distribution_of_one_space_may_be_a_list_in_another():
    grids = [{"a": randint(1, 9), "kind": ["x"]}, {"a": [20, 30], "kind": ["y"]}]
    params = list(ParameterSampler(grids, 30, random_state=0))
    space, completed = observed_space(params, grids)
    assert len(space.to_unit(completed)) == 30


def test_many_values_are_read_in_no_time():
    values = np.random.default_rng(0).random(5000).tolist()
    assert dimension_of(values).bounds == (min(values), max(values))
