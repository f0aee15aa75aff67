"""The space of all settings: named dimensions, conditions between them, a constraint."""

import copy
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from .._utils.hints import did_you_mean
from .._utils.portable import Portable
from ._base import Dimension, is_number
from ._check import check_dimension, named_specs
from ._conditions import Conditions
from ._identity import same_value
from ._points import PointLists
from ._sampling import draw_design, draw_sample
from ._zooming import zoomed_dimension

#: Coordinate of an inactive parameter, so that equal settings have equal rows.
INACTIVE = 0.5
_SHOWN = 31  # longer lists of dimensions are abbreviated


class Space(Portable, PointLists):
    """A search space: every setting is a point of the unit cube with one coordinate per parameter.

    Parameters
    ----------
    dimensions : mapping, sequence or Space
        A mapping from names to what `check_dimension` accepts, kept sorted by name; or a sequence of such
        descriptions, named by their own names or else ``X_0``, ``X_1``, ... by position; or another space.
    constraint : callable or None, default=None
        Called with the dict of the active parameters; returns whether the setting is allowed.

    Attributes
    ----------
    names : tuple of str
        Names of the parameters, in the order of the coordinates.
    dimensions : tuple of Dimension
        The dimensions, in the same order.
    n_dims : int
        Number of coordinates.
    n_points : int or math.inf
        Number of different settings, before the constraint; inactive parameters count once.
    constraint : callable or None
        As given.

    Raises
    ------
    ValueError
        If there is no dimension, if one is not well described, if two have one name, or if conditions name unknown
        parameters or impossible values, form a cycle, or can never hold.

    Examples
    --------
    >>> from sktune.space import Integer, Real, Space
    >>> space = Space({"optimizer": ["adam", "sgd"], "momentum": Real(0, 1, when={"optimizer": "sgd"})})
    >>> space
    Space({
        'momentum': Real(0.0, 1.0, when={'optimizer': 'sgd'}),
        'optimizer': Categorical(['adam', 'sgd']),
    })
    >>> space.names
    ('momentum', 'optimizer')
    >>> space.from_unit([[0.25, 0.9], [0.25, 0.1]])
    [{'momentum': 0.25, 'optimizer': 'sgd'}, {'optimizer': 'adam'}]
    >>> Space({"a": (1, 3), "b": (1, 3)}, constraint=lambda params: params["a"] < params["b"]).n_points
    9
    """

    _may_hold_functions = ("constraint",)

    def __init__(self, dimensions: Any, *, constraint: Callable[[dict], bool] | None = None):
        if isinstance(dimensions, Space):
            constraint = dimensions.constraint if constraint is None else constraint
            dimensions = dict(zip(dimensions.names, dimensions.dimensions, strict=True))
            named = list(dimensions.items())
        else:
            named = named_specs(dimensions)
        if constraint is not None and not callable(constraint):
            raise ValueError(f"constraint must be callable or None, got {constraint!r}")
        self.names = tuple(name for name, _ in named)
        # copies: setting a transformation here must not change the user's own objects
        self.dimensions = tuple(copy.copy(check_dimension(spec, name)) for name, spec in named)
        self.constraint = constraint
        self._conditions = Conditions(self.names, self.dimensions)

    @property
    def n_dims(self) -> int:
        """Number of coordinates."""
        return len(self.dimensions)

    @property
    def n_points(self) -> float:
        """Number of different settings, or ``math.inf`` (also where no float could hold it)."""
        return self._conditions.n_points

    def prefixed(self, prefix: str) -> "Space":
        """Return this space for a step of a pipeline: with `prefix` before every name, in conditions too.

        Parameters
        ----------
        prefix : str
            Such as ``"net__"`` for the step ``net``.

        Returns
        -------
        Space
            A new space; a constraint still sees the names without the prefix.

        Examples
        --------
        >>> Space({"lr": (1e-4, 1e-1, "log-uniform")}).prefixed("net__").names
        ('net__lr',)
        """
        if not isinstance(prefix, str):
            raise ValueError(f"prefix must be a string such as 'net__', got {prefix!r}")
        named = zip(self.names, self.dimensions, strict=True)
        dimensions = {prefix + name: dimension.with_prefix(prefix) for name, dimension in named}
        constraint = None if self.constraint is None else partial(_call_without_prefix, self.constraint, prefix)
        return Space(dimensions, constraint=constraint)

    def zoomed(self, params: Mapping[str, Any], width: float) -> "Space":
        """Return the part of this space around a setting.

        Parameters
        ----------
        params : dict
            The setting in the middle.
        width : float
            Share of the range of each number that remains, above 0 and at most 1: on a logarithmic scale under a
            logarithmic prior, of the probability for distributions. It is moved inwards where it would reach beyond
            an end. Choices stay whole, as do numbers that the conditions of others refer to.

        Returns
        -------
        Space
            A new space, with the same names, conditions and constraint.

        Raises
        ------
        ValueError
            If `width` is not allowed or `params` is not a setting of this space.

        Examples
        --------
        >>> Space({"lr": (1e-4, 1.0, "log-uniform")}).zoomed({"lr": 1e-2}, width=0.5).dimensions[0].bounds
        (0.001, 0.1)
        """
        if not is_number(width) or not 0 < width <= 1:
            raise ValueError(f"width must be a number above 0 and at most 1, got {width!r}")
        coordinates = self.to_unit([params])[0]
        parents = {parent for parents in self._conditions.parents for parent in parents}
        dimensions = {
            name: dimension if position in parents else zoomed_dimension(dimension, u, width)
            for position, (name, dimension, u) in enumerate(zip(self.names, self.dimensions, coordinates, strict=True))
        }
        return Space(dimensions, constraint=self.constraint)

    # -- between dicts and the unit cube -------------------------------------------------------------------------------

    def to_unit(self, params: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Return the coordinates of settings.

        Parameters
        ----------
        params : list of n dicts
            Values of all active parameters. Values of inactive parameters are ignored.

        Returns
        -------
        ndarray of shape (n, n_dims)
            Coordinates from 0 to 1; 0.5 where a parameter is inactive.

        Raises
        ------
        ValueError
            If a parameter is unknown or missing, or its value is not allowed.
        """
        params = self._checked_dicts(params)
        coordinates = np.full((len(params), self.n_dims), INACTIVE)
        active = np.ones(coordinates.shape, dtype=bool)
        for position in self._conditions.order:
            if self._conditions.parents[position]:
                active[:, position] = self._conditions.active_child(position, coordinates, active)
            rows = np.flatnonzero(active[:, position])
            if len(rows):
                values = [self._value(params[row], position) for row in rows.tolist()]
                coordinates[rows, position] = self.dimensions[position].to_unit(values)
        return coordinates

    def _checked_dicts(self, params: Any) -> list[Mapping[str, Any]]:
        if isinstance(params, Mapping) or not isinstance(params, Iterable):
            raise ValueError(f"params must be a list of dicts, got {params!r}")
        params = list(params)
        for one in params:
            if not isinstance(one, Mapping):
                raise ValueError(f"params must be a list of dicts, but one of them is {one!r}")
            for name in one:
                if name not in self.names:
                    raise ValueError(
                        f"Unknown parameter {name!r}: expected {', '.join(self.names)}.{did_you_mean(name, self.names)}"
                    )
        return params

    def _value(self, params: Mapping[str, Any], position: int) -> Any:
        name = self.names[position]
        if name not in params:
            raise ValueError(f"Missing parameter {name!r} in {dict(params)!r}.")
        return params[name]

    def from_unit(self, u: Any) -> list[dict[str, Any]]:
        """Return the settings at coordinates.

        Parameters
        ----------
        u : array-like of shape (n, n_dims)
            Coordinates; what lies outside [0, 1] counts as the nearer end.

        Returns
        -------
        list of n dicts
            Values of the active parameters, in the order of `names`.
        """
        u = self._checked_rows(u)
        params: list[dict[str, Any]] = [{} for _ in range(len(u))]
        active = self.active(u)
        for position, (name, dimension) in enumerate(zip(self.names, self.dimensions, strict=True)):
            rows = np.flatnonzero(active[:, position])
            for row, value in zip(rows.tolist(), dimension.from_unit(u[rows, position]), strict=True):
                params[row][name] = value
        return params

    def active(self, u: Any) -> np.ndarray:
        """Tell which parameters are active.

        Parameters
        ----------
        u : array-like of shape (n, n_dims)
            Coordinates.

        Returns
        -------
        bool ndarray of shape (n, n_dims)
            True where the conditions of the parameter hold.
        """
        u = self._checked_rows(u)
        if not self._conditions.conditional:
            return np.ones(u.shape, dtype=bool)
        snapped = u.copy()
        for parent in {parent for parents in self._conditions.parents for parent in parents}:
            snapped[:, parent] = self.dimensions[parent].snap(u[:, parent])
        return self._conditions.active(snapped)

    def snap(self, u: Any) -> np.ndarray:
        """Return the coordinates that represent the settings at `u`.

        Equal settings have equal rows, and ``snap(u)`` is ``to_unit(from_unit(u))``, only faster.

        Parameters
        ----------
        u : array-like of shape (n, n_dims)
            Coordinates.

        Returns
        -------
        ndarray of shape (n, n_dims)
            Coordinates of values; 0.5 where a parameter is inactive.
        """
        u = self._checked_rows(u)
        snapped = np.empty_like(u)
        for position, dimension in enumerate(self.dimensions):
            snapped[:, position] = dimension.snap(u[:, position])
        if self._conditions.conditional:
            snapped[~self._conditions.active(snapped)] = INACTIVE
        return snapped

    def _checked_rows(self, u: Any) -> np.ndarray:
        try:
            u = np.asarray(u, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"coordinates must be numbers of the shape (n, {self.n_dims}), got {u!r}") from error
        if u.ndim != 2 or u.shape[1] != self.n_dims:
            raise ValueError(f"coordinates must have the shape (n, {self.n_dims}), got {u.shape}")
        return u

    # -- saving --------------------------------------------------------------------------------------------------------

    def _to_state(self) -> dict[str, Any]:
        """Return the parts of the space."""
        return {"names": self.names, "dimensions": self.dimensions, "constraint": self.constraint}

    @classmethod
    def _from_state(cls, state: dict[str, Any]) -> "Space":
        """Return the space that `_to_state` told of, its names in the same order."""
        names, dimensions = tuple(state["names"]), tuple(state["dimensions"])
        if not all(isinstance(dimension, Dimension) for dimension in dimensions):
            raise ValueError("a space consists of dimensions")
        if len(set(names)) != len(names) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"the names of parameters must be different strings, got {names!r}")
        self = cls(dict(zip(names, dimensions, strict=True)), constraint=state["constraint"])
        self.names, self.dimensions = names, dimensions  # a mapping alone would be sorted
        self._conditions = Conditions(names, dimensions)
        return self

    # -- constraint and identity ---------------------------------------------------------------------------------------

    def feasible(self, u: Any) -> np.ndarray:
        """Tell which points the constraint allows.

        Parameters
        ----------
        u : array-like of shape (n, n_dims)
            Coordinates.

        Returns
        -------
        bool ndarray of shape (n,)
            True where the setting is allowed.

        Raises
        ------
        Exception
            Whatever the constraint raises, with a note that names the setting.
        TypeError
            If the constraint returns anything but a bool.
        """
        u = self._checked_rows(u)
        if self.constraint is None:
            return np.ones(len(u), dtype=bool)
        return np.array([self._allows(params) for params in self.from_unit(u)], dtype=bool)

    def _allows(self, params: dict[str, Any]) -> bool:
        try:
            answer = self.constraint(dict(params))
        except Exception as error:
            error.add_note(f"raised by the constraint of the search space for {params!r}")
            raise
        if not isinstance(answer, (bool, np.bool_)):
            raise TypeError(f"constraint must return True or False, got {answer!r} for {params!r}")
        return bool(answer)

    def key(self, params: Mapping[str, Any]) -> Hashable:
        """Return what identifies a setting: equal for equal settings, different for different ones.

        Parameters
        ----------
        params : dict
            A setting; inactive parameters do not matter.

        Returns
        -------
        tuple of float
            The coordinates of the setting.
        """
        return tuple(self.to_unit([params])[0].tolist())

    def __contains__(self, params: Any) -> bool:
        try:
            coordinates = self.to_unit([self._as_dict(params)])
        except ValueError:
            return False
        return bool(self.feasible(coordinates)[0])

    # -- drawing and listing -------------------------------------------------------------------------------------------

    def sample(self, n_points: int, rng: np.random.Generator) -> np.ndarray:
        """Draw allowed points at random, as the priors distribute them.

        Parameters
        ----------
        n_points : int
            Number of points.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n_points, n_dims)
            Coordinates of settings.

        Raises
        ------
        RuntimeError
            If the constraint allows (almost) nothing.
        """
        if not isinstance(rng, np.random.Generator):
            raise ValueError(f"rng must be a numpy.random.Generator, such as numpy.random.default_rng(0), got {rng!r}")
        return draw_sample(self, n_points, rng.random)

    def design(self, n_points: int, seed: int) -> np.ndarray:
        """Return points that cover the space evenly: a scrambled Sobol sequence.

        Parameters
        ----------
        n_points : int
            Number of points.
        seed : int
            Seed of the scrambling.

        Returns
        -------
        ndarray of shape (n_points, n_dims)
            Coordinates of allowed settings, all different as long as the space has enough of them.

        Raises
        ------
        RuntimeError
            If the constraint allows (almost) nothing.

        References
        ----------
        .. [1] A. B. Owen, "Scrambling Sobol' and Niederreiter-Xing points", Journal of Complexity 14, 1998.
        """
        if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
            raise ValueError(f"seed must be a non-negative int, got {seed!r}")
        return draw_design(self, n_points, seed)

    def enumerate(self) -> Iterator[dict[str, Any]]:
        """Iterate over all allowed settings of a finite space.

        Yields
        ------
        dict
            Values of the active parameters, in the order of `names`.

        Raises
        ------
        ValueError
            If the space is infinite.
        """
        assignments = self._conditions.assignments()  # complains before the first point is asked for
        points = ({self.names[position]: point[position] for position in sorted(point)} for point in assignments)
        return points if self.constraint is None else filter(self._allows, points)

    # -- comparing -----------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Space)
            and self.names == other.names
            and self.dimensions == other.dimensions
            and same_value(self.constraint, other.constraint)
        )

    __hash__ = None  # its dimensions have none

    def __repr__(self) -> str:
        """Return the space as Python, one dimension a line."""
        numbered = all(name == f"X_{position}" for position, name in enumerate(self.names))
        named = zip(self.names, self.dimensions, strict=True)
        lines = [f"    {'' if numbered else f'{name!r}: '}{dimension._code()}," for name, dimension in named]
        if len(lines) > _SHOWN:
            lines = [*lines[:15], "    ...", *lines[-15:]]
        start, end = ("[", "]") if numbered else ("{", "}")
        constraint = "" if self.constraint is None else f", constraint={self.constraint!r}"
        return "\n".join([f"Space({start}", *lines, f"{end}{constraint})"])


def _call_without_prefix(constraint: Callable[[dict], bool], prefix: str, params: dict[str, Any]) -> bool:
    return constraint({name.removeprefix(prefix): value for name, value in params.items()})
