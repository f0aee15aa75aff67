"""Proposals are new, different, and determined by the seed."""

import math

import pytest

from sktune.model_selection._proposals import Observation, grid, propose
from sktune.space import Categorical, Integer, Real, Space

SAMPLERS = ["bayes", "random", "sobol"]
SPACE = Space({"C": Real(1e-3, 1e3, prior="log-uniform"), "n": Integer(1, 9), "kind": Categorical(["a", "b"])})
SMALL = Space({"n": Integer(1, 4), "kind": Categorical(["a", "b"]), "m": Integer(1, 2, when={"kind": "a"})})


def keys(space, params):
    return [space.key(one) for one in params]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_they_are_in_the_space_different_and_repeatable(sampler):
    params = propose(sampler, SPACE, 20, [], seed=3)
    assert len(set(keys(SPACE, params))) == 20
    assert all(one in SPACE for one in params)
    assert params == propose(sampler, SPACE, 20, [], seed=3)
    assert params != propose(sampler, SPACE, 20, [], seed=4)
    assert len(propose(sampler, SPACE, 2, [], seed=None)) == 2
    assert propose(sampler, SPACE, 0, [], seed=0) == []


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_is_known_is_not_proposed_again(sampler):
    seen = [Observation(one, score, 0.3) for score, one in enumerate(propose(sampler, SMALL, 7, [], seed=0))]
    seen.append(Observation(seen[0].params, math.nan, 1.0))
    rest = propose(sampler, SMALL, 9, seen, seed=0)
    assert len(rest) == 5  # of 4 * 2 + 4
    assert not {SMALL.key(one.params) for one in seen} & set(keys(SMALL, rest))
    assert propose(sampler, SMALL, 1, [*seen, *(Observation(one, 0.0, 1.0) for one in rest)], seed=0) == []


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_given_settings_come_first(sampler):
    first = [{"n": 2, "kind": "b"}, {"n": 2, "kind": "b"}, {"n": 3, "kind": "a", "m": 1}]
    params = propose(sampler, SMALL, 4, [], seed=0, first=first)
    assert params[:2] == [{"kind": "b", "n": 2}, {"kind": "a", "m": 1, "n": 3}]
    assert len(set(keys(SMALL, params))) == len(params) == 4


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_observations_outside_of_the_space_count_for_nothing(sampler):
    part = SPACE.zoomed({"C": 100.0, "n": 8, "kind": "b"}, 0.25)
    outside = [Observation({"C": 0.01, "n": 1, "kind": "a"}, 0.5, 0.1)]
    assert propose(sampler, part, 5, outside, seed=1) == propose(sampler, part, 5, [], seed=1)
    assert all(one in part for one in propose(sampler, part, 5, outside, seed=1))


def test_a_surrogate_learns_from_short_trainings():
    space = Space({"x": Real(0.0, 1.0)})
    seen = [Observation({"x": x / 15}, -((x / 15 - 0.7) ** 2), 0.1) for x in range(15)]
    seen += [Observation(one.params, one.score, 1.0) for one in seen[8:12]]
    proposed = [one["x"] for one in propose("bayes", space, 6, seen, seed=0)]
    assert all(abs(x - 0.7) < 0.1 for x in proposed)


def test_a_grid_is_as_fine_as_it_may_be():
    assert len(grid(SPACE, 18)) == 18  # 3 * 3 * 2
    assert len(grid(SPACE, 31)) == 18
    assert len(grid(SPACE, 32)) == 32
    assert len(grid(SMALL, 99)) == 12  # and no finer than the values
    assert {one["C"] for one in SPACE.from_unit(grid(SPACE, 18))} == {1e-3, 1.0, 1e3}
    allowed = Space(SPACE, constraint=lambda params: params["C"] < 500)
    assert len(grid(allowed, 18)) == 12


def test_more_choices_than_candidates():
    space = Space({name: list("abcd") for name in "xyz"})
    assert len(grid(space, 5)) == 64
    params = propose("grid", space, 5, [], seed=0)
    assert len(set(keys(space, params))) == 5
    assert params != propose("grid", space, 5, [], seed=1)
    with pytest.raises(ValueError, match="more than 65536 combinations, too many for a grid"):
        grid(Space({f"x{i}": list("abcd") for i in range(9)}), 5)


def test_what_is_known_of_a_grid_is_left_out():
    params = propose("grid", SMALL, 12, [], seed=0)
    known = [Observation(one, 0.0, 1.0) for one in params[:5]]
    assert propose("grid", SMALL, 12, known, seed=0) == params[5:]
