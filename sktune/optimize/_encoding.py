"""From coordinates of the unit cube to the features whose distances the kernel sees.

One dimension of the space becomes one group of features, which share a length scale:

number, always active       the coordinate u itself
number, conditional         (sin(u - 1/2), cos(u - 1/2)), or (0, 0) where inactive: an arc of one radian around the
                            inactive point, so that values differ by about |u - u'| from each other and by 1 from
                            "inactive", whatever they are (Swersky, Duvenaud, Snoek, Hutter & Osborne, 2014,
                            Raiders of the Lost Architecture: the arc kernel)
category                    the number of the value, which the kernel only compares: two values differ by 1, whichever
                            they are; "inactive" is one more value, -1
constant                    nothing
"""

import numpy as np

from ._kernel import Layout


class FeatureEncoder:
    """Turn snapped points of a space into features.

    Parameters
    ----------
    space : Space

    Attributes
    ----------
    layout : Layout
        What the features are: a group for every dimension that can vary.
    """

    def __init__(self, space):
        self._space = space
        self._blocks = [_block_of(dimension) for dimension in space.dimensions]
        widths = [block.n_features for block in self._blocks]
        self._starts = np.cumsum([0, *widths])[:-1]
        groups = np.cumsum(np.sign(widths)) - 1
        is_categorical = [dimension.is_categorical for dimension in space.dimensions]
        self.layout = Layout(np.repeat(groups, widths), np.repeat(is_categorical, widths))

    def encode(self, U):
        """Return the features, shape (n_points, n_features), of snapped points `U`, shape (n_points, n_dims)."""
        columns = zip(self._blocks, U.T, self._space.active(U).T, strict=True)
        return np.hstack([block.encode(u, active) for block, u, active in columns])

    def relax(self, U, moving):
        """Return the features of the points `U` as a smooth function of some of their active numeric coordinates.

        Parameters
        ----------
        U : ndarray of shape (n_points, n_dims)
            Snapped points.
        moving : ndarray of bool of shape (n_points, n_dims)
            Which coordinates the function takes.

        Returns
        -------
        RelaxedPoints
        """
        rows, dims = np.nonzero(moving)
        is_arc = np.array([isinstance(block, _Arc) for block in self._blocks])
        return RelaxedPoints(self.encode(U), rows, self._starts[dims], is_arc[dims])


class RelaxedPoints:
    """Features of points as a smooth function of some of their coordinates, between representable values as well.

    Parameters
    ----------
    features : ndarray of shape (n_points, n_features)
        Features of the points.
    rows : ndarray of int of shape (n_moving,)
        The point of each coordinate that moves.
    starts : ndarray of int of shape (n_moving,)
        Its first feature.
    is_arc : ndarray of bool of shape (n_moving,)
        Whether it lies on an arc, which has two features, or on a line.
    """

    def __init__(self, features, rows, starts, is_arc):
        self._fixed, self._firsts, self._is_arc = features, (rows, starts), is_arc
        self._seconds = rows[is_arc], starts[is_arc] + 1

    def features(self, values):
        """Return the features, shape (n_points, n_features), where the coordinates have `values`, (n_moving,)."""
        features = self._fixed.copy()
        features[self._firsts] = np.where(self._is_arc, np.sin(values - 0.5), values)
        features[self._seconds] = np.cos(values[self._is_arc] - 0.5)
        return features

    def pull_back(self, values, gradients):
        """Turn gradients by the features, shape (n_points, n_features), into those by the coordinates, (n_moving,)."""
        pulled = gradients[self._firsts] * np.where(self._is_arc, np.cos(values - 0.5), 1.0)
        pulled[self._is_arc] -= gradients[self._seconds] * np.sin(values[self._is_arc] - 0.5)
        return pulled


class _Line:
    """A number that is always active."""

    n_features = 1

    def encode(self, u, active):
        return u[:, None]


class _Arc:
    """A number that is active under conditions."""

    n_features = 2

    def encode(self, u, active):
        return np.where(active[:, None], np.column_stack([np.sin(u - 0.5), np.cos(u - 0.5)]), 0.0)


class _Category:
    """A category."""

    n_features = 1

    def __init__(self, coordinates):
        self._coordinates = np.sort(coordinates)
        self._borders = (self._coordinates[1:] + self._coordinates[:-1]) / 2.0

    def encode(self, u, active):
        return np.where(active, np.searchsorted(self._borders, u), -1.0)[:, None]


class _Nothing:
    """A constant."""

    n_features = 0

    def encode(self, u, active):
        return np.empty((len(u), 0))


def _block_of(dimension):
    if dimension.n_values == 1:
        return _Nothing()
    if dimension.is_categorical:
        return _Category(dimension.to_unit(list(dimension.values())))
    return _Arc() if dimension.conditions else _Line()
