"""Objects of other libraries, by way of skops, whose format has a list of types to trust.

What is ours in them never goes that way, nor what can only be made of parts that were checked: a placeholder takes its
place, and is replaced again when the file is read.
"""

import copy
import io
import sys
import types
import zipfile
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._utils.estimator_state import require
from .._utils.optional import import_optional
from ..exceptions import FileFormatError
from ._memory import check_owner
from ._trusted import harmless_names

#: objects that have no state which could be saved
_CODE = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, type)
#: packages whose objects hold networks in formats that would run code
_NETWORKS = ("torch", "skorch.net", "skorch.classifier", "skorch.regressor")


class Placeholder:
    """Stands for a part of an object that is saved in another way.

    Parameters
    ----------
    number : int
        Which part.
    """

    def __init__(self, number: int):
        self.number = number


_PLACEHOLDER = f"{Placeholder.__module__}.{Placeholder.__qualname__}"


def dump_with_skops(value: Any, where: str, is_part: Callable[[Any], bool]) -> tuple[bytes, list]:
    """Return an object in skops' format, without its parts that are saved in another way, and these parts.

    Raises
    ------
    TypeError
        If skops cannot save the object, or could not make it again.
    ImportError
        If skops is not installed.
    """
    described = f"{where} is a {type(value).__module__}.{type(value).__qualname__}"
    _check_code(value, where)
    if type(value).__module__.startswith((*_NETWORKS, "sktune.")):
        raise TypeError(f"{described}, which cannot be saved")
    skops_io = _import_skops(f"to save {where}, a {type(value).__name__},")
    parts = _find(value, is_part)
    try:
        stand_ins = {id(part): Placeholder(number) for number, part in enumerate(parts)}
        data = skops_io.dumps(copy.deepcopy(value, dict(stand_ins)))
        unknown = skops_io.get_untrusted_types(data=data)
        skops_io.loads(data, trusted=unknown)
    except Exception as error:  # of whatever the object consists of
        raise TypeError(f"{described}, which cannot be saved: {type(error).__name__}: {error}") from error
    lost = [name for name in unknown if name != _PLACEHOLDER and name.startswith((*_NETWORKS, "sktune.", "torch"))]
    if lost:
        raise TypeError(f"{described} with {', '.join(lost)} in it, which cannot be saved")
    return data, parts


def untrusted_names(data: bytes) -> list[str]:
    """Return the names of what an object of skops consists of that only the reader of the file can trust.

    Raises
    ------
    FileFormatError
        If it is no object of skops.
    ImportError
        If skops is not installed.
    """
    skops_io = _import_skops("a file with objects of other libraries")
    try:
        _check_sizes(data)
        unknown = set(skops_io.get_untrusted_types(data=data))
        return sorted(unknown - harmless_names(data) - {_PLACEHOLDER}) if unknown else []
    except FileFormatError:
        raise
    except Exception as error:  # what skops raises for damaged data is up to it
        raise _damaged(error) from error


def load_with_skops(data: bytes, parts: list) -> Any:
    """Return the object that `dump_with_skops` wrote, of which all names are trusted.

    Parameters
    ----------
    data : bytes
    parts : list
        Its parts that were saved in another way.

    Raises
    ------
    FileFormatError
        If it is no object of skops.
    ImportError
        If skops is not installed.
    """
    skops_io = _import_skops("a file with objects of other libraries")
    try:
        value = skops_io.loads(data, trusted=skops_io.get_untrusted_types(data=data))
        stand_ins = _find(value, lambda part: type(part) is Placeholder)
        numbers = [stand_in.number for stand_in in stand_ins]
        require(sorted(numbers) == list(range(len(parts))), "parts of an object of skops are missing")
        memo = {id(stand_in): parts[stand_in.number] for stand_in in stand_ins}
        value = copy.deepcopy(value, memo) if parts else value
        for estimator in _objects_in(value):
            if isinstance(estimator, BaseEstimator):
                check_owner(estimator)
        return value
    except FileFormatError:
        raise
    except Exception as error:  # what skops and the types it makes raise for damaged data is up to them
        raise _damaged(error) from error


def _damaged(error: Exception) -> FileFormatError:
    return FileFormatError(f"an object of skops is damaged: {type(error).__name__}: {error}")


def _import_skops(purpose: str):
    return import_optional("skops.io", extra="skops", purpose=purpose)


def _check_code(value: Any, where: str) -> None:
    """Raise TypeError for code that a file could not refer to by a name."""
    for part in _objects_in(value):
        if isinstance(part, _CODE) and not _has_name(part):
            name = getattr(part, "__qualname__", repr(part))
            raise TypeError(
                f"{where}, a {type(value).__name__}, cannot be saved: {name!r} is code that cannot be imported by its "
                "name, and a file can hold nothing but such a name"
            )


def _has_name(part: Any) -> bool:
    """Whether a function or a class can be imported by the name that it has."""
    module = sys.modules.get(getattr(part, "__module__", None))
    return getattr(module, getattr(part, "__name__", ""), None) is part


def _check_sizes(data: bytes) -> None:
    """Raise FileFormatError for an archive that is larger than its bytes."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
    is_stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
    require(is_stored and sum(member.file_size for member in members) <= len(data), "an archive of skops is packed")


def _find(value: Any, is_wanted: Callable[[Any], bool]) -> list:
    """Return the wanted objects within `value`, each once, but not what is in them."""
    return [one for one in _objects_in(value, is_wanted) if is_wanted(one)]


def _objects_in(value: Any, is_closed: Callable[[Any], bool] = lambda one: False) -> Iterable:
    """Yield what is in containers and in attributes, each object once; what is closed is not looked into."""
    seen, waiting = set(), [value]
    kept = []  # so that no id is given twice
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        kept.append(one)
        yield one
        if not is_closed(one):
            waiting.extend(_contents(one))


def _contents(one: Any) -> Iterable:
    if isinstance(one, list | tuple | set | frozenset):
        return one
    if isinstance(one, dict):
        return one.values()
    if isinstance(one, partial):
        return one.func, one.args, one.keywords
    if isinstance(one, np.ndarray) and one.dtype == object:
        return one.ravel().tolist()
    if isinstance(one, BaseEstimator) or type(one).__module__.startswith("sklearn."):
        return vars(one).values() if hasattr(one, "__dict__") else ()
    return ()
