"""Numbers as dimensions: `Real` and `Integer`."""

import itertools
import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ._base import Dimension, as_coordinates, is_number
from ._scales import EqualCells, EvenValues, Interval, Lattice, LogCells, PowersOfTwo
from ._transforms import NUMBER_TRANSFORMS, NumberTransform

#: More values than this cannot be told apart by their coordinates with certainty.
MAX_VALUES = 2**40
#: Larger bounds would overflow on the way to the unit interval.
_LARGEST_BOUND = 1e300
_REAL_DTYPES = ("float16", "float32", "float64")
_INTEGER_DTYPES = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_CHUNK = 1024  # values are made this many at a time when all are iterated over


class _Number(Dimension):
    """What `Real` and `Integer` share."""

    _priors: tuple[str, ...]
    _dtypes: tuple[str, ...]
    _builtin: type

    def __init__(self, low, high, prior, base, transform, name, dtype, step, when):
        super().__init__(name, when)
        if not low < high:
            raise ValueError(f"the lower bound {low} has to be less than the upper bound {high}")
        if prior not in self._priors:
            raise ValueError(f"prior should be {' or '.join(map(repr, self._priors))}, got {prior!r}")
        if not (is_number(base) and math.isfinite(base) and base > 1):
            raise ValueError(f"base must be a number greater than 1, got {base!r}")
        if prior != "uniform" and low <= 0:
            raise ValueError(f"search space should not contain 0 or less when using the {prior} prior, got low={low}")
        self.low, self.high = low, high
        self.prior, self.base = prior, base
        self.dtype, self.step = dtype, step
        if _dtype_name(dtype) not in self._dtypes:
            raise ValueError(f"dtype must be {self._builtin.__name__} or one of {self._dtypes}, got {dtype!r}")
        self._check_step()
        self._scale = self._make_scale()
        self.set_transformer("identity" if transform is None else transform)

    # -- construction --------------------------------------------------------------------------------------------------

    @abstractmethod
    def _make_scale(self) -> Interval | Lattice: ...

    def _check_step(self) -> None:
        step = self.step
        if step is None:
            return
        if not (is_number(step) and math.isfinite(step) and 0 < step <= self.high - self.low):
            raise ValueError(f"step must be a positive number of at most high - low, or None, got {step!r}")
        if self.prior == "power-of-two":
            raise ValueError(f"step has no meaning with prior='power-of-two', got {step!r}")

    def _lattice(self, step: float) -> Lattice:
        ratio = (self.high - self.low) / step
        n_values = math.floor(ratio + 8 * float(np.finfo(np.float64).eps) * ratio) + 1  # 1 / 0.1 steps are 10 steps
        if n_values > MAX_VALUES:
            raise ValueError(f"{self!r} has {n_values} values; at most 2**40 can be told apart: use a larger step")
        log = self.prior == "log-uniform"
        if log and self.high / step > MAX_VALUES:
            raise ValueError(
                f"with prior='log-uniform', high must be at most 2**40 steps, got high={self.high} and step={step}"
            )
        cells = LogCells(self.low, step, n_values) if log else EqualCells(n_values)
        return Lattice(EvenValues(self.low, step, n_values, self.high), cells)

    # -- the unit interval ---------------------------------------------------------------------------------------------

    @property
    def n_values(self) -> float:
        return self._scale.n_values

    def to_unit(self, values: Iterable[Any]) -> np.ndarray:
        return self._scale.to_unit(self._checked(list(values)))

    def from_unit(self, u: Sequence[float] | np.ndarray) -> list:
        return self._native(self._scale.from_unit(as_coordinates(u)))

    def snap(self, u: Sequence[float] | np.ndarray) -> np.ndarray:
        return self._scale.snap(as_coordinates(u))

    def values(self) -> Iterator[Any]:
        if math.isinf(self.n_values):
            raise ValueError(f"{self!r} has infinitely many values")
        starts = range(0, self.n_values, _CHUNK)
        chunks = (np.arange(start, min(start + _CHUNK, self.n_values)) for start in starts)
        return itertools.chain.from_iterable(self._native(self._scale.at(chunk)) for chunk in chunks)

    def _draw(self, u: np.ndarray) -> list:
        return self._native(self._scale.draw(u))

    @abstractmethod
    def _checked(self, values: list) -> np.ndarray:
        """Return the values as an array, or raise for the first that does not belong to the dimension."""

    def _native(self, values: np.ndarray) -> list:
        """Python's own numbers under a default dtype, numpy scalars under any other."""
        if self._is_builtin_dtype() or self.dtype is np.int64:
            return values.tolist()
        return list(values.astype(self.dtype))

    def _collect(self, values: list) -> Any:
        return values if self._is_builtin_dtype() else np.array(values, dtype=self.dtype)

    def _is_builtin_dtype(self) -> bool:
        return self.dtype in (self._builtin, self._builtin.__name__)

    # -- scikit-optimize's transformations -----------------------------------------------------------------------------

    def set_transformer(self, transform: str = "identity") -> None:
        """Choose what `transform` does.

        Parameters
        ----------
        transform : {"normalize", "identity"}, default="identity"
            "identity" keeps values (under a logarithmic prior: their logarithms), "normalize" scales to [0, 1].
        """
        if transform not in NUMBER_TRANSFORMS:
            raise ValueError(f"transform should be 'normalize' or 'identity' got {transform!r}")
        self.transform_ = transform
        bases = {"uniform": None, "log-uniform": self.base, "power-of-two": 2}
        self._transformer = NumberTransform(transform, self.low, self.high, bases[self.prior])

    def transform(self, values: Any) -> Any:
        """Return values as scikit-optimize's models see them.

        Parameters
        ----------
        values : number or array-like
            Values of the dimension.

        Returns
        -------
        number or array
            The values, their logarithms, or either scaled to [0, 1].
        """
        return self._transformer.transform(values)

    def inverse_transform(self, transformed: Any) -> Any:
        """Return the values that `transform` maps to `transformed`, rounded to allowed values.

        Parameters
        ----------
        transformed : number or array-like
            What `transform` returns.

        Returns
        -------
        number, list or array
            A list if `dtype` is Python's ``float`` or ``int``, else an array of `dtype`.
        """
        values = self._transformer.inverse_transform(transformed)
        if not isinstance(self._scale, Interval):
            values = self._scale.nearest(values)
        values = values.astype(self.dtype)
        return values.tolist() if self._is_builtin_dtype() else values[()]

    @property
    def transformed_size(self) -> int:
        """Number of columns after `transform`, always 1."""
        return 1

    @property
    def transformed_bounds(self) -> tuple:
        """Smallest and largest value that `transform` returns."""
        return self._transformer.bounds

    # -- comparing -----------------------------------------------------------------------------------------------------

    @property
    def bounds(self) -> tuple:
        """Lower and upper bound, both inclusive."""
        return (self.low, self.high)

    def __contains__(self, value: Any) -> bool:
        # scikit-optimize's users ask for what inverse_transform([u]) returns, a list or array of one number
        if isinstance(value, (list, np.ndarray)) and np.shape(value) == (1,):
            value = value[0]
        return super().__contains__(value)

    def _identity(self) -> tuple:
        base = None if self.prior == "uniform" else float(self.base)
        dtype = _dtype_name(self.dtype)
        return (self.low, self.high, self.prior, base, self.transform_, dtype, self.step, self._allowed_parents)

    def __repr__(self) -> str:
        kind = type(self).__name__
        dtype = _dtype_name(self.dtype)
        extras = self._repr_extras(step=self.step, dtype=None if dtype in ("float64", "int64") else dtype)
        transform = getattr(self, "transform_", "identity")
        return f"{kind}(low={self.low}, high={self.high}, prior='{self.prior}', transform='{transform}'{extras})"

    def _describe_range(self, kind: str) -> str:
        if self.prior == "power-of-two":
            return f"a power of two from {self.low} to {self.high}"
        steps = "" if self.step is None else f" in steps of {self.step}"
        return f"{kind} from {self.low} to {self.high}{steps}"


