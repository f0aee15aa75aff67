"""The most probable hyperparameters of a Gaussian process, by L-BFGS with analytic gradients.

Notation (besides that of `_gp`)
--------
theta           logarithms of (l_1, ..., l_G, e), shape (n_groups + 1,); the signal variance s stays 1, because the
                values are standardised and a free s, which long length scales can trade against, was measured to
                tune worse
D               squared differences of all pairs of observations, shape (n_groups, n_pairs)
W = a a^T - K^-1

log likelihood          -1/2 y.a - sum log L_ii - n/2 log 2 pi
its derivative          1/2 tr(W dK / d theta), with
    dK / d log l_g      s k'(r2) (-2 D_g / l_g^2)    for each pair
    dK / d log e        e                            on the diagonal

The variance m of the mean is one of few that are compared.

Rasmussen & Williams (2006), equations 5.8 and 5.9.

Priors
------
l_g ~ LogNormal(sqrt(2) + log(G) / 2, sqrt(3)): length scales grow with the root of the number of dimensions, as the
distances between points do (Hvarfner, Hellsten & Nardi, 2024, Vanilla Bayesian Optimization Performs Great in High
Dimensions). A firmer prior of the same mode was measured to tune networks no better, and Hartmann's function worse.

log e ~ 0.86 Normal(-5, 1) + 0.10 Normal(-11.5, 1) + 0.04 Normal(-0.7, 0.7), `ANY_NOISE`: some noise, unless the values
insist that there is hardly any, or hardly anything else. The first part alone, `SOME_NOISE`, which is LogNormal(-4, 1),
keeps an optimizer from the maximum of a smooth function for long, and takes ripples for a surface of tiny length
scales, on which it then stays; a single broad prior was measured to tune networks worse. Mean distance to the maximum
after 60 evaluations, with the first part alone and with all: Branin (10 seeds) 0.0011 and 0.0001, Hartmann's function
(40 seeds) 0.19 and 0.12. Mean regret on LCBench (10 seeds) after 20, 30 and 50 evaluations: 0.038, -0.024, -0.061 and
0.022, -0.045, -0.072. Where evaluations of several fidelities have a process each, the first part alone does better:
uncertain of what little is known of the higher ones, pruning would stop less (digits: 0.71 instead of 0.62 of the
epochs).

m = 0 with probability 3/4, m = 4 with 1/4, `ANY_MEAN`: the mean is that of the values, unless they insist that it is
another. Where most observations crowd around the best, their mean is far above what is to be expected elsewhere, and an
optimizer that takes it for that goes on looking in the corners. A mean that is always estimated was measured to tune
networks worse: regret on LCBench (10 seeds) after 30 and 50 evaluations of -0.022, -0.060 (m = 1) to -0.018, -0.064
(m = 20), by choice -0.044, -0.068, with m = 0 alone -0.045, -0.072. On Hartmann's function (20 seeds) the choice makes
0.05 of 0.10, on Ackley's with categories 3.6 of 4.9. Evaluations of several fidelities have m = 0, `ZERO_MEAN`: with
4, regret by epochs on LCBench was higher throughout.
"""

import copy

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from ._gp import GaussianProcess, Hyperparameters
from ._kernel import Layout, matern52, pairwise_squared_differences

_LOG_LENGTH_SCALE_BOUNDS = (np.log(1e-2), np.log(1e3))
#: A smaller noise would let rounding decide whether the covariance of crowded observations is positive definite.
_LOG_NOISE_VARIANCE_BOUNDS = (np.log(1e-6), 0.0)
_MAX_ITERATIONS = 50
_IMPOSSIBLE = 1e25


class LogNormalPrior:
    """Log-normal prior of positive numbers, in terms of their logarithms.

    The density is that of the number itself, not of its logarithm: the mode is ``exp(location - scale**2)``.
    """

    def __init__(self, location, scale):
        self.location, self.scale = location, scale

    def log_density(self, log_value):
        """Return the log density, without its constant, and its derivative with respect to `log_value`."""
        deviation = (log_value - self.location) / self.scale
        return np.sum(-0.5 * deviation**2 - log_value), -deviation / self.scale - 1.0

    @property
    def log_mode(self):
        return self.location - self.scale**2


