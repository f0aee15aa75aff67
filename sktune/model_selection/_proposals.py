"""Where candidates come from: chance, a design that covers the space, or a surrogate of what is known."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product
from typing import Any, NamedTuple

import numpy as np

from .._utils.random import root_seed
from ..exceptions import SpaceExhaustedError
from ..optimize import Optimizer
from ..space import Categorical, Dimension, Space

#: Batches of random settings that are drawn before a space counts as exhausted.
_N_DRAWS = 20
#: A finite space of at most this many settings is listed once random draws find no new ones.
_MAX_LISTED = 2**16


class Observation(NamedTuple):
    """The score of a candidate, NaN for a failure, after a share of its epochs."""

    params: dict[str, Any]
    score: float
    share: float


def propose(
    sampler: str,
    space: Space,
    n_points: int,
    observations: Sequence[Observation],
    *,
    seed: int | None,
    share: float = 1.0,
    first: Sequence[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Return settings that have not been observed.

    Parameters
    ----------
    sampler : {"bayes", "random", "sobol", "grid"}
        What proposes them: `Optimizer`, `Space.sample`, `Space.design` or `grid`.
    space : Space
        What to choose from; observations that do not lie in it count for nothing.
    n_points : int
        How many settings.
    observations : sequence of Observation
        What is known.
    seed : int or None
        Determines the answer; None draws a seed.
    share : float, default=1.0
        Share of their epochs that they will be trained first.
    first : sequence of dict, default=()
        Settings that come first.

    Returns
    -------
    list of dict
        All different; fewer than `n_points` if the space, or the grid, has no more.
    """
    if n_points == 0:
        return []
    seed = root_seed(None) if seed is None else seed
    known = [observation for observation in observations if observation.params in space]
    if sampler == "bayes":
        return _ask(space, n_points, known, seed, first, share)
    return _draw(_SOURCES[sampler], space, n_points, known, seed, first)


def _ask(space, n_points, known, seed, first, share):
    optimizer = Optimizer(space, random_state=seed, initial_params=first)
    if known:
        params, scores, shares = zip(*known, strict=True)
        optimizer.tell(params, scores, fidelity=shares)
    try:
        return optimizer.ask(n_points, fidelity=share)
    except SpaceExhaustedError:
        return []


def _draw(source, space, n_points, known, seed, first):
    """Take new settings from a source of rows of coordinates, of which so many may be known."""
    seen = {space.key(observation.params) for observation in known}
    new: dict[tuple, None] = {}  # in the order in which they came
    for row in chain(space.to_unit(first), source(space, n_points, len(seen) + len(first), seed)):
        if len(new) == n_points:
            break
        key = tuple(row.tolist())
        if key not in seen:
            new.setdefault(key)
    return space.from_unit(np.array(list(new))) if new else []


def _at_random(space: Space, n_points: int, n_known: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    for _ in range(_N_DRAWS):
        yield from space.sample(n_points, rng)
    if space.n_points <= _MAX_LISTED:
        yield from rng.permutation(space.to_unit(list(space.enumerate())))


def _evenly(space: Space, n_points: int, n_known: int, seed: int) -> Iterator[np.ndarray]:
    yield from space.design(n_points + n_known, seed)


def _grid(space: Space, n_points: int, n_known: int, seed: int) -> Iterator[np.ndarray]:
    rows = grid(space, n_points)
    yield from rows if len(rows) <= n_points else np.random.default_rng(seed).permutation(rows)


def grid(space: Space, n_points: int) -> np.ndarray:
    """Return the finest grid of a space that has at most so many points.

    Parameters
    ----------
    space : Space
        Of numbers it takes equidistant coordinates, from end to end and as many of each; of choices all.
    n_points : int
        Number of points; there are more if the choices alone have more combinations.

    Returns
    -------
    ndarray of shape (n, n_dims)
        Coordinates of different, allowed settings.

    Raises
    ------
    ValueError
        If the choices have too many combinations to list them.

    Examples
    --------
    >>> grid(Space({"x": (0.0, 8.0), "kind": ["a", "b"]}), n_points=7).tolist()
    [[0.25, 0.0], [0.25, 0.5], [0.25, 1.0], [0.75, 0.0], [0.75, 0.5], [0.75, 1.0]]
    """
    levels = [_levels(dimension, 1) for dimension in space.dimensions]
    for n_levels in range(2, n_points + 1):
        finer = [_levels(dimension, n_levels) for dimension in space.dimensions]
        if math.prod(map(len, finer)) > n_points:
            break
        levels = finer
    if math.prod(map(len, levels)) > _MAX_LISTED:
        raise ValueError(f"the choices have more than {_MAX_LISTED} combinations, too many for a grid")
    rows = np.unique(space.snap(np.array(list(product(*levels)))), axis=0)
    return rows[space.feasible(rows)]


def _levels(dimension: Dimension, n_levels: int) -> np.ndarray:
    if isinstance(dimension, Categorical):
        return dimension.to_unit(dimension.categories)
    return np.unique(dimension.snap([0.5] if n_levels == 1 else np.linspace(0.0, 1.0, n_levels)))


_SOURCES = {"random": _at_random, "sobol": _evenly, "grid": _grid}
