"""Which columns of a table are no numbers, whatever the table is: the one place that says what networks take.

A table is a data frame of pandas, polars or another library, an array of any kind, a sparse matrix, or lists of rows.
Numbers, bools, missing values, and objects that are such, pass; whether values are finite is checked elsewhere.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from scipy.sparse import issparse

#: kinds of numpy types that are numbers
_NUMBERS = "biuf"
_KINDS = {"c": "complex numbers", "U": "strings", "S": "strings", "T": "strings", "M": "dates", "m": "time spans"}
#: what to do about columns of a kind
_REMEDIES = {
    "strings": "Encode it first, with OneHotEncoder() or OrdinalEncoder() in a ColumnTransformer for example, "
    "or leave it out.",
    "numbers written as strings": "Convert it to numbers first, with astype(float) for example.",
    "dates": "Replace it by numbers that say something, such as year, month, weekday or days since a first day, "
    "or leave it out.",
    "times": "Replace it by a number, such as the hour of the day, or leave it out.",
    "time spans": "Replace it by numbers in one unit, such as dt.total_seconds() or span / np.timedelta64(1, 'D').",
    "complex numbers": "Replace it by real numbers, such as its real and imaginary parts.",
}
_OTHER_REMEDY = "Replace it by numbers, or leave it out."
#: types of single values, the first that fits; dates of pandas are dates of Python
_TYPES = {
    "strings": (str, bytes),
    "dates": (datetime.date, np.datetime64),
    "times": (datetime.time,),
    "time spans": (datetime.timedelta, np.timedelta64),
    "complex numbers": (complex, np.complexfloating),
}
#: an attribute of single values that count as numbers
_IS_NUMBER = "__float__"
#: names of the types of missing values
_MISSING = ("NoneType", "NAType")


@dataclass(frozen=True)
class Column:
    """A column that holds no numbers.

    Parameters
    ----------
    name : object
        Its name, or its number where columns have no names.
    kind : str
        Plural of what it holds, such as "dates".
    example : str
        One of the values, or the type of all.
    """

    name: Any
    kind: str
    example: str

    @property
    def is_word(self) -> bool:
        """Whether it holds strings that are no numbers."""
        return self.kind == "strings"

    def __str__(self):
        remedy = _REMEDIES.get(self.kind, _OTHER_REMEDY)
        return f"X must be real numbers, but its column {self.name!r} has {self.kind} ({self.example}). {remedy}"


def columns_without_numbers(X: Any) -> Iterator[Column]:
    """Yield the columns of a table that hold no numbers; none for what is no table of two dimensions.

    Parameters
    ----------
    X : object
        What a user gave as rows.

    Raises
    ------
    ValueError
        If `X` is a structured array: its fields are no columns to scikit-learn.

    Examples
    --------
    >>> print(next(columns_without_numbers([[1.0, "red"], [2.0, "blue"]])))
    X must be real numbers, but its column 1 has strings ('red', 'blue'). Encode it first, with ...
    """
    if issparse(X):
        return
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        for name, values in _columns_of_frame(X):
            yield from _checked(name, values)
        return
    rows = _as_array(X)
    if rows is None:
        return
    if rows.dtype.names:
        raise ValueError(
            f"X must be an array of two dimensions, got a structured array with the fields {list(rows.dtype.names)}: "
            "np.lib.recfunctions.structured_to_unstructured(X), or pd.DataFrame(X), makes columns of them."
        )
    if rows.ndim == 2 and rows.dtype.kind not in _NUMBERS:
        for number, values in enumerate(rows.T):
            yield from _checked(number, values)


def _columns_of_frame(frame: Any) -> Iterator[tuple[Any, np.ndarray]]:
    """Yield names and values of the columns whose types do not tell that they are numbers."""
    by_number = getattr(frame, "iloc", None)
    for number, (name, dtype) in enumerate(zip(frame.columns, list(frame.dtypes), strict=True)):
        is_number = getattr(dtype, "is_numeric", None)  # of polars
        if getattr(dtype, "kind", "O") in _NUMBERS or (is_number is not None and is_number()):
            continue
        yield name, np.asarray(frame[name] if by_number is None else by_number[:, number])


def _as_array(X: Any) -> np.ndarray | None:
    """Return rows as an array of their own types, None for what is no array."""
    if isinstance(X, np.ndarray):
        return X
    try:
        rows = np.asarray(X)
        # of numbers beside strings numpy makes strings; objects stay what they are
        return np.asarray(X, dtype=object) if rows.dtype.kind in "USO" and isinstance(X, list | tuple) else rows
    except (TypeError, ValueError, RuntimeError):  # rows of different lengths; dates beside numbers; not on the CPU
        return _as_objects(X)


def _as_objects(X):
    try:
        return np.asarray(X, dtype=object)
    except (TypeError, ValueError, RuntimeError):
        return None


def _checked(name: Any, values: np.ndarray) -> Iterator[Column]:
    """Yield the column if it holds no numbers."""
    kind = values.dtype.kind
    if kind in _NUMBERS:
        return
    if kind in "UST":
        yield _of_strings(name, values)
    elif kind in _KINDS:
        yield Column(name, _KINDS[kind], f"dtype={values.dtype}")
    elif kind == "O":
        types = dict.fromkeys(map(type, values.ravel().tolist()))
        found = next((found for one in types if (found := _kind_of(one)) is not None), None)
        if found is not None:
            yield _of_objects(name, values.ravel(), found)


def _kind_of(kind: type) -> str | None:
    """Return the kind of values of a type, None for numbers, for missing values, and for what numpy has to refuse."""
    for name, types in _TYPES.items():
        if issubclass(kind, types):
            return name
    if hasattr(kind, _IS_NUMBER) or kind.__name__ in _MISSING:
        return None
    # numpy itself says of these, as scikit-learn has it, that it makes no numbers of them
    return None if issubclass(kind, dict | list | tuple | set | np.ndarray) else f"values of type {kind.__name__}"


def _of_objects(name, values, kind):
    fitting = [value for value in values.tolist() if _kind_of(type(value)) == kind]
    return _of_strings(name, fitting) if kind == "strings" else Column(name, kind, repr(fitting[0]))


def _of_strings(name, values):
    strings = [value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in values]
    words = dict.fromkeys(string for string in strings if not _is_number(string))
    kind = "strings" if words or not strings else "numbers written as strings"
    return Column(name, kind, ", ".join(map(repr, islice(words or strings, 2))))


def _is_number(string):
    try:
        float(string)
    except ValueError:
        return False
    return True
