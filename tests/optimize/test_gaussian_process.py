"""Our Gaussian process against scikit-learn's, and its derivatives against finite differences."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar
from scipy.stats import lognorm, norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from sktune.optimize import GaussianProcess, Hyperparameters, Layout, fit_gaussian_process
from sktune.optimize._fit import ANY_NOISE, SOME_NOISE, ZERO_MEAN, LogNormalPrior, LogPosterior

SEEDS = st.integers(0, 2**32 - 1)


def central_differences(function, x, step=1e-5):
    return np.array([(function(x + e) - function(x - e)) / (2 * step) for e in step * np.eye(len(x))])


def random_problem(seed, *, max_points=40, max_features=6):
    rng = np.random.default_rng(seed)
    n_points, n_features = rng.integers(1, max_points), rng.integers(1, max_features)
    X, y = rng.random((n_points, n_features)), rng.standard_normal(n_points)
    hyperparameters = Hyperparameters(
        length_scales=np.exp(rng.normal(0.0, 1.0, n_features)),
        signal_variance=float(np.exp(rng.normal(0.0, 1.0))),
        noise_variance=float(np.exp(rng.uniform(-7.0, 0.0))),
        mean_variance=float(rng.integers(2) * np.exp(rng.normal(0.0, 1.0))),
    )
    return rng, X, y, hyperparameters


def theirs(X, y, hyperparameters, alpha=0.0):
    kernel = ConstantKernel(hyperparameters.signal_variance) * Matern(
        hyperparameters.length_scales, nu=2.5
    ) + WhiteKernel(hyperparameters.noise_variance)
    if hyperparameters.mean_variance:
        kernel += ConstantKernel(hyperparameters.mean_variance)
    return GaussianProcessRegressor(kernel, alpha=np.full(len(y), 1e-300) + alpha, optimizer=None).fit(X, y)


@given(SEEDS)
@settings(deadline=None, max_examples=50)
def test_mean_and_variance_equal_scikit_learn(seed):
    rng, X, y, hyperparameters = random_problem(seed)
    known_variance = rng.random(len(y)) * rng.integers(2)
    Z = rng.random((20, X.shape[1])) * 3 - 1
    mean, variance = GaussianProcess(X, y, hyperparameters, known_variance=known_variance).predict(Z)
    expected_mean, expected_deviation = theirs(X, y, hyperparameters, known_variance).predict(Z, return_std=True)
    assert_allclose(mean, expected_mean, rtol=1e-8, atol=1e-9)
    # scikit-learn's variance is that of an observation, ours that of the function
    assert_allclose(variance + hyperparameters.noise_variance, expected_deviation**2, rtol=1e-8, atol=1e-9)


@given(SEEDS)
@settings(deadline=None, max_examples=50)
def test_marginal_likelihood_equals_scikit_learn(seed):
    rng, X, y, hyperparameters = random_problem(seed)
    known_variance = rng.random(len(y)) * rng.integers(2)
    ours = GaussianProcess(X, y, hyperparameters, known_variance=known_variance)
    expected = theirs(X, y, hyperparameters, known_variance).log_marginal_likelihood_value_
    assert_allclose(ours.log_marginal_likelihood_, expected, rtol=1e-9, atol=1e-9)


@given(SEEDS)
@settings(deadline=None, max_examples=50)
def test_likelihood_of_the_search_and_its_gradient_equal_scikit_learn(seed):
    rng, X, y, hyperparameters = random_problem(seed)
    hyperparameters = replace(hyperparameters, signal_variance=1.0)
    known_variance = rng.random(len(y)) * rng.integers(2)
    posterior = LogPosterior(X, y, known_variance, Layout.numeric(X.shape[1]))
    posterior = posterior.with_mean_variance(hyperparameters.mean_variance)
    theta = np.log(np.append(hyperparameters.length_scales, hyperparameters.noise_variance))
    value, gradient = posterior.log_likelihood(theta)
    regressor = theirs(X, y, hyperparameters, known_variance)
    expected, expected_gradient = regressor.log_marginal_likelihood(regressor.kernel_.theta, eval_gradient=True)
    assert_allclose(value, expected, rtol=1e-9, atol=1e-9)
    # without the variances of the signal and, at the end, of the mean
    assert_allclose(gradient, expected_gradient[1 : len(theta) + 1], rtol=1e-7, atol=1e-7)


@given(SEEDS, st.sampled_from([SOME_NOISE, ANY_NOISE]))
@settings(deadline=None, max_examples=30)
def test_gradient_of_the_log_posterior_equals_finite_differences(seed, noise_prior):
    rng, X, y, _ = random_problem(seed, max_points=20)
    # a group of two numbers, a category and a number alone
    X = np.column_stack([X, rng.integers(3, size=len(y)), rng.random((len(y), 2))])
    n_features = X.shape[1]
    groups = np.append(np.arange(n_features - 1), n_features - 2)
    layout = Layout(groups, np.arange(n_features) == n_features - 3)
    posterior = LogPosterior(X, y, np.zeros(len(y)), layout, noise_prior)
    theta = np.append(rng.normal(0.0, 1.0, layout.n_groups), rng.uniform(-8.0, 0.0))
    _, gradient = posterior.value_and_gradient(theta)
    expected = central_differences(lambda t: posterior.value_and_gradient(t)[0], theta)
    assert_allclose(gradient, expected, rtol=1e-5, atol=1e-5)


@given(SEEDS)
@settings(deadline=None, max_examples=50)
def test_gradients_of_mean_and_variance_equal_finite_differences(seed):
    rng, X, y, hyperparameters = random_problem(seed)
    gp = GaussianProcess(X, y, hyperparameters)
    x = rng.random(X.shape[1])
    points = np.vstack([x, rng.random((2, len(x)))])
    means, variances, mean_gradients, variance_gradients = gp.predict_with_gradient(points)
    assert_allclose([means, variances], gp.predict(points), rtol=1e-10, atol=1e-10)
    mean_gradient, variance_gradient = mean_gradients[0], variance_gradients[0]
    scale = hyperparameters.signal_variance / hyperparameters.length_scales.min()
    expected = central_differences(lambda x: gp.predict(x[None])[0][0], x)
    assert_allclose(mean_gradient, expected, rtol=1e-5, atol=1e-5 * np.abs(gp._weights).sum() * scale)
    expected = central_differences(lambda x: gp.predict(x[None])[1][0], x)
    assert_allclose(variance_gradient, expected, rtol=1e-5, atol=1e-5 * scale)


@given(SEEDS)
@settings(deadline=None, max_examples=30)
def test_categories_equal_scaled_one_hot_columns_of_one_group(seed):
    rng, X, y, _ = random_problem(seed)
    n_features = X.shape[1]
    category = rng.integers(4, size=len(y))
    scales = np.exp(rng.normal(0.0, 1.0, n_features + 1))
    as_category = Layout(np.arange(n_features + 1), np.arange(n_features + 1) == n_features)
    one_hot = Layout(np.append(np.arange(n_features), np.full(4, n_features)), np.zeros(n_features + 4, dtype=bool))
    first = GaussianProcess(np.column_stack([X, category]), y, Hyperparameters(scales), layout=as_category)
    columns = np.eye(4)[category] * np.sqrt(0.5)
    second = GaussianProcess(np.column_stack([X, columns]), y, Hyperparameters(scales), layout=one_hot)
    Z, other = rng.random((9, n_features)), rng.integers(4, size=9)
    for ours, expected in zip(
        first.predict(np.column_stack([Z, other])),
        second.predict(np.column_stack([Z, np.eye(4)[other] * np.sqrt(0.5)])),
        strict=True,
    ):
        assert_allclose(ours, expected, rtol=1e-9, atol=1e-9)
    point = np.append(Z[0], other[0])
    by_category = first.predict_with_gradient(point[None])
    by_columns = second.predict_with_gradient(np.append(Z[0], np.eye(4)[other[0]] * np.sqrt(0.5))[None])
    for ours, expected in zip(by_category[2:], by_columns[2:], strict=True):
        assert_allclose(ours[0, :n_features], expected[0, :n_features], rtol=1e-8, atol=1e-9)
    thetas = np.log(np.append(scales, 0.1))
    posteriors = [
        LogPosterior(np.column_stack([X, category]), y, np.zeros(len(y)), as_category),
        LogPosterior(np.column_stack([X, columns]), y, np.zeros(len(y)), one_hot),
    ]
    for ours, expected in zip(*[posterior.log_likelihood(thetas) for posterior in posteriors], strict=True):
        assert_allclose(ours, expected, rtol=1e-8, atol=1e-9)


@given(SEEDS)
@settings(deadline=None, max_examples=30)
def test_mean_at_the_observations(seed):
    rng, X, y, hyperparameters = random_problem(seed)
    gp = GaussianProcess(X, y, hyperparameters, known_variance=rng.random(len(y)))
    assert_allclose(gp.mean_, gp.predict(X)[0], rtol=1e-7, atol=1e-9)


@given(SEEDS)
@settings(deadline=None, max_examples=30)
def test_believing_leaves_the_mean_and_gives_the_variance_of_an_observation(seed):
    rng, X, y, hyperparameters = random_problem(seed)
    gp = GaussianProcess(X, y, hyperparameters)
    Z, pending = rng.random((15, X.shape[1])), rng.random((3, X.shape[1]))
    believer = gp.believe(pending, known_variance=0.3)
    observed = GaussianProcess(
        np.vstack([X, pending]),
        np.append(y, rng.standard_normal(3)),
        hyperparameters,
        known_variance=np.append(np.zeros(len(y)), [0.3] * 3),
    )
    assert_allclose(believer.predict(Z)[0], gp.predict(Z)[0], rtol=1e-6, atol=1e-7)
    assert_allclose(believer.predict(Z)[1], observed.predict(Z)[1], rtol=1e-9)
    assert (believer.predict(Z)[1] <= gp.predict(Z)[1] + 1e-12).all()


def test_more_known_variance_means_less_trust():
    X, y = [[0.2], [0.8]], [1.0, -1.0]
    exact, vague = (
        GaussianProcess(X, y, Hyperparameters([0.3], noise_variance=1e-6), known_variance=v) for v in (0.0, [0.0, 4.0])
    )
    assert_allclose(exact.mean_, y, atol=1e-5)
    assert abs(vague.mean_[1]) < 0.3
    assert vague.predict([[0.8]])[1] > 0.7


def test_a_repeated_observation_counts_like_its_average():
    X, y = np.array([[0.1], [0.5], [0.5]]), np.array([0.3, 1.0, 2.0])
    repeated = GaussianProcess(X, y, Hyperparameters([0.4], noise_variance=0.2))
    averaged = GaussianProcess(X[:2], [0.3, 1.5], Hyperparameters([0.4], noise_variance=0.2), known_variance=[0, -0.1])
    for ours, expected in zip(repeated.predict([[0.45]]), averaged.predict([[0.45]]), strict=True):
        assert_allclose(ours, expected, rtol=1e-12)


def test_variance_stays_positive_at_crowded_observations():
    X = np.repeat(np.linspace(0, 1, 5), 20)[:, None]
    gp = GaussianProcess(X, np.ones(100), Hyperparameters([3.0], noise_variance=1e-9))
    assert (gp.predict(X)[1] > 0).all()
    assert (gp.predict_with_gradient(X)[1] > 0).all()


def test_a_covariance_that_is_not_positive_definite_says_what_to_do():
    with pytest.raises(np.linalg.LinAlgError, match="raise the noise variance"):
        GaussianProcess(np.zeros((2, 1)), [0.0, 0.0], Hyperparameters([1.0], noise_variance=0.0), known_variance=-0.1)


@pytest.mark.parametrize(("location", "scale"), [(-4.0, 1.0), (2.0, 1.7)])
def test_prior_is_scipys_log_normal(location, scale):
    prior, log_values = LogNormalPrior(location, scale), np.array([-6.0, -1.0, 0.5, 3.0])
    expected = lognorm(s=scale, scale=np.exp(location)).logpdf(np.exp(log_values)).sum()
    constant = -len(log_values) * np.log(scale * np.sqrt(2 * np.pi))
    value, gradient = prior.log_density(log_values)
    assert_allclose(value + constant, expected)
    assert_allclose(gradient, central_differences(lambda t: prior.log_density(t)[0], log_values), rtol=1e-6)
    mode = minimize_scalar(lambda t: -prior.log_density(np.array([t]))[0]).x
    assert_allclose(prior.log_mode, mode, atol=1e-5)


@pytest.mark.parametrize("log_value", [-13.8, -11.5, -8.3, -5.0, -2.6, -0.7, 0.0])
def test_noise_prior_is_a_mixture_of_scipys_normal_distributions(log_value):
    weights, parts = [0.86, 0.10, 0.04], [norm(-5.0, 1.0), norm(-11.5, 1.0), norm(-0.7, 0.7)]
    expected = np.log(sum(weight * part.pdf(log_value) for weight, part in zip(weights, parts, strict=True)))
    value, slope = ANY_NOISE.log_density(log_value)
    assert_allclose(value - 0.5 * np.log(2 * np.pi), expected)
    expected_slope = central_differences(lambda t: ANY_NOISE.log_density(t[0])[0], np.array([log_value]))
    assert_allclose(slope, expected_slope, rtol=1e-6, atol=1e-8)


def test_some_noise_is_a_log_normal_number():
    log_normal = LogNormalPrior(-4.0, 1.0)
    differences = [SOME_NOISE.log_density(t)[0] - log_normal.log_density(np.array([t]))[0] for t in (-9.0, -5.0, 0.0)]
    assert_allclose(differences, differences[0])


def rough_and_smooth_values(seed):
    rng = np.random.default_rng(seed)
    X, noise = rng.random((40, 2)), rng.standard_normal(40)
    smooth = np.sin(4 * X[:, 0]) * np.cos(3 * X[:, 1])
    return X, *((y - y.mean()) / y.std() for y in (noise, smooth, smooth + 0.1 * noise))


@pytest.mark.parametrize("seed", range(8))
def test_smooth_values_have_hardly_any_noise_and_disturbed_ones_have_some(seed):
    X, _, smooth, disturbed = rough_and_smooth_values(seed)
    assert fit_gaussian_process(X, smooth).hyperparameters.noise_variance < 1e-4
    assert 3e-3 < fit_gaussian_process(X, disturbed).hyperparameters.noise_variance < 0.2


def test_values_without_a_pattern_are_noise_rather_than_a_surface_of_tiny_length_scales():
    """Either explains them; what tiny length scales explain, no other place can tell anything of."""
    fits = [fit_gaussian_process(*rough_and_smooth_values(seed)[:2]).hyperparameters for seed in range(16)]
    assert sum(fit.noise_variance > 0.25 for fit in fits) >= 5  # 1 with a single component of the prior


def test_a_local_fit_stays_with_the_last_explanation():
    X, y, *_ = rough_and_smooth_values(4)
    tiny = Hyperparameters(np.array([0.01, 0.01]), noise_variance=0.01)
    assert fit_gaussian_process(X, y, start=tiny, is_local=True).hyperparameters.noise_variance < 0.05
    anywhere = fit_gaussian_process(X, y, start=tiny)
    assert anywhere.hyperparameters.noise_variance > 0.25
    without_start = fit_gaussian_process(X, y, is_local=True)
    assert_allclose(without_start.log_marginal_likelihood_, anywhere.log_marginal_likelihood_, rtol=1e-4)


@pytest.mark.parametrize("seed", range(8))
def test_a_mean_of_which_anything_is_possible_is_that_of_generalised_least_squares(seed):
    _, X, y, hyperparameters = random_problem(seed)
    gp = GaussianProcess(X, y, replace(hyperparameters, mean_variance=1e6))
    noise = hyperparameters.noise_variance * np.eye(len(y))
    inverse = np.linalg.inv(GaussianProcess(X, y, replace(hyperparameters, mean_variance=0.0))._covariance(X) + noise)
    far = np.full((1, X.shape[1]), 1e6)
    assert_allclose(gp.predict(far)[0], inverse.sum(0) @ y / inverse.sum(), rtol=1e-4, atol=1e-4)
    assert_allclose(gp.predict(far)[1], hyperparameters.signal_variance + 1.0 / inverse.sum(), rtol=1e-4)


def test_the_mean_is_another_where_observations_crowd_around_a_peak_and_else_zero():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.random((20, 2)), 0.5 + 0.05 * rng.standard_normal((30, 2))])
    peak, wave = np.exp(-20 * ((X - 0.5) ** 2).sum(1)), np.sin(9 * X[:20, 0])
    crowded = fit_gaussian_process(X, (peak - peak.mean()) / peak.std())
    assert crowded.hyperparameters.mean_variance > 0
    assert crowded.predict([[9.0, 9.0]])[0] < -1.0
    even = fit_gaussian_process(X[:20], (wave - wave.mean()) / wave.std())
    assert even.hyperparameters.mean_variance == 0
    zero = fit_gaussian_process(X, (peak - peak.mean()) / peak.std(), mean_prior=ZERO_MEAN)
    assert_allclose(zero.predict([[9.0, 9.0]])[0], 0.0, atol=0.02)
    kept = fit_gaussian_process(X, peak, start=crowded.hyperparameters, is_local=True)
    assert kept.hyperparameters.mean_variance == crowded.hyperparameters.mean_variance


@given(SEEDS)
@settings(deadline=None, max_examples=15)
def test_the_fit_ends_where_no_direction_leads_up(seed):
    rng = np.random.default_rng(seed)
    X = rng.random((25, 3))
    y = np.sin(5 * X[:, 0]) + X[:, 1] + 0.1 * rng.standard_normal(25)
    y = (y - y.mean()) / y.std()
    gp = fit_gaussian_process(X, y)
    posterior = LogPosterior(X, y, np.zeros(25), Layout.numeric(3), ANY_NOISE)
    posterior = posterior.with_mean_variance(gp.hyperparameters.mean_variance)
    theta = np.log(np.append(gp.hyperparameters.length_scales, gp.hyperparameters.noise_variance))
    value, gradient = posterior.value_and_gradient(theta)
    assert np.abs(gradient).max() < 0.05
    for step in np.vstack([np.eye(4), -np.eye(4)]) * 0.1:
        assert posterior.value_and_gradient(theta + step)[0] < value


def test_a_warm_start_ends_at_the_same_optimum():
    rng = np.random.default_rng(0)
    X = rng.random((30, 2))
    y = np.sin(6 * X[:, 0]) + 0.05 * rng.standard_normal(30)
    cold = fit_gaussian_process(X, y)
    warm = fit_gaussian_process(X, y, start=Hyperparameters(np.array([0.3, 3.0]), noise_variance=0.05))
    assert_allclose(warm.log_marginal_likelihood_, cold.log_marginal_likelihood_, rtol=1e-3)
    assert_allclose(warm.predict(X)[0], cold.predict(X)[0], atol=0.02)


def test_irrelevant_features_get_long_length_scales():
    rng = np.random.default_rng(1)
    X = rng.random((60, 4))
    y = np.sin(7 * X[:, 2])
    scales = fit_gaussian_process(X, (y - y.mean()) / y.std()).hyperparameters.length_scales
    assert scales[2] < 1.0
    assert np.delete(scales, 2).min() > 5 * scales[2]


@pytest.mark.parametrize("y", [[0.0], [0.0, 0.0, 0.0], [1e3, -1e3, 0.0]])
def test_fits_of_few_or_equal_or_wild_values_are_finite(y):
    X = np.linspace(0, 1, len(y))[:, None]
    mean, variance = fit_gaussian_process(X, y).predict(np.linspace(-1, 2, 7)[:, None])
    assert np.isfinite(mean).all()
    assert np.isfinite(variance).all()
    assert (variance > 0).all()
