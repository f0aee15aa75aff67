"""Climbing from a candidate to a local maximum of the acquisition, among representable and feasible points."""

import numpy as np
from scipy.optimize import minimize

from ._candidates import fill_inactive

_ROUNDS = 2
#: Along the border of a constraint, which no gradient follows, small random moves get on in many rounds.
_ROUNDS_WITH_CONSTRAINT = 8
_MOVES_WITH_CONSTRAINT = 64
_SMALLEST_MOVE, _LARGEST_MOVE = 1e-3, 0.1
#: A number with at most so many values, and every category, is searched value by value; others are relaxed.
_FEW_VALUES = 16
#: Of categories with more values than this, a random choice is tried.
_MOST_TRIED = 32
#: Steps that are tried along a number with many but not all values.
_STEPS = np.array([-0.1, -0.03, -0.01, 0.01, 0.03, 0.1])
#: Shares of the way to the continuous optimum: its end may be infeasible, or worse after rounding.
_SHARES = np.array([1.0, 0.5, 0.25, 0.125])
_IMPROVEMENT = 1e-6


class LocalSearch:
    """Hill climbing in a space, by L-BFGS along continuous coordinates and by single moves along the others.

    Parameters
    ----------
    space : Space
    encoder : FeatureEncoder
    """

    def __init__(self, space, encoder):
        self._space, self._encoder = space, encoder
        self._n_rounds = _ROUNDS if space.constraint is None else _ROUNDS_WITH_CONSTRAINT
        sizes = np.array([float(dimension.n_values) for dimension in space.dimensions])
        is_categorical = np.array([dimension.is_categorical for dimension in space.dimensions])
        self._is_continuous = np.isinf(sizes)
        self._is_relaxable = ~is_categorical & (sizes > _FEW_VALUES)
        self._values = {
            dim: space.dimensions[dim].to_unit(list(space.dimensions[dim].values()))
            for dim in np.flatnonzero(~self._is_relaxable & (sizes > 1))
        }
        self._steps = {dim: np.append(_STEPS, [-1.0 / sizes[dim], 1.0 / sizes[dim]]) for dim in range(space.n_dims)}

    def climb(self, acquisition, u, value, rng):
        """Return a point, shape (n_dims,), that is no worse than `u`, and its acquisition.

        Parameters
        ----------
        acquisition : Acquisition
        u : ndarray of shape (n_dims,)
            Snapped, feasible point.
        value : float
            Its acquisition.
        rng : numpy.random.Generator
        """
        for round_number in range(self._n_rounds):
            before = value
            relaxed = self._is_continuous if round_number else self._is_relaxable
            u, value = self._best(acquisition, self._slide(acquisition, u, relaxed), u, value)
            u, value = self._best(acquisition, self._neighbours(u, rng), u, value)
            if value - before <= _IMPROVEMENT * (1.0 + abs(before)):
                break
        return u, value

    def _best(self, acquisition, points, u, value):
        """The best of `u` and the feasible ones of `points`, once these are snapped."""
        points = self._space.snap(points)
        points = points[self._space.feasible(points)]
        if len(points) == 0:
            return u, value
        values = acquisition(points)
        best = np.argmax(values)
        return (points[best], values[best]) if values[best] > value else (u, value)

    def _slide(self, acquisition, u, is_relaxed):
        """Points on the way from `u` to the maximum over the coordinates `is_relaxed`, shape (n_points, n_dims)."""
        dims = np.flatnonzero(is_relaxed & self._space.active(u[None])[0])
        if len(dims) == 0:
            return np.empty((0, len(u)))
        point = self._encoder.relax(u, dims)

        def loss(values):
            value, gradient = acquisition.value_and_gradient(point.features(values))
            return -value, -point.pull_back(values, gradient)

        options = {"maxiter": 50, "ftol": 1e-6, "gtol": 1e-4}
        end = minimize(loss, u[dims], jac=True, method="L-BFGS-B", bounds=[(0.0, 1.0)] * len(dims), options=options).x
        path = np.tile(u, (len(_SHARES), 1))
        path[:, dims] += _SHARES[:, None] * (end - u[dims])
        return path

    def _neighbours(self, u, rng):
        """Points that differ from `u` in one coordinate that L-BFGS cannot move well, shape (n_points, n_dims)."""
        filled = fill_inactive(self._space, u[None], rng)[0]
        points = [np.empty((0, len(u)))]
        for dim in np.flatnonzero(self._space.active(u[None])[0] & ~self._is_continuous):
            values = self._values.get(dim, u[dim] + self._steps[dim])
            if len(values) > _MOST_TRIED:
                values = rng.choice(values, _MOST_TRIED, replace=False)
            points.append(np.tile(filled, (len(values), 1)))
            points[-1][:, dim] = values
        if self._space.constraint is not None:
            points.append(self._random_moves(u, rng))
        return np.vstack(points)

    def _random_moves(self, u, rng):
        """Points that differ from `u` a little in all numbers, shape (n_points, n_dims)."""
        logs = rng.uniform(np.log(_SMALLEST_MOVE), np.log(_LARGEST_MOVE), (_MOVES_WITH_CONSTRAINT, 1))
        moves = np.exp(logs) * rng.standard_normal((_MOVES_WITH_CONSTRAINT, len(u)))
        return np.clip(u + self._is_relaxable * moves, 0.0, 1.0)
