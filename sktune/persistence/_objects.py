"""Objects as trees of plain values, and objects made of such trees.

    plain value      itself; lists, tuples, dicts and object arrays with their items turned into trees
    any other        {"__sktune__": kind, ...}, where only the kinds of `KINDS` can be made again

A kind is a pair of functions: what an object consists of, and an object of that. The second one never trusts what it
gets. Objects of all other classes, such as most of scikit-learn's, go to skops, which has a list of types to trust;
what is within them and must be checked comes back here.
"""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from .._numpy_compat import own_fill_value
from .._sklearn_compat import BaseSearchCV
from .._utils.estimator_state import require, require_keys
from ..exceptions import FileFormatError
from ._searches import make_search, search_parts
from ._skops import dump_with_skops, load_with_skops
from ._stock import MAKING_ERRORS, STOCK, WITHIN, stock_kind

_TAG = "__sktune__"
_PLAIN = (type(None), bool, int, float, str, bytes, torch.Tensor)
#: our classes that can be saved, and where they live; they say themselves what they consist of
_OURS = {
    "NetClassifier": "neural_network",
    "NetRegressor": "neural_network",
    "NetClassifierCV": "model_selection",
    "NetRegressorCV": "model_selection",
    "BayesSearchCV": "model_selection",
    "HyperbandSearchCV": "model_selection",
    "PopulationSearchCV": "model_selection",
    "ZoomSearchCV": "model_selection",
    "FreezeThaw": "model_selection",
    "SuccessiveHalving": "model_selection",
    "Categorical": "space",
    "Distribution": "space",
    "Integer": "space",
    "Real": "space",
    "Space": "space",
}


class Writer:
    """Turn objects into trees.

    Examples
    --------
    >>> from sktune.space import Real
    >>> Writer().tree({"lr": Real(0.1, 1)}, "the example")["lr"]["class"]
    'Real'
    """

    def tree(self, value: Any, where: str) -> Any:
        """Return `value` as a tree.

        Raises
        ------
        TypeError
            If it cannot be saved; the message names `where` it is.
        """
        if type(value) in _PLAIN or isinstance(value, np.generic):
            return value
        if type(value) in (list, tuple):
            return type(value)(self.tree(item, f"item {i} of {where}") for i, item in enumerate(value))
        if type(value) is dict:
            return self._dict(value, where)
        if type(value) is np.ndarray:
            return self._objects(value, where) if value.dtype == object else value
        if type(value) is np.ma.MaskedArray:
            return value if value.dtype != object else self._masked(value, where)
        return self._object(value, where)

    def _dict(self, value, where):
        items = {key: self.tree(item, f"{key!r} of {where}") for key, item in value.items()}
        return {_TAG: "dict", "items": list(items.items())} if _TAG in items else items

    def _objects(self, value, where):
        trees = np.empty_like(value)
        for index in np.ndindex(value.shape):
            trees[index] = self.tree(value[index], f"item {index} of {where}")
        return trees

    def _masked(self, value, where):
        data = self._objects(value.data, where)
        return np.ma.MaskedArray(data, value.mask, fill_value=own_fill_value(value), hard_mask=value.hardmask)

    def _object(self, value, where):
        kind = type(value).__name__
        if _our_class(kind) is type(value):
            return {_TAG: "sktune", "class": kind, "state": self._state(_parts_of(value), kind)}
        stock = stock_kind(value)
        if stock is not None:
            return {_TAG: "stock", "class": stock, "state": self._state(STOCK[stock].parts(value), kind)}
        data, parts = dump_with_skops(value, where, _is_part)
        trees = [self.tree(part, f"a {type(part).__name__} in {where}") for part in parts]
        return {_TAG: "skops", "data": data, "parts": trees}

    def _state(self, state, kind):
        """Return the tree of a state, with the names of parameters and attributes in what goes wrong."""
        sections = {"params": "parameter", "fitted": "attribute"}
        if not set(sections) <= set(state):
            return {name: self.tree(value, f"{name!r} of {kind}") for name, value in state.items()}
        trees = {name: self.tree(value, f"{name} of {kind}") for name, value in state.items() if name not in sections}
        for section, word in sections.items():
            trees[section] = {
                name: self.tree(value, f"{word} {name!r} of {kind}") for name, value in state[section].items()
            }
        return trees


