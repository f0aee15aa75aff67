"""What a result depends on, as one short key: equal work has equal keys, in every process and on every day.

Values count by what they are, never by where they lie in memory: an array by its bytes, an estimator by its class and
its parameters, any other object by what pickle would write. Code counts as well, down to what it refers to. What has no
influence is left out: whether an estimator was fitted before, how many processes work, what an object has cached.

Each value becomes a digest of its parts (`_parts`), which are digests themselves; so no value is too deep, and whatever
stands in several places is looked at once.
"""

import datetime
import decimal
import fractions
import functools
import hashlib
import math
import pathlib
import platform
import types
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import scipy
import sklearn
import torch

from .._joblib_compat import MemorizedFunc, NotMemorizedFunc
from .._utils.portable import ByValue
from ..exceptions import FingerprintError
from . import _code_parts as code
from . import _data_parts as data
from . import _object_parts as objects
from ._origin import origin_of
from ._parts import Keywords, Part, Parts, Unordered, View, scalar_tag, tag

#: Changes with every change of the rules, so that no key means what another one meant by older rules.
_RULES = b"sktune keys 2"
#: So many values of data are remembered, to look at once at what stands in several places.
_MAX_REMEMBERED = 100_000


def fingerprint(*values: Any, **named: Any) -> str:
    """Return a key of 40 hexadecimal digits that says what values are.

    Parameters
    ----------
    *values : object
        Whatever can be pickled, and functions and classes that cannot: numbers, strings, dates, arrays, data frames,
        sparse matrices, tensors, estimators, collections of them, objects of any class.
    **named : object
        The same, by names, which count as well. An error names them.

    Returns
    -------
    str
        Equal for equal values, in other processes too; different, but for a chance of 2**-80, for different ones.

    Raises
    ------
    FingerprintError
        If there is something in them that pickle refuses, such as a lock or an open file.

    Notes
    -----
    Estimators count by their classes and parameters, because a search clones them, but for `n_jobs`, `verbose` and the
    like; `sklearn.frozen.FrozenEstimator`, and whatever refers to an estimator in any other way, by what it has learnt.
    The order of a dict counts, except for keywords. The memory layout of an array does not.

    Examples
    --------
    >>> fingerprint({"lr": 0.1}) == fingerprint({"lr": 0.1}), fingerprint(1) == fingerprint(1.0)
    (True, False)
    """
    parts = [Part(value, View.TEMPLATE) for value in values]
    parts += [Part(name, View.TEMPLATE) for name in sorted(named)]
    keywords = {name: Keywords(value) if type(value) is dict else value for name, value in named.items()}
    parts += [Part(keywords[name], View.TEMPLATE, "{}", name) for name in sorted(named)]
    return _Walk().digest([tag("values", f"{len(values)} {len(named)}"), *parts]).hex()


def data_key(X: Any, y: Any, params: Mapping[str, Any]) -> str:
    """Return what data is, with the parameters of the ``fit`` that it is given to."""
    return fingerprint("data", X=X, y=data.plain_targets(y), **params)


def versions() -> tuple[str | None, ...]:
    """Return the versions of what every result depends on; those of estimators and scorers go with their classes."""
    # networks with device="auto" train on a GPU if there is one, and round differently there; the global setting of
    # scikit-learn decides what the transformers of a pipeline hand on
    return (
        platform.python_version(),
        *(origin_of(module.__name__) or module.__version__ for module in (np, scipy, sklearn, torch)),
        origin_of(__name__),
        str(torch.cuda.is_available()),
        sklearn.get_config()["transform_output"],
    )


# -- what is looked at how --------------------------------------------------------------------------------------------


def _tag_parts(kind: str) -> Callable[[Any, View], Parts]:
    def parts(value, view):
        yield tag(kind, repr(value))

    return parts


def _bytes_parts(value, view):
    yield tag(type(value).__name__, bytes(value))


def _path_parts(value, view):
    yield Part(type(value), view, ".__class__")
    yield tag("path", str(value))  # pickle tells how it was put together, from Python 3.13 on


def _set_parts(value, view):
    yield tag("set")
    if type(value) not in (set, frozenset):
        yield Part(type(value), view, ".__class__")
        yield Part(vars(value) if hasattr(value, "__dict__") else None, view, ".__dict__")
    yield Unordered([Part(item, view, " item {!r}", item) for item in value])


def _mapping_parts(value, view):
    yield tag("mapping")
    yield Part(dict(value), view)


