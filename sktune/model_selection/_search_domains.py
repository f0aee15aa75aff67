"""Ranges that cannot be meant: of floats where a parameter is an int, of two integers where it is a float.

They are found by what the estimator's ``fit`` says it allows, as scikit-learn's estimators and networks of this library
do; what others allow is not known.
"""

import math
from collections.abc import Iterator
from numbers import Integral
from typing import Any

from sklearn.base import BaseEstimator

from .._sklearn_compat import constraints_on
from ..space import Categorical, Dimension, Integer, Space
from ._search_spaces import variants_for

#: Where a range is looked at.
_LOOKS = [0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0]


def check_domains(estimator: BaseEstimator, space: Space) -> None:
    """Raise a ValueError for a range of numbers that the estimator refuses, or that can hardly be meant."""
    for name, dimension in zip(space.names, space.dimensions, strict=True):
        if isinstance(dimension, Categorical):
            continue
        own_name = name.rpartition("__")[2]
        objections = [_objection(owner, own_name, dimension) for owner in _owners(estimator, space, name)]
        if objections and all(objections):  # a choice of estimators may have one that takes the range
            raise ValueError(f"search_spaces: parameter {name!r} {objections[0]}")


def _owners(estimator: BaseEstimator, space: Space, name: str) -> Iterator[Any]:
    """Yield what has the parameter, for each choice of estimators that are searched too."""
    path = name.rpartition("__")[0]
    for variant in variants_for(estimator, space, name):
        parts = variant.get_params(deep=True)
        if name in parts:
            yield parts[path] if path else variant


def _objection(owner: Any, name: str, dimension: Dimension) -> str | None:
    constraints = constraints_on(owner, name)
    if constraints is None:
        return None

    def allows(value):
        return any(constraint.is_satisfied_by(value) for constraint in constraints)

    values, kind = dimension.from_unit(_LOOKS), type(owner).__name__
    if not any(map(allows, values)):
        if all(not isinstance(value, Integral) and allows(round(value)) for value in values):
            return f"of {kind} is an int, but {dimension._code()} is a range of floats: write {_of_ints(dimension)}"
        allowed = " or ".join(map(str, constraints))
        return f"of {kind} must be {allowed}; {dimension._code()} has no such value"
    if _are_two_integers(dimension):
        low, high = dimension.bounds
        wholes = [one for one in constraints if getattr(one, "type", None) is Integral]
        is_whole = all(any(one.is_satisfied_by(bound) for one in wholes) for bound in (low, high))
        if allows((low + high) / 2) and not is_whole:
            return (
                f"of {kind} is a number, but a range of ints has the two values {low} and {high} only: write "
                f"({low:.1f}, {high:.1f}) for a range of floats, or [{low}, {high}] for a choice of the two"
            )
    return None


def _of_ints(dimension: Dimension) -> str:
    low, high = dimension.bounds
    prior = f", {dimension.prior!r}" if getattr(dimension, "prior", None) == "log-uniform" else ""
    return f"({math.ceil(low)}, {math.floor(high)}{prior})"


def _are_two_integers(dimension: Dimension) -> bool:
    return isinstance(dimension, Integer) and dimension.n_values == 2 and dimension.high - dimension.low == 1