class Reader:
    """Make objects of trees, in which all names are trusted that `of_skops` finds."""

    def value(self, tree: Any) -> Any:
        """Return the object that `tree` describes; FileFormatError if it describes none."""
        if type(tree) in (list, tuple):
            return type(tree)(self.value(item) for item in tree)
        if type(tree) is np.ndarray and tree.dtype == object:
            return self._objects(tree)
        if type(tree) is np.ma.MaskedArray and tree.dtype == object:
            data = self._objects(tree.data)
            return np.ma.MaskedArray(data, tree.mask, fill_value=own_fill_value(tree), hard_mask=tree.hardmask)
        if type(tree) is not dict:
            return tree
        if _TAG not in tree:
            return {key: self.value(item) for key, item in tree.items()}
        kinds = {"dict": self._dict, "sktune": self._sktune, "stock": self._stock, "skops": self._skops}
        kind = tree[_TAG]
        require(type(kind) is str and kind in kinds, f"unknown kind of object {kind!r:.80}")
        return kinds[kind](tree)

    def _objects(self, tree):
        values = np.empty_like(tree)
        for index in np.ndindex(tree.shape):
            values[index] = self.value(tree[index])
        return values

    def _dict(self, tree):
        require_keys(tree, "a dict", (_TAG, "items"))
        return {key: self.value(item) for key, item in tree["items"]}

    def _sktune(self, tree):
        require_keys(tree, "an object", (_TAG, "class", "state"))
        kind = _our_class(tree["class"])
        require(kind is not None, f"unknown class {tree['class']!r:.80}")
        return self._made(kind.__name__, partial(_make_ours, kind), tree["state"])

    def _stock(self, tree):
        require_keys(tree, "an object", (_TAG, "class", "state"))
        name = tree["class"]
        require(type(name) is str and name in STOCK, f"unknown class {name!r:.80}")
        return self._made(name, STOCK[name].make, tree["state"])

    def _made(self, name: str, make: Callable, state: Any) -> Any:
        require(type(state) is dict, f"the state of {name} should be a dict")
        state = {key: self.value(item) for key, item in state.items()}
        try:
            return make(state)
        except FileFormatError:
            raise
        except MAKING_ERRORS as error:
            raise FileFormatError(f"these are no parts of {name}: {type(error).__name__}: {error}") from error

    def _skops(self, tree):
        require_keys(tree, "an object of skops", (_TAG, "data", "parts"))
        require(type(tree["data"]) is bytes and type(tree["parts"]) is list, "an object of skops has no data")
        parts = [self.value(part) for part in tree["parts"]]
        require(all(map(_is_part, parts)), "a part of an object of skops is not what is saved in this way")
        return load_with_skops(tree["data"], parts)


def of_skops(tree: Any) -> Iterator[bytes]:
    """Yield the data of all objects of skops in a tree."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if type(one) is dict:
            waiting.extend(one.values())
            kind, data = one.get(_TAG), one.get("data")
            if type(kind) is str and kind == "skops" and type(data) is bytes:
                yield data
        elif type(one) in (list, tuple):
            waiting.extend(one)
        elif isinstance(one, np.ndarray) and one.dtype == object:
            waiting.extend(np.asarray(one).ravel().tolist())


def _is_part(value: Any) -> bool:
    """Whether something within an object of another library is saved by itself."""
    if type(value) is dict:  # skops knows no other keys, and would make others of them
        return not any(all(type(key) is kind for key in value) for kind in (str, int))
    return _our_class(type(value).__name__) is type(value) or stock_kind(value) in WITHIN


def _parts_of(value: Any) -> dict[str, Any]:
    """Return what an object of one of our classes consists of."""
    if isinstance(value, BaseSearchCV):
        return search_parts(value)
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value._to_state()


def _make_ours(kind: type, state: dict[str, Any]) -> Any:
    if issubclass(kind, BaseSearchCV):
        return make_search(kind, state)
    return kind(**state) if is_dataclass(kind) else kind._from_state(state)


def _our_class(name: Any) -> type | None:
    """Return our class of this name, if it is one that can be saved."""
    if type(name) is not str or name not in _OURS:
        return None
    # by name: this part of the library stands below some of them
    return getattr(importlib.import_module(f"..{_OURS[name]}", __package__), name)
