"""Proposals do not depend on the unit and the origin of scores: to the last bit, where floats do not round them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sktune.optimize import Optimizer

SPACE = {"a": (0.0, 1.0), "b": (1e-3, 1.0, "log-uniform"), "kind": ["x", "y"]}


def proposals(seed, unit=1.0, origin=0.0, *, levels=2**20, as_told=float, fidelities=(1.0,)):
    """Ask and tell; the scores have so many levels per unit, and some evaluations fail."""
    optimizer = Optimizer(SPACE, random_state=seed, n_initial_points=4)
    asked = []
    for number in range(6):
        points = optimizer.ask(2 if number == 4 else 1)
        for point in points:
            score = -((point["a"] - 0.3) ** 2) + 0.1 * math.log(point["b"]) - (point["kind"] == "x")
            fails = math.sin(1e3 * point["a"]) > 0.8
            score = math.nan if fails else unit * (round(score * levels) / levels + origin)
            fidelity = fidelities[number % len(fidelities)]
            optimizer.tell(point, as_told(score), noise=None if fails else unit / 64, fidelity=fidelity)
        asked += points
    return asked, optimizer.best_params


@given(st.integers(0, 1000), st.integers(-500, 500), st.sampled_from([(1.0,), (0.5, 1.0)]))
@settings(deadline=None, max_examples=5)
def test_the_unit_changes_nothing(seed, exponent, fidelities):
    assert proposals(seed, 2.0**exponent, fidelities=fidelities) == proposals(seed, fidelities=fidelities)


@pytest.mark.parametrize("origin", [1.0, -1024.0, 2.0**20])
def test_the_origin_changes_nothing(origin):
    assert proposals(0, 1.0, origin) == proposals(0)


@pytest.mark.parametrize("unit", [2.0**-40, 1.0, 2.0**60])
def test_scores_in_single_precision(unit):
    given = {"levels": 2**10}
    assert proposals(1, unit, as_told=np.float32, **given) == proposals(1, **given)


@pytest.mark.parametrize("score", [1e-12, -1e300])
def test_scores_that_are_all_the_same(score):
    asked, _ = proposals(2, unit=0.0, as_told=lambda zero: zero + score)
    assert asked == proposals(2, unit=0.0)[0]


@pytest.mark.parametrize("unit", [1.0, 2.0**60])
@pytest.mark.parametrize("infinite", [math.inf, -math.inf])
def test_infinite_scores_are_failures(unit, infinite):
    def told(score):
        return infinite if math.isnan(score) else score

    assert proposals(3, unit, as_told=told) == proposals(3)
