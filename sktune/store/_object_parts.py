"""What objects consist of, for their key: settings for estimators, and for all others what pickle would write."""

import copyreg
import functools
import inspect
import types
from collections.abc import Iterator
from typing import Any

import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from .._sklearn_compat import cloned_besides
from ._code_parts import name_parts
from ._origin import origin_of
from ._parts import Keywords, Part, Parts, View, named_parts, tag

#: Parameters that have no influence on what an estimator computes, whoever's it is.
_WITHOUT_INFLUENCE = {"n_jobs", "pre_dispatch", "verbose"}
#: The same for estimators of scikit-learn and its kin: where results are kept that need not be computed again.
_PLACES = {"memory", "storage"}
#: Attributes of an object that say nothing about its results: callbacks of scikit-learn report.
_TRANSIENT = {"_skl_callbacks", "_skl_parent_callback_ctx"}
#: In these packages, dicts that are parameters stand for keywords.
_KIN = {"sklearn", "sktune"}


# -- estimators -------------------------------------------------------------------------------------------------------


def is_template(value: Any) -> bool:
    """Whether `sklearn.base.clone` makes a new estimator from the parameters of a value, and leaves all else behind."""
    if isinstance(value, type) or not hasattr(value, "get_params"):
        return False
    usual = BaseEstimator.__sklearn_clone__
    return getattr(type(value), "__sklearn_clone__", usual) is usual


def template_parts(estimator: Any, view: View) -> Parts:
    """Describe an estimator by its class and its parameters, whether it is fitted or not."""
    yield tag("estimator")
    yield Part(type(estimator), view, ".__class__")
    params = estimator.get_params(deep=False)
    is_kin = _package_of(getattr(type(estimator).__init__, "__module__", None)) in _KIN
    ignored = _WITHOUT_INFLUENCE | _PLACES if is_kin else _WITHOUT_INFLUENCE
    values = {name: value for name, value in params.items() if name not in ignored}
    yield from named_parts(_with_keywords(values) if is_kin else values, view, ".{}")
    # what else a clone takes over
    yield from named_parts(cloned_besides(estimator), View.STATE, " ({})")


def _with_keywords(values):
    return {name: Keywords(value) if type(value) is dict else value for name, value in values.items()}


def keyword_parts(keywords: Keywords, view: View) -> Parts:
    """Describe arguments by name."""
    yield from named_parts(keywords.values, view)


def splitter_settings(value: Any) -> dict[str, Any] | None:
    """Return the arguments that a splitter was constructed with, None if they are not known."""
    if isinstance(value, type) or not (hasattr(value, "split") and hasattr(value, "get_n_splits")):
        return None
    if type(value).__init__ is object.__init__:
        return None
    kinds = inspect.signature(type(value).__init__).parameters
    names = [name for name, kind in kinds.items() if kind.kind in (kind.POSITIONAL_OR_KEYWORD, kind.KEYWORD_ONLY)][1:]
    attributes = getattr(value, "__dict__", {})
    is_known = len(names) == len(kinds) - 1 and all(name in attributes for name in names)
    return {name: attributes[name] for name in names} if is_known else None


def splitter_parts(splitter: Any, view: View) -> Parts:
    """Describe a splitter by its settings, without what it has noted while it was used."""
    yield tag("splitter")
    yield Part(type(splitter), view, ".__class__")
    yield from named_parts(splitter_settings(splitter), View.STATE, ".{}")
    yield from named_parts(cloned_besides(splitter), View.STATE, " ({})")


# -- anything else ----------------------------------------------------------------------------------------------------


def object_parts(value: Any, view: View) -> Parts:
    """Describe what pickle would take to build an object again: its class, mostly, and its attributes."""
    reduced = _reduce(value)
    if isinstance(reduced, str):
        yield from _global_parts(value, reduced)
        return
    inner = _view_inside(value, view)
    build, arguments, state, *items = (*reduced, None)[: max(3, len(reduced))]
    yield tag("object", str(len(items)))
    yield Part(build, inner, ".__reduce__()[{}]", 0)
    yield Part(arguments, inner, "")
    for number, attributes in enumerate(_states(state)):
        if type(attributes) is dict:  # in whatever order they were set
            yield from named_parts(_without_traces(value, attributes), inner, ".{}")
        else:
            yield Part(attributes, inner, ".__getstate__()[{}]", number)
    for part in items:
        yield Part(list(part) if hasattr(part, "__next__") else part, inner, "")


def _reduce(value):
    reducer = copyreg.dispatch_table.get(type(value))
    return value.__reduce_ex__(4) if reducer is None else reducer(value)


def _view_inside(value, view):
    # estimators among the choices of a space are cloned when their turn comes
    is_space = view is View.TEMPLATE and _package_of(type(value).__module__) == "sktune"
    return view if is_space or view is View.CODE else View.STATE


def _states(state) -> Iterator[Any]:
    """Yield the attributes of an object, and those in its slots."""
    is_pair = type(state) is tuple and len(state) == 2 and type(state[1]) is dict
    for attributes in state if is_pair else (state,):
        yield {} if attributes is None else attributes


def _without_traces(value, attributes):
    """Leave out what use of an object leaves behind."""
    cached = {name for name in attributes if isinstance(_of_class(value, name), functools.cached_property)}
    kept = {name: item for name, item in attributes.items() if name not in cached and name not in _TRANSIENT}
    return _with_keywords(kept) if _package_of(type(value).__module__) == "sklearn" else kept


def _of_class(value, name):
    return inspect.getattr_static(type(value), name, None) if isinstance(name, str) else None


def _global_parts(value, name) -> Parts:
    """Describe an object that pickle knows by its name; what is of the user's own may change behind it."""
    module = getattr(value, "__module__", None) or type(value).__module__
    yield tag("global")
    yield from name_parts(module, name)
    if origin_of(module) is None and not isinstance(value, types.BuiltinFunctionType):
        yield Part(type(value), View.CODE, ".__class__")
        attributes = {name: item for name, item in getattr(value, "__dict__", {}).items() if name != "__module__"}
        yield from named_parts(attributes, View.CODE, ".{}")


def is_global_generator(value: Any) -> bool:
    """Whether a value is the generator of random numbers that numpy or torch has for everybody."""
    return value is check_random_state(None) or value is torch.default_generator


def global_generator_parts(value: Any, view: View) -> Parts:
    """Describe a generator that others move on: some distributions of scipy refer to it, wherever it stands."""
    yield tag("global generator", type(value).__module__)


def _package_of(module):
    return (module or "").partition(".")[0]
