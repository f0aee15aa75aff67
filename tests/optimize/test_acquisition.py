"""Log expected improvement against Monte Carlo, quadrature and finite differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad

from sktune.optimize._acquisition import (
    log_expected_improvement,
    log_expected_improvement_gradient,
    log_h,
)

MEANS, LOG_DEVIATIONS, BESTS = st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3)


def by_quadrature(z):
    """Log of h(z) = phi(z) times the integral of t exp(z t - t^2 / 2) over positive t."""
    # the largest factor is taken out of the integral, so that it never underflows
    peak = (z + np.sqrt(z * z + 4.0)) / 2.0
    top = np.log(peak) + z * peak - peak * peak / 2.0
    width = 1.0 / np.sqrt(1.0 + 1.0 / peak**2)
    value, _ = quad(
        lambda t: t * np.exp(z * t - t * t / 2.0 - top),
        0.0,
        peak + 40.0 * width,
        points=[peak, peak + 5.0 * width],
        epsabs=0.0,
        epsrel=1e-12,
        limit=500,
    )
    return np.log(value) + top - 0.5 * z * z - 0.5 * np.log(2.0 * np.pi)


@pytest.mark.parametrize(
    "z", [30.0, 5.0, 1.0, 0.0, -0.5, -0.999, -1.0, -1.001, -3.0, -10.0, -37.0, -49.9, -50.0, -50.1, -200.0, -1e4]
)
def test_log_h_equals_quadrature(z):
    assert_allclose(log_h(z)[0], by_quadrature(z), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("border", [-1.0, -50.0])
def test_log_h_has_no_seam(border):
    for below, above in log_h([np.nextafter(border, -np.inf), np.nextafter(border, np.inf)]):
        assert_allclose(below, above, rtol=1e-11)


def test_log_h_rises_and_stays_finite_far_out():
    z = np.concatenate([-np.logspace(150, -3, 2000), np.logspace(-3, 150, 2000)])
    values, derivatives = log_h(z)
    assert np.isfinite(values).all()
    assert (np.diff(values) > 0).all()
    assert (np.diff(derivatives) < 0).all()  # log-concave


@given(MEANS, LOG_DEVIATIONS, BESTS, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_expected_improvement_equals_monte_carlo(mean, log_deviation, best, seed):
    deviation = np.exp(log_deviation)
    if (mean - best) / deviation < -3.0:
        mean = best - 3.0 * deviation  # rarer improvements would need more draws
    draws = np.random.default_rng(seed).standard_normal(100_000) * deviation + mean
    improvements = np.maximum(draws - best, 0.0)
    standard_error = improvements.std() / np.sqrt(len(draws))
    expected = np.exp(log_expected_improvement([mean], [deviation**2], best)[0])
    # six standard errors: a false alarm once in 1e9 examples for a normal mean, and room for its skewness
    assert abs(improvements.mean() - expected) < 6.0 * standard_error + 1e-12


@given(MEANS, LOG_DEVIATIONS, BESTS, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=100)
def test_gradient_equals_finite_differences(mean, log_deviation, best, seed):
    rng = np.random.default_rng(seed)
    deviation = np.exp(log_deviation)
    mean_gradient, deviation_gradient = rng.standard_normal((2, 3)) * deviation

    def value(x):  # mean linear, deviation exponential in x: positive, with the wanted gradients at 0
        moved = deviation * np.exp(x @ deviation_gradient / deviation)
        return log_expected_improvement([mean + x @ mean_gradient], [moved**2], best)[0]

    variance_gradient = 2.0 * deviation * deviation_gradient
    gradients = mean_gradient[None], variance_gradient[None]
    at_zero, gradient = log_expected_improvement_gradient(np.array([mean]), np.array([deviation**2]), *gradients, best)
    assert_allclose(at_zero[0], value(np.zeros(3)), rtol=1e-12, atol=1e-12)
    expected = [(value(e) - value(-e)) / 2e-6 for e in 1e-6 * np.eye(3)]
    assert_allclose(gradient[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("z", [-40.0, -60.0, -1e2, -1e4, -1e8])
def test_gradient_is_exact_in_the_far_tail(z):
    # h'(z) / h(z) -> -z - 2/z there, so that the slope still points to the better mean
    _, gradient = log_expected_improvement_gradient(*np.array([[z], [1.0]]), *np.array([[[1.0]], [[0.0]]]), 0.0)
    assert_allclose(gradient[0, 0], -z - 2.0 / z, rtol=10.0 * z**-4 + 1e-12)


def test_more_mean_and_more_variance_are_better():
    assert (np.diff(log_expected_improvement([-1.0, 0.0, 1.0], [1.0] * 3, 0.5)) > 0).all()
    assert (np.diff(log_expected_improvement([0.0] * 3, [0.1, 1.0, 10.0], 0.5)) > 0).all()
