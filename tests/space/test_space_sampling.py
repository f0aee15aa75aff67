"""Samples, designs and constraints."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from sktune.space import Categorical, Integer, Real, Space


def ordered(params):
    return params["a"] < params["b"]


def test_a_design_of_continuous_dimensions_is_scipys_scrambled_sobol_sequence():
    space = Space({"a": (0.0, 1.0), "b": (0.0, 1.0), "c": (0.0, 1.0)})
    for n_points in (1, 5, 16, 37):
        sobol = qmc.Sobol(3, scramble=True, seed=np.random.default_rng(3)).random_base2(6)[:n_points]
        np.testing.assert_allclose(space.design(n_points, 3), sobol, atol=1e-12)


@pytest.mark.parametrize("n_points", [0, 1, 2, 3, 7, 10, 100, 129])
def test_designs_have_the_size_that_was_asked_for(n_points):
    space = Space({"a": (1e-5, 1.0, "log-uniform"), "b": Integer(1, 50), "c": ["x", "y", "z"]})
    design = space.design(n_points, 0)
    assert design.shape == (n_points, 3)
    assert len(np.unique(design, axis=0)) == n_points
    np.testing.assert_array_equal(design, space.snap(design))


@pytest.mark.parametrize("n_points", [1, 6, 11, 12, 13, 40])
def test_designs_of_small_spaces_exhaust_them_before_they_repeat(n_points):
    space = Space({"a": [1, 2, 3], "b": Integer(1, 4, when={"a": [2, 3]}), "c": Categorical([1, 2, 3], when={"a": 1})})
    assert space.n_points == 11
    design = space.design(n_points, 1)
    assert design.shape == (n_points, 3)
    assert len(np.unique(design, axis=0)) == min(n_points, 11)


def test_designs_find_the_last_points_of_a_rare_choice():
    space = Space({"a": Categorical(["common", "rare"], prior=[1 - 1e-9, 1e-9])})
    assert len(np.unique(space.design(2, 0))) == 2


def test_designs_of_constants():
    space = Space({"a": [3], "b": ["x"]})
    np.testing.assert_array_equal(space.design(3, 0), np.full((3, 2), 0.5))
    assert space.from_unit(space.sample(2, np.random.default_rng(0))) == [{"a": 3, "b": "x"}] * 2


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**63), n_points=st.integers(0, 40))
def test_constraints_hold_in_samples_and_designs(seed, n_points):
    space = Space({"a": Integer(1, 12), "b": Integer(1, 12), "c": Real(0, 1)}, constraint=ordered)
    for points in (space.design(n_points, seed), space.sample(n_points, np.random.default_rng(seed))):
        assert points.shape == (n_points, 3)
        assert space.feasible(points).all()
        assert all(ordered(params) for params in space.from_unit(points))
        np.testing.assert_array_equal(points, space.snap(points))
    assert all(a < b for a, b, _ in space.rvs(n_points, random_state=seed % 2**32))


def test_designs_repeat_with_the_seed():
    space = Space({"a": Integer(1, 12), "b": Integer(1, 12)}, constraint=ordered)
    np.testing.assert_array_equal(space.design(20, 4), space.design(20, 4))
    assert not np.array_equal(space.design(20, 4), space.design(20, 5))
    # a longer design begins with the shorter one, so that a search may be extended
    continuous = Space({"a": (0.0, 1.0), "b": (0.0, 1.0)})
    np.testing.assert_array_equal(continuous.design(100, 4)[:30], continuous.design(30, 4))


def test_samples_advance_with_the_generator():
    space = Space({"a": (0.0, 1.0)})
    rng = np.random.default_rng(0)
    assert not np.array_equal(space.sample(3, rng), space.sample(3, rng))
    np.testing.assert_array_equal(space.sample(3, np.random.default_rng(1)), space.sample(3, np.random.default_rng(1)))


def test_tight_constraints_are_met():
    space = Space({"a": Integer(1, 100), "b": Integer(1, 100)}, constraint=lambda params: sum(params.values()) == 101)
    design = space.design(100, 0)
    assert len(np.unique(design, axis=0)) == 100
    assert space.feasible(space.sample(20, np.random.default_rng(0))).all()
    assert len(list(space.enumerate())) == 100
    assert space.n_points == 10_000


def test_a_single_allowed_point_of_a_finite_space_is_found():
    space = Space({"a": Integer(1, 200), "b": Integer(1, 200)}, constraint=lambda params: params == {"a": 17, "b": 123})
    assert space.from_unit(space.design(2, 0)) == [{"a": 17, "b": 123}] * 2


def test_constraints_that_allow_nothing_are_named():
    space = Space({"a": (0.0, 1.0), "b": (0.0, 1.0)}, constraint=lambda params: False)
    for draw in (
        lambda: space.sample(3, np.random.default_rng(0)),
        lambda: space.design(3, 0),
        lambda: space.rvs(3, random_state=0),
    ):
        with pytest.raises(RuntimeError, match=r"Could not find enough valid samples: 3 are wanted, 0 were found"):
            draw()
    assert list(Space({"a": [1, 2]}, constraint=lambda params: False).enumerate()) == []


def test_what_the_constraint_raises_arrives_with_the_setting():
    def divide(params):
        return 1 / params["a"] > 0

    space = Space({"a": [0, 1]}, constraint=divide)
    with pytest.raises(ZeroDivisionError) as raised:
        space.design(4, 0)
    assert raised.value.__notes__ == ["raised by the constraint of the search space for {'a': 0}"]
    with pytest.raises(ZeroDivisionError):
        assert {"a": 0} not in space


@pytest.mark.parametrize("answer", [None, 1, "yes", np.array([True])])
def test_constraints_must_answer_with_a_bool(answer):
    space = Space({"a": [0, 1]}, constraint=lambda params: answer)
    with pytest.raises(TypeError, match=r"constraint must return True or False, got .* for \{'a': 0\}"):
        space.feasible([[0.0]])


def test_constraints_see_active_parameters_only_and_cannot_change_them():
    seen = []

    def constraint(params):
        seen.append(dict(params))
        params.clear()
        return np.True_

    space = Space({"a": ["x", "y"], "b": Integer(1, 2, when={"a": "y"})}, constraint=constraint)
    assert list(space.enumerate()) == [{"a": "x"}, {"a": "y", "b": 1}, {"a": "y", "b": 2}]
    assert seen == [{"a": "x"}, {"a": "y", "b": 1}, {"a": "y", "b": 2}]


@pytest.mark.parametrize("n_points", [-1, 1.5, True, None])
def test_bad_numbers_of_points_are_refused(n_points):
    space = Space({"a": (0.0, 1.0)})
    sample = lambda n, _: space.sample(n, np.random.default_rng(0))  # noqa: E731
    for draw, name in ((space.design, "n_points"), (sample, "n_points"), (space.rvs, "n_samples")):
        with pytest.raises(ValueError, match=f"{name} must be a non-negative int"):
            draw(n_points, 0)


def test_constraints_must_be_callable():
    with pytest.raises(ValueError, match="constraint must be callable or None, got 'a < b'"):
        Space({"a": (0.0, 1.0)}, constraint="a < b")
    with pytest.raises(TypeError, match="positional"):
        Space({"a": (0.0, 1.0)}, ordered)
