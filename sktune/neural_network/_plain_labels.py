"""Labels in columns of objects, as they come out of tables: made plain, and missing ones named."""

import datetime
from numbers import Integral, Real
from typing import Any

import numpy as np

#: what labels may be, so that all of one kind become one plain type
_KINDS = {"bool": bool | np.bool_, "int": Integral, "float": Real}


def plain_labels(y: Any) -> Any:
    """Return labels as an array of their plain type where they are objects of one; other labels as they are.

    Parameters
    ----------
    y : object
        What a user gave as labels.

    Raises
    ------
    ValueError
        If labels are missing among objects, or in a column of a data frame.

    Examples
    --------
    >>> plain_labels(np.array([0, 1, 1], dtype=object))
    array([0, 1, 1])
    """
    labels = _as_array(y)
    if labels is None:
        return y
    if labels.dtype.kind in "biu":  # of nullable ones scikit-learn makes floats
        return labels
    if labels.dtype.kind not in "Of" or not labels.size or labels.ndim > 2:
        return y
    values = labels.ravel().tolist()
    missing = [row for row, value in enumerate(values) if _is_missing(value)]
    if missing:
        raise ValueError(
            f"y contains missing labels in {len(missing)} of {len(values)} rows, the first in row "
            f"{missing[0] // (len(values) // len(labels))}: leave these rows out of X and y, or give them a label of "
            "their own."
        )
    kind = _kind_of(set(map(type, values)))
    return y if kind is None else labels.astype(kind)


def _as_array(y: Any) -> np.ndarray | None:
    """Return labels as an array if they are objects, or of a type that numpy has not; None for all others."""
    if isinstance(y, list | tuple):
        # of NaN among strings numpy makes the string "nan"
        if len(set(map(type, y))) <= 1 or any(isinstance(one, list | tuple | np.ndarray) for one in y):
            return None
        return np.asarray(y, dtype=object)
    dtype = getattr(y, "dtype", None)
    if dtype is None or np.ndim(y) not in (1, 2) or (isinstance(dtype, np.dtype) and dtype.kind != "O"):
        return None
    if not (isinstance(dtype, np.dtype) or hasattr(y, "to_numpy")):  # of another library than numpy's and the frames'
        return None
    return np.asarray(y)


def _is_missing(value):
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, Real | np.datetime64 | datetime.datetime) and bool(value != value)


def _kind_of(types):
    for name, kind in _KINDS.items():
        fits = all(issubclass(one, kind) for one in types)
        if fits and (name == "bool" or not any(issubclass(one, bool | np.bool_) for one in types)):
            return np.dtype(name)
    return None
