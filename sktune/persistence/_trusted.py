"""What skops may make besides what it trusts by itself: data of scikit-learn, and functions of numbers.

skops trusts by name alone, and the name of a type or a function may stand for several things: an object made without
its constructor, a call with arguments from the file, a method. Here a name is harmless as long as the file uses it in
the one way that is.

    class of scikit-learn    an object is made without running anything of the class, and gets its attributes
    function                 a file refers to it; a function of numbers can do nothing but compute when it is used
"""

import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import sklearn.feature_selection
import sklearn.metrics
import sklearn.metrics.pairwise
import sklearn.preprocessing
import sklearn.utils
from sklearn.base import BaseEstimator

#: functions of numpy that are often put into a `FunctionTransformer` or a pooling
_NUMPY = (
    "amax", "amin", "around", "average", "clip", "column_stack", "cumprod", "cumsum", "diff", "hstack", "imag", "max",
    "mean", "median", "min", "nan_to_num", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanquantile",
    "nanstd", "nansum", "nanvar", "percentile", "prod", "ptp", "quantile", "ravel", "real", "reshape", "round", "sort",
    "squeeze", "std", "sum", "transpose", "var",
)  # fmt: skip
#: private functions that fitted estimators keep
_PRIVATE = ("sklearn.cluster._kmeans._kmeans_single_elkan", "sklearn.cluster._kmeans._kmeans_single_lloyd")
_TYPES = {
    *("builtins.NoneType", "builtins.bytes", "builtins.complex", "builtins.object"),
    *(f"numpy.{name}" for name in ("generic", "number", "integer", "signedinteger", "unsignedinteger", "inexact")),
    *(f"numpy.{name}" for name in ("floating", "complexfloating", "flexible", "character", "object_")),
    "pandas.core.dtypes.dtypes.CategoricalDtype",
}
#: has no state, and older versions of skops do not know it
_LOSS = "sklearn._loss._loss.CyHalfMultinomialLoss"
#: parts of scikit-learn that deal with files or with tests
_APART = {"tests", "externals", "datasets", "experimental", "conftest", "_testing", "_test_common"}


def harmless_names(data: bytes) -> set[str]:
    """Return the names in an archive of skops that stand for nothing but what is known to be harmless.

    Parameters
    ----------
    data : bytes
        What ``skops.io.dumps`` returned, or a forged version of it.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read("schema.json"))
    uses = {}
    for node in _nodes(schema):
        if node["__loader__"] != "CachedNode":  # which repeats the name of the node that it refers to
            uses.setdefault(f"{node['__module__']}.{node['__class__']}", set()).add(node["__loader__"])
    return {name for name, loaders in uses.items() if all(_is_harmless(loader, name) for loader in loaders)}


def _nodes(schema: Any) -> Iterator[dict]:
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "__loader__" in one:
                yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _is_harmless(loader: str, name: str) -> bool:
    return loader in _HARMLESS and _HARMLESS[loader](name)


def _is_plain_class(name: str) -> bool:
    """Whether objects of the class are made without running code of its own."""
    kind = _class_of_scikit_learn(name)
    return (
        kind is not None
        and kind.__new__ is object.__new__
        and getattr(kind, "__setstate__", BaseEstimator.__setstate__) is BaseEstimator.__setstate__
        and not hasattr(kind, "__del__")
    )


def _is_named_tuple(name: str) -> bool:
    kind = _class_of_scikit_learn(name)
    return kind is not None and kind.__bases__ == (tuple,) and hasattr(kind, "_fields")


def _class_of_scikit_learn(name: str) -> type | None:
    """Return the class of that name; nothing is imported for it, as skops has imported all of scikit-learn."""
    module, _, qualified = name.rpartition(".")
    package, *parts = module.split(".")
    kind = getattr(sys.modules.get(module), qualified, None) if package == "sklearn" else None
    is_there = isinstance(kind, type) and (kind.__module__, kind.__qualname__) == (module, qualified)
    return kind if is_there and not _APART & set(parts) else None


@lru_cache(maxsize=1)
def _functions() -> frozenset[str]:
    functions = [sklearn.utils.check_array, *(getattr(np, name) for name in _NUMPY if hasattr(np, name))]
    for package in (sklearn.metrics, sklearn.preprocessing):
        functions += [getattr(package, name) for name in package.__all__]
    functions += [value for name, value in vars(sklearn.metrics.pairwise).items() if name.endswith(_PAIRWISE)]
    functions += [getattr(sklearn.feature_selection, name) for name in _SCORE_FUNCTIONS]
    named = {f"{one.__module__}.{one.__name__}" for one in functions if callable(one) and not isinstance(one, type)}
    return frozenset(named | set(_PRIVATE))


_PAIRWISE = ("_kernel", "_kernels", "_distances", "_similarity")
_SCORE_FUNCTIONS = (
    "chi2",
    "f_classif",
    "f_regression",
    "mutual_info_classif",
    "mutual_info_regression",
    "r_regression",
)

_HARMLESS: dict[str, Callable[[str], bool]] = {
    "ObjectNode": lambda name: name == _LOSS or _is_plain_class(name),
    "TupleNode": _is_named_tuple,
    "DictNode": lambda name: name == "sklearn.utils._bunch.Bunch",  # a dict whose items are attributes
    "FunctionNode": lambda name: name in _functions(),
    "PartialNode": lambda name: name == "functools.partial",
    "OperatorFuncNode": lambda name: name == "operator.itemgetter",
    "DTypeNode": lambda name: name == "numpy.dtype",
    "TypeNode": lambda name: name in _TYPES,
}