class Real(_Number):
    """Real numbers between two bounds.

    Parameters
    ----------
    low : float
        Lower bound, inclusive.
    high : float
        Upper bound, inclusive (with `step`: not exceeded).
    prior : {"uniform", "log-uniform"}, default="uniform"
        Whether the values are spread evenly or their logarithms are.
    base : float, default=10
        Base of the logarithm that `transform` uses under the log-uniform prior.
    transform : {"identity", "normalize"} or None, default=None
        What `transform` does, as in scikit-optimize; None means "identity".
    name : str or None, default=None
        Name of the parameter.
    dtype : type or str, default=float
        Type of the values: ``float`` for Python's own, or a numpy floating type of up to 64 bits.
    step : float or None, default=None
        If given, the values are ``low``, ``low + step``, and so on up to `high`.
    when : dict or None, default=None
        Conditions: ``{"optimizer": "sgd"}`` makes the dimension active only if the dimension ``optimizer`` is active
        and has that value; a list allows several values, several entries must all hold.

    Raises
    ------
    ValueError
        If a parameter is not of the kind above, or the bounds are not finite and increasing.

    Examples
    --------
    >>> from sktune.space import Real
    >>> Real(1e-4, 1e-1, "log-uniform").from_unit([0.0, 0.5, 1.0])
    [0.0001, 0.00316227766016..., 0.1]
    >>> Real(0, 1, step=0.1).from_unit([0.0, 0.3, 1.0])
    [0.0, 0.3, 1.0]
    """

    _priors = ("uniform", "log-uniform")
    _dtypes = _REAL_DTYPES
    _builtin = float

    def __init__(
        self,
        low: float,
        high: float,
        prior: str = "uniform",
        base: float = 10,
        transform: str | None = None,
        name: str | None = None,
        dtype: type | str = float,
        *,
        step: float | None = None,
        when: Mapping | None = None,
    ):
        for parameter, bound in (("low", low), ("high", high)):
            if not (is_number(bound) and abs(float(bound)) <= _LARGEST_BOUND):
                raise ValueError(f"{parameter} must be a finite number of at most 1e300, got {bound!r}")
        super().__init__(float(low), float(high), prior, base, transform, name, dtype, step, when)

    def _make_scale(self) -> Interval | Lattice:
        dtype = np.dtype(self.dtype)
        with np.errstate(over="ignore", under="ignore"):
            low, high = (float(dtype.type(bound)) for bound in (self.low, self.high))
        if not (-math.inf < low < high < math.inf and (self.prior == "uniform" or low > 0)):
            raise ValueError(f"dtype {dtype.name} cannot hold a range from {self.low} to {self.high}")
        # a value of a coarse type may lie beyond the bound that it stands for
        self._limits = (min(low, self.low), max(high, self.high))
        if self.step is not None:
            self.step = float(self.step)
            limits = np.finfo(dtype)
            self._spacing = max(float(limits.eps) * max(abs(low), abs(high)), float(limits.smallest_subnormal))
            if self.step < 4 * self._spacing:
                raise ValueError(
                    f"step must be at least {4 * self._spacing:.2g} for {dtype.name} to tell the values apart, "
                    f"got {self.step}"
                )
            return self._lattice(self.step)
        base = None if self.prior == "uniform" else float(self.base)
        return Interval(low, high, base, None if dtype == np.float64 else dtype)

    def _checked(self, values: list) -> np.ndarray:
        for value in values:
            if not (is_number(value) and self._limits[0] <= value <= self._limits[1]):
                raise self._invalid(value)
        array = np.array(values, dtype=np.float64)
        if self.step is not None:
            off = np.abs(array - self._scale.nearest(array)) > 1e-9 * self.step + self._spacing
            if off.any():
                raise self._invalid(values[int(off.argmax())])
        return array

    def _describe(self) -> str:
        return self._describe_range("a number")


