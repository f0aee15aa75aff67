"""An exact Gaussian process at fixed hyperparameters: mean, variance and their gradients.

Notation
--------
X                          features of the observations, shape (n_points, n_features)
y                          observed values, shape (n_points,)
v                          known noise variances of the observations, shape (n_points,)
l, s, e, m                 length scales (n_groups,), variances of signal, noise and mean
k_x                        covariances m + s k(r2) of a point x with the observations, shape (n_points,)
K                          covariance m + s k(R2) + diag(e + v) of y, shape (n_points, n_points)
L                          its lower Cholesky factor, K = L L^T
a = K^-1 y                 weights, shape (n_points,)

mean(x)     = k_x . a
variance(x) = m + s - |L^-1 k_x|^2     (of the function, without the noise e of an observation of it)

Rasmussen & Williams (2006), Gaussian Processes for Machine Learning, algorithm 2.1, and section 2.7 for m: the mean of
the process far from all observations has the distribution N(0, m) before anything is known.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf, dpotrs, dtrtrs

from ._kernel import Layout, matern52, scaled_cross_distances, scaled_differences

#: Rounding may leave a variance slightly below zero at an observation; it is kept above this share of the signal's.
_SMALLEST_VARIANCE = 1e-14


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters of a `GaussianProcess`.

    Parameters
    ----------
    length_scales : ndarray of shape (n_groups,)
        Distances, in units of the features, over which the function changes.
    signal_variance : float, default=1.0
        Variance of the function before anything is known.
    noise_variance : float, default=0.01
        Variance of an observation around the function, besides its known variance.
    mean_variance : float, default=0.0
        Variance of the mean of the process before anything is known: 0 says that the mean is 0.
    """

    length_scales: np.ndarray
    signal_variance: float = 1.0
    noise_variance: float = 0.01
    mean_variance: float = 0.0


