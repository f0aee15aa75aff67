"""What every dimension of a search space has."""

import copy
import inspect
import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from ._identity import same_value


def is_number(value: Any) -> bool:
    """Tell whether `value` is a real number; a bool is none."""
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def as_coordinates(u: Any) -> np.ndarray:
    """Return coordinates as a float array of shape (n,), moved into [0, 1].

    Raises
    ------
    ValueError
        If `u` is not one-dimensional or contains NaN.
    """
    u = np.asarray(u, dtype=np.float64)
    if u.ndim != 1:
        raise ValueError(f"u must have one axis, got an array of shape {u.shape}")
    if np.isnan(u).any():
        raise ValueError("u must hold numbers from 0 to 1, got NaN")
    return np.clip(u, 0.0, 1.0)


def uniform_source(random_state: Any) -> Callable[[Any], np.ndarray]:
    """Return what draws an array of a given shape from [0, 1), for a scikit-learn `random_state` or a Generator."""
    if isinstance(random_state, np.random.Generator):
        return random_state.random
    return check_random_state(random_state).random_sample


def check_when(when: Any) -> dict[str, tuple] | None:
    """Return the conditions as a dict from the name of a dimension to the values that it may have.

    Raises
    ------
    ValueError
        If `when` is not a non-empty mapping from names to a value or a non-empty list of values.
    """
    if when is None:
        return None
    if not isinstance(when, Mapping) or not when or not all(isinstance(name, str) for name in when):
        raise ValueError(
            f"when must be a dict from the name of another dimension to a value or a list of values, got {when!r}"
        )
    allowed = {name: tuple(values) if isinstance(values, list) else (values,) for name, values in when.items()}
    for name, values in allowed.items():
        if not values:
            raise ValueError(f"when[{name!r}] must name at least one value, got an empty list")
    return allowed


