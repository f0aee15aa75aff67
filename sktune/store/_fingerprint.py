"""What a result depends on, as one short key: equal values give equal keys, in every process and on every day.

Values count by what they are, never by where they lie in memory: an array by its bytes, an object by its class and its
attributes. Code counts as well. Of installed packages the version speaks; functions and classes of the user's own are
told apart by their instructions and by everything that these refer to, down to other functions and global values.
"""

import dis
import functools
import hashlib
import platform
import sys
import sysconfig
import types
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch
from sklearn import get_config

from .._utils.portable import ByValue
from ..exceptions import FingerprintError

#: Attributes of a class that say nothing about what it does.
_IGNORED_IN_CLASSES = {
    "__abstractmethods__", "__annotate_func__", "__annotations__", "__annotations_cache__", "__dict__", "__doc__",
    "__firstlineno__", "__module__", "__static_attributes__", "__weakref__", "_abc_impl",
}  # fmt: skip
#: Attributes of an object that say nothing about its results: callbacks of scikit-learn report.
_IGNORED_IN_OBJECTS = {"_skl_callbacks"}
#: Instructions whose name is that of a global value.
_OF_GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME"}
_SCALARS = (bool, int, float, complex, str, bytes, type(None), type(...), range)
_LIBRARY_FOLDERS = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


def fingerprint(*values: Any) -> str:
    """Return a key of 40 hexadecimal digits that says what values are.

    Parameters
    ----------
    *values : object
        Numbers, strings, arrays, data frames, sparse matrices, tensors, functions, classes, estimators, and collections
        of them.

    Returns
    -------
    str
        Equal for equal values, in other processes too; different, but for a chance of 2**-80, for different ones.

    Raises
    ------
    FingerprintError
        If there is something in them that cannot be told from its like, such as an open file.

    Examples
    --------
    >>> fingerprint({"lr": 0.1}) == fingerprint({"lr": 0.1}), fingerprint(1) == fingerprint(1.0)
    (True, False)
    """
    digest = hashlib.blake2b(digest_size=20)
    _Writer(digest.update).write(values)
    return digest.hexdigest()


def versions() -> tuple[str | None, ...]:
    """Return the versions of what every result depends on; those of estimators and scorers go with their classes."""
    packages = ("numpy", "scipy", "scikit-learn", "torch", "sktune")
    # networks with device="auto" train on a GPU if there is one, and round differently there; the global setting of
    # scikit-learn decides what the transformers of a pipeline hand on
    return (
        platform.python_version(),
        *map(version, packages),
        str(torch.cuda.is_available()),
        get_config()["transform_output"],
    )


