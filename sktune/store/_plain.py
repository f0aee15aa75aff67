"""Parameters as JSON can tell them, for the eyes of people and for other searches."""

from typing import Any

import numpy as np

_SCALARS = (bool, int, float, str, type(None))


def to_plain(value: Any) -> Any:
    """Return a value in terms of JSON: tuples are marked, and whatever JSON does not know is shown by its `repr`.

    Examples
    --------
    >>> to_plain((64, 32)), to_plain(np.float64(0.5)), to_plain(int)
    ({'tuple': [64, 32]}, 0.5, {'repr': "<class 'int'>"})
    """
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in _SCALARS:
        return value
    if type(value) is list:
        return [to_plain(item) for item in value]
    if type(value) is tuple:
        return {"tuple": [to_plain(item) for item in value]}
    return {"repr": repr(value)}


def from_plain(value: Any) -> Any:
    """Return the value that `to_plain` was given.

    Raises
    ------
    LookupError
        If it is only known by its `repr`.

    Examples
    --------
    >>> from_plain({"tuple": [64, 32]})
    (64, 32)
    """
    if isinstance(value, list):
        return [from_plain(item) for item in value]
    if isinstance(value, dict):
        if "tuple" not in value:
            raise LookupError(f"only the repr of {value.get('repr')} is known")
        return tuple(from_plain(item) for item in value["tuple"])
    return value