class Dimension(ABC):
    """A named axis of a search space: a set of values laid out on the unit interval.

    Parameters
    ----------
    name : str or None
        Name of the parameter that takes the values; None leaves it to the space.
    when : mapping or None
        From names of other dimensions to the value, or the list of values, with which this one is active; None is
        always.

    Attributes
    ----------
    name : str or None
        Name of the parameter that takes the values.
    when : dict or None
        The conditions under which the dimension is active, as given.
    """

    is_categorical = False

    def __init__(self, name: str | None, when: Mapping | None):
        self.name = name
        self._allowed_parents = check_when(when)
        self.when = when

    @property
    def name(self) -> str | None:
        """Name of the parameter."""
        return self._name

    @name.setter
    def name(self, value: str | None) -> None:
        if not (isinstance(value, str) or value is None):
            raise ValueError("Dimension's name must be either string or None.")
        self._name = value

    @property
    def conditions(self) -> dict[str, tuple]:
        """Values that other dimensions must have for this one to be active; empty if it always is."""
        return self._allowed_parents or {}

    def with_prefix(self, prefix: str) -> "Dimension":
        """Return a copy whose conditions name parameters with `prefix` before them.

        Parameters
        ----------
        prefix : str
            Such as ``"net__"``.

        Returns
        -------
        Dimension
            The copy, without a name.
        """
        renamed = copy.copy(self)
        renamed.name = None
        if self.when is not None:
            renamed.when = {prefix + name: values for name, values in self.when.items()}
            renamed._allowed_parents = check_when(renamed.when)
        return renamed

    # -- the unit interval ---------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def n_values(self) -> float:
        """Number of values, an int or ``math.inf``."""

    @abstractmethod
    def to_unit(self, values: Iterable[Any]) -> np.ndarray:
        """Return the coordinates of `values`.

        Parameters
        ----------
        values : sequence of length n
            Values of the dimension.

        Returns
        -------
        ndarray of shape (n,)
            Coordinates from 0 to 1.

        Raises
        ------
        ValueError
            If a value does not belong to the dimension.
        """

    @abstractmethod
    def from_unit(self, u: Sequence[float] | np.ndarray) -> list:
        """Return the values at the coordinates `u`.

        Parameters
        ----------
        u : array-like of shape (n,)
            Coordinates; what lies outside [0, 1] counts as the nearer end.

        Returns
        -------
        list of length n
            Values of the dimension.
        """

    @abstractmethod
    def snap(self, u: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return the coordinates that represent the values at `u`: ``to_unit(from_unit(u))``, but faster.

        Parameters
        ----------
        u : array-like of shape (n,)
            Coordinates.

        Returns
        -------
        ndarray of shape (n,)
            Coordinates of values.
        """

    @abstractmethod
    def values(self) -> Iterator[Any]:
        """Iterate over all values of a finite dimension.

        Raises
        ------
        ValueError
            If there are infinitely many.
        """

    @abstractmethod
    def _describe(self) -> str:
        """Say which values are allowed, to stand after "expected"."""

    def _invalid(self, value: Any, hint: str = "") -> ValueError:
        whose = "" if self.name is None else f" for parameter {self.name!r}"
        return ValueError(f"Invalid value {value!r}{whose}: expected {self._describe()}.{hint}")

    def __contains__(self, value: Any) -> bool:
        try:
            self.to_unit([value])
        except ValueError:
            return False
        return True

    # -- sampling and comparing ----------------------------------------------------------------------------------------

    def rvs(self, n_samples: int | None = None, random_state: Any = None) -> Any:
        """Draw values at random, as the prior distributes them.

        Parameters
        ----------
        n_samples : int or None, default=None
            Number of values; None draws a single one and returns it bare, so that scikit-learn's
            ``RandomizedSearchCV`` takes a dimension for a distribution.
        random_state : int, RandomState, Generator or None, default=None
            Source of randomness.

        Returns
        -------
        value, or list or array of `n_samples` values
            What was drawn.
        """
        if n_samples is None:
            return self._draw(uniform_source(random_state)(1))[0]
        if not isinstance(n_samples, numbers.Integral) or isinstance(n_samples, bool) or n_samples < 0:
            raise ValueError(f"n_samples must be a non-negative int or None, got {n_samples!r}")
        return self._collect(self._draw(uniform_source(random_state)(int(n_samples))))

    def _draw(self, u: np.ndarray) -> list:
        return self.from_unit(u)

    def _collect(self, values: list) -> Any:
        return values

    @property
    def is_constant(self) -> bool:
        """Whether there is only one value."""
        return self.n_values == 1

    @property
    def size(self) -> int:
        """Number of coordinates before a transformation, always 1."""
        return 1

    def distance(self, a: Any, b: Any) -> float:
        """Return the distance between two values.

        Parameters
        ----------
        a, b : object
            Values of the dimension.

        Returns
        -------
        number
            Of numbers the absolute difference; of choices 0 for the same one and 1 for two.

        Raises
        ------
        RuntimeError
            If one of them does not belong to the dimension.
        """
        if not (a in self and b in self):
            raise RuntimeError(f"Can only compute distance for values within the space, not {a!r} and {b!r}.")
        return self._difference(a, b)

    def _difference(self, a: Any, b: Any) -> float:
        return abs(a - b)

    @abstractmethod
    def _identity(self) -> tuple:
        """All that makes two dimensions equal, their names apart."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and same_value(self._identity(), other._identity())

    __hash__ = None  # names and transformations may be changed

    # -- saving --------------------------------------------------------------------------------------------------------

    #: arguments of the constructor that are kept under another name than their own
    _KEPT_AS = {"transform": "transform_"}

    def _to_state(self) -> dict[str, Any]:
        """Return the arguments that would make this dimension again."""
        names = [name for name in inspect.signature(type(self)).parameters if name != "self"]
        return {name: getattr(self, self._KEPT_AS.get(name, name)) for name in names}

    @classmethod
    def _from_state(cls, state: dict[str, Any]) -> "Dimension":
        """Return the dimension that `_to_state` told of; the constructor checks it."""
        return cls(**state)

    def _code(self) -> str:
        """Return what makes this dimension, without its name and without what is the default."""
        return repr(self)

    def _repr_extras(self, **extras: Any) -> str:
        given = {**extras, "when": self.when}
        return "".join(f", {key}={value!r}" for key, value in given.items() if value is not None)
