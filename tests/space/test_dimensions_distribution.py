"""Distribution, against the distributions of scipy themselves."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import qmc

from sktune.space import Distribution

CONTINUOUS = {
    "uniform": stats.uniform(-2, 5),
    "loguniform": stats.loguniform(1e-6, 1e2),
    "norm": stats.norm(3, 0.5),
    "expon": stats.expon(scale=10),
    "beta": stats.beta(2, 3),
    "crowded": stats.beta(50, 0.2),  # the upper half of its values are 1 or nearly so
    "t": stats.t(3),
    "truncnorm": stats.truncnorm(-1, 2),
    "gamma": stats.gamma(2, loc=1),
    "histogram": stats.rv_histogram(np.histogram([1, 2, 2, 3, 3, 3, 7], bins=5)),
}
DISCRETE = {
    "randint": stats.randint(1, 9),
    "many": stats.randint(-5, 10**7),
    "binom": stats.binom(10, 0.3),
    "poisson": stats.poisson(4),
    "geom": stats.geom(0.2),
    "shifted": stats.randint(0, 4, loc=0.5),
    "table": stats.rv_discrete(values=([1, 5, 9], [0.2, 0.5, 0.3])),
    "holes": stats.rv_discrete(values=([1, 5, 9], [0.2, 0.0, 0.8])),
    "frozen table": stats.rv_discrete(values=([0, 2], [0.5, 0.5]))(loc=3),
}
EVERY = {**CONTINUOUS, **DISCRETE}
COORDINATES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@pytest.mark.parametrize("kind", EVERY)
@given(u=COORDINATES)
@settings(deadline=None, max_examples=25)
def test_values_and_coordinates_correspond_exactly(kind, u):
    dimension = Distribution(EVERY[kind])
    values = dimension.from_unit([*u, 0.0, 1.0])
    coordinates = dimension.to_unit(values)
    assert dimension.from_unit(coordinates) == values
    np.testing.assert_array_equal(dimension.snap([*u, 0.0, 1.0]), coordinates)
    np.testing.assert_array_equal(dimension.snap(coordinates), coordinates)
    assert all(math.isfinite(value) and value in dimension for value in values)


@pytest.mark.filterwarnings("ignore:Error in function boost:RuntimeWarning")
def test_quantiles_that_scipy_finds_only_roughly_still_correspond():
    dimension = Distribution(stats.beta(0.5, 3))
    u = [1e-8, 1e-9, 1e-10, 1e-11, 3e-7, 0.5]
    values = dimension.from_unit(u)
    np.testing.assert_array_equal(dimension.to_unit(values), dimension.snap(u))
    assert dimension.from_unit(dimension.snap(u)) == values


@pytest.mark.parametrize("kind", CONTINUOUS)
def test_continuous_coordinates_are_the_cdf(kind):
    u = np.linspace(0.001, 0.999, 300)
    dimension = Distribution(CONTINUOUS[kind])
    np.testing.assert_allclose(dimension.from_unit(u), CONTINUOUS[kind].ppf(u), rtol=1e-7, atol=1e-9)
    assert {type(value) for value in dimension.from_unit(u)} == {float}
    assert dimension.n_values == math.inf


@pytest.mark.parametrize("kind", DISCRETE)
def test_discrete_values_have_their_probability(kind):
    dimension = Distribution(DISCRETE[kind])
    u = qmc.Sobol(1, seed=0).random_base2(12)[:, 0]
    values, counts = np.unique(dimension.from_unit(u), return_counts=True)
    np.testing.assert_allclose(np.cumsum(counts) / len(u), DISCRETE[kind].cdf(values), atol=2e-3)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("randint", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("binom", list(range(11))),
        ("table", [1, 5, 9]),
        ("holes", [1, 9]),
        ("frozen table", [3, 5]),
        ("shifted", [0.5, 1.5, 2.5, 3.5]),
    ],
)
def test_finite_distributions_list_their_values(kind, expected):
    dimension = Distribution(DISCRETE[kind])
    values = list(dimension.values())
    assert values == expected
    assert {type(value) for value in values} == {type(expected[0])}
    assert dimension.n_values == len(expected)
    assert dimension.bounds == (expected[0], expected[-1])


def test_many_integers_need_no_table():
    dimension = Distribution(stats.randint(-5, 10**7))
    assert dimension.n_values == 10**7 + 5
    values = [-5, 0, 123_456, 10**7 - 1]
    assert dimension.from_unit(dimension.to_unit(values)) == values
    assert {type(value) for value in dimension.from_unit([0.0, 0.5])} == {int}
    for foreign in (-6, 10**7, 0.5):
        assert foreign not in dimension


def test_draws_follow_the_distribution():
    drawn = Distribution(stats.norm(3, 2)).rvs(4000, random_state=0)
    assert stats.kstest(drawn, stats.norm(3, 2).cdf).pvalue > 0.01
    assert type(Distribution(stats.norm()).rvs(random_state=0)) is float
    assert type(Distribution(stats.randint(0, 3)).rvs(random_state=0)) is int


def test_equality_looks_at_the_family_and_its_arguments():
    assert Distribution(stats.norm(0, 1)) == Distribution(stats.norm(0, 1))
    assert Distribution(stats.norm(0, 1)) != Distribution(stats.norm(0, 2))
    assert Distribution(stats.uniform(0, 1)) != Distribution(stats.loguniform(0.1, 1))
    assert Distribution(stats.norm(0, 1)) != Distribution(stats.norm(0, 1), when={"a": 1})
    for kind, dist in EVERY.items():
        dimension = Distribution(dist, name=kind)
        for copied in (copy.deepcopy(dimension), pickle.loads(pickle.dumps(dimension))):
            assert copied == dimension
            assert copied.from_unit([0.3]) == dimension.from_unit([0.3])


def test_repr():
    assert repr(Distribution(stats.norm(3, scale=2))) == "Distribution(norm(3, scale=2))"
    assert repr(Distribution(stats.norm(), when={"a": 1})) == "Distribution(norm(), when={'a': 1})"


def test_transformation_is_the_unit_interval():
    dimension = Distribution(stats.uniform(0, 10))
    np.testing.assert_array_equal(dimension.transform([2.5]), dimension.to_unit([2.5]))
    assert dimension.inverse_transform([0.25]) == dimension.from_unit([0.25])
    assert dimension.transformed_bounds == (0.0, 1.0)
    assert dimension.transformed_size == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Distribution(3), "dist must be a frozen distribution of scipy.stats.* got 3"),
        (lambda: Distribution(stats.uniform), None),
        (lambda: Distribution(stats.norm([0, 1], 1)), "must be a distribution of single numbers"),
        (lambda: Distribution(stats.norm(0, math.nan)), "must give finite numbers"),
        (lambda: Distribution(stats.randint(5, 5)), "must give finite numbers"),
        (lambda: Distribution(stats.norm(), name=3), "Dimension's name must be either string or None."),
        (lambda: Distribution(stats.norm()).set_transformer("identity"), "the transform 'normalize' only"),
        (lambda: Distribution(stats.norm()).values(), "infinitely many values"),
        (lambda: Distribution(stats.uniform(0, 1), name="x").to_unit([2]), "Invalid value 2 for parameter 'x'"),
        (lambda: Distribution(stats.uniform(0, 1)).to_unit(["a"]), "expected a number from 0.0 to 1.0"),
        (lambda: Distribution(stats.uniform(0, 1)).to_unit([math.nan]), "Invalid value nan"),
        (lambda: Distribution(stats.randint(0, 2)).to_unit([True]), "Invalid value True"),
        (lambda: Distribution(stats.randint(0, 9)).to_unit([0.5]), "a value of the discrete distribution from 0 to 8"),
        (lambda: Distribution(DISCRETE["holes"]).to_unit([5]), "Invalid value 5"),
    ],
)
def test_bad_arguments_teach(make, message):
    if message is None:
        assert make().bounds == (0.0, 1.0)  # not frozen, but complete: the standard uniform
        return
    with pytest.raises(ValueError, match=message):
        make()
