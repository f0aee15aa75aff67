"""Cautious proposals: when they are due, and that they follow the scores alone."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sktune.optimize import GaussianProcess, Hyperparameters, Optimizer, _proposer
from sktune.optimize._acquisition import log_expected_improvement
from sktune.optimize._caution import CAUTION, is_cautious_turn
from sktune.optimize._encoding import FeatureEncoder
from sktune.optimize._maximize import Acquisition
from sktune.space import Space


def turns(outcomes, n_first):
    return [n for n in range(len(outcomes)) if is_cautious_turn(outcomes[:n], n_first)]


def test_every_second_proposal_is_cautious_while_these_do_well():
    assert turns(np.arange(12.0), 3) == [3, 5, 7, 9, 11]


def test_the_wait_doubles_up_to_a_limit_while_they_do_not():
    assert turns(-np.arange(60.0), 5) == [5, 9, 17, 33, 49]
    assert turns([0.0] * 20, 5) == [5, 9, 17]  # equal to the median is no success


def test_a_success_ends_the_waiting():
    outcomes = -np.arange(60.0)
    outcomes[17] = 1.0
    assert turns(outcomes, 5) == [5, 9, 17, 19, 23, 31, 47]


@given(st.lists(st.sampled_from([-np.inf, 0.0, 1.0, 2.0]), min_size=1, max_size=40), st.integers(1, 10))
@settings(deadline=None)
def test_turns_follow_the_former_ones(outcomes, n_first):
    # the rule once more, told forwards: each cautious proposal, once scored, sets the date of the next
    due, wait, expected = n_first, 2, []
    for n, score in enumerate(outcomes):
        if n == due:
            expected.append(n)
            wait = 2 if score > np.median(outcomes[:n]) else min(2 * wait, 16)
            due = n + wait
    assert turns(outcomes, n_first) == expected


def test_outcomes_are_scores_in_the_order_of_proposals_without_what_was_forgotten():
    optimizer = Optimizer({"x": (0.0, 1.0)}, random_state=0)
    first, second, third, fourth = optimizer.ask(4)
    optimizer.tell([third, first], [3.0, np.nan])
    optimizer.forget(second)
    assert optimizer._history.outcomes() == [-np.inf, 3.0, -np.inf]
    optimizer.tell(fourth, 1.0)
    optimizer.revise(third, 4.0)
    assert optimizer._history.outcomes() == [-np.inf, 4.0, 1.0]
    optimizer.revise([third, third, third], [8.0, 5.0, 9.0], fidelity=[1.0, 0.1, 0.5])
    assert optimizer._history.outcomes() == [-np.inf, 5.0, 1.0]  # of several fidelities, the lowest


@pytest.mark.parametrize("caution", [1.0, 4.0, 9.0])
def test_caution_multiplies_the_variance(caution):
    rng = np.random.default_rng(0)
    encoder = FeatureEncoder(Space({"a": (0.0, 1.0), "b": (0.0, 1.0)}))
    gp = GaussianProcess(rng.random((8, 2)), rng.standard_normal(8), Hyperparameters([0.5, 0.5]))
    acquisition, U = Acquisition(gp, encoder, caution=caution), rng.random((5, 2))
    mean, variance = gp.predict(U)
    values, gradients = acquisition.value_and_gradient(U)
    assert_allclose(acquisition(U), log_expected_improvement(mean, caution * variance, gp.mean_.max()))
    assert_allclose(values, acquisition(U))
    for dim, step in enumerate(1e-6 * np.eye(2)):
        assert_allclose(gradients[:, dim], (acquisition(U + step) - acquisition(U - step)) / 2e-6, rtol=1e-4, atol=1e-4)


# -- side by side ------------------------------------------------------------------------------------------------------


@pytest.fixture
def cautions(monkeypatch):
    """What the variances are multiplied by, one number for each proposal."""
    seen = []

    class Spy(_proposer.Acquisition):
        def __init__(self, gp, encoder, best, caution):
            super().__init__(gp, encoder, best, caution)
            seen.append(caution)

    monkeypatch.setattr(_proposer, "Acquisition", Spy)
    monkeypatch.setattr(_proposer, "LOG_NEGLIGIBLE", -np.inf)  # else some proposals make two
    monkeypatch.setattr(_proposer, "is_cautious_turn", lambda *_: False)
    return seen


def rugged(params):
    """As good as random."""
    return np.sin(1e4 * params["x"] + 1e5 * params["y"])


def bowl(params):
    return -((params["x"] - 0.3) ** 2) - (params["y"] - 0.6) ** 2


def started(score=rugged, fidelity=1.0):
    optimizer = Optimizer({"x": (0.0, 1.0), "y": (0.0, 1.0)}, random_state=0)
    for x, y in product(np.linspace(0.0, 1.0, 4), repeat=2):
        params = {"x": x, "y": y}
        optimizer.tell(params, score(params), fidelity=fidelity)
    return optimizer


@pytest.mark.parametrize(
    ("score", "fidelity", "n_leaders"), [(rugged, 1.0, 2), (bowl, 1.0, 4), (rugged, 0.5, 1), (bowl, 0.5, 1)]
)
def test_of_a_batch_all_but_the_leaders_are_cautious(cautions, score, fidelity, n_leaders):
    optimizer = started(score, fidelity)
    for _ in range(2):
        batch = optimizer.ask(6)
        optimizer.tell(batch, [score(params) for params in batch], fidelity=fidelity)
    assert cautions == ([1.0] * n_leaders + [CAUTION] * (6 - n_leaders)) * 2


def test_of_the_leaders_only_the_first_has_cautious_turns(cautions, monkeypatch):
    monkeypatch.setattr(_proposer, "is_cautious_turn", lambda *_: True)
    started().ask(4)
    assert cautions == [CAUTION, 1.0, CAUTION, CAUTION]


def test_one_at_a_time_none_follows(cautions):
    optimizer = started()
    for _ in range(3):
        optimizer.tell(optimizer.ask(), 0.0)
    assert cautions == [1.0] * 3


@pytest.mark.parametrize("end", ["tell", "forget"])
def test_of_points_that_end_one_after_the_other_each_leads_that_comes_after_a_leader(cautions, end):
    optimizer = started()
    pending = [optimizer.ask() for _ in range(4)]
    for _ in range(8):
        oldest = pending.pop(0)
        optimizer.tell(oldest, 0.0) if end == "tell" else optimizer.forget(oldest)
        pending.append(optimizer.ask())
    assert cautions == [1.0, 1.0, CAUTION, CAUTION] * 3
