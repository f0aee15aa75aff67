"""What networks are often seen with: scikit-learn's pipelines, scalers, splitters and searches, ranges, laws of scipy.

These are saved without skops, as their parts are simple enough to be checked. Each has a function that tells the
parts, and one that makes the object of parts that nobody vouches for.
"""

import inspect
import re
from collections.abc import Callable
from functools import partial
from numbers import Real
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import numpy as np
import scipy.stats
import torch
from numpy.random import RandomState
from scipy.interpolate import BSpline
from scipy.optimize import OptimizeResult
from scipy.stats.distributions import rv_frozen
from sklearn import model_selection
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.neighbors import BallTree, KDTree
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from .._sklearn_compat import Tree, TreePredictor, metadata_requests, scorer_name, set_metadata_requests
from .._utils.estimator_state import check_feature_names, estimator_state, new_estimator, require, require_keys
from ._memory import (
    SPARSE,
    make_neighbors,
    make_predictor,
    make_sparse,
    make_spline,
    make_tree,
    neighbors_parts,
    predictor_parts,
    sparse_parts,
    spline_parts,
    tree_parts,
)
from ._searches import make_search, search_parts

#: what making an object of wrong parts may raise
MAKING_ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    OverflowError,
    ArithmeticError,
    RuntimeError,
)
_CONFIG = "_sklearn_output_config"
_NUMBERS = ("float16", "float32", "float64", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
_TYPES = {kind.__name__: kind for kind in (bool, int, float, str)} | {name: getattr(np, name) for name in _NUMBERS}
_SPLITTERS = (
    "GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut", "LeaveOneOut", "RepeatedKFold",
    "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold", "StratifiedKFold", "StratifiedShuffleSplit",
    "TimeSeriesSplit",
)  # fmt: skip


_SPARSE_CLASSES = frozenset(SPARSE.values())


class Kind(NamedTuple):
    """What an object consists of, and an object of that."""

    parts: Callable[[Any], dict]
    make: Callable[[dict], Any]


# -- scikit-learn's estimators -----------------------------------------------------------------------------------------


def _pipeline_parts(pipeline):
    if not isinstance(pipeline.memory, str | None):
        raise TypeError(f"memory of Pipeline cannot be saved: {pipeline.memory!r}. Set a folder's name or None")
    return estimator_state(pipeline, (_CONFIG,))


def _make_pipeline(state):
    pipeline = new_estimator(Pipeline, state, (_CONFIG,))
    require(type(pipeline.steps) is list and pipeline.steps, "a pipeline has no steps")
    for step in pipeline.steps:
        require(type(step) is tuple and len(step) == 2 and type(step[0]) is str, "a step of a pipeline has no name")
    names, steps = zip(*pipeline.steps, strict=True)
    require(len(set(names)) == len(names), "two steps of a pipeline have the same name")
    passes = [step is None or (type(step) is str and step == "passthrough") for step in steps]
    for is_last, passed, step in zip([*[False] * (len(steps) - 1), True], passes, steps, strict=True):
        fits = passed or (hasattr(step, "fit") and (is_last or hasattr(step, "transform")))
        require(fits, "a step of a pipeline is no estimator")
    return _configured(pipeline, state)


def _configured(estimator, state):
    if _CONFIG in state["fitted"]:
        require_keys(state["fitted"][_CONFIG], "the output of an estimator", (), ("transform",))
        estimator.set_output(**state["fitted"][_CONFIG])
    return estimator


_SCALER = ("mean_", "var_", "scale_", "n_samples_seen_", "n_features_in_", "feature_names_in_")


def _make_scaler(state):
    scaler = new_estimator(StandardScaler, state, (*_SCALER, _CONFIG))
    fitted = {name: value for name, value in state["fitted"].items() if name != _CONFIG}
    if fitted:
        require(set(_SCALER) - {"feature_names_in_"} <= set(fitted), "a scaler is fitted in part")
        n_features = fitted["n_features_in_"]
        require(type(n_features) is int, "the number of features of a scaler is none")
        _check_moments(scaler, fitted)
        if "feature_names_in_" in fitted:
            check_feature_names(fitted["feature_names_in_"], n_features)
        vars(scaler).update(fitted)
    return _configured(scaler, state)


def _check_moments(scaler, fitted):
    shape = (fitted["n_features_in_"],)
    for name, needed in (("mean_", scaler.with_mean), ("var_", scaler.with_std), ("scale_", scaler.with_std)):
        value = fitted[name]
        require(value is not None or not needed, f"a scaler has no {name}")
        if value is not None:
            fits = type(value) is np.ndarray and value.shape == shape and value.dtype.kind == "f"
            require(fits, f"{name} of a scaler does not fit its features")
    require(fitted["scale_"] is None or (fitted["scale_"] != 0).all(), "the scale of a scaler is 0")
    seen = fitted["n_samples_seen_"]
    fits = isinstance(seen, Real) or (type(seen) is np.ndarray and seen.shape == shape and seen.dtype.kind in "iuf")
    require(fits, "n_samples_seen_ of a scaler is no number")


# -- objects that are no estimators ------------------------------------------------------------------------------------


def _splitter_parts(splitter):
    given = {**getattr(splitter, "cvargs", {}), **vars(splitter)}
    return {name: given[name] for name in inspect.signature(type(splitter)).parameters}


def _scorer_parts(scorer):
    return {"name": scorer_name(scorer), "requests": metadata_requests(scorer)}


def _make_scorer(state):
    require_keys(state, "a scorer", ("name", "requests"))
    scorer = get_scorer(state["name"])
    set_metadata_requests(scorer, state["requests"])
    return scorer


def _law_parts(law):
    return {"name": law.dist.name, "args": tuple(law.args), "kwds": dict(law.kwds)}


def _make_law(state):
    require_keys(state, "a distribution", ("name", "args", "kwds"))
    require(type(state["args"]) is tuple and type(state["kwds"]) is dict, "a distribution has no arguments")
    family = _family(state["name"])
    require(family is not None, f"scipy has no distribution {state['name']!r:.80}")
    for value in (*state["args"], *state["kwds"].values()):
        fits = isinstance(value, Real | np.ndarray | list | tuple)
        require(
            fits and np.asarray(value, dtype=np.float64).size < 1_000_000, "an argument of a distribution is no number"
        )
    return family(*state["args"], **state["kwds"])


def _family(name):
    """Return the family of distributions that has this name in ``scipy.stats``."""
    kinds = scipy.stats.rv_continuous | scipy.stats.rv_discrete
    family = getattr(scipy.stats, name, None) if type(name) is str and re.fullmatch(r"[a-z]\w*", name) else None
    return family if isinstance(family, kinds) else None


def _make_random_state(state):
    require_keys(state, "a RandomState", ("bit_generator", "state", "has_gauss", "gauss"))
    inner = state["state"]
    require_keys(inner, "the state of a RandomState", ("key", "pos"))
    key = inner["key"]
    fits = type(key) is np.ndarray and key.shape == (624,) and key.dtype == np.uint32
    require(fits and type(inner["pos"]) is int and 0 <= inner["pos"] <= 624, "the state of a RandomState is none")
    random_state = RandomState()
    random_state.set_state(state)
    return random_state


def _make_result(state):
    require_keys(state, "a result", ("items",))
    require(type(state["items"]) is dict, "the items of a result are no dict")
    return OptimizeResult(state["items"])


def _make_type(state):
    require_keys(state, "a type", ("name",))
    return _TYPES[state["name"]]


def _make_path(state):
    require_keys(state, "a path", ("name",))
    require(type(state["name"]) is str, "the name of a path is no string")
    return Path(state["name"])


def _make_device(state):
    require_keys(state, "a device", ("name",))
    require(type(state["name"]) is str, "the name of a device is no string")
    return torch.device(state["name"])


def _make_interval(kind):
    def make(state):
        require_keys(state, kind.__name__, ("start", "stop", "step"))
        return kind(state["start"], state["stop"], state["step"])

    return make


def _interval_parts(interval):
    return {"start": interval.start, "stop": interval.stop, "step": interval.step}


def _make_collection(kind):
    def make(state):
        require_keys(state, kind.__name__, ("items",))
        require(type(state["items"]) is list, f"the items of a {kind.__name__} are not a list")
        return kind(state["items"])

    return make


def _collection_parts(collection):
    return {"items": sorted(collection, key=lambda item: (type(item).__name__, repr(item)))}


STOCK = {
    "GridSearchCV": Kind(search_parts, lambda state: make_search(GridSearchCV, state)),
    "RandomizedSearchCV": Kind(search_parts, lambda state: make_search(RandomizedSearchCV, state)),
    "Pipeline": Kind(_pipeline_parts, _make_pipeline),
    "StandardScaler": Kind(lambda scaler: estimator_state(scaler, (*_SCALER, _CONFIG)), _make_scaler),
    "scorer": Kind(_scorer_parts, _make_scorer),
    "distribution": Kind(_law_parts, _make_law),
    "RandomState": Kind(lambda random_state: random_state.get_state(legacy=False), _make_random_state),
    "OptimizeResult": Kind(lambda result: {"items": dict(result)}, _make_result),
    "path": Kind(lambda path: {"name": str(path)}, _make_path),
    "device": Kind(lambda device: {"name": str(device)}, _make_device),
    "type": Kind(lambda kind: {"name": kind.__name__}, _make_type),
    "Tree": Kind(tree_parts, make_tree),
    "TreePredictor": Kind(predictor_parts, make_predictor),
    "BSpline": Kind(spline_parts, make_spline),
    "sparse": Kind(sparse_parts, make_sparse),
    **{kind.__name__: Kind(_interval_parts, _make_interval(kind)) for kind in (range, slice)},
    **{kind.__name__: Kind(_collection_parts, _make_collection(kind)) for kind in (set, frozenset)},
    **{name: Kind(neighbors_parts, partial(make_neighbors, name)) for name in ("KDTree", "BallTree")},
    **{
        name: Kind(_splitter_parts, lambda state, name=name: getattr(model_selection, name)(**state))
        for name in _SPLITTERS
    },
}
_EXACT = {GridSearchCV, RandomizedSearchCV, Pipeline, StandardScaler, RandomState, OptimizeResult}
_EXACT |= {getattr(model_selection, name) for name in _SPLITTERS}
_EXACT |= {Tree, TreePredictor, KDTree, BallTree, BSpline, range, slice, set, frozenset, torch.device}
#: what is saved in this way also within objects that go to skops
WITHIN = {
    *("Tree", "TreePredictor", "KDTree", "BallTree", "BSpline", "sparse"),  # skops does not look into their arrays
    *("range", "slice", "set", "frozenset", "distribution", "path"),  # skops does not know them, or not all of them
}


def stock_kind(value: Any) -> str | None:
    """Return the name in `STOCK` of what `value` is, None if it is something else."""
    if type(value) in _EXACT:
        return type(value).__name__
    if isinstance(value, PurePath):
        return "path"
    if type(value) in _SPARSE_CLASSES:
        return "sparse"
    if isinstance(value, type):
        return "type" if _TYPES.get(value.__name__) is value else None
    if isinstance(value, rv_frozen):
        return "distribution" if type(_family(value.dist.name)) is type(value.dist) else None
    return "scorer" if scorer_name(value) is not None else None
