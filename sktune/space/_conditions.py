"""Which dimensions are active: those whose conditions on other, active dimensions hold.

The conditions form a directed graph without cycles, from parents (the dimensions that conditions name) to children.
"""

import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .._utils.hints import did_you_mean
from ._base import Dimension

#: What n_points counts to: beyond, an int would fail wherever it meets a float, as in ``math.isinf(n_points)``.
_MOST_POINTS = 10**300


class Conditions:
    """The conditions between the dimensions of one space.

    Parameters
    ----------
    names : sequence of str
        Names of the dimensions.
    dimensions : sequence of Dimension
        The dimensions, in the order of `names`.

    Attributes
    ----------
    parents : list of dict
        For each dimension, a dict from the position of a parent to the coordinates that it may have.
    order : list of int
        Positions of the dimensions, parents before children.

    Raises
    ------
    ValueError
        If a condition names an unknown dimension or an impossible value, if conditions form a cycle, or if they
        exclude one another so that a dimension can never be active.
    """

    def __init__(self, names: Sequence[str], dimensions: Sequence[Dimension]):
        self._names, self._dimensions = tuple(names), tuple(dimensions)
        self.parents = [self._resolve(name, dim) for name, dim in zip(names, dimensions, strict=True)]
        self.order = self._sorted_parents_first()
        self.conditional = [child for child in self.order if self.parents[child]]
        self.n_points = self._count()

    # -- building ------------------------------------------------------------------------------------------------------

    def _resolve(self, name: str, dimension: Dimension) -> dict[int, np.ndarray]:
        resolved = {}
        for parent, values in dimension.conditions.items():
            if parent not in self._names:
                raise ValueError(
                    f"when of parameter {name!r} names the unknown parameter {parent!r}; there are "
                    f"{', '.join(self._names)}.{did_you_mean(parent, self._names)}"
                )
            position = self._names.index(parent)
            if self._dimensions[position].n_values == math.inf:
                raise ValueError(
                    f"when of parameter {name!r} cannot hold: {parent!r} has infinitely many values, so that none of "
                    f"them has a probability; give {parent!r} a step or make it a Categorical"
                )
            try:
                resolved[position] = np.unique(self._dimensions[position].to_unit(values))
            except ValueError as error:
                raise ValueError(f"when of parameter {name!r} cannot hold: {error}") from error
        return resolved

    def _sorted_parents_first(self) -> list[int]:
        order: list[int] = []
        done: set[int] = set()

        def visit(position: int, path: tuple[int, ...]) -> None:
            if position in path:
                cycle = " -> ".join(self._names[step] for step in (*path[path.index(position) :], position))
                raise ValueError(f"the conditions of these parameters form a cycle: {cycle}")
            if position in done:
                return
            for parent in self.parents[position]:
                visit(parent, (*path, position))
            done.add(position)
            order.append(position)

        for position in range(len(self._names)):
            visit(position, ())
        return order

    # -- asking --------------------------------------------------------------------------------------------------------

    def active(self, coordinates: np.ndarray) -> np.ndarray:
        """Tell which dimensions are active, shape (n, n_dims), at snapped coordinates of that shape."""
        active = np.ones(coordinates.shape, dtype=bool)
        for child in self.conditional:
            active[:, child] = self.active_child(child, coordinates, active)
        return active

    def active_child(self, child: int, coordinates: np.ndarray, active: np.ndarray) -> np.ndarray:
        """Tell where one dimension is active, shape (n,), given its parents' coordinates and activity."""
        holds = np.ones(len(coordinates), dtype=bool)
        for parent, allowed in self.parents[child].items():
            holds &= active[:, parent] & (coordinates[:, parent, np.newaxis] == allowed).any(axis=1)
        return holds

    # -- counting ------------------------------------------------------------------------------------------------------

    def _count(self) -> float:
        """Count the distinct points, keeping apart only what later conditions ask about.

        A state is what is known of the parents that are still needed: for each one the coordinate in question, None if
        it is inactive, or an Ellipsis for all values that no condition names.
        """
        last_asked = self._last_asked()
        states: dict[tuple, float] = {(): 1}
        ever_active = set()
        for step, position in enumerate(self._order_by_family()):
            following: dict[tuple, float] = {}
            for state, count in states.items():
                known = dict(state)
                if self._holds(position, known):
                    ever_active.add(position)
                    branches = self._branches(position)
                else:
                    branches = [(None, 1)]
                for value, n_values in branches:
                    kept = {**known, position: value}
                    kept = tuple((dim, seen) for dim, seen in kept.items() if last_asked.get(dim, -1) > step)
                    following[kept] = _add(following.get(kept, 0), _multiply(count, n_values))
            states = following
        never = [self._names[dim] for dim in self.conditional if dim not in ever_active]
        if never:
            raise ValueError(f"the conditions of parameter {never[0]!r} exclude one another: it can never be active")
        n_points = functools.reduce(_add, states.values())
        return n_points if n_points <= _MOST_POINTS else math.inf

    def _order_by_family(self) -> list[int]:
        """Parents before children, and families that share no condition one after another."""
        family = list(range(len(self._names)))

        def head(position: int) -> int:
            while family[position] != position:
                position = family[position]
            return position

        for child, parents in enumerate(self.parents):
            for parent in parents:
                family[head(child)] = head(parent)
        return sorted(self.order, key=lambda position: head(position))

    def _last_asked(self) -> dict[int, int]:
        """For each parent, the step at which it is asked about for the last time."""
        return {parent: step for step, child in enumerate(self._order_by_family()) for parent in self.parents[child]}

    def _holds(self, position: int, known: dict[int, Any]) -> bool:
        return all(
            known[parent] is not None and known[parent] is not ... and known[parent] in allowed
            for parent, allowed in self.parents[position].items()
        )

    def _branches(self, position: int) -> list[tuple[Any, float]]:
        """The coordinates of a dimension that conditions name, each once, and the number of all others."""
        named = {float(coordinate) for parents in self.parents for coordinate in parents.get(position, np.empty(0))}
        n_values = self._dimensions[position].n_values
        branches: list[tuple[Any, float]] = [(coordinate, 1) for coordinate in sorted(named)]
        if n_values > len(named):
            branches.append((..., n_values - len(named)))
        return branches

    # -- listing -------------------------------------------------------------------------------------------------------

    def assignments(self) -> Iterator[dict[int, Any]]:
        """Iterate over all points of a finite space, each a dict from positions to values, without the inactive.

        Raises
        ------
        ValueError
            If there are infinitely many points.
        """
        pairs = zip(self._names, self._dimensions, strict=True)
        infinite = ", ".join(name for name, dimension in pairs if dimension.n_values == math.inf)
        if infinite:
            raise ValueError(f"the space has infinitely many points, for these have infinitely many values: {infinite}")
        return self._extend({}, {}, 0, asked={parent for parents in self.parents for parent in parents})

    def _extend(
        self, point: dict[int, Any], known: dict[int, Any], depth: int, asked: set[int]
    ) -> Iterator[dict[int, Any]]:
        """Fill in the dimensions from `depth` on; `known` has the coordinates of those that conditions name."""
        if depth == len(self.order):
            yield dict(point)
            return
        position = self.order[depth]
        dimension = self._dimensions[position]
        if not self._holds(position, known):
            known[position] = None
            yield from self._extend(point, known, depth + 1, asked)
            return
        for value in dimension.values():
            point[position] = value
            if position in asked:
                known[position] = float(dimension.to_unit([value])[0])
            yield from self._extend(point, known, depth + 1, asked)
        del point[position]


def _add(left: float, right: float) -> float:
    """Add counts, which may be integers too large for a float, or infinite."""
    return math.inf if math.inf in (left, right) else left + right


def _multiply(left: float, right: float) -> float:
    """Multiply counts, which may be integers too large for a float, or infinite; none is zero."""
    return math.inf if math.inf in (left, right) else left * right
