"""Log expected improvement, accurate where the improvement itself would underflow.

With mean m, standard deviation d and best value b of a normal distribution, and z = (m - b) / d:

expected improvement        E max(f - b, 0) = d h(z),  h(z) = phi(z) + z Phi(z)
its log                     log d + log h(z)
derivative of log h         h'(z) / h(z) = Phi(z) / h(z)

The log keeps a slope where the improvement itself is a flat zero: Ament, Daulton, Eriksson, Balandat & Bakshy (2023),
Unexpected Improvements to Expected Improvement for Bayesian Optimization.
"""

import numpy as np
from scipy.special import erfcx, ndtr

_LOG_SQRT_2PI = 0.5 * np.log(2.0 * np.pi)
#: Below this z, the closed form loses more digits to cancellation (about z^2 epsilon) than the series leaves out.
_SERIES_BELOW = -50.0


def log_h(z):
    """Return ``log(phi(z) + z Phi(z))`` and its derivative, for any finite z.

    Parameters
    ----------
    z : array-like

    Returns
    -------
    value, derivative : ndarray of the shape of `z`
        To about 1e-12 of themselves; `value` to 1e-12 where it is smaller than 1.
    """
    z = np.asarray(z, dtype=np.float64)
    # each formula sees all z, moved to where it is safe: for a single z, that is faster than selecting
    near, tail, far = np.maximum(z, -1.0), np.minimum(z, -1.0), np.minimum(z, _SERIES_BELOW)
    cumulative = ndtr(near)
    h = np.exp(_log_phi(near)) + near * cumulative
    mills = np.sqrt(np.pi / 2.0) * erfcx(-tail / np.sqrt(2.0))  # Phi / phi without underflow
    ratio = np.where(z < _SERIES_BELOW, _ratio_by_series(far), 1.0 + tail * mills)  # h / phi
    value = np.where(z > -1.0, np.log(h), _log_phi(tail) + np.log(ratio))
    return value, np.where(z > -1.0, cumulative / h, mills / ratio)


def log_expected_improvement(mean, variance, best):
    """Return the log of the expected improvement of normal distributions over `best`.

    Parameters
    ----------
    mean, variance : array-like of shape (n_points,)
        Greater means are better; variances are positive.
    best : float

    Returns
    -------
    ndarray of shape (n_points,)

    Examples
    --------
    >>> from sktune.optimize._acquisition import log_expected_improvement
    >>> log_expected_improvement([1.0, 0.0, -30.0], [1e-4, 1.0, 1.0], best=0.0).round(2).tolist()
    [0.0, -0.92, -457.72]
    """
    deviation = np.sqrt(variance)
    return np.log(deviation) + log_h((np.asarray(mean) - best) / deviation)[0]


def log_expected_improvement_gradient(mean, variance, mean_gradient, variance_gradient, best):
    """Return the log expected improvement at points and its gradients.

    Parameters
    ----------
    mean, variance : ndarray of shape (n_points,)
    mean_gradient, variance_gradient : ndarray of shape (n_points, n_features)
    best : float

    Returns
    -------
    values : ndarray of shape (n_points,)
    gradients : ndarray of shape (n_points, n_features)
    """
    deviation = np.sqrt(variance)
    z = (mean - best) / deviation
    value, slope = log_h(z)
    by_mean, by_deviation = slope / deviation, (1.0 - slope * z) / deviation
    gradients = by_mean[:, None] * mean_gradient + (by_deviation / (2.0 * deviation))[:, None] * variance_gradient
    return np.log(deviation) + value, gradients


def _log_phi(z):
    return -0.5 * z * z - _LOG_SQRT_2PI


def _ratio_by_series(z):
    """1 + z Phi(z) / phi(z) of very negative z, by its asymptotic series z^-2 - 3 z^-4 + 15 z^-6 - ..."""
    inverse = z**-2.0
    return inverse * (1.0 + inverse * (-3.0 + inverse * (15.0 + inverse * (-105.0 + inverse * 945.0))))
