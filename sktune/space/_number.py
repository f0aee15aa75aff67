"""What the dimensions of numbers share."""

import itertools
import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .._utils.hints import did_you_mean
from ._base import Dimension, as_coordinates, is_number
from ._scales import EqualCells, EvenValues, Interval, Lattice, LogCells
from ._transforms import NUMBER_TRANSFORMS, NumberTransform

#: More values than this cannot be told apart by their coordinates with certainty.
MAX_VALUES = 2**40
_CHUNK = 1024  # values are made this many at a time when all are iterated over


class Number(Dimension):
    """Numbers between two bounds: what `Real` and `Integer` share."""

    _priors: tuple[str, ...]
    _dtypes: tuple[str, ...]
    _builtin: type

    def __init__(self, low, high, prior, base, transform, name, dtype, step, when):
        super().__init__(name, when)
        if not low < high:
            raise ValueError(
                f"low must be below high: the lower bound {low} has to be less than the upper bound {high}"
            )
        if prior not in self._priors:
            allowed = " or ".join(map(repr, self._priors))
            raise ValueError(f"prior should be {allowed}, got {prior!r}.{did_you_mean(prior, self._priors)}")
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
        if not (is_number(step) and math.isfinite(step) and step > 0 and self._n_steps(step) >= 1):
            raise ValueError(f"step must be a positive number of at most high - low, or None, got {step!r}")
        if self.prior == "power-of-two":
            raise ValueError(f"step has no meaning with prior='power-of-two', got {step!r}")

    def _lattice(self, step: float) -> Lattice:
        n_values = math.floor(self._n_steps(step)) + 1
        if n_values > MAX_VALUES:
            raise ValueError(f"{self!r} has {n_values} values; at most 2**40 can be told apart: use a larger step")
        log = self.prior == "log-uniform"
        if log and self.high / step > MAX_VALUES:
            raise ValueError(
                f"with prior='log-uniform', high must be at most 2**40 steps, got high={self.high} and step={step}"
            )
        cells = LogCells(self.low, step, n_values) if log else EqualCells(n_values)
        return Lattice(EvenValues(self.low, step, n_values, self.high), cells)

    def _n_steps(self, step: float) -> float:
        """Return the length of the range in steps, with an allowance for rounding: 1 / 0.1 and 0.7 - 0.6 are counts."""
        eps = float(np.finfo(np.float64).eps)
        ratio = (self.high - self.low) / step
        return ratio + 8 * eps * (ratio + max(abs(self.low), abs(self.high)) / step)

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
            hint = did_you_mean(transform, NUMBER_TRANSFORMS)
            raise ValueError(f"transform should be 'normalize' or 'identity' got {transform!r}.{hint}")
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
        is_single = len(value) == 1 if isinstance(value, list) else getattr(value, "shape", None) == (1,)
        return super().__contains__(value[0] if is_single else value)

    def _identity(self) -> tuple:
        base = None if self.prior == "uniform" else float(self.base)
        dtype = _dtype_name(self.dtype)
        return (self.low, self.high, self.prior, base, self.transform_, dtype, self.step, self._allowed_parents)

    def __repr__(self) -> str:
        kind, extras = type(self).__name__, self._repr_extras(**self._rarely_given())
        transform = getattr(self, "transform_", "identity")
        return f"{kind}(low={self.low}, high={self.high}, prior='{self.prior}', transform='{transform}'{extras})"

    def _code(self) -> str:
        extras = self._repr_extras(
            prior=None if self.prior == "uniform" else self.prior,
            base=None if self.base == 10 else self.base,
            transform=None if self.transform_ == "identity" else self.transform_,
            **self._rarely_given(),
        )
        return f"{type(self).__name__}({self.low}, {self.high}{extras})"

    def _rarely_given(self) -> dict[str, Any]:
        dtype = _dtype_name(self.dtype)
        return {"step": self.step, "dtype": None if dtype in ("float64", "int64") else dtype}

    def _describe_range(self, kind: str) -> str:
        if self.prior == "power-of-two":
            return f"a power of two from {self.low} to {self.high}"
        steps = "" if self.step is None else f" in steps of {self.step}"
        return f"{kind} from {self.low} to {self.high}{steps}"


def _dtype_name(dtype: Any) -> str:
    """Return numpy's name of a type, or an empty string if it has none."""
    try:
        return "" if dtype is None else np.dtype(dtype).name
    except TypeError:
        return ""