class NoisePrior:
    """Prior of the logarithm of the noise variance, a mixture of normal distributions.

    Parameters
    ----------
    *parts : (float, float, float)
        Weight, location and scale of each.
    """

    def __init__(self, *parts):
        weights, self.locations, self._scales = np.transpose(parts)
        self._log_factors = np.log(weights / self._scales)

    def log_density(self, log_value):
        """Return the log density of the logarithm, without its constant, and its derivative."""
        deviations = (log_value - self.locations) / self._scales
        logs = self._log_factors - 0.5 * deviations**2
        return logsumexp(logs), -softmax(logs) @ (deviations / self._scales)


#: Some noise: LogNormal(-4, 1), in terms of its logarithm.
SOME_NOISE = NoisePrior((1.0, -5.0, 1.0))
#: Some noise, hardly any, or hardly anything else.
ANY_NOISE = NoisePrior((0.86, -5.0, 1.0), (0.10, -11.5, 1.0), (0.04, -0.7, 0.7))
#: Below it a search succeeds only from length scales that are about right.
_LOG_LITTLE_NOISE = -8.0

#: Probabilities and variances of the mean: it is 0, or anything.
ZERO_MEAN = ((1.0, 0.0),)
ANY_MEAN = ((0.75, 0.0), (0.25, 4.0))


class LogPosterior:
    """Log posterior density of the hyperparameters given observations, up to a constant.

    Parameters
    ----------
    X : ndarray of shape (n_points, n_features)
    y : ndarray of shape (n_points,)
    known_variance : ndarray of shape (n_points,)
    layout : Layout
    noise_prior : NoisePrior or LogNormalPrior, default=SOME_NOISE
    """

    def __init__(self, X, y, known_variance, layout, noise_prior=SOME_NOISE):
        self.y, self.known_variance, self.mean_variance = y, known_variance, 0.0
        self.n_points, self.n_groups = len(y), layout.n_groups
        self.squared_differences = pairwise_squared_differences(X, layout)
        self._rows, self._columns = np.tril_indices(self.n_points, -1)
        self._diagonal = np.arange(self.n_points)
        self.length_scale_prior = LogNormalPrior(np.sqrt(2.0) + 0.5 * np.log(self.n_groups), np.sqrt(3.0))
        self.noise_prior = noise_prior

    def with_mean_variance(self, mean_variance):
        """Return the same posterior for a mean that has a variance before anything is known."""
        other = copy.copy(self)
        other.mean_variance = mean_variance
        return other

    def usual(self, log_noise):
        """The `theta` with the most probable length scales before anything is known, and a noise."""
        return np.append(np.full(self.n_groups, self.length_scale_prior.log_mode), log_noise)

    def value_and_gradient(self, theta):
        """Return the log posterior density at `theta` and its gradient, shape (n_groups + 1,)."""
        likelihood, gradient = self.log_likelihood(theta)
        prior, prior_gradient = self.length_scale_prior.log_density(theta[:-1])
        noise_prior, noise_gradient = self.noise_prior.log_density(theta[-1])
        gradient[:-1] += prior_gradient
        gradient[-1] += noise_gradient
        return likelihood + prior + noise_prior, gradient

    def log_likelihood(self, theta):
        """Return the log marginal likelihood at `theta` and its gradient, shape (n_groups + 1,)."""
        inverse_squares, noise = np.exp(-2.0 * theta[:-1]), np.exp(theta[-1])
        correlations, slopes = matern52(inverse_squares @ self.squared_differences)
        factor, info = dpotrf(self._covariance(correlations, noise), lower=1, clean=0, overwrite_a=1)
        if info:
            return -_IMPOSSIBLE, np.zeros_like(theta)
        weights = dpotrs(factor, self.y, lower=1)[0]
        log_determinant = 2.0 * np.log(factor[self._diagonal, self._diagonal]).sum()
        value = -0.5 * (self.y @ weights + log_determinant + self.n_points * np.log(2.0 * np.pi))
        inverse, _ = dpotri(factor, lower=1, overwrite_c=1)  # its lower triangle
        pairs = weights[self._rows] * weights[self._columns] - inverse[self._rows, self._columns]
        diagonal = weights**2 - inverse[self._diagonal, self._diagonal]
        # each pair stands twice in the symmetric W, which cancels the 1/2
        gradient = np.append(
            -2.0 * inverse_squares * (self.squared_differences @ (pairs * slopes)), 0.5 * noise * diagonal.sum()
        )
        return value, gradient

    def _covariance(self, correlations, noise):
        covariance = np.empty((self.n_points, self.n_points), order="F")
        covariance[self._rows, self._columns] = self.mean_variance + correlations
        covariance[self._diagonal, self._diagonal] = self.mean_variance + 1.0 + noise + self.known_variance
        return covariance