class _Writer:
    """Feed a hash with an unambiguous description of a value."""

    def __init__(self, update: Callable[[bytes], None]):
        self._update = update
        self._open: list[int] = []  # ids of the values that enclose this one: a cycle ends at them
        self._known: dict[int, bytes] = {}  # by the ids of functions and classes: many refer to the same ones

    def write(self, value: Any) -> None:
        if isinstance(value, np.generic) and not isinstance(value, np.void):
            value = value.item()
        if type(value) in _SCALARS:
            self._tag(type(value).__name__, repr(value).encode("utf-8", "surrogatepass"))
            return
        if id(value) in self._open:
            self._tag("cycle", str(len(self._open) - self._open.index(id(value))).encode())
            return
        self._open.append(id(value))
        try:
            if isinstance(value, type | types.FunctionType):
                self._write_once(value)
            else:
                self._write_compound(value)
        finally:
            self._open.pop()

    def _write_once(self, value: Any) -> None:
        if id(value) not in self._known:
            outer, digest = self._update, hashlib.blake2b(digest_size=20)
            self._update = digest.update
            try:
                self._write_compound(value)
            finally:
                self._update = outer
            self._known[id(value)] = digest.digest()
        self._tag("code", self._known[id(value)])

    def _tag(self, kind: str, data: bytes | memoryview = b"") -> None:
        size = data.nbytes if isinstance(data, memoryview) else len(data)
        self._update(f"{kind}:{size};".encode())
        self._update(data)

    def _write_all(self, kind: str, values: Iterable[Any]) -> None:
        values = list(values)
        self._tag(f"{kind}[{len(values)}]")
        for value in values:
            self.write(value)

    def _write_compound(self, value):
        for types_, write in _WRITERS:
            if isinstance(value, types_):
                write(self, value)
                return
        if hasattr(value, "columns") and hasattr(value, "dtypes"):  # a data frame of any library
            self._write_frame(value)
        else:
            self._write_object(value)

    def _write_dict(self, value):
        self._write_all(type(value).__name__, (part for item in value.items() for part in item))

    def _write_sequence(self, value):
        self._write_class_name(type(value))
        self._write_all("items", value)

    def _write_set(self, value):
        self._write_all("set", sorted(fingerprint(item) for item in value))

    def _write_array(self, value):
        self._tag("array", f"{value.dtype.str}{value.dtype.descr if value.dtype.names else ''}{value.shape}".encode())
        if isinstance(value, np.ma.MaskedArray):
            self.write(np.ma.getmaskarray(value))
        if value.dtype.hasobject:
            self._write_all("items", value.ravel().tolist())
        else:
            self._tag("data", memoryview(np.ascontiguousarray(value)).cast("B") if value.size else b"")

    def _write_tensor(self, value):
        self._tag("tensor", f"{value.dtype}{value.device.type}".encode())
        data = value.detach().cpu().contiguous()
        try:
            self._write_array(data.numpy())
        except TypeError:  # numpy has no such numbers
            self._write_array(data.reshape(-1).view(torch.uint8).numpy())

    def _write_frame(self, value):
        self._write_class_name(type(value))
        self.write([(str(dtype), name) for name, dtype in zip(value.columns, list(value.dtypes), strict=True)])
        if hasattr(value, "index"):
            self.write(np.asarray(value.index))
        for position in range(len(value.columns)):
            column = value.iloc[:, position] if hasattr(value, "iloc") else value[value.columns[position]]
            self.write(np.asarray(column))

    # -- code ---------------------------------------------------------------------------------------------------------

    def _write_class_name(self, cls):
        self._tag("class", f"{cls.__module__}.{cls.__qualname__}".encode())
        self._tag("version", str(_version_of(cls.__module__)).encode())

    def _write_class(self, cls):
        self._write_class_name(cls)
        if _is_library(cls.__module__):
            return
        self._write_all("bases", (base for base in cls.__bases__ if base is not object))
        for name, attribute in sorted(vars(cls).items()):
            if name not in _IGNORED_IN_CLASSES and not isinstance(attribute, types.MemberDescriptorType):
                self._tag("attribute", name.encode())
                self.write(attribute)

    def _write_function(self, function):
        self._tag("function", f"{function.__module__}.{function.__qualname__}".encode())
        if _is_library(function.__module__) and "<locals>" not in function.__qualname__:
            self._tag("version", str(_version_of(function.__module__)).encode())
            return
        self._write_code(function.__code__)
        self.write((function.__defaults__, function.__kwdefaults__))
        self._write_all("cells", (_content(cell) for cell in function.__closure__ or ()))
        if not _is_library(function.__module__):
            self._write_all("globals", _used_globals(function))

    def _write_code(self, code):
        self._tag("code", code.co_code)
        self._write_all("names", (*code.co_names, *code.co_varnames, *code.co_freevars))
        self._write_all("constants", code.co_consts)

    def _write_builtin(self, function):
        self._tag("builtin", f"{function.__module__}.{function.__qualname__}".encode())
        owner = getattr(function, "__self__", None)
        if owner is not None and not isinstance(owner, types.ModuleType):
            self.write(owner)

    def _write_module(self, module):
        self._tag("module", module.__name__.encode())
        self._tag("version", str(_version_of(module.__name__)).encode())

    # -- anything else ------------------------------------------------------------------------------------------------

    def _write_object(self, value):
        """Write what pickle would take to build an object again: its class, mostly, and its attributes."""
        try:
            reduced = value.__reduce_ex__(4)
        except Exception as error:
            raise FingerprintError(
                f"{value!r} of type {type(value).__name__} cannot be told from its like ({error}), so nothing that "
                "depends on it can be stored: leave it out, or search without storage"
            ) from error
        if isinstance(reduced, str):
            self._tag("name", f"{type(value).__module__}.{reduced}".encode())
            return
        build, arguments, state, *items = (*reduced, None)[: max(3, len(reduced))]
        if isinstance(state, dict):  # in whatever order the attributes were set
            state = [(name, state[name]) for name in sorted(state) if name not in _IGNORED_IN_OBJECTS]
        self._write_all("object", (build, arguments, state))
        for part in items:
            self.write(list(part) if hasattr(part, "__next__") else part)