#: By the exact type: a class that derives from one of these may do anything.
_BY_TYPE: dict[type, Callable[[Any, View], Parts]] = {
    dict: data.dict_parts,
    list: data.sequence_parts,
    tuple: data.sequence_parts,
    Keywords: objects.keyword_parts,
    types.MappingProxyType: _mapping_parts,
    **dict.fromkeys((bytearray, memoryview), _bytes_parts),
    **{kind: _tag_parts(kind.__name__) for kind in (datetime.date, datetime.timedelta, decimal.Decimal)},
    **{kind: _tag_parts(kind.__name__) for kind in (fractions.Fraction, uuid.UUID)},
    types.FunctionType: code.function_parts,
    types.CodeType: code.code_parts,
    types.MethodType: code.method_parts,
    types.BuiltinFunctionType: code.builtin_parts,
    **dict.fromkeys(
        (
            types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType,
            types.GetSetDescriptorType, types.MemberDescriptorType,
        ),
        code.descriptor_parts,
    ),
    type(functools.lru_cache(len)): code.wrapped_parts("__wrapped__"),
    functools.cached_property: code.wrapped_parts("func"),
    functools.partial: code.partial_parts,
    np.vectorize: code.vectorize_parts,
    property: code.property_parts,
    **dict.fromkeys((staticmethod, classmethod), code.method_kind_parts),
    ByValue: code.wrapped_parts("value"),  # not by its bytes, which tell of line numbers
}  # fmt: skip
#: By the first of its classes.
_BY_CLASS: dict[type, Callable[[Any, View], Parts]] = {
    type: code.class_parts,
    set: _set_parts,
    frozenset: _set_parts,
    pathlib.PurePath: _path_parts,
    np.ndarray: data.array_parts,
    np.generic: data.scalar_parts,
    np.ufunc: code.ufunc_parts,
    torch.Tensor: data.tensor_parts,
    types.ModuleType: code.module_parts,
    MemorizedFunc: code.wrapped_parts("func"),
    NotMemorizedFunc: code.wrapped_parts("func"),
}
#: By what it can do.
_BY_ABILITY: list[tuple[Callable[[Any], bool], Callable[[Any, View], Parts]]] = [
    (objects.is_global_generator, objects.global_generator_parts),
    (scipy.sparse.issparse, data.sparse_parts),
    (data.is_pandas, data.pandas_parts),
    (data.is_frame, data.frame_parts),
]


def _parts_of(value: Any, view: View) -> Parts:
    found = _BY_TYPE.get(type(value))
    found = found or next((_BY_CLASS[cls] for cls in type(value).__mro__ if cls in _BY_CLASS), None)
    if found is None:
        found = next((parts for fits, parts in _BY_ABILITY if fits(value)), objects.object_parts)
    if found is objects.object_parts and view is View.TEMPLATE:
        if objects.is_template(value):
            found = objects.template_parts
        elif objects.splitter_settings(value) is not None:
            found = objects.splitter_parts
    return found(value, view)


# -- the walk ---------------------------------------------------------------------------------------------------------


class _Frame:
    """A value whose parts are being looked at."""

    def __init__(self, part: Part | Unordered, items: Iterable, known: dict):
        self.part = part  # holds the value, so that no other one gets its id
        self.items = iter(items)
        self.known = known
        self.deepest = math.inf  # of the values that enclose this one and were met inside, the outermost
        self._hash = hashlib.blake2b(digest_size=20, person=_RULES)
        self._digests: list[bytes] | None = [] if isinstance(part, Unordered) else None

    def add(self, content: bytes | memoryview) -> None:
        if self._digests is None:
            self._hash.update(content)
        else:
            self._digests.append(content)

    def close(self) -> bytes:
        for content in sorted(self._digests or ()):
            self._hash.update(tag("", content))
        return self._hash.digest()


class _Walk:
    """Go through a value and all that it consists of, without a call inside another."""

    def __init__(self):
        self._frames: list[_Frame] = []
        self._depths: dict[int, int] = {}  # of the values that enclose this one, by id: a cycle ends at them

    def digest(self, items: Iterable) -> bytes:
        self._frames.append(_Frame(Part(None, View.TEMPLATE), items, {}))
        while True:
            frame = self._frames[-1]
            try:
                item = next(frame.items, None)
            except Exception as error:  # reducing runs whatever the objects define
                digest = self._refused(error)
            else:
                if item is not None:
                    self._take(frame, item)
                    continue
                digest = frame.close()
            self._leave(frame, digest)
            if not self._frames:
                return digest
            self._frames[-1].add(tag("#", digest))

    def _take(self, frame, item):
        if isinstance(item, Part):
            known = scalar_tag(item.value) or self._met(frame, item)
            if known is None:
                self._enter(frame, item)
            else:
                frame.add(known)
        elif isinstance(item, Unordered):
            self._frames.append(_Frame(item, item.parts, frame.known))
        else:
            frame.add(item)

    def _met(self, frame, part):
        depth = self._depths.get(id(part.value))
        if depth is not None:
            frame.deepest = min(frame.deepest, depth)
            return tag("cycle", str(len(self._frames) - depth))
        _, digest = frame.known.get((id(part.value), part.view), (None, None))
        return None if digest is None else tag("#", digest)

    def _enter(self, frame, part):
        # functions that call each other: what is known of one depends on which came first
        known = {} if isinstance(frame.part, Unordered) else frame.known
        self._depths[id(part.value)] = len(self._frames)
        self._frames.append(_Frame(part, _lazily(part), known))

    def _leave(self, frame, digest):
        self._frames.pop()
        if isinstance(frame.part, Part) and self._frames:
            value, view = frame.part[:2]
            del self._depths[id(value)]
            is_code = view is View.CODE or isinstance(value, type | types.FunctionType)
            is_alone = frame.deepest >= len(self._frames) and len(frame.known) < _MAX_REMEMBERED
            if is_code or is_alone:
                frame.known[id(value), view] = value, digest
        if self._frames:
            self._frames[-1].deepest = min(self._frames[-1].deepest, frame.deepest)

    def _refused(self, error):
        value, view = self._frames[-1].part[:2]
        if view is View.CODE:
            return tag("refused", f"{type(value).__module__}.{type(value).__qualname__}")
        places = (frame.part for frame in self._frames if isinstance(frame.part, Part))
        path = "".join(place.label.format(place.name) for place in places) or "a value"
        raise FingerprintError(
            f"{path} is of type {type(value).__name__}, which cannot be pickled ({error}), so results that depend on "
            f"it cannot be stored: remove it, or search without storage; got {value!r}"
        ) from error


def _lazily(part):
    yield from _parts_of(part.value, part.view)
