"""What code written for scikit-optimize 0.10.2 relies on: its dimensions' draws, transformations, bounds, errors.

The numbers are what that library gives. Where it differs on purpose (a tuple of strings is no range; ``rvs`` without
a number draws one bare value) the other tests of this folder say so.
"""

import numbers

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktune.space import Categorical, Integer, Real, Space

SPECS = [(0.0, 1.0), (-5, 5), ["a", "b", "c"], (1.0, 5.0, "log-uniform"), ["e", "f"]]


# -- draws -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [
        (Real(1.0, 4.0), 2.251066014107722),
        (Real(1, 4), 2.251066014107722),
        (Integer(1, 4), 2),
        (Integer(1.0, 4.0), 2),
        (Categorical(("a", "b", "c", "d")), "b"),
        (Categorical((1.0, 2.0, 3.0, 4.0)), 2.0),
        (Categorical((1, 2, 3, 4)), 2),
    ],
)
def test_draws_of_a_seed(dimension, expected):
    assert dimension.rvs(random_state=1) == expected


def test_draws_lie_inside():
    for seed in range(50):
        assert 1 <= Real(1, 25).rvs(random_state=seed) <= 25
        assert 1e-5 <= Real(1e-5, 1e5, prior="log-uniform").rvs(random_state=seed) <= 1e5
        assert Integer(1, 10).rvs(random_state=seed) in Integer(1, 10)
        assert 2 <= Real(2, 30, transform="normalize").rvs(random_state=seed) <= 30
        assert Categorical(["cat", "dog"], transform="normalize").rvs(random_state=seed) in ("cat", "dog")


# -- transformations of numbers ----------------------------------------------------------------------------------------


def test_uniform_numbers_are_their_own_transformation():
    for dimension in (Real(1, 25), Integer(1, 10)):
        drawn = dimension.rvs(10, random_state=0)
        assert_array_equal(dimension.transform(drawn), drawn)
        assert_array_equal(dimension.inverse_transform(drawn), drawn)
    assert Integer(1, 10).rvs(10, random_state=0).shape == (10,)


def test_log_uniform_numbers_are_transformed_to_logarithms():
    dimension = Real(10**-5, 10**5, prior="log-uniform")
    drawn = dimension.rvs(10, random_state=0)
    assert_array_equal(dimension.transform(drawn), np.log10(drawn))
    assert_array_equal(dimension.inverse_transform(dimension.transform(drawn)), drawn)
    assert_allclose(Real(1, 8, "log-uniform", base=2).transform([2.0, 4.0]), [1, 2])
    assert_allclose(Integer(1, 1024, "power-of-two").transform([2, 512]), [1, 9])


@pytest.mark.parametrize("number", [32.0, np.nextafter(32.0, 0.0)])
def test_rounding_does_not_carry_out_of_the_bounds(number):
    dimension = Real(low=1, high=32, prior="log-uniform", transform="normalize")
    back = dimension.inverse_transform(dimension.transform([number]))
    assert_allclose(back, [number])
    assert number in dimension
    assert back in dimension


@pytest.mark.parametrize(("prior", "low", "high"), [("uniform", 2, 30), ("log-uniform", 100, 10_000)])
def test_normalized_reals(prior, low, high):
    dimension = Real(low, high, prior, transform="normalize")
    values = np.random.default_rng(0).uniform(low, high, 100)
    transformed = dimension.transform(values)
    assert ((transformed >= 0) & (transformed <= 1)).all()
    assert_allclose(dimension.inverse_transform(transformed), values)
    assert dimension.transformed_bounds == (0.0, 1.0)
    assert_array_equal(dimension.transform([low, high]), [0, 1])


@pytest.mark.parametrize("prior", ["uniform", "log-uniform"])
@pytest.mark.parametrize(
    "dtype",
    ["int", int, *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)), np.int8, np.uint64, np.int64],
)
def test_normalized_integers(prior, dtype):
    dimension = Integer(2, 30, prior, transform="normalize", dtype=dtype)
    for value in range(2, 31):
        back = dimension.inverse_transform(dimension.transform(value))
        assert back == value
        assert isinstance(back, int if dtype == "int" else np.dtype(dtype).type if isinstance(dtype, str) else dtype)


