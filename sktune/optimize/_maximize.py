"""Where the log expected improvement of a surrogate is greatest."""

import numpy as np

from ._acquisition import log_expected_improvement, log_expected_improvement_gradient
from ._candidates import nearby_candidates, spread_candidates

_N_CENTRES = 5
_N_STARTS = 4


class Acquisition:
    """Log expected improvement over the best mean at the observations.

    Observations are noisy, so the luckiest of them is no fair mark to beat: the best mean is.

    Parameters
    ----------
    gp : GaussianProcess
    encoder : FeatureEncoder
    """

    def __init__(self, gp, encoder):
        self._gp, self._encoder = gp, encoder
        self._best = gp.mean_.max()

    def __call__(self, U):
        """Return the acquisition, shape (n_points,), at snapped points, shape (n_points, n_dims)."""
        mean, variance = self._gp.predict(self._encoder.encode(U))
        return log_expected_improvement(mean, variance, self._best)

    def value_and_gradient(self, x):
        """Return the acquisition at the features `x`, shape (n_features,), and its gradient by them."""
        return log_expected_improvement_gradient(*self._gp.predict_with_gradient(x), self._best)


def ranked_candidates(space, acquisition, centres, local_search, rng):
    """Return the candidates for the next evaluation, the best first.

    Parameters
    ----------
    space : Space
    acquisition : Acquisition
    centres : ndarray of shape (n_points, n_dims)
        Known points by falling mean: around the first ones, the space is searched more closely.
    local_search : LocalSearch
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n_candidates, n_dims)
        Snapped and feasible points. They may be known, or repeat each other.
    """
    candidates = np.vstack([spread_candidates(space, rng), nearby_candidates(space, centres[:_N_CENTRES], rng)])
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
