"""How values lie on the unit interval: cells for what can be counted, an interval for what cannot.

Notation: ``u`` is a coordinate in [0, 1]. A countable set of ``n`` values divides [0, 1] into ``n`` *cells*; every
``u`` of a cell means the same value, and one ``u`` of the cell, its *position*, represents it.
"""

import math
from decimal import Decimal

import numpy as np

_EPS = float(np.finfo(np.float64).eps)
_POWERS_OF_TEN = np.array([float(f"1e{k}") for k in range(309)])
#: 10^22 is the last power of ten that a double holds exactly.
_LAST_EXACT_POWER = 22


class EqualCells:
    """`n` cells of equal width, each represented by its centre."""

    def __init__(self, n: int):
        self.n = n

    def index(self, u: np.ndarray) -> np.ndarray:
        return np.minimum((u * self.n).astype(np.int64), self.n - 1)

    def position(self, index: np.ndarray) -> np.ndarray:
        return (index + 0.5) / self.n


class ProbabilityCells:
    """Cells as wide as the (positive) probabilities, each represented by its centre."""

    def __init__(self, probabilities: np.ndarray):
        self.n = len(probabilities)
        upper = np.cumsum(probabilities)
        self._upper = upper / upper[-1]
        self._centre = (self._upper + np.concatenate([[0.0], self._upper[:-1]])) / 2

    def index(self, u: np.ndarray) -> np.ndarray:
        return np.minimum(np.searchsorted(self._upper, u, side="right"), self.n - 1)

    def position(self, index: np.ndarray) -> np.ndarray:
        return self._centre[index]


class LogCells:
    """Cells of ``low, low + step, ...`` on a logarithmic axis, each represented by the logarithm of its value.

    A value owns what rounds to it: the cell of x goes from log(x - step/2) to log(x + step/2), so that smaller values
    have more mass. The first cell starts no lower than log(low / 2), where the arithmetic edge could reach zero.
    """

    def __init__(self, low: float, step: float, n: int):
        self.n = n
        self._low, self._step = float(low), float(step)
        self._start = math.log(max(self._low - self._step / 2, self._low / 2))
        self._width = math.log(self._low + (n - 0.5) * self._step) - self._start

    def index(self, u: np.ndarray) -> np.ndarray:
        values = np.exp(self._start + u * self._width)
        return np.clip(np.rint((values - self._low) / self._step), 0, self.n - 1).astype(np.int64)

    def position(self, index: np.ndarray) -> np.ndarray:
        return (np.log(self._low + index * self._step) - self._start) / self._width


class EvenValues:
    """The numbers ``low, low + step, ...``: integers if both are, else floats free of the noise of binary fractions."""

    def __init__(self, low: float, step: float, n: int, high: float):
        self.low, self.step, self.n, self._high = low, step, n, high
        # 0.1 + 2 * 0.1 should read 0.3: round to the decimals that low and step were written with
        decimals = max(-Decimal(repr(number)).as_tuple().exponent for number in (low, step))
        exact = 0 < decimals <= _LAST_EXACT_POWER and max(abs(low), abs(high)) * 10.0**decimals < 2**50
        self._decimals = decimals if exact else None

    def at(self, index: np.ndarray) -> np.ndarray:
        values = self.low + index * self.step
        return np.clip(values if self._decimals is None else np.round(values, self._decimals), self.low, self._high)

    def index(self, values: np.ndarray) -> np.ndarray:
        return np.clip(np.rint((values - self.low) / self.step), 0, self.n - 1).astype(np.int64)


class PowersOfTwo:
    """The integers ``2**first, 2**(first + 1), ...``."""

    def __init__(self, first: int, n: int):
        self.first, self.n = first, n

    def at(self, index: np.ndarray) -> np.ndarray:
        return np.left_shift(np.int64(1), self.first + index)

    def index(self, values: np.ndarray) -> np.ndarray:
        exponents = np.rint(np.log2(np.maximum(values, 1)))
        return np.clip(exponents - self.first, 0, self.n - 1).astype(np.int64)


