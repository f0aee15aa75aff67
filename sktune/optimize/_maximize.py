"""Where the log expected improvement of a surrogate is greatest."""

import numpy as np

from ._acquisition import log_expected_improvement, log_expected_improvement_gradient

_N_STARTS = 4
_OUTSIDE = -1e300


class Acquisition:
    """Log expected improvement over the best mean at the observations.

    Observations are noisy, so the luckiest of them is no fair mark to beat: the best mean is.

    Parameters
    ----------
    gp : GaussianProcess
    encoder : FeatureEncoder
    best : float, default=None
        The mean to improve on; None is the best at the observations.
    caution : float, default=1.0
        The variances count so many times: more than once where the process is taken to be too sure of itself.
    """

    def __init__(self, gp, encoder, best=None, caution=1.0):
        self._gp, self._encoder, self._caution = gp, encoder, caution
        self._best = gp.mean_.max() if best is None else best

    def __call__(self, U):
        """Return the acquisition, shape (n_points,), at snapped points, shape (n_points, n_dims)."""
        mean, variance = self._gp.predict(self._encoder.encode(U))
        return log_expected_improvement(mean, self._caution * variance, self._best)

    def value_and_gradient(self, X):
        """Return the acquisition, shape (n_points,), at the features `X`, and its gradients, in the shape of `X`."""
        mean, variance, mean_gradient, variance_gradient = self._gp.predict_with_gradient(X)
        return log_expected_improvement_gradient(
            mean, self._caution * variance, mean_gradient, self._caution * variance_gradient, self._best
        )


class AcquisitionWithin:
    """An acquisition in a part of the space; outside it, no point is as bad.

    Parameters
    ----------
    acquisition : Acquisition
    part : OtherKind or FarAway
    """

    def __init__(self, acquisition, part):
        self._acquisition, self._part = acquisition, part
        self.value_and_gradient = acquisition.value_and_gradient

    def __call__(self, U):
        """Return the acquisition, shape (n_points,), at snapped points, shape (n_points, n_dims)."""
        return np.where(self._part.contains(U), self._acquisition(U), _OUTSIDE)


def climbed_and_ranked(candidates, acquisition, local_search, rng):
    """Return candidates, and what the best of them climb to, by falling acquisition.

    Parameters
    ----------
    candidates : ndarray of shape (n_candidates, n_dims)
        Snapped and feasible points.
    acquisition : Acquisition
    local_search : LocalSearch
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n_points, n_dims)
        Snapped and feasible points. They may repeat each other.
    """
    values = acquisition(candidates)
    starts = _descending(values)[:_N_STARTS]
    climbed, reached = local_search.climb(acquisition, candidates[starts], values[starts], rng)
    candidates, values = np.vstack([climbed, candidates]), np.concatenate([reached, values])
    return candidates[_descending(values)]


def ranked(points, acquisition):
    """Return `points` by falling acquisition."""
    return points[_descending(acquisition(points))]


def _descending(values):
    return np.argsort(-values, kind="stable")
