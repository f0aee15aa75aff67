"""Shares of variance against functions whose Sobol indices are known in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktune.inspection import variance_shares


def ishigami(u):
    """Ishigami & Homma (1990), with a = 7 and b = 0.1."""
    x = np.pi * (2 * u - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


# as published, for example in Saltelli et al. (2008), Global Sensitivity Analysis: The Primer
ISHIGAMI_FIRST, ISHIGAMI_TOTAL = [0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437]


def g_function(u, a):
    return np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=1)


def g_shares(a):
    """First-order and total shares of Sobol's g-function: partial variances are products of 1 / (3 (1 + a_i)^2)."""
    own = 1 / (3 * (1 + a) ** 2)
    variance = np.prod(1 + own) - 1
    return own / variance, own * np.prod(1 + own) / (1 + own) / variance


@pytest.mark.parametrize("seed", range(5))
def test_ishigami(seed):
    shares = variance_shares(ishigami, 3, n_samples=4096, seed=seed)
    assert_allclose(shares.first_order[0], ISHIGAMI_FIRST, atol=0.02)
    assert_allclose(shares.total[0], ISHIGAMI_TOTAL, atol=0.02)
    assert_allclose(shares.interaction, 1 - np.sum(ISHIGAMI_FIRST), atol=0.03)
    assert_allclose(shares.variance, 1 / 2 + 7**2 / 8 + 0.1 * np.pi**4 / 5 + 0.1**2 * np.pi**8 / 18, rtol=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_g_function(seed):
    a = np.array([0, 1, 4.5, 9, 99, 99])
    first_order, total = g_shares(a)
    shares = variance_shares(lambda u: g_function(u, a), 6, n_samples=4096, seed=seed)
    assert_allclose(shares.first_order[0], first_order, atol=0.01)
    assert_allclose(shares.total[0], total, atol=0.01)


def test_a_pure_interaction_and_an_argument_without_effect():
    shares = variance_shares(lambda u: (u[:, 0] - 0.5) * (u[:, 2] - 0.5), 3, n_samples=4096)
    assert_allclose(shares.first_order, [[0, 0, 0]], atol=0.02)
    assert_allclose(shares.total, [[1, 0, 1]], atol=0.02)
    assert shares.total[0, 1] == shares.first_order[0, 1] == 0
    assert_allclose(shares.interaction, 1, atol=0.02)


def test_several_functions_are_decomposed_each_alone():
    both = variance_shares(lambda u: np.column_stack([ishigami(u), u[:, 0]]), 3)
    alone = [variance_shares(f, 3) for f in (ishigami, lambda u: u[:, 0])]
    for name in ("first_order", "total", "variance", "interaction"):
        assert_allclose(
            getattr(both, name), np.concatenate([getattr(one, name) for one in alone]), rtol=1e-12, atol=1e-12
        )


def test_a_constant_function_has_no_shares():
    shares = variance_shares(lambda u: np.ones(len(u)), 2)
    assert_array_equal(shares.first_order, [[0, 0]])
    assert_array_equal(shares.total, [[0, 0]])
    assert_array_equal(shares.interaction, [0])


@settings(max_examples=25)
@given(
    weights=st.lists(st.floats(-3, 3), min_size=1, max_size=5).filter(lambda w: np.linalg.norm(w) > 0.1),
    seed=st.integers(0, 100),
)
def test_additive_functions_have_their_weights_for_shares(weights, seed):
    weights = np.array(weights)
    shares = variance_shares(lambda u: u @ weights, len(weights), seed=seed)
    expected = weights**2 / np.sum(weights**2)
    assert_allclose(shares.first_order[0], expected, atol=0.02)
    assert_allclose(shares.total[0], expected, atol=0.02)
    assert np.all((shares.first_order >= 0) & (shares.first_order <= shares.total) & (shares.total <= 1))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"n_dims": 0}, "n_dims must be a positive int, got 0"),
        ({"n_dims": 2.0}, "n_dims must be a positive int, got 2.0"),
        ({"n_dims": 2, "n_samples": 1000}, "n_samples must be a power of two, got 1000"),
        ({"n_dims": 2, "n_samples": -4}, "n_samples must be a positive int, got -4"),
    ],
)
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        variance_shares(lambda u: pytest.fail("work was begun"), **kwargs)