class Integer(_Number):
    """Integers between two bounds.

    Parameters
    ----------
    low : int
        Lower bound, inclusive.
    high : int
        Upper bound, inclusive (with `step`: not exceeded).
    prior : {"uniform", "log-uniform", "power-of-two"}, default="uniform"
        Whether every integer is as likely as any other, or smaller ones are likelier so that the logarithms are spread
        evenly, or only the powers of two between the bounds are values, each as likely as any other.
    base : float, default=10
        Base of the logarithm that `transform` uses under the log-uniform prior.
    transform : {"identity", "normalize"} or None, default=None
        What `transform` does, as in scikit-optimize; None means "identity".
    name : str or None, default=None
        Name of the parameter.
    dtype : type or str, default=np.int64
        Type of the values. The default and ``int`` give Python's own ints, except in the arrays that
        `inverse_transform` and `rvs` return under the default.
    step : int or None, default=None
        If given, the values are ``low``, ``low + step``, and so on up to `high`.
    when : dict or None, default=None
        Conditions under which the dimension is active, as in `Real`.

    Raises
    ------
    ValueError
        If a parameter is not of the kind above, or there is no value between the bounds.

    Examples
    --------
    >>> from sktune.space import Integer
    >>> Integer(1, 4).from_unit([0.0, 0.3, 1.0])
    [1, 2, 4]
    >>> list(Integer(16, 512, "power-of-two").values())
    [16, 32, 64, 128, 256, 512]
    """

    _priors = ("uniform", "log-uniform", "power-of-two")
    _dtypes = _INTEGER_DTYPES
    _builtin = int

    def __init__(
        self,
        low: int,
        high: int,
        prior: str = "uniform",
        base: float = 10,
        transform: str | None = None,
        name: str | None = None,
        dtype: type | str = np.int64,
        *,
        step: int | None = None,
        when: Mapping | None = None,
    ):
        low, high = _as_int(low, "low"), _as_int(high, "high")
        if step is not None:
            step = _as_int(step, "step")
        super().__init__(low, high, prior, base, transform, name, dtype, step, when)

    def _make_scale(self) -> Lattice:
        self._check_fits_dtype()
        if self.prior != "power-of-two":
            return self._lattice(1 if self.step is None else self.step)
        first, last = (self.low - 1).bit_length(), self.high.bit_length() - 1
        if first > last:
            raise ValueError(f"there is no power of two from {self.low} to {self.high}")
        return Lattice(PowersOfTwo(first, last - first + 1), EqualCells(last - first + 1))

    def _check_fits_dtype(self) -> None:
        limits = np.iinfo(np.dtype(self.dtype))
        largest = min(limits.max, np.iinfo(np.int64).max)
        if self.low < limits.min or self.high > largest:
            raise ValueError(
                f"the bounds must lie between {limits.min} and {largest} for dtype {np.dtype(self.dtype).name}, "
                f"got low={self.low} and high={self.high}"
            )

    def _checked(self, values: list) -> np.ndarray:
        for value in values:
            if not (is_number(value) and self.low <= value <= self.high and value == int(value)):
                raise self._invalid(value)
        array = np.array([int(value) for value in values], dtype=np.int64)
        off = self._scale.nearest(array) != array
        if off.any():
            raise self._invalid(values[int(off.argmax())])
        return array

    def _describe(self) -> str:
        return self._describe_range("an integer")


def _as_int(value: Any, parameter: str) -> int:
    """Return an int for an integer of any type, or a float without a fraction; a bool is neither."""
    if not is_number(value) or not math.isfinite(value) or value != int(value):
        raise ValueError(f"{parameter} must be an integer, got {value!r}")
    return int(value)


def _dtype_name(dtype: Any) -> str:
    """Return numpy's name of a type, or an empty string if it has none."""
    try:
        return "" if dtype is None else np.dtype(dtype).name
    except TypeError:
        return ""