def test_types_of_a_single_number():
    for dtype, kind in [(float, float), ("float64", np.float64), (np.float64, np.float64), (np.float32, np.float32)]:
        dimension = Real(0, 1, transform="normalize", dtype=dtype)
        assert type(dimension.inverse_transform(dimension.transform(0.3))) is kind
    assert Real(0, 1, transform="normalize").inverse_transform(0.3745401188473625) == 0.3745401188473625


@pytest.mark.parametrize("kind", [Real, Integer])
def test_normalized_numbers_outside_are_refused(kind):
    dimension = kind(2, 30, transform="normalize")
    for outside in (1, 31):
        with pytest.raises(ValueError, match="All values should be from 2"):
            dimension.transform([outside])
    for outside in (-0.1, 1.1):
        with pytest.raises(ValueError, match=r"All values should be from 0\.0 to 1\.0"):
            dimension.inverse_transform([outside])


def test_inverse_transformations_give_allowed_values():
    assert Integer(0, 9).inverse_transform([2.4, 11.0]).tolist() == [2, 9]
    assert Real(0, 1, step=0.25).inverse_transform([0.3, 2.0]) == [0.25, 1.0]
    assert Integer(16, 512, "power-of-two", transform="normalize").inverse_transform([0.0, 0.25, 1.0]).tolist() == [
        16,
        32,
        512,
    ]


# -- transformations of choices ----------------------------------------------------------------------------------------


def test_one_column_for_each_choice():
    categories = ["apple", "orange", "banana", None, True, False, 3]
    dimension = Categorical(categories)
    assert dimension.transformed_size == 7 == dimension.transform(["apple"]).size
    assert_array_equal(dimension.transform(categories), np.eye(7))
    assert dimension.inverse_transform(np.eye(7)) == categories
    assert dimension.transformed_bounds == [(0.0, 1.0)] * 7


def test_a_single_column_for_two_choices():
    dimension = Categorical(["apple", "orange"])
    assert dimension.transformed_size == 1 == dimension.transform(["apple"]).size
    assert_array_equal(dimension.transform(["apple", "orange"]), [[0.0], [1.0]])
    assert dimension.inverse_transform([[0.0], [1.0]]) == ["apple", "orange"]
    assert dimension.transformed_bounds == (0.0, 1.0)


@pytest.mark.parametrize("categories", [["cat", "dog", "rat"], [1, 2, 3], [1.0, 2.0, 3.0]])
def test_normalized_choices(categories):
    dimension = Categorical(categories, transform="string")
    dimension.set_transformer("normalize")
    assert dimension.inverse_transform([0.0, 0.5, 1.0]) == categories
    assert_array_equal(dimension.transform(categories), [0.0, 0.5, 1.0])
    assert set(dimension.rvs(100, random_state=1)) == set(categories)


@pytest.mark.parametrize(
    ("transform", "expected"), [("identity", [1, 2, 3]), ("string", ["1", "2", "3"]), ("label", [0, 1, 2])]
)
def test_other_transformations_of_choices(transform, expected):
    dimension = Categorical([1, 2, 3], transform=transform)
    assert dimension.transform([1, 2, 3]) == expected
    assert dimension.inverse_transform(expected) == [1, 2, 3]
    assert dimension.transformed_size == 1


def test_tuples_survive_every_transformation():
    choices = [(1, 2), (5, 3, 3), None]
    for transform in ("onehot", "label", "identity", "normalize", "string"):
        dimension = Categorical(choices, transform=transform)
        assert dimension.inverse_transform(dimension.transform(choices)) == choices


# -- representations, comparisons, distances ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [
        (Categorical([1, 2, 3, 4, 5]), "Categorical(categories=(1, 2, 3, 4, 5), prior=None)"),
        (Categorical([1, 2, 3, 4, 5, 6, 7, 8]), "Categorical(categories=(1, 2, 3, ..., 6, 7, 8), prior=None)"),
        (Categorical(["a", "b"], prior=[0.1, 0.9]), "Categorical(categories=('a', 'b'), prior=[0.1, 0.9])"),
        (Categorical(["a"]), "Categorical(categories=('a',), prior=None)"),
        (Real(0.5, 2), "Real(low=0.5, high=2.0, prior='uniform', transform='identity')"),
        (Integer(1, 5, "log-uniform"), "Integer(low=1, high=5, prior='log-uniform', transform='identity')"),
        (
            Integer(1, 5, step=2, when={"a": 1}),
            "Integer(low=1, high=5, prior='uniform', transform='identity', step=2, when={'a': 1})",
        ),
    ],
)
def test_repr(dimension, expected):
    assert repr(dimension) == expected


