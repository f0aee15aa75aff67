"""What code consists of, for its key: what it does, down to everything that it refers to.

Of what was installed, name and version speak. Functions and classes of the user's own are told apart by their
instructions and constants, and by all that these refer to; not by their lines, comments, files or modules.
"""

import contextlib
import dis
import functools
import gc
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import resolve_name
from typing import Any, NamedTuple

import numpy as np

from ._origin import file_digest, file_of, origin_of
from ._parts import Keywords, Part, Parts, View, item_parts, named_parts, tag

#: Attributes of a class that say nothing about what it does; some are only there once it has been used.
_IGNORED_IN_CLASSES = {
    "__abstractmethods__", "__annotate__", "__annotate_func__", "__annotations__", "__annotations_cache__", "__dict__",
    "__doc__", "__firstlineno__", "__module__", "__slotnames__", "__static_attributes__", "__weakref__", "_abc_impl",
}  # fmt: skip
#: Instructions whose name is that of a global value.
_OF_GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
_IS_HEAP_TYPE = 1 << 9  # made by a class statement, or in its way; the others are part of a compiled module


def name_parts(module: str | None, name: str) -> Parts:
    """Describe where a function or a class comes from; the module of own code may be renamed, or run as a script."""
    origin = origin_of(module)
    if origin is not None:
        yield tag("name", f"{module}.{name}")
        yield tag("version", origin)
        return
    yield tag("own name", name)
    file = file_of(module) if module else None
    if file is not None and file.endswith(tuple(EXTENSION_SUFFIXES)):  # compiled: there are no instructions to compare
        yield tag("file", file_digest(file))


def _is_found(value: Any, module: str | None, name: str) -> bool:
    """Whether a module has a value under its name, as pickle looks for it."""
    found = sys.modules.get(module or "__main__")
    for attribute in name.split("."):
        found = getattr(found, attribute, None)
    return found is value or getattr(found, "__func__", None) is value


# -- functions --------------------------------------------------------------------------------------------------------


def function_parts(function: types.FunctionType, view: View) -> Parts:
    """Describe a function."""
    if _dispatches(function):
        yield tag("singledispatch")
        cases = sorted(function.registry.items(), key=lambda case: f"{case[0].__module__}.{case[0].__qualname__}")
        yield from item_parts([part for case in cases for part in case], View.CODE)
        return
    yield tag("function")
    # a decorator of a library gives its function the name and the module of the one that it wraps
    origin = origin_of(function.__globals__.get("__name__"))
    is_found = _is_found(function, function.__module__, function.__qualname__)
    if is_found and origin is not None and origin_of(function.__module__) is not None:
        yield from name_parts(function.__module__, function.__qualname__)
        return
    yield tag("code of", f"{function.__qualname__} {origin}")
    yield Part(function.__code__, view, ".__code__")
    # what is found by name can be pickled, whatever it holds
    inner = View.CODE if is_found or view is View.CODE else View.STATE
    yield Part(function.__defaults__, inner, ".__defaults__")
    yield Part(Keywords(function.__kwdefaults__ or {}), inner, ".__kwdefaults__")
    cells = {name: _content(cell) for name, cell in _cells(function)}
    yield from named_parts(cells, inner, ".__closure__[{!r}]")
    if origin is None:
        yield from named_parts(_used_values(function, cells), View.CODE, ".__globals__[{!r}]")


def _dispatches(function):
    is_of_functools = function.__globals__.get("__name__") == "functools"
    return is_of_functools and hasattr(function, "registry") and hasattr(function, "dispatch")


def _cells(function) -> Iterator[tuple[str, types.CellType]]:
    return zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # empty as yet
        return None


def code_parts(code: types.CodeType, view: View) -> Parts:
    """Describe instructions."""
    yield tag("code", code.co_code)
    yield tag("except", code.co_exceptiontable)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    yield tag("signature", str(counts))
    yield from item_parts([*code.co_names, *code.co_varnames, *code.co_cellvars, *code.co_freevars], view)
    yield from item_parts(list(code.co_consts), view, ".co_consts[{}]")


class _Names(NamedTuple):
    """The names that code refers to."""

    of_globals: frozenset[str]
    of_attributes: frozenset[str]
    imports: frozenset[tuple[str, int]]  # and how many folders above


@functools.lru_cache(maxsize=4096)
def _names_in(code: types.CodeType) -> _Names:
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("EXTENDED_ARG", "CACHE")]
    imports = [(step.argval, steps[i - 2].argval) for i, step in enumerate(steps) if step.opname == "IMPORT_NAME"]
    names = [step for step in steps if step.opcode in dis.hasname and step.opname != "IMPORT_NAME"]
    of_globals = {step.argval for step in names if step.opname in _OF_GLOBALS}
    of_attributes = {step.argval for step in names if step.opname not in _OF_GLOBALS}
    inner = [_names_in(constant) for constant in code.co_consts if isinstance(constant, types.CodeType)]
    own = _Names(frozenset(of_globals), frozenset(of_attributes), frozenset(imports))
    return _Names(*(frozenset().union(*parts) for parts in zip(own, *inner, strict=True)))


