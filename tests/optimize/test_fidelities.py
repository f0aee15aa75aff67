"""Scores from shares of an evaluation: what they tell of whole ones, and that they are never taken for them."""

import math

import numpy as np
import pytest

from sktune.optimize import Optimizer
from sktune.space import Space

SPACE = {"x": (0.0, 1.0), "y": (0.0, 1.0)}


def whole(params):
    return -((params["x"] - 0.3) ** 2) - (params["y"] - 0.7) ** 2


def points(n, seed=0):
    space = Space(SPACE)
    return space.from_unit(space.sample(n, np.random.default_rng(seed)))


def first_proposal(told, fidelities, random_state=0):
    optimizer = Optimizer(SPACE, random_state=random_state, n_initial_points=1)
    for function, n_points, fidelity in zip(*told, fidelities, strict=True):
        some = points(n_points, seed=n_points)
        optimizer.tell(some, [function(params) for params in some], fidelity=fidelity)
    return optimizer.ask()


def distance(params):
    return math.hypot(params["x"] - 0.3, params["y"] - 0.7)


@pytest.mark.parametrize("seed", range(5))
def test_many_cheap_scores_that_agree_with_whole_ones_point_to_the_best(seed):
    cheap, few = (lambda params: whole(params) - 0.05), 8
    told = [cheap, whole], [40, few]
    assert distance(first_proposal(told, [0.1, 1.0], seed)) < 0.12


@pytest.mark.parametrize("seed", range(5))
def test_cheap_scores_that_say_nothing_of_whole_ones_are_found_out(seed):
    misleading = lambda params: -3.0 * ((params["x"] - 0.9) ** 2 + (params["y"] - 0.1) ** 2)  # noqa: E731
    proposals = [first_proposal(([misleading, whole], [25, 25]), fidelities, seed) for fidelities in ([0.05, 1.0],)]
    assert all(distance(params) < 0.25 for params in proposals)


def test_the_best_is_one_of_the_highest_fidelity():
    optimizer = Optimizer(SPACE, random_state=0)
    early, late, failed = points(3)
    optimizer.tell(early, 5.0, fidelity=0.1)
    assert optimizer.best_params == early
    optimizer.tell([late, failed], [1.0, math.nan], fidelity=[0.5, 1.0])
    assert (optimizer.best_params, optimizer.best_score) == (late, 1.0)


def test_a_fidelity_of_1_changes_nothing():
    one, other = (Optimizer(SPACE, random_state=0) for _ in range(2))
    some = points(15)
    scores = [whole(params) for params in some]
    one.tell(some, scores)
    other.tell(some, scores, fidelity=[1.0] * 15)
    assert one.ask(3) == other.ask(3)


@pytest.mark.parametrize("fidelity", [0.0, -0.5, 1.5, math.nan, "0.5", True, None])
def test_a_fidelity_is_a_share(fidelity):
    optimizer = Optimizer(SPACE)
    with pytest.raises(ValueError, match="fidelity must be"):
        optimizer.tell(points(1), [1.0], fidelity=[fidelity])
    assert optimizer.n_told == 0
