"""The map from scores to values: scipy's power transform, monotone, and safe from absurd scores."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from sktune.optimize._transform import ScoreTransform, yeo_johnson, yeo_johnson_slope

SEEDS = st.integers(0, 2**32 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("power", [-1.0, 0.0, 0.3, 1.0, 2.0, 2.5, 5.0])
def test_yeo_johnson_equals_scipy(power):
    r = np.array([-30.0, -2.0, -0.1, 0.0, 0.4, 1.0, 8.0])
    assert_allclose(yeo_johnson(r, power), stats.yeojohnson(r, power), rtol=1e-12)
    step = 1e-6
    slope = (yeo_johnson(r + step, power) - yeo_johnson(r - step, power)) / (2 * step)
    assert_allclose(yeo_johnson_slope(r, power), slope, rtol=1e-5, atol=1e-9)


@given(SEEDS)
@settings(deadline=None, max_examples=20)
def test_power_is_scipys_maximum_likelihood_when_scores_are_many(seed):
    scores = -np.exp(np.random.default_rng(seed).standard_normal(2000))
    transform = ScoreTransform(scores)
    ratios = (scores - np.median(scores)) / (scores.max() - np.median(scores))
    # the prior of the exponent weighs little against 2000 scores
    assert_allclose(transform._power, stats.yeojohnson_normmax(ratios), atol=0.02)


@given(st.lists(FINITE, min_size=1, max_size=30))
@settings(deadline=None, max_examples=300)
def test_values_are_finite_standardised_and_in_the_order_of_the_scores(scores):
    scores = np.array(scores)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transform = ScoreTransform(scores)
        values, slopes = transform(scores), transform.slope(scores)
    assert np.isfinite(values).all()
    assert np.isfinite(slopes).all()
    assert (slopes >= 0).all()
    assert abs(values.mean()) < 1e-6
    assert np.ptp(values) == 0.0 or abs(values.std() - 1.0) < 1e-6
    assert (np.diff(values[np.argsort(scores)]) >= 0).all()


@given(SEEDS, st.sampled_from([1e-300, 1e-12, 1e12, 1e300]), st.floats(-2, 2))
@settings(deadline=None, max_examples=50)
def test_unit_and_origin_do_not_matter(seed, unit, shift):
    scores = np.random.default_rng(seed).standard_normal(20)
    expected = ScoreTransform(scores)(scores)
    moved = (scores + shift) * unit
    assert_allclose(ScoreTransform(moved)(moved), expected, atol=1e-3)  # the exponent is found to three digits


def test_an_absurd_score_does_not_flatten_the_others():
    scores = np.array([0.90, 0.80, 0.70, 0.85, 0.88, 0.75, 0.81, 0.86, -1e30])
    values = ScoreTransform(scores)(scores)
    assert values[-1] == values.min()
    assert np.ptp(values[:-1]) > 0.5
    assert (np.diff(values[np.argsort(scores)]) > 0.01).all()


def test_failures_have_the_value_of_the_worst_success():
    scores = np.array([np.nan, 0.3, 0.9, 0.5, np.nan])
    values = ScoreTransform(scores)(scores)
    assert values[0] == values[4] == values[1] < values[3] < values[2]
    assert_allclose([values.mean(), values.std()], [0.0, 1.0], atol=1e-12)


@pytest.mark.parametrize("scores", [[np.nan, 0.7, 0.7], [0.7, np.nan]])
def test_failures_are_worse_than_successes_that_are_all_the_same(scores):
    values = ScoreTransform(scores)(scores)
    failed = np.isnan(scores)
    assert values[failed].max() < values[~failed].min() - 1.0


def test_differences_by_rounding_are_none():
    scores = [0.1 + 0.2, 0.3, 0.3]
    assert np.ptp(ScoreTransform(scores)(scores)) == 0.0


@given(SEEDS)
@settings(deadline=None, max_examples=50)
def test_slope_is_the_derivative(seed):
    scores = -np.exp(np.random.default_rng(seed).standard_normal(15))
    transform, step = ScoreTransform(scores), 1e-7
    expected = (transform(scores + step) - transform(scores - step)) / (2 * step)
    assert_allclose(transform.slope(scores), expected, rtol=1e-4, atol=1e-6)
    assert transform.slope([np.nan]) == 0.0
