"""Climbing from a candidate to a local maximum of the acquisition, among representable and feasible points."""

import numpy as np
from scipy.optimize import Bounds, minimize

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

    def climb(self, acquisition, U, values, rng):
        """Return points, shape (n_points, n_dims), that are no worse than `U`, and their acquisitions (n_points,).

        They climb side by side, for an acquisition at many points takes little longer than at one.

        Parameters
        ----------
        acquisition : Acquisition
        U : ndarray of shape (n_points, n_dims)
            Snapped, feasible points.
        values : ndarray of shape (n_points,)
            Their acquisitions.
        rng : numpy.random.Generator
        """
        for round_number in range(self._n_rounds):
            before = values
            relaxed = self._is_continuous if round_number else self._is_relaxable
            U, values = self._best(acquisition, self._slide(acquisition, U, relaxed), U, values)
            U, values = self._best(acquisition, [self._neighbours(u, rng) for u in U], U, values)
            if np.all(values - before <= _IMPROVEMENT * (1.0 + np.abs(before))):
                break
        return U, values

    def _best(self, acquisition, reachable, U, values):
        """The best of each point of `U` and the feasible ones of the points that it can reach, once snapped."""
        owners = np.repeat(np.arange(len(U)), [len(points) for points in reachable])
        points = self._space.snap(np.vstack(reachable))
        feasible = self._space.feasible(points)
        points, owners = points[feasible], owners[feasible]
        if len(points) == 0:
            return U, values
        U, values, found = U.copy(), values.copy(), acquisition(points)
        for owner in np.unique(owners):
            best = np.flatnonzero(owners == owner)[np.argmax(found[owners == owner])]
            if found[best] > values[owner]:
                U[owner], values[owner] = points[best], found[best]
        return U, values

    def _slide(self, acquisition, U, is_relaxed):
        """For each of `U`, points on the way to a maximum over its coordinates `is_relaxed`, (n_shares, n_dims)."""
        moving = is_relaxed & self._space.active(U)
        if not moving.any():
            return [np.empty((0, U.shape[1]))] * len(U)
        points = self._encoder.relax(U, moving)

        def loss(values):
            value, gradients = acquisition.value_and_gradient(points.features(values))
            return -value.sum(), -points.pull_back(values, gradients)

        # the sum of separate functions has its maximum where each of them has
        options = {"maxiter": 50, "ftol": 1e-6, "gtol": 1e-4}
        bounds = Bounds(np.zeros(moving.sum()), np.ones(moving.sum()))
        ends = U.copy()
        ends[moving] = minimize(loss, U[moving], jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
        return list(U[:, None, :] + _SHARES[:, None] * (ends - U)[:, None, :])

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