@pytest.mark.parametrize("kind", [Real, Integer])
def test_numbers_differ_by_what_they_mean(kind):
    assert kind(1, 4) == kind(1, 4) == kind(1.0, 4.0) == kind(1, 4, name="x") == kind(1, 4, base=2)
    for other in (
        kind(1, 5),
        kind(2, 4),
        kind(1, 4, "log-uniform"),
        kind(1, 4, transform="normalize"),
        kind(1, 4, step=1),
        kind(1, 4, when={"a": 1}),
        kind(1, 4, dtype=np.float32 if kind is Real else np.int8),
    ):
        assert kind(1, 4) != other
    assert kind(1, 4, "log-uniform") != kind(1, 4, "log-uniform", base=2)
    assert Real(1, 4) != Integer(1, 4)


def test_distances():
    for value in range(1, 11):
        assert Integer(1, 10).distance(4, value) == abs(4 - value)
        assert Real(1, 10).distance(4.1234, value) == abs(4.1234 - value)
    choices = Categorical(["car", "dog", (1, 2)])
    assert choices.distance((1, 2), (1, 2)) == 0
    assert choices.distance("car", (1, 2)) == 1
    for dimension, outside in [(Integer(1, 10), 11), (Real(1, 10), 11), (choices, "cat")]:
        with pytest.raises(RuntimeError, match="compute distance for values within"):
            dimension.distance(outside, outside)


@pytest.mark.parametrize("kind", [Real, Integer])
def test_unknown_transformations_are_refused(kind):
    with pytest.raises(ValueError, match="should be 'normalize' or 'identity'"):
        kind(2, 30, transform="not a valid transform name")


@pytest.mark.parametrize("name", [1, 1.0, True])
def test_invalid_names(name):
    with pytest.raises(ValueError, match="must be either string or None") as raised:
        Real(1, 2, name=name)
    assert raised.value.args[0] == "Dimension's name must be either string or None."


# -- spaces of lists ---------------------------------------------------------------------------------------------------


def test_points_are_lists_in_the_order_of_the_dimensions():
    space = Space(SPECS)
    samples = space.rvs(n_samples=10, random_state=0)
    assert len(samples) == 10
    kinds = (numbers.Real, numbers.Integral, str, numbers.Real, str)
    for points in (samples, space.inverse_transform(space.transform(samples))):
        for point in points:
            assert type(point) is list
            assert all(isinstance(value, kind) for value, kind in zip(point, kinds, strict=True))
            assert point in space
    assert samples == space.rvs(n_samples=10, random_state=0)
    assert samples != space.rvs(n_samples=10, random_state=1)
    assert space.transform(samples).shape == (10, 1 + 1 + 3 + 1 + 1) == (10, space.transformed_n_dims)
    for point, back in zip(samples, space.inverse_transform(space.transform(samples)), strict=True):
        assert space.distance(point, back) < 1e-8


def test_bounds_of_spaces():
    space = Space(SPECS)
    assert space.bounds == [(0.0, 1.0), (-5, 5), ("a", "b", "c"), (1.0, 5.0), ("e", "f")]
    assert space.transformed_bounds == [
        (0.0, 1.0),
        (-5, 5),
        (0.0, 1.0),
        (0.0, 1.0),
        (0.0, 1.0),
        (np.log10(1.0), np.log10(5.0)),
        (0.0, 1.0),
    ]


