"""The view of a space that scikit-optimize has: points as lists of values in the order of the dimensions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._base import Dimension, uniform_source
from ._dimensions import Real
from ._sampling import check_n_points, draw_sample

if TYPE_CHECKING:
    from ._space import Space


class PointLists:
    """Methods of `Space` under the names that scikit-optimize gives them.

    A point is a list of values in the order of the dimensions; an inactive parameter has the value None.
    """

    names: tuple[str, ...]
    dimensions: tuple[Dimension, ...]

    @property
    def dimension_names(self) -> list[str]:
        """Names of the dimensions."""
        return list(self.names)

    @property
    def bounds(self) -> list:
        """Bounds of each dimension."""
        return [dimension.bounds for dimension in self.dimensions]

    @property
    def transformed_n_dims(self) -> int:
        """Number of columns after `transform`."""
        return sum(dimension.transformed_size for dimension in self.dimensions)

    @property
    def transformed_bounds(self) -> list[tuple]:
        """Bounds of each column after `transform`."""
        bounds = []
        for dimension in self.dimensions:
            own = dimension.transformed_bounds
            bounds.extend(own if isinstance(own, list) else [own])
        return bounds

    @property
    def is_real(self) -> bool:
        """Whether all dimensions are `Real`."""
        return all(isinstance(dimension, Real) for dimension in self.dimensions)

    @property
    def is_categorical(self) -> bool:
        """Whether all dimensions are categorical."""
        return all(dimension.is_categorical for dimension in self.dimensions)

    @property
    def is_partly_categorical(self) -> bool:
        """Whether any dimension is categorical."""
        return any(dimension.is_categorical for dimension in self.dimensions)

    @property
    def n_constant_dimensions(self) -> int:
        """Number of dimensions with a single value."""
        return sum(dimension.is_constant for dimension in self.dimensions)

    def __iter__(self) -> Iterator[Dimension]:
        return iter(self.dimensions)

    def __len__(self) -> int:
        return len(self.dimensions)

    def __getitem__(self, names: Any) -> Any:
        if isinstance(names, (list, tuple)):
            return [self._find(name) for name in names]
        if isinstance(names, (str, int)):
            return self._find(names)
        raise ValueError(f"Dimension name should be either string or list of strings, but got {names!r}.")

    def _find(self, name: str | int) -> tuple[int | None, Dimension | None]:
        position = self.names.index(name) if name in self.names else name
        if isinstance(position, int) and 0 <= position < len(self.dimensions):
            return position, self.dimensions[position]
        return None, None

    def rvs(self: "Space", n_samples: int = 1, random_state: Any = None) -> list[list]:
        """Draw allowed points at random.

        Parameters
        ----------
        n_samples : int, default=1
            Number of points.
        random_state : int, RandomState, Generator or None, default=None
            Source of randomness.

        Returns
        -------
        list of lists of length n_dims
            The points.

        Raises
        ------
        RuntimeError
            If the constraint allows (almost) nothing.
        """
        points = draw_sample(self, check_n_points(n_samples, "n_samples"), uniform_source(random_state))
        return [self._as_list(params) for params in self.from_unit(points)]

    def _as_list(self, params: Mapping[str, Any]) -> list:
        return [params.get(name) for name in self.names]

    def _as_dict(self, point: Any) -> Mapping[str, Any]:
        """Return a point as a dict, whatever its form; a ValueError if it is not one."""
        if isinstance(point, Mapping):
            return point
        if not isinstance(point, (list, tuple, np.ndarray)) or len(point) != len(self.names):
            raise ValueError(f"a point of this space has {len(self.names)} values, got {point!r}")
        return dict(zip(self.names, point, strict=True))

    def _active_in(self: "Space", points: Sequence[Sequence[Any]]) -> np.ndarray:
        if not any(dimension.conditions for dimension in self.dimensions):
            return np.ones((len(points), len(self.dimensions)), dtype=bool)
        return self.active(self.to_unit([self._as_dict(point) for point in points]))

    def set_transformer(self, transform: str | Sequence[str]) -> None:
        """Choose the transformation of every dimension.

        Parameters
        ----------
        transform : str or list of str
            One for all dimensions, or one for each.
        """
        kinds = list(transform) if isinstance(transform, (list, tuple)) else [transform] * len(self.dimensions)
        if len(kinds) != len(self.dimensions):
            raise ValueError(
                f"transform must be one for all {len(self.dimensions)} dimensions, or one for each: {kinds}"
            )
        for dimension, kind in zip(self.dimensions, kinds, strict=True):
            dimension.set_transformer(kind)

    def set_transformer_by_type(self, transform: str, dim_type: type[Dimension]) -> None:
        """Choose the transformation of all dimensions of one class.

        Parameters
        ----------
        transform : str
            The transformation.
        dim_type : type
            The class, for example `Categorical`.
        """
        for dimension in self.dimensions:
            if isinstance(dimension, dim_type):
                dimension.set_transformer(transform)

    def get_transformer(self) -> list[str]:
        """Return the transformation of every dimension.

        Returns
        -------
        list of str
            Their names.
        """
        return [dimension.transform_ for dimension in self.dimensions]

    def transform(self: "Space", points: Sequence[Sequence[Any]]) -> np.ndarray:
        """Return points as scikit-optimize's models see them.

        Parameters
        ----------
        points : list of n lists
            Points of the space.

        Returns
        -------
        ndarray of shape (n, transformed_n_dims)
            The transformed columns. An inactive parameter has the value that lies in the middle of its dimension.
        """
        columns = []
        inactive = ~self._active_in(points)
        for position, dimension in enumerate(self.dimensions):
            middle = dimension.from_unit([0.5])[0] if inactive[:, position].any() else None
            values = [middle if inactive[row, position] else point[position] for row, point in enumerate(points)]
            columns.append(np.asarray(dimension.transform(values)).reshape(len(values), -1))
        return np.hstack(columns)

    def inverse_transform(self: "Space", transformed: Any) -> list[list]:
        """Return the points that `transform` maps to `transformed`.

        Parameters
        ----------
        transformed : array-like of shape (n, transformed_n_dims)
            What `transform` returns.

        Returns
        -------
        list of n lists
            Points of the space.
        """
        transformed = np.asarray(transformed)
        columns, start = [], 0
        for dimension in self.dimensions:
            stop = start + dimension.transformed_size
            column = transformed[:, start] if stop == start + 1 else transformed[:, start:stop]
            columns.append(list(dimension.inverse_transform(column)))
            start = stop
        points = [list(point) for point in zip(*columns, strict=True)]
        active = self._active_in(points)
        return [[v if on else None for v, on in zip(*row, strict=True)] for row in zip(points, active, strict=True)]

    def distance(self, point_a: Sequence[Any], point_b: Sequence[Any]) -> float:
        """Return the sum of the distances in each dimension.

        Parameters
        ----------
        point_a, point_b : list
            Points of the space, without inactive parameters.

        Returns
        -------
        float
            The distance.

        Raises
        ------
        RuntimeError
            If a value is outside its dimension.
        """
        pairs = zip(self.dimensions, point_a, point_b, strict=True)
        return float(sum(dimension.distance(a, b) for dimension, a, b in pairs))
