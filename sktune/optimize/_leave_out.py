"""What a Gaussian process would predict of its own observations, had it not seen them, without fitting it again.

With Q = K^-1, and B the observations of one group, mean and observations differ there by

    y_B - mean_B = (Q_BB)^-1 a_B

and a single observation has the variance 1 / Q_ii.

Rasmussen & Williams (2006), section 5.4.2, for groups of one.
"""

import numpy as np
from scipy.linalg.lapack import dpotri


def leave_out_predictions(gp, groups=None):
    """Return the mean at each observation of the process that does not know its group.

    Parameters
    ----------
    gp : GaussianProcess
        Its hyperparameters stay as they are.
    groups : array-like of shape (n_points,), default=None
        What is left out together. None means each observation alone.

    Returns
    -------
    ndarray of shape (n_points,)

    Examples
    --------
    >>> from sktune.optimize import GaussianProcess, Hyperparameters, leave_out_predictions
    >>> gp = GaussianProcess([[0.0], [0.1], [9.0]], [1.0, 1.0, 2.0], Hyperparameters([0.5]))
    >>> leave_out_predictions(gp).round(1).tolist()
    [1.0, 1.0, 0.0]
    """
    lower = _inverse_covariance(gp)
    inverse = np.tril(lower) + np.tril(lower, -1).T
    groups = np.arange(len(gp.y)) if groups is None else np.asarray(groups)
    predictions = np.empty(len(gp.y))
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        predictions[rows] = gp.y[rows] - np.linalg.solve(inverse[np.ix_(rows, rows)], gp._weights[rows])
    return predictions


def leave_out_errors(gp):
    """Return how far each observation is from what the process would predict without it, in deviations.

    Parameters
    ----------
    gp : GaussianProcess
        Its hyperparameters stay as they are.

    Returns
    -------
    ndarray of shape (n_points,)
        About normal with deviation 1 where the process is right about its uncertainty.
    """
    return gp._weights / np.sqrt(np.diag(_inverse_covariance(gp)))


def _inverse_covariance(gp):
    """Lower triangle of the inverse; what is above it means nothing."""
    return dpotri(gp._cholesky, lower=1)[0]
