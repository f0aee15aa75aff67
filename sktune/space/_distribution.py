"""A distribution of scipy as a dimension: `Distribution`."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ._base import Dimension, as_coordinates, is_number
from ._scales import ProbabilityCells

#: Mass cut off at an end where the quantile function is infinite, and at both ends of a discrete distribution.
_CUT = 2.0**-40
#: Coordinates of a continuous distribution are multiples of this: coarse enough to survive cdf(ppf(u)).
_GRID = 2.0**-36
#: How often a coordinate that does not survive is replaced by what comes back, before it is left as it is.
_MAX_RETURNS = 10
#: Discrete distributions of at most this many values are tabulated, which is fast and finds values of probability 0.
_MAX_TABULATED = 100_000


def is_distribution(value: Any) -> bool:
    """Tell whether `value` has what a frozen scipy distribution has."""
    return not isinstance(value, type) and all(callable(getattr(value, name, None)) for name in ("rvs", "ppf", "cdf"))


class Distribution(Dimension):
    """Values distributed as a distribution of ``scipy.stats``, through its quantile function.

    Parameters
    ----------
    dist : frozen distribution
        For example ``scipy.stats.loguniform(1e-4, 1e-1)``, ``norm(0, 1)`` or ``randint(1, 9)``. Of unbounded
        distributions the outermost 1e-12 of the mass is left out at either end, of discrete ones in any case.
    name : str or None, default=None
        Name of the parameter.
    when : dict or None, default=None
        Conditions under which the dimension is active, as in `Real`.

    Raises
    ------
    ValueError
        If `dist` has no quantile function or that function does not give finite numbers.

    Examples
    --------
    >>> from scipy.stats import norm, randint
    >>> from sktune.space import Distribution
    >>> Distribution(randint(1, 9)).from_unit([0.0, 0.5, 1.0])
    [1, 5, 8]
    >>> Distribution(norm(10, 1)).from_unit([0.5])
    [10.0]
    """

    prior = None

    def __init__(self, dist: Any, *, name: str | None = None, when: Mapping | None = None):
        super().__init__(name, when)
        if not is_distribution(dist):
            raise ValueError(
                "dist must be a frozen distribution of scipy.stats, with the methods rvs, ppf and cdf, such as "
                f"scipy.stats.uniform(0, 1); got {dist!r}"
            )
        if np.ndim(dist.ppf(0.5)) != 0:
            raise ValueError(f"dist must be a distribution of single numbers, got {dist!r}")
        self.dist = dist
        self._scale = _discrete_scale(dist) if hasattr(dist, "pmf") else _Quantiles(dist)

    @property
    def n_values(self) -> float:
        return self._scale.n_values

    @property
    def bounds(self) -> tuple:
        """Smallest and largest value."""
        return (self._scale.low, self._scale.high)

    def to_unit(self, values: Iterable[Any]) -> np.ndarray:
        values = list(values)
        for value in values:
            if not (is_number(value) and math.isfinite(value)):
                raise self._invalid(value)
        coordinates, allowed = self._scale.to_unit(np.array(values, dtype=np.float64))
        if not allowed.all():
            raise self._invalid(values[int((~allowed).argmax())])
        return coordinates

    def from_unit(self, u: Sequence[float] | np.ndarray) -> list:
        return self._scale.from_unit(as_coordinates(u)).tolist()

    def snap(self, u: Sequence[float] | np.ndarray) -> np.ndarray:
        u = as_coordinates(u)
        if isinstance(self._scale, _Quantiles):
            return self._scale.snap(u)
        return self._scale.to_unit(self._scale.from_unit(u))[0]

    def values(self) -> Iterator[Any]:
        if math.isinf(self.n_values):
            raise ValueError(f"{self!r} has infinitely many values")
        return iter(self._scale.values())

    def _draw(self, u: np.ndarray) -> list:
        return self._scale.draw(u).tolist() if isinstance(self._scale, _Quantiles) else self.from_unit(u)

    def _describe(self) -> str:
        low, high = self.bounds
        kind = "a number" if isinstance(self._scale, _Quantiles) else "a value of the discrete distribution"
        return f"{kind} from {low} to {high}"

    # -- scikit-optimize knows no such dimension: its transformation is the unit interval itself -----------------------

    transform_ = "normalize"
    transformed_size = 1
    transformed_bounds = (0.0, 1.0)

    def set_transformer(self, transform: str = "normalize") -> None:
        """Accept "normalize", the only transformation of a distribution.

        Parameters
        ----------
        transform : {"normalize"}, default="normalize"
            Anything else is an error.
        """
        if transform != "normalize":
            raise ValueError(f"a Distribution has the transform 'normalize' only, got {transform!r}")

    def transform(self, values: Iterable[Any]) -> np.ndarray:
        """Return the coordinates of `values`, as `to_unit`.

        Parameters
        ----------
        values : sequence of length n
            Values of the dimension.

        Returns
        -------
        ndarray of shape (n,)
            Coordinates from 0 to 1.
        """
        return self.to_unit(values)

    def inverse_transform(self, transformed: Sequence[float]) -> list:
        """Return the values at the coordinates `transformed`, as `from_unit`.

        Parameters
        ----------
        transformed : array-like of shape (n,)
            Coordinates from 0 to 1.

        Returns
        -------
        list of length n
            Values of the dimension.
        """
        return self.from_unit(transformed)

    # -- comparing -----------------------------------------------------------------------------------------------------

    def _identity(self) -> tuple:
        dist = self.dist
        if isinstance(self._scale, _Tabulated):
            law: Any = self._scale.table()
        elif hasattr(dist, "dist") and hasattr(dist, "kwds"):
            # two frozen distributions hold private copies of the same family: its name and the arguments tell
            law = (dist.dist.name, dist.args, dist.kwds)
        else:
            law = dist
        return (law, list(self.bounds), self._allowed_parents)

    def __repr__(self) -> str:
        dist = self.dist
        if hasattr(dist, "dist") and hasattr(dist, "kwds"):
            arguments = [*map(repr, dist.args), *(f"{key}={value!r}" for key, value in dist.kwds.items())]
            shown = f"{dist.dist.name}({', '.join(arguments)})"
        else:
            shown = repr(dist)
        return f"Distribution({shown}{self._repr_extras()})"


class _Quantiles:
    """A continuous distribution: u = cdf(value)."""

    n_values = math.inf

    def __init__(self, dist: Any):
        self._dist = dist
        ends = np.asarray(dist.ppf([0.0, 1.0]), dtype=np.float64)
        self._ends = np.where(np.isfinite(ends), [0.0, 1.0], [_CUT, 1 - _CUT])
        self.low, self.high = (float(end) for end in dist.ppf(self._ends))
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise ValueError(f"the quantile function of dist must give finite numbers, got {self.low} and {self.high}")

    def snap(self, u: np.ndarray) -> np.ndarray:
        """Return coordinates that survive the way there and back.

        Nearly all multiples of the grid do. Where scipy's quantiles are less accurate than that, or values too close
        together for a float, going there and back until nothing moves ends at one that does.
        """
        u = self._on_grid(u)
        for _ in range(_MAX_RETURNS):
            back = self._on_grid(self._dist.cdf(self.draw(u)))
            if np.array_equal(back, u):
                break
            u = back
        return u

    def _on_grid(self, u: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(np.asarray(u) / _GRID) * _GRID, *self._ends)

    def draw(self, u: np.ndarray) -> np.ndarray:
        return np.clip(self._dist.ppf(np.clip(u, *self._ends)), self.low, self.high)

    def from_unit(self, u: np.ndarray) -> np.ndarray:
        return self.draw(self.snap(u))

    def to_unit(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        allowed = (values >= self.low) & (values <= self.high)
        return self.snap(self._dist.cdf(np.clip(values, self.low, self.high))), allowed


def _discrete_scale(dist: Any) -> "_Tabulated | _Counted":
    low, high = (float(end) for end in dist.ppf([_CUT, 1 - _CUT]))
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"the quantile function of dist must give finite numbers, got {low} and {high}")
    probabilities = getattr(getattr(dist, "dist", dist), "pk", None)
    if probabilities is not None:  # given as a table, whose values need not be integers
        return _Tabulated(dist, np.unique(dist.ppf(np.cumsum(probabilities) - np.asarray(probabilities) / 2)))
    if high - low < _MAX_TABULATED:
        return _Tabulated(dist, np.arange(low, high + 0.5))
    return _Counted(dist, low, high)


def _as_numbers(values: np.ndarray) -> np.ndarray:
    """Integers where all are, so that ``randint`` gives ints."""
    return values.astype(np.int64) if (values == np.rint(values)).all() else values


class _Tabulated:
    """A discrete distribution of few values: cells as wide as their probabilities."""

    def __init__(self, dist: Any, values: np.ndarray):
        masses = np.diff(np.asarray(dist.cdf(values), dtype=np.float64), prepend=0.0)
        likely = masses > _CUT / 4
        self._values = _as_numbers(values[likely])
        self._masses = masses[likely]
        self._cells = ProbabilityCells(self._masses)
        self.n_values = len(self._values)
        self.low, self.high = self._values[[0, -1]].tolist()

    def values(self) -> list:
        return self._values.tolist()

    def table(self) -> tuple[list, list]:
        return self._values.tolist(), self._masses.tolist()

    def from_unit(self, u: np.ndarray) -> np.ndarray:
        return self._values[self._cells.index(u)]

    def to_unit(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        index = np.minimum(np.searchsorted(self._values, values), self.n_values - 1)
        return self._cells.position(index), self._values[index] == values


class _Counted:
    """A discrete distribution of very many consecutive numbers: the middle of each one's mass stands for it."""

    def __init__(self, dist: Any, low: float, high: float):
        self._dist = dist
        self.low, self.high = _as_numbers(np.array([low, high])).tolist()
        self.n_values = int(self.high - self.low) + 1

    def values(self) -> Iterator[float]:
        return (self.low + index for index in range(self.n_values))

    def from_unit(self, u: np.ndarray) -> np.ndarray:
        values = np.clip(self._dist.ppf(np.clip(u, _CUT, 1 - _CUT)), self.low, self.high)
        return _as_numbers(values)

    def to_unit(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values = values.astype(np.float64)
        allowed = (values >= self.low) & (values <= self.high) & ((values - self.low) % 1 == 0)
        return np.clip((self._dist.cdf(values - 1) + self._dist.cdf(values)) / 2, 0.0, 1.0), allowed