def fit_gaussian_process(
    X,
    y,
    *,
    known_variance=0.0,
    layout=None,
    start=None,
    is_local=False,
    noise_prior=ANY_NOISE,
    mean_prior=ANY_MEAN,
):
    """Return the Gaussian process with the most probable hyperparameters.

    Parameters
    ----------
    X : array-like of shape (n_points, n_features)
        Features of the observations, each spanning about one unit.
    y : array-like of shape (n_points,)
        Observed values, standardised: the process has signal variance 1.
    known_variance : float or array-like of shape (n_points,), default=0.0
        Known noise variance of each observation.
    layout : Layout, default=None
        What the features are. None means numbers, with a length scale each.
    start : Hyperparameters, default=None
        Where a search begins besides the modes of the prior, usually the last optimum. From there alone the noise,
        once it is overestimated, can stay so for good: another maximum then explains the data better.
    is_local : bool, default=False
        Whether to search from `start` alone, if it is given.
    noise_prior : NoisePrior, default=ANY_NOISE
        What is thought of the noise variance before anything is known.
    mean_prior : sequence of (float, float), default=ANY_MEAN
        Variances that the mean may have before anything is known, each after its probability.

    Returns
    -------
    GaussianProcess

    Examples
    --------
    >>> import numpy as np
    >>> from sktune.optimize import fit_gaussian_process
    >>> X = np.linspace(0, 1, 12)[:, None] * [1.0, 0.0] + [0.0, 0.5]
    >>> gp = fit_gaussian_process(X, np.sin(6 * X[:, 0]))
    >>> mean, variance = gp.predict([[0.25, 0.5]])
    >>> bool(abs(mean[0] - np.sin(1.5)) < 0.05)
    True
    """
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    layout = Layout.numeric(X.shape[1]) if layout is None else layout
    known_variance = np.broadcast_to(np.asarray(known_variance, dtype=np.float64), y.shape)
    posterior = LogPosterior(X, y, known_variance, layout, noise_prior)
    starts = [] if start is None else [_to_theta(start)]
    if is_local and starts:
        mean_variance = start.mean_variance
        theta, _ = _best(posterior.with_mean_variance(mean_variance), starts)
    else:
        theta, mean_variance = _best_of_means(posterior, starts, mean_prior)
    return GaussianProcess(X, y, _from_theta(theta, mean_variance), known_variance=known_variance, layout=layout)


def _best_of_means(posterior, starts, mean_prior):
    """The best of the maxima under all variances of the mean, and that variance."""
    found = []
    for probability, mean_variance in mean_prior:
        theta, value = _best_of_all(posterior.with_mean_variance(mean_variance), starts)
        found.append((value + np.log(probability), theta, mean_variance))
    return max(found, key=lambda one: one[0])[1:]


def _best_of_all(posterior, starts):
    """The best of the maxima to which `starts` and the modes of the prior climb, and its log density."""
    locations = posterior.noise_prior.locations
    is_little = locations < _LOG_LITTLE_NOISE
    usual = [posterior.usual(location) for location in locations[~is_little]]
    theta, value = _best(posterior, [*usual, *starts])
    others = [_maximum(posterior, np.append(theta[:-1], location)) for location in locations[is_little]]
    return max([(theta, value), *others], key=lambda found: found[1])


def _best(posterior, starts):
    """The best of the maxima to which `starts` climb, and its log density."""
    return max((_maximum(posterior, theta) for theta in starts), key=lambda found: found[1])


def _maximum(posterior, theta):
    """The local maximum to which `theta` climbs, and its log density."""

    def loss(theta):
        value, gradient = posterior.value_and_gradient(theta)
        return -value, -gradient

    bounds = [_LOG_LENGTH_SCALE_BOUNDS] * posterior.n_groups + [_LOG_NOISE_VARIANCE_BOUNDS]
    lower, upper = np.transpose(bounds)
    options = {"maxiter": _MAX_ITERATIONS, "ftol": 1e-9, "gtol": 1e-4}
    result = minimize(loss, np.clip(theta, lower, upper), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return result.x, -result.fun


def _to_theta(hyperparameters):
    return np.log(np.append(hyperparameters.length_scales, hyperparameters.noise_variance))


def _from_theta(theta, mean_variance=0.0):
    return Hyperparameters(
        np.exp(theta[:-1]), noise_variance=float(np.exp(theta[-1])), mean_variance=float(mean_variance)
    )
