"""Real and Integer: the unit interval, against arithmetic done by hand and by brute force."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import qmc

from sktune.space import Integer, Real

COORDINATES = st.lists(st.floats(0, 1), min_size=1, max_size=20)
moderate = settings(deadline=None, max_examples=150)


@st.composite
def reals(draw):
    prior = draw(st.sampled_from(["uniform", "log-uniform"]))
    if prior == "uniform":
        bound = st.one_of(st.floats(-1e6, 1e6), st.floats(-1e300, 1e300), st.integers(-5, 5).map(float))
    else:
        bound = st.one_of(st.floats(1e-8, 1e8), st.floats(1e-307, 1e300), st.integers(1, 100).map(float))
    low, high = sorted([draw(bound), draw(bound)])
    assume(low < high)
    dtype = draw(st.sampled_from([float, float, "float64", np.float32, np.float16]))
    steps = draw(st.one_of(st.none(), st.integers(1, 1000)))
    try:
        return Real(low, high, prior, dtype=dtype, step=None if steps is None else (high - low) / steps)
    except ValueError as error:
        assume(not any(word in str(error) for word in ("cannot hold", "2**40", "step must", "too close")))
        raise


@st.composite
def integers(draw):
    prior = draw(st.sampled_from(["uniform", "log-uniform", "power-of-two"]))
    least = -(2**40) if prior == "uniform" else 1
    bound = st.one_of(st.integers(max(least, -20), 40), st.integers(least, 2**39))
    low, high = sorted([draw(bound), draw(bound)])
    assume(low < high)
    assume(prior != "power-of-two" or 2 ** (low - 1).bit_length() <= high)
    step = draw(st.one_of(st.none(), st.integers(1, high - low))) if prior != "power-of-two" else None
    assume((high - low) // (step or 1) < 2**40)
    return Integer(low, high, prior, step=step)


# -- there and back ----------------------------------------------------------------------------------------------------


@moderate
@given(dimension=st.one_of(reals(), integers()), u=COORDINATES)
def test_values_and_coordinates_correspond_exactly(dimension, u):
    values = dimension.from_unit(u)
    coordinates = dimension.to_unit(values)
    assert dimension.from_unit(coordinates) == values
    np.testing.assert_array_equal(dimension.snap(u), coordinates)
    np.testing.assert_array_equal(dimension.snap(coordinates), coordinates)
    assert ((coordinates >= 0) & (coordinates <= 1)).all()


@moderate
@given(dimension=st.one_of(reals(), integers()), u=COORDINATES)
def test_values_stay_inside_the_bounds(dimension, u):
    for value in dimension.from_unit([*u, 0.0, 1.0, np.nextafter(0, 1), np.nextafter(1, 0), -0.5, 1.5]):
        assert dimension.low <= value <= dimension.high
        assert value in dimension


@moderate
@given(dimension=st.one_of(reals(), integers()), u=COORDINATES)
def test_values_grow_with_the_coordinate(dimension, u):
    values = dimension.from_unit(sorted(u))
    assert values == sorted(values)


@moderate
@given(dimension=reals())
def test_both_ends_are_values(dimension):
    assume(dimension.step is None)
    ends = np.array([dimension.low, dimension.high]).astype(dimension.dtype)
    assert dimension.from_unit([0, 1]) == ends.tolist()
    np.testing.assert_array_equal(dimension.to_unit([dimension.low, dimension.high]), [0, 1])


@moderate
@given(st.decimals("0.00001", "1000", allow_nan=False, places=5), st.sampled_from(["uniform", "log-uniform"]))
def test_numbers_as_people_write_them_come_back_unchanged(number, prior):
    value = float(number)
    dimension = Real(1e-6, 1e4, prior)
    assert dimension.from_unit(dimension.to_unit([value])) == [value]


@pytest.mark.parametrize("value", [1e-12, 3e-11, 1e-7, 0.001, 0.1, 7e5, 2.5e11])
def test_powers_of_ten_survive_in_a_wide_logarithmic_range(value):
    dimension = Real(1e-13, 1e13, "log-uniform")
    assert dimension.from_unit(dimension.to_unit([value])) == [value]


# -- where values lie --------------------------------------------------------------------------------------------------


@moderate
@given(low=st.floats(-100, 100), width=st.floats(0.1, 100), u=COORDINATES)
def test_uniform_reals_are_scipys_uniform_quantiles(low, width, u):
    dimension = Real(low, low + width)
    np.testing.assert_allclose(dimension.from_unit(u), stats.uniform(low, width).ppf(u), rtol=1e-12, atol=1e-11)


@moderate
@given(low=st.floats(1e-10, 1), ratio=st.floats(1.01, 1e12), base=st.sampled_from([2, 10, math.e]), u=COORDINATES)
def test_log_uniform_reals_are_scipys_loguniform_quantiles(low, ratio, base, u):
    dimension = Real(low, low * ratio, "log-uniform", base)
    np.testing.assert_allclose(dimension.from_unit(u), stats.loguniform(low, low * ratio).ppf(u), rtol=1e-10)


@moderate
@given(low=st.integers(-50, 50), n=st.integers(2, 60), u=COORDINATES)
def test_uniform_integers_have_equal_cells_represented_by_their_centres(low, n, u):
    dimension = Integer(low, low + n - 1)
    exact = [low + min(int(Fraction(one) * n), n - 1) for one in u]
    away_from_edges = [abs(one * n - round(one * n)) > 1e-9 for one in u]
    for value, expected, clear in zip(dimension.from_unit(u), exact, away_from_edges, strict=True):
        assert not clear or value == expected
    assert dimension.to_unit(range(low, low + n)) == pytest.approx((np.arange(n) + 0.5) / n)


def cell_widths(dimension, n_cuts=200_001):
    """Measure the mass of each value on a fine grid."""
    values, counts = np.unique(dimension.from_unit(np.linspace(0, 1, n_cuts)), return_counts=True)
    return dict(zip(values.tolist(), counts / n_cuts, strict=True))


@pytest.mark.parametrize(
    "dimension",
    [
        Integer(3, 9),
        Integer(0, 100, step=25),
        Integer(16, 512, "power-of-two"),
        Integer(5, 70, "power-of-two"),
        Real(0, 1, step=0.1),
        Real(-1, 1, step=0.3),
    ],
)
def test_values_of_an_even_prior_have_equal_mass(dimension):
    widths = cell_widths(dimension)
    assert list(widths) == list(dimension.values())
    assert len(widths) == dimension.n_values
    assert list(widths.values()) == pytest.approx([1 / dimension.n_values] * dimension.n_values, abs=1e-4)


@pytest.mark.parametrize(("low", "high"), [(1, 8), (16, 40), (1, 1000)])
def test_log_integers_have_the_mass_of_the_reals_that_round_to_them(low, high):
    widths = cell_widths(Integer(low, high, "log-uniform"))
    edges = np.log(np.arange(low, high + 2) - 0.5)
    expected = np.diff(edges) / (edges[-1] - edges[0])
    assert list(widths) == list(range(low, high + 1))
    np.testing.assert_allclose(list(widths.values()), expected, atol=2e-5)


@pytest.mark.parametrize("dimension", [Integer(1, 31, "log-uniform", step=10), Real(0.1, 10, "log-uniform", step=0.1)])
def test_a_step_under_a_logarithmic_prior_keeps_small_values_likelier(dimension):
    widths = list(cell_widths(dimension).values())
    assert len(widths) == dimension.n_values
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize("prior", ["log-uniform", "power-of-two"])
def test_logarithmic_coordinates_are_affine_in_the_logarithm(prior):
    dimension = Integer(1, 1024, prior)
    u = dimension.to_unit([1, 2, 4, 8, 512, 1024])
    np.testing.assert_allclose(np.diff(u)[:3], u[1] - u[0], rtol=1e-12)
    np.testing.assert_allclose(u[-1] - u[-2], u[1] - u[0], rtol=1e-12)


def test_powers_of_two_are_those_between_the_bounds():
    assert list(Integer(16, 512, "power-of-two").values()) == [16, 32, 64, 128, 256, 512]
    assert list(Integer(5, 70, "power-of-two").values()) == [8, 16, 32, 64]
    assert list(Integer(1, 2, "power-of-two").values()) == [1, 2]
    assert list(Integer(3, 4, "power-of-two").values()) == [4]
    with pytest.raises(ValueError, match="no power of two from 5 to 7"):
        Integer(5, 7, "power-of-two")
    assert 48 not in Integer(16, 512, "power-of-two")


@pytest.mark.parametrize(
    ("low", "high", "step", "expected"),
    [
        (0, 1, 0.1, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        (0.05, 0.5, 0.15, [0.05, 0.2, 0.35, 0.5]),
        (0, 1, 0.3, [0.0, 0.3, 0.6, 0.9]),
        (-1, 1, 0.5, [-1.0, -0.5, 0.0, 0.5, 1.0]),
        (1e-5, 5e-5, 1e-5, [1e-5, 2e-5, 3e-5, 4e-5, 5e-5]),
        (0, 1, 1 / 3, [0.0, 1 / 3, 2 / 3, 1.0]),
        (0, 1, 1, [0.0, 1.0]),
        (0, 1, 0.3333333334, [0.0, 0.3333333334, 0.6666666668]),
    ],
)
def test_steps_give_the_decimals_that_were_written(low, high, step, expected):
    assert list(Real(low, high, step=step).values()) == expected


def test_integer_steps():
    assert list(Integer(10, 50, step=15).values()) == [10, 25, 40]
    assert 50 not in Integer(10, 50, step=15)
    assert Integer(0, 2, step=2).n_values == 2


def test_many_integers_are_told_apart():
    dimension = Integer(0, 2**40 - 1)
    values = [0, 1, 2, 2**39, 2**40 - 2, 2**40 - 1]
    assert dimension.from_unit(dimension.to_unit(values)) == values
    with pytest.raises(ValueError, match="at most 2\\*\\*40"):
        Integer(0, 2**40)
    with pytest.raises(ValueError, match="at most 2\\*\\*40 steps"):
        Integer(2**41, 2**41 + 5, "log-uniform")


# -- sampling ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dimension", "reference"),
    [
        (Real(-2, 3), stats.uniform(-2, 5)),
        (Real(1e-5, 1e-1, "log-uniform"), stats.loguniform(1e-5, 1e-1)),
        (Integer(1, 6), stats.randint(1, 7)),
    ],
)
def test_draws_follow_the_prior(dimension, reference):
    u = qmc.Sobol(1, seed=0).random_base2(12)[:, 0]
    drawn = np.sort(dimension.from_unit(u))
    grid = np.quantile(drawn, np.linspace(0, 1, 50), method="inverted_cdf")
    empirical = np.searchsorted(drawn, grid, side="right") / len(drawn)
    np.testing.assert_allclose(empirical, reference.cdf(grid), atol=2e-3)


def test_one_draw_is_bare_and_several_come_in_the_container_of_the_type():
    assert type(Real(0, 1).rvs(random_state=0)) is float
    assert type(Integer(0, 9).rvs(random_state=0)) is int
    assert type(Real(0, 1).rvs(3, random_state=0)) is list
    assert Integer(0, 9).rvs(3, random_state=0).dtype == np.int64
    assert type(Integer(0, 9, dtype=int).rvs(3, random_state=0)) is list
    assert Real(0, 1).rvs(0) == []


def test_draws_repeat_with_the_seed_and_advance_with_a_generator():
    dimension = Real(0, 1)
    assert dimension.rvs(3, random_state=7) == dimension.rvs(3, random_state=7)
    for generator in (np.random.RandomState(0), np.random.default_rng(0)):
        assert dimension.rvs(random_state=generator) != dimension.rvs(random_state=generator)
    with pytest.raises(ValueError, match="n_samples must be a non-negative int or None, got -1"):
        dimension.rvs(-1)


# -- types -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dimension", "kind"),
    [
        (Real(0, 1), float),
        (Real(0, 1, dtype="float"), float),
        (Real(0, 1, dtype=np.float32), np.float32),
        (Real(0, 1, dtype="float16"), np.float16),
        (Real(0, 1, dtype=np.float64), np.float64),
        (Real(0, 1, step=0.25, dtype=np.float32), np.float32),
        (Integer(0, 9), int),
        (Integer(0, 9, dtype=int), int),
        (Integer(0, 9, dtype="int"), int),
        (Integer(0, 9, dtype=np.uint8), np.uint8),
        (Integer(0, 9, dtype="int16"), np.int16),
        (Integer(1, 9, "power-of-two", dtype=np.int32), np.int32),
    ],
)
def test_values_have_the_type_that_was_asked_for(dimension, kind):
    assert {type(value) for value in dimension.from_unit([0.0, 0.3, 1.0])} == {kind}
    assert type(dimension.rvs(random_state=0)) is kind


@pytest.mark.parametrize("value", [3, 3.0, np.int8(3), np.uint64(3), np.float32(3), Fraction(3)])
def test_integers_of_any_type_are_accepted(value):
    assert value in Integer(1, 5)
    assert Integer(1, 5).from_unit(Integer(1, 5).to_unit([value])) == [3]
    assert value in Real(1, 5)


def test_bounds_of_numpy_types_are_accepted():
    assert Integer(np.int64(1), np.uint8(5)) == Integer(1, 5) == Integer(1.0, 5.0)
    assert Real(np.float32(0), np.int16(2)) == Real(0, 2) == Real(0.0, 2.0)
    assert repr(Integer(np.int64(1), 5)) == "Integer(low=1, high=5, prior='uniform', transform='identity')"


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [0.99, 5.01, math.nan, math.inf, -math.inf, True, np.True_, "3", None, [1, 2], 1 + 0j, np.array([1, 2])]
)
@pytest.mark.parametrize("dimension", [Real(1, 5, name="lr"), Integer(1, 5, name="lr")])
def test_foreign_values_are_refused_by_name(dimension, value):
    assert value not in dimension
    with pytest.raises(
        ValueError, match=r"(?s)Invalid value .* for parameter 'lr': expected an? (number|integer) from 1"
    ):
        dimension.to_unit([2, value])


@pytest.mark.parametrize(
    ("dimension", "value"),
    [
        (Integer(1, 5), 2.5),
        (Integer(1, 9, step=2), 4),
        (Real(0, 1, step=0.25), 0.3),
        (Real(0, 1, step=0.1), 0.1 + 1e-6),
        (Real(1.0, 2.1), np.nextafter(2.1, 3)),
    ],
)
def test_values_between_the_allowed_are_refused(dimension, value):
    assert value not in dimension
    with pytest.raises(ValueError, match=r"Invalid value .*: expected"):
        dimension.to_unit([value])


def test_a_value_off_by_rounding_belongs_to_its_step():
    assert 0.1 + 0.2 in Real(0, 1, step=0.1)
    assert Real(0, 1, step=0.1).from_unit(Real(0, 1, step=0.1).to_unit([0.1 + 0.2])) == [0.3]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Real(2, 1), "the lower bound 2.0 has to be less than the upper bound 1.0"),
        (lambda: Real(2, 2), "has to be less than the upper bound"),
        (lambda: Integer(2, 1), "the lower bound 2 has to be less than the upper bound 1"),
        (lambda: Integer(2, 2), "has to be less than the upper bound"),
        (lambda: Real(math.nan, 1), "low must be a finite number of at most 1e300, got nan"),
        (lambda: Real(0, math.inf), "high must be a finite number of at most 1e300, got inf"),
        (lambda: Real(0, 1e301), "high must be a finite number of at most 1e300, got 1e"),
        (lambda: Real(False, 1), "low must be a finite number of at most 1e300, got False"),
        (lambda: Real("0", 1), "low must be a finite number of at most 1e300, got '0'"),
        (lambda: Integer(True, 5), "low must be an integer, got True"),
        (lambda: Integer(1, 5.5), "high must be an integer, got 5.5"),
        (lambda: Integer(1, math.inf), "high must be an integer, got inf"),
        (lambda: Integer(1, None), "high must be an integer, got None"),
        (lambda: Real(0, 1, "log-uniform"), "should not contain 0 or less when using the log-uniform prior, got low=0"),
        (lambda: Integer(-1, 4, "log-uniform"), "should not contain 0 or less"),
        (lambda: Integer(0, 4, "power-of-two"), "should not contain 0 or less"),
        (lambda: Real(1, 2, "log"), "prior should be 'uniform' or 'log-uniform', got 'log'"),
        (lambda: Real(1, 2, "power-of-two"), "prior should be 'uniform' or 'log-uniform', got 'power-of-two'"),
        (lambda: Integer(1, 2, None), "prior should be .*, got None"),
        (lambda: Real(1, 2, base=1), "base must be a number greater than 1, got 1"),
        (lambda: Real(1, 2, base="e"), "base must be a number greater than 1, got 'e'"),
        (lambda: Real(0, 1, step=0), "step must be a positive number of at most high - low, or None, got 0"),
        (lambda: Real(0, 1, step=2), "step must be a positive number of at most high - low, or None, got 2"),
        (lambda: Real(0, 1, step=True), "step must be a positive number"),
        (lambda: Real(0, 1, step=1e-15), "at most 2\\*\\*40 can be told apart: use a larger step"),
        (lambda: Real(63, 73, step=0.05, dtype="float16"), "step must be at least 0.29 for float16 to tell the values"),
        (lambda: Real(1e17, 1.1e17, step=10), "step must be at least 98 for float64 to tell the values apart"),
        (lambda: Real(1e-307, np.nextafter(1e-307, 1), "log-uniform"), "are too close to tell them apart"),
        (lambda: Integer(0, 9, step=1.5), "step must be an integer, got 1.5"),
        (lambda: Integer(0, 9, step=-1), "step must be a positive number"),
        (lambda: Integer(1, 9, "power-of-two", step=2), "step has no meaning with prior='power-of-two', got 2"),
        (lambda: Real(0, 1, transform="onehot"), "transform should be 'normalize' or 'identity' got 'onehot'"),
        (lambda: Real(0, 1, dtype=int), "dtype must be float or one of .*float32.*, got <class 'int'>"),
        (lambda: Real(0, 1, dtype="nonsense"), "dtype must be float or one of"),
        (lambda: Real(0, 1, dtype=None), "dtype must be float or one of .*, got None"),
        (lambda: Real(1e-9, 1, "log-uniform", dtype=np.float16), "dtype float16 cannot hold a range from 1e-09 to 1"),
        (lambda: Real(0, 1e6, dtype=np.float16), "dtype float16 cannot hold a range"),
        (lambda: Integer(0, 1, dtype=bool), "dtype must be int or one of"),
        (lambda: Integer(0, 1, dtype=float), "dtype must be int or one of"),
        (lambda: Integer(0, 300, dtype=np.uint8), "must lie between 0 and 255 for dtype uint8, got low=0 and high=300"),
        (lambda: Integer(2**63, 2**63 + 5, dtype=np.uint64), "must lie between 0 and 9223372036854775807"),
        (lambda: Real(0, 1, name=3), "Dimension's name must be either string or None."),
        (lambda: Real(0, 1, when=[1]), "when must be a dict"),
        (lambda: Real(0, 1, when={}), "when must be a dict"),
        (lambda: Real(0, 1, when={"a": []}), "when\\['a'\\] must name at least one value, got an empty list"),
    ],
)
def test_bad_arguments_teach(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_coordinates_are_checked():
    with pytest.raises(ValueError, match="u must hold numbers from 0 to 1, got NaN"):
        Real(0, 1).from_unit([0.5, math.nan])
    with pytest.raises(ValueError, match=r"u must have one axis, got an array of shape \(1, 1\)"):
        Integer(0, 1).snap([[0.5]])
    with pytest.raises(ValueError, match="infinitely many values"):
        Real(0, 1).values()
