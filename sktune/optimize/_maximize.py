"""Where the log expected improvement of a surrogate is greatest."""

import numpy as np

from ._acquisition import log_expected_improvement, log_expected_improvement_gradient

_N_STARTS = 4


class Acquisition:
    """Log expected improvement over the best mean at the observations.

    Observations are noisy, so the luckiest of them is no fair mark to beat: the best mean is.

    Parameters
    ----------
    gp : GaussianProcess
    encoder : FeatureEncoder
    best : float, default=None
        The mean to improve on; None is the best at the observations.
    """

    def __init__(self, gp, encoder, best=None):
        self._gp, self._encoder = gp, encoder
        self._best = gp.mean_.max() if best is None else best

    def __call__(self, U):
        """Return the acquisition, shape (n_points,), at snapped points, shape (n_points, n_dims)."""
        mean, variance = self._gp.predict(self._encoder.encode(U))
        return log_expected_improvement(mean, variance, self._best)

    def value_and_gradient(self, x):
        """Return the acquisition at the features `x`, shape (n_features,), and its gradient by them."""
        return log_expected_improvement_gradient(*self._gp.predict_with_gradient(x), self._best)


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
    climbed = [local_search.climb(acquisition, candidates[start], values[start], rng) for start in starts]
    candidates = np.vstack([[point for point, _ in climbed], candidates])
    values = np.concatenate([[value for _, value in climbed], values])
    return candidates[_descending(values)]


def ranked(points, acquisition):
    """Return `points` by falling acquisition."""
    return points[_descending(acquisition(points))]


def _descending(values):
    return np.argsort(-values, kind="stable")
