"""Random samples and first designs in a space with constraints."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import qmc

if TYPE_CHECKING:
    from ._space import Space

#: Points that are tried per point that is wanted before the constraint counts as unsatisfiable, and at least.
_TRIES_PER_POINT, _MIN_TRIES = 100, 20_000
#: Points that are drawn at a time while looking for feasible ones, at most.
_MAX_BATCH = 2**12
#: A finite space of at most this many points is listed when random tries do not find enough of them.
_MAX_LISTED = 2**16


def check_n_points(n_points: int, name: str = "n_points") -> int:
    """Return `n_points` as an int, or raise a ValueError if it is not a non-negative one."""
    if isinstance(n_points, (bool, np.bool_)) or not isinstance(n_points, (int, np.integer)) or n_points < 0:
        raise ValueError(f"{name} must be a non-negative int, got {n_points!r}")
    return int(n_points)


def draw_sample(space: "Space", n_points: int, uniform: Callable[[tuple[int, int]], np.ndarray]) -> np.ndarray:
    """Draw feasible, snapped points by rejection; `uniform` draws an array of a given shape from [0, 1)."""
    missing = check_n_points(n_points)
    found = [np.empty((0, space.n_dims))]
    tries_left = max(_MIN_TRIES, _TRIES_PER_POINT * missing)
    batch = missing
    while missing:
        if tries_left <= 0:
            raise _too_tight(space, n_points, n_points - missing)
        points = space.snap(uniform((batch, space.n_dims)))
        points = points[space.feasible(points)][:missing]
        found.append(points)
        tries_left -= batch
        missing -= len(points)
        batch = min(max(missing, 2 * batch), _MAX_BATCH)
    return np.concatenate(found)


def draw_design(space: "Space", n_points: int, seed: int) -> np.ndarray:
    """Take the feasible, distinct points of a scrambled Sobol sequence, in its order; see `Space.design`."""
    n_points = check_n_points(n_points)
    rng = np.random.default_rng(seed)
    sobol = qmc.Sobol(space.n_dims, scramble=True, seed=rng)
    # a sequence is balanced over each 2**k points, and scipy warns about any other number
    points = _distinct_feasible(space, sobol.random_base2(max(0, math.ceil(math.log2(max(n_points, 1))))))
    tries_left = max(_MIN_TRIES, _TRIES_PER_POINT * n_points)
    while len(points) < n_points and tries_left > 0:
        more = sobol.random_base2(int(math.log2(sobol.num_generated)))  # doubles the sequence
        tries_left -= len(more)
        points = _distinct(np.concatenate([points, _distinct_feasible(space, more)]))
        if len(points) >= space.n_points:
            break
    if len(points) < n_points and space.n_points <= _MAX_LISTED:
        rest = list(space.enumerate())
        rest = space.to_unit([rest[index] for index in rng.permutation(len(rest))])
        points = _distinct(np.concatenate([points, rest]))
    if n_points and not len(points):
        raise _too_tight(space, n_points, 0)
    # the space has no further point: begin again
    return np.resize(points, (n_points, space.n_dims))


def _distinct_feasible(space: "Space", u: np.ndarray) -> np.ndarray:
    points = _distinct(space.snap(u))
    return points[space.feasible(points)]


def _distinct(points: np.ndarray) -> np.ndarray:
    """Drop repeated rows, keeping the order of first appearance."""
    first = np.unique(points, axis=0, return_index=True)[1]
    return points[np.sort(first)]


def _too_tight(space: "Space", n_wanted: int, n_found: int) -> RuntimeError:
    return RuntimeError(
        f"Could not find enough valid samples: {n_wanted} are wanted, {n_found} were found. Please check that the "
        f"constraint {space.constraint!r} allows for valid samples to be drawn."
    )