class GaussianProcess:
    """Gaussian process with a constant mean and a Matern 5/2 kernel, conditioned on observations.

    Immutable: new observations mean a new object. `fit_gaussian_process` finds the hyperparameters.

    Parameters
    ----------
    X : array-like of shape (n_points, n_features)
        Features of the observations.
    y : array-like of shape (n_points,)
        Observed values. Unless the hyperparameters let the mean vary, it is zero far away from them: standardise them
        first.
    hyperparameters : Hyperparameters
        With one length scale per group.
    known_variance : float or array-like of shape (n_points,), default=0.0
        Known noise variance of each observation, added to ``hyperparameters.noise_variance``.
    layout : Layout, default=None
        What the features are. None means numbers, with a length scale each.

    Attributes
    ----------
    mean_ : ndarray of shape (n_points,)
        Mean of the function at the observations.
    log_marginal_likelihood_ : float
        Log density of `y`.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the covariance of the observations is not positive definite: the noise variance is too small.

    Examples
    --------
    >>> from sktune.optimize import GaussianProcess, Hyperparameters
    >>> gp = GaussianProcess([[0.0], [1.0]], [1.0, 2.0], Hyperparameters([0.5], noise_variance=1e-6))
    >>> mean, variance = gp.predict([[0.0], [0.5], [9.0]])
    >>> mean.round(2).tolist()
    [1.0, 1.38, 0.0]
    >>> variance.round(2).tolist()
    [0.0, 0.52, 1.0]
    """

    def __init__(self, X, y, hyperparameters, *, known_variance=0.0, layout=None):
        self.X = np.asarray(X, dtype=np.float64)
        self.y = np.asarray(y, dtype=np.float64)
        self.hyperparameters = hyperparameters
        self.known_variance = np.broadcast_to(np.asarray(known_variance, dtype=np.float64), self.y.shape)
        self.layout = Layout.numeric(self.X.shape[1]) if layout is None else layout
        self._length_scales = np.asarray(hyperparameters.length_scales, dtype=np.float64)
        covariance = self._covariance(self.X)
        covariance[np.diag_indices_from(covariance)] += hyperparameters.noise_variance + self.known_variance
        self._cholesky = _cholesky(covariance)
        self._weights = dpotrs(self._cholesky, self.y, lower=1)[0]
        # K a = y, so that k_x . a at the observations is y without the part that the noise explains
        self.mean_ = self.y - (hyperparameters.noise_variance + self.known_variance) * self._weights

    @property
    def log_marginal_likelihood_(self):
        """Log density of `y`."""
        log_determinant = 2.0 * np.log(np.diag(self._cholesky)).sum()
        return float(-0.5 * (self.y @ self._weights + log_determinant + len(self.y) * np.log(2.0 * np.pi)))

    def predict(self, X):
        """Return mean and variance of the function at each row of `X`.

        Parameters
        ----------
        X : array-like of shape (n_points, n_features)

        Returns
        -------
        mean : ndarray of shape (n_points,)
        variance : ndarray of shape (n_points,)
            Without the noise of an observation; positive.
        """
        covariance = self._covariance(np.asarray(X, dtype=np.float64))  # (n_observations, n_points)
        explained = dtrtrs(self._cholesky, covariance, lower=1)[0]
        variance = self._prior_variance - np.einsum("ij,ij->j", explained, explained)
        return self._weights @ covariance, self._positive(variance)

    def predict_with_gradient(self, X):
        """Return mean and variance of the function at each row of `X`, and their gradients.

        For a few points: there are arrays of shape (n_points, n_observations, n_features).

        Parameters
        ----------
        X : ndarray of shape (n_points, n_features)

        Returns
        -------
        mean, variance : ndarray of shape (n_points,)
        mean_gradient, variance_gradient : ndarray of shape (n_points, n_features)
            Of no meaning where the feature is a category.
        """
        signal = self.hyperparameters.signal_variance
        difference = scaled_differences(X, self.X, self._length_scales, self.layout)
        correlation, slope = matern52(np.einsum("ijk,ijk->ij", difference, difference))
        covariance = self.hyperparameters.mean_variance + signal * correlation
        # d k_x / d x = 2 s k'(r2) (x - X) / l^2, shape (n_points, n_observations, n_features)
        derivative = (2.0 * signal * slope)[..., None] * difference / self._length_scales[self.layout.groups]
        solved = dpotrs(self._cholesky, covariance.T, lower=1)[0].T
        variance = self._positive(self._prior_variance - np.einsum("ij,ij->i", covariance, solved))
        variance_gradient = -2.0 * np.matmul(solved[:, None, :], derivative)[:, 0]
        return covariance @ self._weights, variance, self._weights @ derivative, variance_gradient

    def believe(self, X, *, known_variance=0.0):
        """Return the process that also knows the points `X`, at each of which it observed its own mean.

        The mean stays as it is everywhere and the variance shrinks around `X`: what is known while points are
        being evaluated ("kriging believer", Ginsbourger, Le Riche & Carraro, 2010).

        Parameters
        ----------
        X : array-like of shape (n_new_points, n_features)
        known_variance : float, default=0.0
            Known noise variance of these points.

        Returns
        -------
        GaussianProcess
        """
        X = np.asarray(X, dtype=np.float64)
        return GaussianProcess(
            np.vstack([self.X, X]),
            np.concatenate([self.y, self.predict(X)[0]]),
            self.hyperparameters,
            known_variance=np.concatenate([self.known_variance, np.full(len(X), known_variance)]),
            layout=self.layout,
        )

    def _covariance(self, X):
        correlation, _ = matern52(scaled_cross_distances(self.X, X, self._length_scales, self.layout))
        return self.hyperparameters.mean_variance + self.hyperparameters.signal_variance * correlation

    @property
    def _prior_variance(self):
        return self.hyperparameters.mean_variance + self.hyperparameters.signal_variance

    def _positive(self, variance):
        return np.maximum(variance, _SMALLEST_VARIANCE * self.hyperparameters.signal_variance)


def _cholesky(covariance):
    factor, info = dpotrf(covariance, lower=1)
    if info:
        raise LinAlgError("the covariance of the observations is not positive definite: raise the noise variance")
    return factor
