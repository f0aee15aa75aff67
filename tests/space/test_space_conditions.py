"""Conditions between dimensions, against a brute force that knows only their plain meaning."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sktune.space import Categorical, Distribution, Integer, Real, Space

NAMES = "abcdef"


@st.composite
def conditional_specs(draw):
    """Up to six small dimensions, each conditional on some of those drawn before; names are shuffled."""
    names = draw(st.permutations(NAMES[: draw(st.integers(1, len(NAMES)))]))
    specs = {}
    for position, name in enumerate(names):
        when = {}
        for parent in draw(st.lists(st.sampled_from(names[:position]), max_size=2, unique=True)) if position else []:
            values = list(specs[parent].values())
            chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=len(values), unique=True))
            when[parent] = chosen if len(chosen) > 1 or draw(st.booleans()) else chosen[0]
        low = draw(st.integers(-3, 3))
        kind = draw(st.sampled_from([Integer, Categorical]))
        width = draw(st.integers(0 if kind is Categorical else 1, 3))
        if kind is Integer:
            specs[name] = Integer(low, low + width, when=when or None)
        else:
            specs[name] = Categorical([f"{name}{index}" for index in range(width + 1)], when=when or None)
    return specs


def is_active(name, params, specs):
    """The meaning of `when`, straight from its definition."""
    for parent, allowed in (specs[name].when or {}).items():
        allowed = allowed if isinstance(allowed, list) else [allowed]
        if params[parent] not in allowed or not is_active(parent, params, specs):
            return False
    return True


def brute_force(specs):
    """The set of different settings, each as a sorted tuple of items."""
    settings_ = set()
    for values in itertools.product(*(list(spec.values()) for spec in specs.values())):
        params = dict(zip(specs, values, strict=True))
        settings_.add(tuple(sorted((name, params[name]) for name in specs if is_active(name, params, specs))))
    return settings_


@given(specs=conditional_specs(), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=80)
def test_conditional_spaces_against_brute_force(specs, seed):
    expected = brute_force(specs)
    active_ever = {name for point in expected for name, _ in point}
    if active_ever != set(specs):
        with pytest.raises(ValueError, match=r"conditions of parameter '.' exclude one another"):
            Space(specs)
        return
    space = Space(specs)
    listed = [tuple(params.items()) for params in space.enumerate()]
    assert set(listed) == expected
    assert len(listed) == len(expected) == space.n_points

    points = [dict(items) for items in listed]
    coordinates = space.to_unit(points)
    assert space.from_unit(coordinates) == points
    assert len(np.unique(coordinates, axis=0)) == len(points)
    assert len({space.key(params) for params in points}) == len(points)

    u = np.random.default_rng(seed).random((50, space.n_dims))
    drawn = space.from_unit(u)
    assert {tuple(params.items()) for params in drawn} <= expected
    np.testing.assert_array_equal(space.snap(u), space.to_unit(drawn))
    np.testing.assert_array_equal(space.active(u), [[name in params for name in space.names] for params in drawn])


def test_chains_are_active_only_as_far_as_they_hold():
    space = Space(
        {
            "optimizer": ["adam", "sgd"],
            "momentum": Categorical([0.0, 0.9], when={"optimizer": "sgd"}),
            "nesterov": Categorical([True, False], when={"momentum": 0.9}),
        }
    )
    # names are sorted: momentum, nesterov, optimizer
    rows = space.snap([[0.9, 0.9, 0.1], [0.9, 0.9, 0.9], [0.1, 0.9, 0.9]])
    assert space.from_unit(rows) == [
        {"optimizer": "adam"},
        {"momentum": 0.9, "nesterov": False, "optimizer": "sgd"},
        {"momentum": 0.0, "optimizer": "sgd"},
    ]
    np.testing.assert_array_equal(rows == 0.5, [[True, True, False], [False] * 3, [False, True, False]])


def test_all_conditions_must_hold():
    space = Space({"a": [1, 2], "b": [1, 2], "c": Categorical(["x"], when={"a": 1, "b": [2]})})
    assert [params for params in space.enumerate() if "c" in params] == [{"a": 1, "b": 2, "c": "x"}]


def test_a_tuple_is_one_value_and_a_list_is_a_set_of_values():
    space = Space(
        {
            "widths": [(8,), (8, 4), None],
            "one": Categorical([1], when={"widths": (8, 4)}),
            "several": Categorical([1], when={"widths": [(8,), None]}),
        }
    )
    assert [set(params) - {"widths"} for params in space.enumerate()] == [{"several"}, {"one"}, {"several"}]


def test_conditions_hold_for_any_kind_of_parent():
    space = Space(
        {
            "real": Real(0, 1, step=0.1),
            "drawn": Distribution(stats.randint(0, 3)),
            "log": Integer(1, 1000, "log-uniform"),
            "power": (8, 64, "power-of-two"),
            "a": Categorical([1, 2], when={"real": 0.3, "drawn": [1, 2]}),
            "b": Categorical([1, 2], when={"log": 10, "power": [16, 64]}),
        }
    )
    # 11 reals of which one, 3 drawn of which two; 1000 logs of which one, 4 powers of which two
    assert space.n_points == (11 * 3 + 2) * (1000 * 4 + 2)


def test_the_number_of_points_may_be_infinite_or_astronomic():
    assert Space({"a": ["x", "y"], "b": Real(0, 1, when={"a": "x"})}).n_points == math.inf
    large = {f"p{number}": Integer(1, 2**30) for number in range(30)}
    assert Space(large).n_points == 2 ** (30 * 30)
    assert next(Space(large).enumerate()) == dict.fromkeys(sorted(large), 1)
    astronomic = {f"p{number}": Integer(1, 2**30) for number in range(50)}
    assert Space(astronomic).n_points == math.inf
    assert Space({**astronomic, "r": (0.0, 1.0)}).n_points == math.inf


def test_long_chains_and_many_families_are_counted_without_listing_them():
    chain = {"p000": Integer(1, 5)}
    for number in range(1, 200):
        chain[f"p{number:03}"] = Integer(1, 5, when={f"p{number - 1:03}": [1, 2, 3]})
    families = {}
    for number in range(60):
        families[f"a{number}"] = Integer(1, 4)
        families[f"b{number}"] = Integer(1, 4, when={f"a{number}": 2})
    # f(n) = 2 + 3 f(n - 1), f(1) = 5
    expected = 5
    for _ in range(199):
        expected = 2 + 3 * expected
    assert Space(chain).n_points == expected
    assert Space(families).n_points == 7**60


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        (
            {"optimizer": ["adam", "sgd"], "momentum": Real(0, 1, when={"optimiser": "sgd"})},
            r"when of parameter 'momentum' names the unknown parameter 'optimiser'; .*Did you mean 'optimizer'\?",
        ),
        (
            {"optimizer": ["adam", "sgd"], "momentum": Real(0, 1, when={"optimizer": "SGD"})},
            "when of parameter 'momentum' cannot hold: Invalid value 'SGD' for parameter 'optimizer': expected one of",
        ),
        (
            {"n": (1, 3), "b": Categorical([1], when={"n": [2, 4]})},
            "when of parameter 'b' cannot hold: Invalid value 4 for parameter 'n': expected an integer from 1 to 3",
        ),
        (
            {"flag": [0, 1], "b": Categorical([1], when={"flag": True})},
            "Invalid value True for parameter 'flag': expected one of 0, 1",
        ),
        (
            {"p": Categorical(["x", "y"], prior=[1, 0]), "b": Categorical([1], when={"p": "y"})},
            "Invalid value 'y' for parameter 'p': expected one of 'x'",
        ),
        (
            {"x": (0.0, 1.0), "b": Categorical([1], when={"x": 0.5})},
            "cannot hold: 'x' has infinitely many values, .* give 'x' a step",
        ),
        ({"a": Categorical([1], when={"a": 1})}, "the conditions of these parameters form a cycle: a -> a"),
        (
            {
                "a": Categorical([1], when={"b": 1}),
                "b": Categorical([1], when={"c": 1}),
                "c": Categorical([1], when={"a": 1}),
            },
            "form a cycle: a -> b -> c -> a",
        ),
        (
            {"a": [1, 2], "b": Categorical([1], when={"a": 1}), "c": Categorical([1], when={"a": 2, "b": 1})},
            "the conditions of parameter 'c' exclude one another: it can never be active",
        ),
    ],
)
def test_impossible_conditions_are_refused_when_the_space_is_built(specs, message):
    with pytest.raises(ValueError, match=message):
        Space(specs)


def test_values_of_inactive_parameters_are_ignored():
    space = Space({"optimizer": ["adam", "sgd"], "momentum": Real(0, 1, when={"optimizer": "sgd"})})
    plain, extra = {"optimizer": "adam"}, {"optimizer": "adam", "momentum": 0.7}
    np.testing.assert_array_equal(space.to_unit([plain, extra]), [[0.5, 0.25]] * 2)
    assert space.key(plain) == space.key(extra)
    assert space.key({"optimizer": "sgd", "momentum": 0.7}) != space.key({"optimizer": "sgd", "momentum": 0.6})


def test_conditions_by_position_in_a_list_of_dimensions():
    space = Space([["adam", "sgd"], Real(0, 1, when={"X_0": "sgd"}), Integer(1, 3, name="depth")])
    assert space.names == ("X_0", "X_1", "depth")
    assert space.from_unit([[0.0, 0.5, 0.0]]) == [{"X_0": "adam", "depth": 1}]
    points = space.rvs(20, random_state=0)
    assert {point[1] is None for point in points if point[0] == "adam"} == {True}
    assert {point[1] is None for point in points if point[0] == "sgd"} == {False}
    assert all(point in space for point in points)
    transformed = space.transform(points)
    assert transformed.shape == (20, 3)
    for point, back in zip(points, space.inverse_transform(transformed), strict=True):
        assert back == [point[0], None if point[1] is None else pytest.approx(point[1]), point[2]]
