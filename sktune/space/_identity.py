"""When two choices are the same choice.

``==`` alone does not do: ``1 == True == 1.0``, arrays answer with arrays, NaN differs from itself, and an estimator
equals nothing but itself, not even its own copy after pickling.
"""

import types
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

_SCALARS = (str, bytes, bool, int, float, complex, type(None))
_ONLY_THEMSELVES = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)


def plain(value: Any) -> Any:
    """Return Python's own scalar for a numpy scalar, so that ``np.int64(3)`` and ``3`` are one value."""
    return value.item() if isinstance(value, (np.bool_, np.number, np.str_, np.bytes_)) else value


def same_value(left: Any, right: Any, _open: frozenset = frozenset()) -> bool:
    """Tell whether two objects are the same choice: equal in type, in content and, inside containers, all through.

    Numpy's scalars count as Python's own, NaN equals NaN. Objects whose class does not define ``==`` (estimators,
    splitters) are the same when copying them would rebuild the same object.
    """
    if left is right or (id(left), id(right)) in _open:  # met again inside itself: decided further up
        return True
    left, right = plain(left), plain(right)
    if type(left) is not type(right):
        return False
    if isinstance(left, _SCALARS):
        return left == right or (left != left and right != right)
    _open |= {(id(left), id(right))}
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(same_value(a, b, _open) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same_value(left[key], right[key], _open) for key in left)
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and left.shape == right.shape and same_value(left.tolist(), right.tolist())
    if isinstance(left, _ONLY_THEMSELVES):
        return False
    if type(left).__eq__ is object.__eq__:
        return _rebuilt_alike(left, right, _open)
    return _safely_equal(left, right)


def _safely_equal(left: Any, right: Any) -> bool:
    """Apply the class's own ``==``, which may answer with an array (data frames, tensors) or refuse."""
    try:
        answer = left == right
        if isinstance(answer, (bool, np.bool_)):
            return bool(answer)
        return getattr(left, "shape", None) == getattr(right, "shape", None) and bool(np.asarray(answer).all())
    except Exception:  # a comparison that fails says: not the same
        return False


def _rebuilt_alike(left: Any, right: Any, _open: frozenset) -> bool:
    """Compare what the copy protocol would rebuild the two objects from."""
    try:
        recipes = left.__reduce_ex__(4), right.__reduce_ex__(4)
    except Exception:  # what cannot be copied is only itself
        return False
    if any(isinstance(recipe, str) for recipe in recipes):  # a global name, as of a singleton
        return recipes[0] == recipes[1]
    # the fourth and fifth parts of a recipe are iterators over list items and over pairs of key and value
    left, right = ([*recipe[:3], *(part and list(part) for part in recipe[3:5])] for recipe in recipes)
    return same_value(left, right, _open)


def fingerprint(value: Any) -> Hashable | None:
    """Return a hashable stand-in that agrees with `same_value`, or None where only a comparison can tell."""
    value = plain(value)
    if isinstance(value, _SCALARS) and type(value) in _SCALARS:
        return (type(value), "nan" if value != value else value)
    if type(value) is tuple:
        parts = tuple(map(fingerprint, value))
        return None if None in parts else (tuple, parts)
    return None


class ChoiceIndex:
    """Find the position of a choice by identity, then by content.

    Raises
    ------
    ValueError
        If two choices are the same.
    """

    def __init__(self, choices: Sequence[Any]):
        self._choices = tuple(choices)
        self._position: dict[Hashable, int] = {}
        self._compared: list[int] = []
        for index, choice in enumerate(self._choices):
            earlier = self.find(choice)
            if earlier is not None:
                raise ValueError(f"categories must differ, but number {earlier} and number {index} are both {choice!r}")
            key = fingerprint(choice)
            if key is None:
                self._compared.append(index)
            else:
                self._position[key] = index

    def find(self, value: Any) -> int | None:
        """Return the position of `value`, or None if it is not a choice."""
        key = fingerprint(value)
        if key is not None:
            return self._position.get(key)
        for index in self._compared:
            if self._choices[index] is value:
                return index
        return next((index for index in self._compared if same_value(self._choices[index], value)), None)
