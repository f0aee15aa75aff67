"""The Matern 5/2 kernel with one length scale per group of features, and its derivatives.

Notation
--------
x, z            two feature vectors, shape (n_features,)
g(f)            group of feature f: the features of one group share a length scale
d_f(x, z)       difference in feature f: x_f - z_f of numbers; 0 or 1 of categories, whether they are equal or not
D_g(x, z)       squared difference in group g: sum of d_f^2 over the features f with g(f) = g
l               length scales, shape (n_groups,)
r2              scaled squared distance: sum over g of D_g / l_g^2
k(r2)           correlation: (1 + sqrt(5 r2) + 5 r2 / 3) exp(-sqrt(5 r2)), Rasmussen & Williams (2006), equation 4.17
k'(r2)          its derivative with respect to r2: -5/6 (1 + sqrt(5 r2)) exp(-sqrt(5 r2))

A category in one column and its one-hot columns, scaled by sqrt(1/2) and in one group, have the same distances.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layout:
    """What the features are.

    Parameters
    ----------
    groups : ndarray of int of shape (n_features,)
        Group of each feature, from 0 without gaps. Features of one group share a length scale.
    is_categorical : ndarray of bool of shape (n_features,)
        Whether a feature holds a number that only names a category.
    """

    groups: np.ndarray
    is_categorical: np.ndarray

    @classmethod
    def numeric(cls, n_features):
        """Return the layout of `n_features` numbers with a length scale each."""
        return cls(np.arange(n_features), np.zeros(n_features, dtype=bool))

    @property
    def n_groups(self):
        """Number of length scales."""
        return int(self.groups.max(initial=-1)) + 1


def matern52(r2):
    """Return the correlations ``k(r2)`` and the derivatives ``k'(r2)``, in the shape of `r2`."""
    root = np.sqrt(5.0 * r2)
    decay = np.exp(-root)
    slope = (1.0 + root) * decay
    return slope + (5.0 / 3.0) * r2 * decay, (-5.0 / 6.0) * slope


def pairwise_squared_differences(X, layout):
    """Return ``D_g`` of every pair of rows of `X`.

    Parameters
    ----------
    X : ndarray of shape (n_points, n_features)
    layout : Layout

    Returns
    -------
    ndarray of shape (n_groups, n_pairs)
        Pairs in the order of ``np.tril_indices(n_points, -1)``.
    """
    row, column = np.tril_indices(len(X), -1)
    squares = np.zeros((layout.n_groups, len(row)))
    for x, group, is_categorical in zip(X.T, layout.groups, layout.is_categorical, strict=True):
        squares[group] += x[row] != x[column] if is_categorical else (x[row] - x[column]) ** 2
    return squares


def scaled_cross_distances(X, Z, length_scales, layout):
    """Return ``r2`` between the rows of `X` and of `Z`.

    Parameters
    ----------
    X : ndarray of shape (n_points, n_features)
    Z : ndarray of shape (n_others, n_features)
    length_scales : ndarray of shape (n_groups,)
    layout : Layout

    Returns
    -------
    ndarray of shape (n_points, n_others)
        Summed from the differences themselves: the shorter way through ``|x|^2 + |z|^2 - 2 x.z`` loses the small
        distances that decide the variance close to a known point.
    """
    r2 = np.zeros((len(X), len(Z)))
    for x, z, group, is_categorical in zip(X.T, Z.T, layout.groups, layout.is_categorical, strict=True):
        scale = length_scales[group]
        if is_categorical:
            r2 += (x[:, None] != z[None, :]) / scale**2
        else:
            difference = (x / scale)[:, None] - (z / scale)[None, :]
            difference *= difference
            r2 += difference
    return r2


def scaled_differences(X, Z, length_scales, layout):
    """Return ``d_f(x, z) / l_g(f)`` of each row x of `X` and z of `Z`, shape (n_points, n_others, n_features)."""
    X = X[:, None, :]
    differences = np.where(layout.is_categorical, X != Z, X - Z) if layout.is_categorical.any() else X - Z
    return differences / length_scales[layout.groups]
