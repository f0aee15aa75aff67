"""Functions and hyperparameters drawn from the posterior, and observations left out, against what they stand for."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktune.optimize import (
    FunctionDraws,
    GaussianProcess,
    Hyperparameters,
    Layout,
    draw_hyperparameters,
    leave_out_predictions,
)
from sktune.optimize._fit import LogNormalPrior, LogPosterior
from sktune.optimize._leave_out import leave_out_errors

MIXED = Layout(np.array([0, 1, 1, 2]), np.array([False, False, False, True]))


def mixed_points(rng, n_points):
    return np.column_stack([rng.random((n_points, 3)), rng.integers(-1, 4, n_points)])


def mixed_process(rng, n_points=12, mean_variance=0.0):
    return GaussianProcess(
        mixed_points(rng, n_points),
        rng.standard_normal(n_points),
        Hyperparameters(np.array([0.3, 0.8, 1.1]), noise_variance=0.05, mean_variance=mean_variance),
        known_variance=rng.random(n_points) / 20,
        layout=MIXED,
    )


# -- functions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean_variance", [0.0, 4.0])
@pytest.mark.parametrize("seed", range(3))
def test_draws_have_mean_and_variance_of_the_process(seed, mean_variance):
    rng = np.random.default_rng(seed)
    gp = mixed_process(rng, mean_variance=mean_variance)
    Z = mixed_points(rng, 30)
    # several sets of frequencies, as one set of them errs by their number
    values = np.hstack([FunctionDraws(gp, 200, rng, n_categories=4)(Z) for _ in range(20)])
    mean, variance = gp.predict(Z)
    assert_allclose(values.mean(axis=1), mean, atol=0.08)
    assert_allclose(values.var(axis=1), variance, atol=0.1)


def test_draws_have_the_covariance_of_the_kernel_far_from_the_observations():
    rng = np.random.default_rng(0)
    gp = mixed_process(rng, n_points=1)
    Z = mixed_points(rng, 10) + np.array([50.0, 50.0, 0.0, 0.0])
    values = np.hstack([FunctionDraws(gp, 200, rng, n_categories=4)(Z) for _ in range(20)])
    prior = GaussianProcess(Z, np.zeros(len(Z)), gp.hyperparameters, layout=MIXED)._covariance(Z)
    assert_allclose(np.cov(values), prior, atol=0.1)


def test_draws_pass_through_observations_without_noise():
    X = np.linspace(0, 1, 6)[:, None]
    gp = GaussianProcess(X, np.sin(5 * X[:, 0]), Hyperparameters([0.4], noise_variance=1e-6))
    values = FunctionDraws(gp, 20, np.random.default_rng(0))(X)
    assert_allclose(values, np.tile(gp.y[:, None], 20), atol=0.01)


def test_a_draw_is_one_function():
    rng = np.random.default_rng(0)
    gp = mixed_process(rng)
    draws, Z = FunctionDraws(gp, 3, rng, n_categories=4), mixed_points(rng, 8)
    assert_allclose(draws(Z), np.vstack([draws(Z[:3]), draws(Z[3:])]), atol=1e-5)


# -- hyperparameters ---------------------------------------------------------------------------------------------------


def test_hyperparameters_are_those_of_their_posterior():
    """With one length scale and the noise, a grid integrates the posterior."""
    rng = np.random.default_rng(0)
    X = rng.random((15, 1))
    y = np.sin(6 * X[:, 0]) + 0.2 * rng.standard_normal(15)
    posterior = LogPosterior(X, y, np.zeros(15), Layout.numeric(1), LogNormalPrior(-4.0, 1.0))
    length, noise = np.meshgrid(np.linspace(-3, 5, 81), np.linspace(-9, 0, 81))
    grid = np.column_stack([length.ravel(), noise.ravel()])
    log_density = np.array([posterior.value_and_gradient(theta)[0] + theta.sum() for theta in grid])
    weights = np.exp(log_density - log_density.max())
    weights /= weights.sum()
    mean = weights @ grid
    deviation = np.sqrt(weights @ (grid - mean) ** 2)

    draws = [draw for seed in range(8) for draw in draw_hyperparameters(X, y, 32, np.random.default_rng(seed))[1]]
    drawn = np.log([[*draw.length_scales, draw.noise_variance] for draw in draws])
    assert_allclose(drawn.mean(axis=0), mean, atol=0.2 * deviation.max())
    assert_allclose(drawn.std(axis=0), deviation, rtol=0.3)


def test_hyperparameters_are_repeatable():
    X = np.random.default_rng(0).random((20, 3))
    y = np.random.default_rng(1).standard_normal(20)
    one, two = (draw_hyperparameters(X, y, 5, np.random.default_rng(3))[1] for _ in range(2))
    assert_array_equal([draw.length_scales for draw in one], [draw.length_scales for draw in two])
    assert len(one) == 5


def test_hyperparameters_of_few_points_and_of_values_that_are_all_the_same():
    mode, draws = draw_hyperparameters([[0.1], [0.9]], [0.0, 0.0], 4, np.random.default_rng(0))
    for hyperparameters in (mode, *draws):
        assert np.all(np.isfinite(hyperparameters.length_scales))
        assert 0 < hyperparameters.noise_variance <= 1


# -- leaving out -------------------------------------------------------------------------------------------------------


def process_of(gp, rows):
    """The same process of some of its observations."""
    return GaussianProcess(
        gp.X[rows], gp.y[rows], gp.hyperparameters, known_variance=gp.known_variance[rows], layout=gp.layout
    )


@pytest.mark.parametrize("groups", [None, np.array([0, 0, 1, 2, 2, 2, 3, 1, 4, 5, 6, 6])])
def test_leaving_out_is_conditioning_on_the_rest(groups):
    gp = mixed_process(np.random.default_rng(0))
    predictions = leave_out_predictions(gp, groups)
    for row, group in enumerate(range(12) if groups is None else groups):
        rest = np.arange(12) != row if groups is None else groups != group
        assert_allclose(predictions[row], process_of(gp, rest).predict(gp.X[[row]])[0][0], atol=1e-10)


def test_errors_of_leaving_out_are_in_deviations_of_what_is_predicted():
    gp = mixed_process(np.random.default_rng(0))
    errors = leave_out_errors(gp)
    for row, error in enumerate(errors):
        mean, variance = process_of(gp, np.arange(12) != row).predict(gp.X[[row]])
        deviation = np.sqrt(variance + gp.hyperparameters.noise_variance + gp.known_variance[row])[0]
        assert_allclose(error, (gp.y[row] - mean[0]) / deviation, atol=1e-10)