def _used_values(function, cells) -> dict[str, Any]:
    """Return what a function may refer to outside of it: global values, own attributes, contents of own modules."""
    names = _names_in(function.__code__)
    used = {name: function.__globals__[name] for name in names.of_globals if name in function.__globals__}
    attributes = {name: value for name, value in vars(function).items() if name in names.of_attributes}
    used |= {f"{function.__name__}.{name}": value for name, value in attributes.items() if name != "__wrapped__"}
    origins, imported = _imported(names.imports, function.__globals__)
    modules = [value for value in (*used.values(), *cells.values(), *imported) if _is_own_module(value)]
    seen = set()
    while modules:
        module = modules.pop()
        if module.__name__ not in seen:
            seen.add(module.__name__)
            inside = {name: vars(module)[name] for name in names.of_attributes if name in vars(module)}
            modules += filter(_is_own_module, inside.values())
            used |= {f"{module.__name__}.{name}": value for name, value in inside.items()}
    return used | origins


def _is_own_module(value):
    return isinstance(value, types.ModuleType) and origin_of(value.__name__) is None


def _imported(imports, namespace) -> tuple[dict[str, str | None], list[types.ModuleType]]:
    """Return where modules come from that a function imports, and those of the user's own.

    These are imported now, as the function will do, for what a key holds must not depend on what was called before.
    """
    origins, modules = {}, []
    for name, level in imports:
        package = namespace.get("__package__") or namespace.get("__name__", "").rpartition(".")[0]
        with contextlib.suppress(Exception):  # perhaps the function is ready for its absence
            full = resolve_name("." * level + name, package) if level else name
            origins[f"import {full}"] = origin = origin_of(full, find=True)
            if origin is None:
                parents = [full[:end] for end, letter in enumerate(full) if letter == "."]
                modules += map(importlib.import_module, (*parents, full))
    return origins, modules


# -- classes ----------------------------------------------------------------------------------------------------------


def class_parts(cls: type, view: View) -> Parts:
    """Describe a class."""
    yield tag("class")
    yield from name_parts(cls.__module__, cls.__qualname__)
    is_static = not cls.__flags__ & _IS_HEAP_TYPE
    if is_static or (origin_of(cls.__module__) is not None and _is_found(cls, cls.__module__, cls.__qualname__)):
        return
    if type(cls) is not type:
        yield Part(type(cls), View.CODE, ".__class__")
    yield from item_parts([base for base in cls.__bases__ if base is not object], View.CODE, ".__bases__[{}]")
    attributes = {name: value for name, value in vars(cls).items() if name not in _IGNORED_IN_CLASSES}
    slots = types.MemberDescriptorType
    yield from named_parts({n: v for n, v in attributes.items() if not isinstance(v, slots)}, View.CODE, ".{}")


# -- what stands for a function ---------------------------------------------------------------------------------------


def builtin_parts(function: types.BuiltinFunctionType, view: View) -> Parts:
    """Describe a compiled function, or a compiled method of an object."""
    owner = getattr(function, "__self__", None)
    if owner is None or isinstance(owner, types.ModuleType):
        yield tag("builtin")
        yield from name_parts(function.__module__, function.__qualname__)
    else:
        yield tag("builtin method", function.__qualname__)
        yield Part(owner, view, ".__self__")


def descriptor_parts(value: Any, view: View) -> Parts:
    """Describe a method or an attribute of a compiled class."""
    yield tag("descriptor", value.__name__)
    yield Part(value.__objclass__, view, ".__objclass__")


def method_parts(method: types.MethodType, view: View) -> Parts:
    """Describe a method of an object."""
    yield tag("method")
    yield Part(method.__func__, view, ".__func__")
    yield Part(method.__self__, _as_it_is(view), ".__self__")


def ufunc_parts(ufunc: np.ufunc, view: View) -> Parts:
    """Describe a function of arrays; only the garbage collector tells what function `numpy.frompyfunc` was given."""
    yield tag("ufunc", f"{ufunc.__name__} {ufunc.nin} {ufunc.nout} {ufunc.types}")
    yield from item_parts([inner for inner in gc.get_referents(ufunc) if callable(inner)], view, ".function")


def vectorize_parts(value: np.vectorize, view: View) -> Parts:
    """Describe a function that `numpy.vectorize` calls, without what calls have left behind."""
    yield tag("vectorize", str((value.otypes, value.signature, sorted(map(str, value.excluded)))))
    yield Part(value.pyfunc, view, ".pyfunc")


def partial_parts(value: functools.partial, view: View) -> Parts:
    """Describe a function with arguments."""
    yield tag("partial")
    yield Part(value.func, view, ".func")
    yield Part(value.args, _as_it_is(view), ".args")
    yield Part(Keywords(value.keywords), _as_it_is(view), ".keywords")


def wrapped_parts(name: str) -> Callable[[Any, View], Parts]:
    """Return what describes objects that do just what the function does which they hold under a name."""

    def parts(value, view):
        yield Part(getattr(value, name), view, f".{name}")

    return parts


def property_parts(value: property, view: View) -> Parts:
    """Describe a property."""
    yield from item_parts(["property", value.fget, value.fset, value.fdel], view)


def method_kind_parts(value: staticmethod | classmethod, view: View) -> Parts:
    """Describe a method that is not called with an object."""
    yield tag(type(value).__name__)
    yield Part(value.__func__, view, ".__func__")


def module_parts(module: types.ModuleType, view: View) -> Parts:
    """Describe a module; what a function takes from a module of the user's own is described with the function."""
    yield tag("module")
    yield from name_parts(module.__name__, module.__name__)


def _as_it_is(view):
    return View.CODE if view is View.CODE else View.STATE
