"""Objects of other libraries, by way of skops, whose format has a list of types to trust.

What is ours in them never goes that way: a placeholder takes its place, and is replaced again when the file is read.
"""

import copy
import io
import types
import zipfile
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._utils.estimator_state import require
from .._utils.optional import import_optional
from ..exceptions import FileFormatError, UntrustedTypesError

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
#: what skops does not trust by itself, and is harmless: a dict whose items are attributes, which ensembles keep
_TRUSTED = {_PLACEHOLDER, "sklearn.utils._bunch.Bunch"}


def dump_with_skops(value: Any, where: str, is_ours: Callable[[Any], bool]) -> tuple[bytes, list]:
    """Return an object in skops' format, without its parts that are ours, and these parts.

    Raises
    ------
    TypeError
        If skops cannot save the object, or could not make it again.
    ImportError
        If skops is not installed.
    """
    described = f"{where} is a {type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, _CODE):
        name = getattr(value, "__qualname__", repr(value))
        raise TypeError(f"{where} cannot be saved: {name!r} is code, and reading a file must never run any")
    if type(value).__module__.startswith((*_NETWORKS, "sktune.")):
        raise TypeError(f"{described}, which cannot be saved")
    skops_io = _import_skops(f"to save {where}, a {type(value).__name__},")
    parts = _find(value, is_ours)
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


def load_with_skops(data: bytes, parts: list, trusted: Collection[str] | None) -> Any:
    """Return the object that `dump_with_skops` wrote.

    Parameters
    ----------
    data : bytes
    parts : list
        Its parts that are ours.
    trusted : collection of str or None
        Names of types that may be made beside those that skops trusts; None trusts all.

    Raises
    ------
    UntrustedTypesError
        If there are other types in it.
    FileFormatError
        If it is no object of skops.
    ImportError
        If skops is not installed.
    """
    skops_io = _import_skops("a file with objects of other libraries")
    try:
        _check_sizes(data)
        unknown = [name for name in skops_io.get_untrusted_types(data=data) if name not in _TRUSTED]
        untrusted = [] if trusted is None else sorted(set(unknown) - set(trusted))
        if untrusted:
            raise UntrustedTypesError(
                f"the file has objects of types that are not trusted: {untrusted}. If you know where it comes from, "
                f"pass trusted={untrusted!r} to load"
            )
        value = skops_io.loads(data, trusted=[*_TRUSTED, *unknown])
        stand_ins = _find(value, lambda part: type(part) is Placeholder)
        numbers = [stand_in.number for stand_in in stand_ins]
        require(sorted(numbers) == list(range(len(parts))), "parts of an object of skops are missing")
        memo = {id(stand_in): parts[stand_in.number] for stand_in in stand_ins}
        return copy.deepcopy(value, memo) if parts else value
    except FileFormatError:
        raise
    except Exception as error:  # what skops and the types it makes raise for damaged data is up to them
        raise FileFormatError(f"an object of skops is damaged: {type(error).__name__}: {error}") from error


def _import_skops(purpose: str):
    return import_optional("skops.io", extra="skops", purpose=purpose)


def _check_sizes(data: bytes) -> None:
    """Raise FileFormatError for an archive that is larger than its bytes."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
    is_stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
    require(is_stored and sum(member.file_size for member in members) <= len(data), "an archive of skops is packed")


def _find(value: Any, is_wanted: Callable[[Any], bool]) -> list:
    """Return the wanted objects within `value`, each once: in containers and in attributes, but not in each other."""
    found, seen, waiting = [], set(), [value]
    kept = []  # so that no id is given twice
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        kept.append(one)
        if is_wanted(one):
            found.append(one)
        elif isinstance(one, list | tuple | set | frozenset):
            waiting.extend(one)
        elif isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, np.ndarray) and one.dtype == object:
            waiting.extend(one.ravel().tolist())
        elif isinstance(one, BaseEstimator) or type(one).__module__.startswith("sklearn."):
            waiting.extend(vars(one).values() if hasattr(one, "__dict__") else ())
    return found
