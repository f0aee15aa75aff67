"""The parts that a value consists of, as its key sees them."""

import enum
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

#: Values whose `repr` tells all, and differs for different ones.
SCALARS = {bool, int, float, complex, str, bytes, type(None), type(...), range}


class View(enum.Enum):
    """What of a value has an influence, where it stands."""

    #: A setting: it is cloned before it is used, so that an estimator is its class and its parameters.
    TEMPLATE = "template"
    #: A value that is used as it is: an estimator is what it has learnt, too.
    STATE = "state"
    #: A value that code refers to by name. It need not be possible to pickle it, as it stays where it is.
    CODE = "code"


class Part(NamedTuple):
    """A value inside another.

    Parameters
    ----------
    value : object
    view : View
    label : str
        How Python gets there, with braces in place of `name`.
    name : object
    """

    value: Any
    view: View
    label: str = ""
    name: Any = None


class Unordered(NamedTuple):
    """Parts whose order says nothing, as those of a set."""

    parts: list[Part]


class Keywords(NamedTuple):
    """Arguments by name: their order says nothing."""

    values: Mapping[Any, Any]


#: What a value is made of: bytes, which are taken as they are, and further values.
Parts = Iterator[bytes | memoryview | Part | Unordered]


def tag(kind: str, data: str | bytes = b"") -> bytes:
    """Return bytes that no other kind and data have, nor any sequence of such bytes that begins otherwise."""
    data = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return f"{kind}:{len(data)};".encode() + data


def plain(value: Any) -> Any:
    """Return the number or string of Python that equals one of numpy; other values as they are."""
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64 | np.timedelta64):
        item = value.item()
        return item if type(item) in SCALARS else value
    return value


def scalar_tag(value: Any) -> bytes | None:
    """Return what a number, a string and the like are, None for any other value."""
    value = plain(value)
    return tag(type(value).__name__, _text(value)) if type(value) in SCALARS else None


def _text(value):
    try:
        return repr(value)
    except ValueError:  # an integer of thousands of digits
        return hex(value)


def item_parts(items: list[Any], view: View, label: str = "[{!r}]") -> Parts:
    """Describe values that stand in a row."""
    text = _text_of_all(items)
    if text is not None:
        yield tag("scalars", text)
        return
    yield tag("items", str(len(items)))
    for position, item in enumerate(items):
        is_row = type(item) in (list, tuple)  # there may be many of them
        text = _text_of_all(item) if is_row else None
        yield tag(type(item).__name__, text) if text is not None else Part(item, view, label, position)


def _text_of_all(items) -> str | None:
    """Return the text of what is nothing but scalars, None for all else."""
    kinds = set(map(type, items))
    if not kinds <= SCALARS:
        items = [plain(item) for item in items]
        kinds = set(map(type, items))
    if not kinds <= SCALARS:
        return None
    try:
        return repr(list(items))
    except ValueError:  # an integer of thousands of digits
        return str(list(map(_text, items)))


def named_parts(values: Mapping[Any, Any], view: View, label: str = "[{!r}]") -> Parts:
    """Describe values that have names, in whatever order they come."""
    yield tag("named", str(len(values)))
    if all(type(name) in SCALARS for name in values):
        for name in sorted(values, key=scalar_tag):
            yield scalar_tag(name)
            yield Part(values[name], view, label, name)
    else:
        yield Unordered([Part(pair, view, label, pair[0]) for pair in values.items()])