class Lattice:
    """A finite set of numbers (`EvenValues`, `PowersOfTwo`) laid out in cells (`EqualCells`, `LogCells`)."""

    def __init__(self, values: EvenValues | PowersOfTwo, cells: EqualCells | LogCells):
        self._values, self._cells = values, cells
        self.n_values = values.n

    def at(self, index: np.ndarray) -> np.ndarray:
        """Return the values of the given numbers, counted from 0."""
        return self._values.at(index)

    def from_unit(self, u: np.ndarray) -> np.ndarray:
        return self._values.at(self._cells.index(u))

    def to_unit(self, values: np.ndarray) -> np.ndarray:
        return self._cells.position(self._values.index(values))

    def snap(self, u: np.ndarray) -> np.ndarray:
        return self._cells.position(self._cells.index(u))

    def nearest(self, values: np.ndarray) -> np.ndarray:
        return self._values.at(self._values.index(values))

    #: What `rvs` hands out; for an `Interval` this differs from `from_unit`.
    draw = from_unit


class Interval:
    """All numbers from `low` to `high`, spread evenly or, with a `base`, logarithmically.

    One double cannot hold every double of a range as a coordinate. So that coordinates and values still correspond
    one to one, `from_unit` gives values of slightly less than full precision (about 13 decimal digits, or the precision
    of `dtype` if that is coarser), which survive the way there and back exactly. A number as people write it, 0.001, is
    such a value. The two ends always are.
    """

    n_values = math.inf

    def __init__(self, low: float, high: float, base: float | None = None, dtype: np.dtype | None = None):
        self.low, self.high, self.base = low, high, base
        self._dtype = dtype
        self._warped_low, self._warped_high = float(self._warp(low)), float(self._warp(high))
        if not self._warped_low < self._warped_high:
            raise ValueError(f"the logarithms of {low} and {high} are too close to tell them apart")
        if base is None:
            # 32 roundings: several times what (v - low) / (high - low) and its inverse can lose
            largest = max(abs(low), abs(high), 1e-280)  # so small a range has the two ends only
            self._digits = math.floor(-math.log10(32 * _EPS * largest))
            self._quantum = (10.0**-self._digits,) * 2
        else:
            largest_logarithm = max(1.0, abs(math.log(low)), abs(math.log(high)))
            self._digits = math.floor(-math.log10(32 * _EPS * largest_logarithm))
            self._quantum = (low * 10.0 ** (1 - self._digits), high * 10.0 ** (1 - self._digits))

    def _warp(self, values: np.ndarray) -> np.ndarray:
        return values if self.base is None else np.log10(values) / np.log10(self.base)

    def draw(self, u: np.ndarray) -> np.ndarray:
        """Return the values at `u` in full precision."""
        warped = self._warped_low + u * (self._warped_high - self._warped_low)
        values = warped if self.base is None else np.power(float(self.base), warped)
        values = np.where(u <= 0, self.low, np.where(u >= 1, self.high, values))
        return np.clip(values, self.low, self.high)

    def from_unit(self, u: np.ndarray) -> np.ndarray:
        return self.nearest(self.draw(u))

    def to_unit(self, values: np.ndarray) -> np.ndarray:
        warped = self._warp(self.nearest(np.clip(values, self.low, self.high)))
        return np.clip((warped - self._warped_low) / (self._warped_high - self._warped_low), 0.0, 1.0)

    def snap(self, u: np.ndarray) -> np.ndarray:
        return self.to_unit(self.draw(u))

    def nearest(self, values: np.ndarray) -> np.ndarray:
        """Round to the nearest value of the chosen precision inside the interval."""
        if self._dtype is not None:
            return values.astype(self._dtype).astype(np.float64)
        rounded = np.round(values, self._digits) if self.base is None else _round_to_digits(values, self._digits)
        # next to an end, where one step of the rounding could step out, only the end itself remains
        lower_half = values - self.low <= self.high - values
        rounded = np.where(lower_half & (rounded < self.low + self._quantum[0]), self.low, rounded)
        return np.where(~lower_half & (rounded > self.high - self._quantum[1]), self.high, rounded)


def _round_to_digits(values: np.ndarray, digits: int) -> np.ndarray:
    """Round positive numbers to significant decimal digits, to the very doubles that the decimals denote."""
    shift = digits - 1 - np.floor(np.log10(values)).astype(np.int64)
    # one of the two factors is 1
    up, down = _POWERS_OF_TEN[np.clip(shift, 0, 308)], _POWERS_OF_TEN[np.clip(-shift, 0, 308)]
    rounded = np.rint(values * up / down) / up * down
    inexact = np.flatnonzero(np.abs(shift) > _LAST_EXACT_POWER)
    if len(inexact):
        rounded[inexact] = [float(f"{value:.{digits}g}") for value in values[inexact].tolist()]
    return rounded
