"""Hints for names that were mistyped."""

import difflib
from collections.abc import Iterable
from typing import Any


def closest_name(name: Any, names: Iterable[str]) -> str | None:
    """Return the most similar of `names`, whatever their case, or None if none is similar to `name`.

    Examples
    --------
    >>> closest_name("Dropuot", ["dropout", "lr"])
    'dropout'
    """
    if not isinstance(name, str):
        return None
    by_lower_case = {other.lower(): other for other in sorted(names)}
    close = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
    return by_lower_case[close[0]] if close else None