#: By type, the first that fits.
_WRITERS: list[tuple[Any, Callable[[_Writer, Any], None]]] = [
    (dict, _Writer._write_dict),
    ((list, tuple), _Writer._write_sequence),
    ((set, frozenset), _Writer._write_set),
    (np.ndarray, _Writer._write_array),
    (torch.Tensor, _Writer._write_tensor),
    (type, _Writer._write_class),
    (types.FunctionType, _Writer._write_function),
    (types.BuiltinFunctionType, _Writer._write_builtin),
    ((np.ufunc, types.MethodDescriptorType), lambda writer, value: writer._tag("named", repr(value).encode())),
    (types.MethodType, lambda writer, value: writer._write_all("method", (value.__func__, value.__self__))),
    (types.ModuleType, _Writer._write_module),
    (types.CodeType, _Writer._write_code),
    ((staticmethod, classmethod), lambda writer, value: writer.write(value.__func__)),
    (property, lambda writer, value: writer._write_all("property", (value.fget, value.fset, value.fdel))),
    (ByValue, lambda writer, value: writer.write(value.value)),  # not by its bytes, which tell of line numbers
    (functools.partial, lambda writer, value: writer._write_all("partial", (value.func, value.args, value.keywords))),
    ((bytearray, memoryview), lambda writer, value: writer._tag(type(value).__name__, bytes(value))),
]


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # empty as yet
        return None


@functools.lru_cache(maxsize=4096)
def _names_in(code) -> tuple[frozenset[str], frozenset[str]]:
    """Return the global names that code refers to, and the names of attributes."""
    inner = [_names_in(constant) for constant in code.co_consts if isinstance(constant, types.CodeType)]
    steps = [step for step in dis.get_instructions(code) if step.opcode in dis.hasname]
    names = frozenset(step.argval for step in steps if step.opname in _OF_GLOBALS)
    attributes = frozenset(step.argval for step in steps if step.opname not in _OF_GLOBALS)
    return names.union(*(one for one, _ in inner)), attributes.union(*(one for _, one in inner))


def _used_globals(function) -> list[tuple[str, Any]]:
    """Return the global values that a function may refer to, and what it may take from modules of the user's own."""
    names, attributes = map(sorted, _names_in(function.__code__))
    used = [(name, function.__globals__[name]) for name in names if name in function.__globals__]
    own = [value for _, value in used if isinstance(value, types.ModuleType) and not _is_library(value.__name__)]
    return used + [(name, vars(module)[name]) for module in own for name in attributes if name in vars(module)]


@functools.lru_cache(maxsize=4096)
def _is_library(module_name: str | None) -> bool:
    """Whether a module is installed rather than the user's own."""
    top = (module_name or "__main__").partition(".")[0]
    if top == "sktune" or top in sys.stdlib_module_names:
        return top != "__main__"
    module = sys.modules.get(module_name) or sys.modules.get(top)
    file = getattr(module, "__file__", None)
    return file is not None and file.startswith(_LIBRARY_FOLDERS)


@functools.lru_cache(maxsize=4096)
def _version_of(module_name: str | None) -> str | None:
    top = (module_name or "__main__").partition(".")[0]
    if top in sys.stdlib_module_names:
        return None  # Python's own: a problem's key has its version
    known = getattr(sys.modules.get(top), "__version__", None)
    if known is not None:
        return str(known)
    try:
        return version(top)
    except PackageNotFoundError:
        return None
