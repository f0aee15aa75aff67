"""From what users write to dimensions."""

import copy
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from ._base import Dimension, is_number
from ._categorical import Categorical
from ._dimensions import Integer, Real
from ._distribution import Distribution, is_distribution
from ._other_libraries import converted, is_foreign_space


def check_dimension(spec: Any, name: str | None = None) -> Dimension:
    """Return the dimension that `spec` describes.

    Parameters
    ----------
    spec : Dimension, list, tuple, array-like, range, or distribution of scipy.stats, skopt.space or Optuna
        - a dimension stands for itself;
        - a list, an array, or a Series or an Index of pandas is a set of choices, never a range: ``[64, 128]`` are two
          choices, ``[3]`` is a constant; the choices of an array with two axes are its rows;
        - a tuple ``(low, high[, prior[, base]])`` of numbers is a range: of integers if both bounds are ints;
        - a tuple without a number in it is a set of choices: ``("relu", "tanh")``, ``((64,), (64, 64))``;
        - a ``range`` stands for its integers, in their order: ``range(32, 129, 32)`` is
          ``Integer(32, 128, step=32)``;
        - a frozen distribution of ``scipy.stats`` is a `Distribution`;
        - ``Real``, ``Integer`` and ``Categorical`` of ``skopt.space``, and ``FloatDistribution``, ``IntDistribution``
          and ``CategoricalDistribution`` of ``optuna.distributions``, become the dimension that says the same.
    name : str or None, default=None
        Name of the dimension; None keeps the one it has.

    Returns
    -------
    Dimension
        `spec` itself if it is a dimension of that name, else a new one.

    Raises
    ------
    ValueError
        If `spec` is anything else.

    Examples
    --------
    >>> from sktune.space import check_dimension
    >>> check_dimension((1e-5, 1e-1, "log-uniform"))
    Real(low=1e-05, high=0.1, prior='log-uniform', transform='identity')
    >>> check_dimension([64, 128])
    Categorical(categories=(64, 128), prior=None)
    >>> check_dimension(((64,), (64, 64)))
    Categorical(categories=((64,), (64, 64)), prior=None)
    >>> check_dimension(range(32, 129, 32))
    Integer(low=32, high=128, prior='uniform', transform='identity', step=32)
    """
    try:
        dimension = _as_dimension(spec)
        if name is None or name == dimension.name:
            return dimension
        dimension = copy.copy(dimension)  # the user's own object keeps its name
        dimension.name = name
    except ValueError as error:
        if name is None:
            raise
        raise ValueError(f"parameter {name!r}: {error}") from error
    return dimension


def _as_dimension(spec: Any) -> Dimension:
    if isinstance(spec, Dimension):
        return spec
    if isinstance(spec, range):
        return _as_steps(spec)
    if isinstance(spec, (list, np.ndarray)):
        return Categorical(spec)
    if isinstance(spec, tuple):
        return _as_range(spec) if any(map(is_number, spec)) else Categorical(spec)
    if _is_column(spec):
        return Categorical(spec.tolist())
    if is_distribution(spec):
        return Distribution(spec)
    dimension = converted(spec)
    if dimension is not None:
        return dimension
    hint = f"write [{spec!r}] for a constant" if _is_scalar(spec) else "write a list of choices"
    raise ValueError(
        f"Invalid dimension {spec!r}: it has to be a list, tuple, range or array, a Real, Integer or Categorical, or a "
        f"frozen scipy distribution; {hint}"
    )


def _is_scalar(spec: Any) -> bool:
    return spec is None or isinstance(spec, (str, bytes, bool, np.generic, numbers.Number))


def _is_column(spec: Any) -> bool:
    """Tell whether `spec` is a list of values by another name, such as a Series or an Index of pandas."""
    return not isinstance(spec, type) and hasattr(spec, "tolist") and getattr(spec, "ndim", 0) == 1


def _as_steps(spec: range) -> Dimension:
    if len(spec) < 2:
        return Categorical(list(spec))
    low, high, step = min(spec), max(spec), abs(spec.step)
    return Integer(low, high, step=None if step == 1 else step)


def _as_range(spec: tuple) -> Dimension:
    low_high, extras = spec[:2], spec[2:]
    is_range = len(spec) in (2, 3, 4) and all(map(is_number, low_high))
    is_range = is_range and (not extras or isinstance(extras[0], str)) and all(map(is_number, extras[1:]))
    if not is_range:
        raise ValueError(
            f"Invalid dimension {spec!r}: a tuple with numbers is a range, (low, high[, prior[, base]]); write "
            f"{list(spec)!r} for a choice"
        )
    kind = Integer if all(isinstance(bound, numbers.Integral) for bound in low_high) else Real
    return kind(*spec)


def named_specs(dimensions: Any) -> list[tuple[str, Any]]:
    """Return the pairs of name and description that a mapping or a sequence of descriptions stands for."""
    if isinstance(dimensions, Mapping):
        for name in dimensions:
            if not isinstance(name, str):
                raise ValueError(f"names of parameters must be strings, got {name!r}")
        named = sorted(dimensions.items())
    elif isinstance(dimensions, (list, tuple)) or is_foreign_space(dimensions):
        dimensions = getattr(dimensions, "dimensions", dimensions)
        dimensions = [converted(spec) or spec for spec in dimensions]  # whose own names count
        own_names = [spec.name if isinstance(spec, Dimension) else None for spec in dimensions]
        names = [f"X_{position}" if name is None else name for position, name in enumerate(own_names)]
        named = list(zip(names, dimensions, strict=True))
    else:
        raise ValueError(f"dimensions must be a dict, a list of dimensions or a Space, got {dimensions!r}")
    if not named:
        raise ValueError("a space needs at least one dimension, got none")
    names = [name for name, _ in named]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f"names of dimensions must differ, but {repeated!r} stands for several")
    return named
