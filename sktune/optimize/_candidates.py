"""Points of a space among which the acquisition looks for its best."""

import numpy as np

N_SPREAD = 512
N_NEARBY = 300
#: Number of good points whose surroundings are searched closely.
_N_CENTRES = 5
#: How far coordinates move from a good point: log-uniform between these deviations.
_NEAREST, _FARTHEST = 0.02, 0.2
#: Share of the categories of a good point that are drawn anew.
_CATEGORY_CHANGES = 0.3


def spread_candidates(space, rng):
    """Return points that cover the space evenly, shape (at most N_SPREAD, n_dims), snapped and feasible."""
    return space.design(N_SPREAD, int(rng.integers(2**32)))


def nearby_candidates(space, centres, rng):
    """Return variations of good points.

    Parameters
    ----------
    space : Space
    centres : ndarray of shape (n_centres, n_dims)
        Snapped points, the best first: only a few of them count.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (at most N_NEARBY, n_dims)
        Snapped and feasible.
    """
    centres = centres[:_N_CENTRES]
    points = fill_inactive(space, np.repeat(centres, N_NEARBY // len(centres), axis=0), rng)
    deviations = np.exp(rng.uniform(np.log(_NEAREST), np.log(_FARTHEST), (len(points), 1)))
    moved = reflect(points + deviations * rng.standard_normal(points.shape))
    is_categorical = np.array([dimension.is_categorical for dimension in space.dimensions])
    changes = rng.random(points.shape) < _CATEGORY_CHANGES
    categories = np.where(changes, rng.random(points.shape), points)
    snapped = space.snap(np.where(is_categorical, categories, moved))
    return snapped[space.feasible(snapped)]


def fill_inactive(space, U, rng):
    """Give the inactive coordinates of snapped points random values, for when a change makes them active."""
    active = space.active(U)
    return U if active.all() else np.where(active, U, rng.random(U.shape))


def reflect(U):
    """Fold coordinates that left [0, 1] by less than 1 back at the border."""
    return 1.0 - np.abs(1.0 - np.abs(U))
