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


def did_you_mean(name: Any, names: Iterable[str]) -> str:
    """Return a hint at the most similar name, to stand behind a sentence, or an empty string.

    Examples
    --------
    >>> "There is no 'rleu'." + did_you_mean("rleu", ["relu", "tanh"])
    "There is no 'rleu'. Did you mean 'relu'?"
    """
    closest = closest_name(name, names)
    return f" Did you mean {closest!r}?" if closest else ""
