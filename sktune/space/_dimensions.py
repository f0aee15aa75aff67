"""Numbers as dimensions: `Real` and `Integer`."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ._base import is_number
from ._number import Number
from ._scales import EqualCells, Interval, Lattice, PowersOfTwo

#: Larger bounds would overflow on the way to the unit interval.
_LARGEST_BOUND = 1e300
_REAL_DTYPES = ("float16", "float32", "float64")
_INTEGER_DTYPES = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


class Real(Number):
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

    Notes
    -----
    Values made from coordinates have about 13 significant digits, so that a value and its coordinate give each other
    exactly: a number as people write it, such as 0.001, comes back unchanged, and what is printed is what was tried.

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


class Integer(Number):
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