@pytest.mark.parametrize(
    "alike",
    [
        [Real(0.0, 1.0), Real(0, 1), (0.0, 1.0), (0.0, 1.0, "uniform"), (0, 1.0), (np.float64(0.0), 1.0)],
        [Real(1e-3, 1e3, "log-uniform"), (1e-3, 1e3, "log-uniform", 10), (np.float64(1e-3), 1e3, "log-uniform")],
        [Integer(1, 5), Integer(1.0, 5.0), (1, 5), (np.int64(1), 5), (1, np.int64(5))],
        [Integer(16, 512, "log-uniform", 2), (16, 512, "log-uniform", 2), (np.int64(16), 512, "log-uniform", 2)],
        [Categorical(["a", "b", "c"]), ["a", "b", "c"], np.array(["a", "b", "c"])],
        [Categorical([True, False]), [True, False], np.array([True, False])],
    ],
    ids=lambda alike: repr(alike[0]),
)
def test_spaces_from_equal_descriptions_are_equal(alike):
    spaces = [Space([spec]) for spec in alike]
    for space in spaces:
        assert space == spaces[0]
        assert space.rvs(n_samples=10, random_state=0) == spaces[0].rvs(n_samples=10, random_state=0)


def test_a_space_of_a_space():
    space = Space(SPECS)
    assert Space(space) == space
    assert Space(space) is not space
    assert Space(SPECS[:4]) != space


def test_names_and_look_up():
    space = Space([Real(1, 2, name="a"), Integer(1, 100), Categorical(["red, blue"], name="c")])
    assert space.dimension_names == ["a", "X_1", "c"]
    first, last = (0, space.dimensions[0]), (2, space.dimensions[2])
    assert space["a"] == space[0] == first
    assert space["a", "c"] == space[["a", "c"]] == space[0, 2] == space[0, "c"] == [first, last]
    assert space["unknown"] == space[7] == (None, None)
    with pytest.raises(ValueError, match=r"should be either string or list of strings, but got 1.5"):
        space[1.5]
    assert list(space) == list(space.dimensions)
    assert len(space) == 3


def test_kinds_of_spaces():
    assert Space([Categorical(["a", "b"]), Integer(1, 2)]).is_partly_categorical
    assert not Space([Categorical(["a", "b"]), Integer(1, 2)]).is_categorical
    assert Space([["a", "b"], ["A", "B"]]).is_categorical
    assert not Space([Integer(1, 2), Integer(1, 2)]).is_partly_categorical
    assert Space([(0.0, 1.0), (0.0, 2.0)]).is_real
    constants = Space([(0.0, 1.0), [1], ["a", "b"], ["e"]])
    assert constants.n_constant_dimensions == 2
    assert [dimension.is_constant for dimension in constants] == [False, True, False, True]


def test_transformations_are_chosen_for_all_for_each_or_for_a_kind():
    space = Space(SPECS)
    assert space.get_transformer() == ["identity", "identity", "onehot", "identity", "onehot"]
    space.set_transformer("normalize")
    assert space.get_transformer() == ["normalize"] * 5
    point = [[0.0, -5, "a", 1.0, "e"]]
    assert_array_equal(space.transform(point), np.zeros((1, 5)))
    assert space.inverse_transform(np.zeros((1, 5))) == point
    space.set_transformer_by_type("label", Categorical)
    assert space.dimensions[2].transform(["a"]) == [0]
    space.set_transformer(["identity", "identity", "string", "identity", "label"])
    assert space.get_transformer() == ["identity", "identity", "string", "identity", "label"]
    with pytest.raises(ValueError, match="transform must be one for all 5 dimensions"):
        space.set_transformer(["identity"])


def test_transformations_of_a_space_leave_the_users_dimensions_alone():
    dimension = Real(0, 1, name="a")
    Space([dimension]).set_transformer("normalize")
    assert dimension.transform_ == "identity"


def test_normalized_bounds_hold_between_the_ends():
    space = Space([(-999, 189000), Categorical([True, False])])
    space.set_transformer("normalize")
    for u in np.linspace(1e-9, 1 + 1e-9, 1000):
        (point,) = space.inverse_transform([[u, u]])
        assert -999 <= point[0] <= 189000
        assert ((space.transform([point]) >= 0) & (space.transform([point]) <= 1)).all()


def test_repr_of_spaces():
    assert repr(Space([(0.0, 1.0), ["a"]])) == "Space([\n    Real(0.0, 1.0),\n    Categorical(['a']),\n])"
    assert repr(Space([[number] for number in range(40)])).count("Categorical") == 30


@pytest.mark.parametrize("point", [[0.5, 3], [2.0, 1, "a", 2.0, "e"], [0.5, 1, "z", 2.0, "e"], 3, None, "abcde"])
def test_foreign_points_are_outside(point):
    assert point not in Space(SPECS)
