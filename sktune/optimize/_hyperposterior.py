"""Hyperparameters drawn from their posterior: sampling, importance resampling around its mode.

The density is that of theta (the logarithms), hence the posterior of `_fit`, which is that of the numbers themselves,
times exp(sum of theta). Proposals come from Student's t around the mode, as wide as the curvature there says; a draw
is kept in proportion to its density over that of its proposal. Few hundred evaluations of the likelihood do.

Rubin (1988), Using the SIR Algorithm to Simulate Posterior Distributions; Tierney & Kadane (1986), for the curvature.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.stats import multivariate_t

from ._fit import _LOG_LENGTH_SCALE_BOUNDS, _LOG_NOISE_VARIANCE_BOUNDS, LogNormalPrior, LogPosterior, _from_theta
from ._kernel import Layout

#: It has a single mode, as the proposals have.
_NOISE_PRIOR = LogNormalPrior(-4.0, 1.0)
_N_PROPOSALS = 64
_DEGREES_OF_FREEDOM = 5
#: Step of the differences of gradients, in logarithms.
_STEP = 1e-3
#: Deviations of the proposals, in logarithms: the prior's is 1.7, and what the data fix well they fix better than 0.02.
_SMALLEST_DEVIATION, _LARGEST_DEVIATION = 0.02, 2.0


def draw_hyperparameters(X, y, n_draws, rng, *, known_variance=0.0, layout=None):
    """Return the most probable hyperparameters, and draws from their posterior.

    Parameters
    ----------
    X : array-like of shape (n_points, n_features)
        Features of the observations, each spanning about one unit.
    y : array-like of shape (n_points,)
        Observed values, standardised.
    n_draws : int
        Number of draws. Some may be the same.
    rng : numpy.random.Generator
        Source of randomness.
    known_variance : float or array-like of shape (n_points,), default=0.0
        Known noise variance of each observation.
    layout : Layout, default=None
        What the features are. None means numbers, with a length scale each.

    Returns
    -------
    mode : Hyperparameters
        Those whose logarithms are the most probable, so that length scales are longer than `fit_gaussian_process`
        finds them.
    draws : list of Hyperparameters

    Examples
    --------
    >>> import numpy as np
    >>> from sktune.optimize import draw_hyperparameters
    >>> X = np.random.default_rng(0).random((40, 2))
    >>> mode, draws = draw_hyperparameters(X, np.sin(6 * X[:, 0]), 100, np.random.default_rng(0))
    >>> scales = np.array([draw.length_scales for draw in draws])
    >>> bool(np.median(scales[:, 1]) > 5 * np.median(scales[:, 0]))  # nothing depends on the second feature
    True
    """
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    layout = Layout.numeric(X.shape[1]) if layout is None else layout
    posterior = _LogarithmicPosterior(
        X, y, np.broadcast_to(np.asarray(known_variance, dtype=np.float64), y.shape), layout
    )
    mode = posterior.mode()
    proposal = multivariate_t(mode, posterior.spread(mode), df=_DEGREES_OF_FREEDOM)
    # the mode is a proposal too: there is always one that is possible
    proposals = np.vstack([mode, proposal.rvs(_N_PROPOSALS - 1, random_state=rng).reshape(-1, len(mode))])
    log_weights = np.array([posterior(theta) for theta in proposals]) - proposal.logpdf(proposals)
    weights = np.exp(log_weights - log_weights.max())
    chosen = _systematic(weights / weights.sum(), n_draws, rng)
    return _from_theta(mode), [_from_theta(proposals[index]) for index in chosen]


class _LogarithmicPosterior:
    """Log posterior density of the logarithms of the hyperparameters, up to a constant."""

    def __init__(self, X, y, known_variance, layout):
        self._posterior = LogPosterior(X, y, known_variance, layout, _NOISE_PRIOR)
        self._bounds = np.array([_LOG_LENGTH_SCALE_BOUNDS] * layout.n_groups + [_LOG_NOISE_VARIANCE_BOUNDS])

    def __call__(self, theta):
        """Return the log density at `theta`, minus infinity out of bounds."""
        if np.any(theta < self._bounds[:, 0]) or np.any(theta > self._bounds[:, 1]):
            return -np.inf
        return self._value_and_gradient(theta)[0]

    def _value_and_gradient(self, theta):
        value, gradient = self._posterior.value_and_gradient(theta)
        return value + theta.sum(), gradient + 1.0

    def mode(self):
        """Return the best maximum that is reached from the modes of the prior: of the numbers, of their logarithms."""
        priors = [self._posterior.length_scale_prior.location] * self._posterior.n_groups
        starts = [self._posterior.usual(_NOISE_PRIOR.log_mode), np.append(priors, _NOISE_PRIOR.location)]
        found = [self._climb(np.clip(start, *self._bounds.T)) for start in starts]
        return min(found, key=lambda result: result.fun).x

    def _climb(self, start):
        def loss(theta):
            value, gradient = self._value_and_gradient(theta)
            return -value, -gradient

        return minimize(loss, start, jac=True, method="L-BFGS-B", bounds=self._bounds, options={"maxiter": 50})

    def spread(self, mode):
        """Return the inverse of the curvature at the mode, its deviations held within reason."""
        steps = _STEP * np.eye(len(mode))
        slopes = [self._value_and_gradient(mode - step)[1] - self._value_and_gradient(mode + step)[1] for step in steps]
        curvature = np.array(slopes) / (2.0 * _STEP)
        eigenvalues, vectors = np.linalg.eigh((curvature + curvature.T) / 2.0)
        eigenvalues = np.clip(eigenvalues, _LARGEST_DEVIATION**-2, _SMALLEST_DEVIATION**-2)
        return (vectors / eigenvalues) @ vectors.T


def _systematic(probabilities, n_draws, rng):
    """Draw positions by their probabilities, each at least as often as its expected number rounded down."""
    ticks = (rng.random() + np.arange(n_draws)) / n_draws
    return np.minimum(np.searchsorted(np.cumsum(probabilities), ticks), len(probabilities) - 1)
