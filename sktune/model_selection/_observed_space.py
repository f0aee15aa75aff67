"""The space of a search that has none: from its grid or distributions, or from the values that were tried.

What a parameter is:

one value                       a constant
a list of numbers               levels, as likely as each other and evenly spaced: the list itself says on which scale
                                its author expects even effects, such as [1, 10, 100]
a distribution of scipy         itself: the coordinate of a value is its cumulative probability
numbers without description     levels if each was tried twice on average, as in a grid; else a range between the
                                smallest and the largest, on a logarithmic scale if these are positive and far apart
anything else                   categories: strings, bools, None, tuples, estimators, or numbers mixed with these

When it is active: always, or depending on another parameter whose values tell whether it is there, as with lists of
grids. If none does, an additional category says which parameters are there.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from numbers import Real as RealNumber
from typing import Any

import numpy as np
from scipy.stats import rv_discrete

from ..space import Categorical, Dimension, Distribution, Integer, Real, Space
from ..space._identity import fingerprint, same_value

Params = dict[str, Any]
#: The name of the category that says which parameters are there.
WHICH = "(which parameters)"
#: Positive numbers are spread over a logarithmic scale from this ratio of the largest to the smallest on.
_LOG_RATIO = 100.0


def observed_space(params: Sequence[Params], declared: Sequence[Mapping[str, Any]] = ()) -> tuple[Space, list[Params]]:
    """Return the space in which settings lie, and the settings as points of it.

    Parameters
    ----------
    params : list of dict
        What was tried.
    declared : list of dict, default=()
        What was to be tried: grids, distributions or spaces, of which every setting belongs to one.

    Returns
    -------
    space : Space
    params : list of dict
        As given; with one more category where no parameter tells which of them are there.
    """
    params = [dict(one) for one in params]
    names = sorted({name for one in params for name in one})
    dimensions = {name: _Described(name, params, declared) for name in names}
    partial = [name for name in names if not all(name in one for one in params)]
    parents = {name: _parent(name, names, params, dimensions) for name in partial}
    if None in parents.values():
        _tell_which(params, [name for name in partial if parents[name] is None])
        dimensions[WHICH] = _Described(WHICH, params, ())
        parents = {name: parent or WHICH for name, parent in parents.items()}
    whens = {name: {parent: _values(one[parent] for one in params if name in one)} for name, parent in parents.items()}
    return Space({name: described.dimension(whens.get(name)) for name, described in dimensions.items()}), params


class _Described:
    """What is known of one parameter."""

    def __init__(self, name: str, params: Sequence[Params], declared: Sequence[Mapping[str, Any]]):
        self.tried = [one[name] for one in params if name in one]
        self.tried_values = _values(self.tried)
        self.specs = [own[name] for own in declared if name in own]

    def dimension(self, when: dict[str, list] | None) -> Dimension:
        """Return the dimension, which is active under `when`."""
        first = self.specs[0] if self.specs else None
        if self.specs and all(same_value(first, other) for other in self.specs[1:]):
            if isinstance(first, Dimension) and when is None:
                return first
            law = first.dist if isinstance(first, Distribution) else first
            if _is_distribution(law):
                return Distribution(law, when=when)
        specs = [spec.categories if isinstance(spec, Categorical) else spec for spec in self.specs]
        lists = [list(spec) for spec in specs if _is_list(spec)]
        if lists and len(lists) == len(self.specs):
            return _levels(_values(value for values in lists for value in values), when)
        if not _are_numbers(self.tried_values) or self.is_repeated or self.n_values <= 2:
            return _levels(self.tried_values, when)
        return _range(self.tried_values, self._is_logarithmic(), when)

    @property
    def n_values(self) -> int:
        """Number of different values that were tried."""
        return len(self.tried_values)

    @property
    def is_repeated(self) -> bool:
        """Whether each value was tried twice on average."""
        return 2 * self.n_values <= len(self.tried)

    def _is_logarithmic(self) -> bool | None:
        """What the description says, None if it does not."""
        priors = [spec.prior for spec in self.specs if isinstance(spec, Real | Integer)]
        return any(prior != "uniform" for prior in priors) if priors else None


def _values(values: Iterable[Any]) -> list:
    """The different ones among `values`, in the order of their first appearance."""
    different: list = []
    fingerprints = set()
    for value in values:
        key = fingerprint(value)  # None where only a comparison can tell
        is_new = key not in fingerprints if key else not any(same_value(value, other) for other in different)
        if is_new:
            fingerprints.add(key)
            different.append(value)
    return different


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(v, RealNumber) and not isinstance(v, bool | np.bool_) and math.isfinite(v) for v in values)


def _is_distribution(spec: Any) -> bool:
    methods = (getattr(spec, name, None) for name in ("rvs", "ppf", "cdf"))
    return not isinstance(spec, Dimension) and all(map(callable, methods))


def _is_list(spec: Any) -> bool:
    return isinstance(spec, Iterable) and not isinstance(spec, str | bytes | Mapping)


def _levels(values: list, when: dict[str, list] | None) -> Dimension:
    if len(values) == 1 or not _are_numbers(values):
        if all(map(fingerprint, values)):  # plain values, whose order must not depend on which was tried first
            values = sorted(values, key=repr)
        return Categorical(values, when=when)
    numbers = np.unique(np.array(values, dtype=np.float64))
    return Distribution(rv_discrete(values=(numbers, np.full(len(numbers), 1.0 / len(numbers)))), when=when)


def _range(values: list, is_logarithmic: bool | None, when: dict[str, list] | None) -> Dimension:
    low, high = min(values), max(values)
    if is_logarithmic is None:
        is_logarithmic = low > 0 and high >= _LOG_RATIO * low
    kind = Integer if all(isinstance(value, Integral) for value in values) else Real
    return kind(low, high, "log-uniform" if is_logarithmic else "uniform", when=when)


def _parent(
    name: str, names: Sequence[str], params: Sequence[Params], described: Mapping[str, _Described]
) -> str | None:
    """The parameter whose values tell whether `name` is there, None if there is none; rather one of few values."""
    there = [one for one in params if name in one]
    for parent in sorted(names, key=lambda other: (described[other].n_values, other)):
        # a parent is there whenever its child is, and sometimes without it: no cycles
        without = [one for one in params if parent in one and name not in one]
        if without and described[parent].is_repeated and all(parent in one for one in there):
            allowed, excluded = (_values(one[parent] for one in some) for some in (there, without))
            if len(_values([*allowed, *excluded])) == len(allowed) + len(excluded):
                return parent
    return None


def _tell_which(params: Sequence[Params], names: Sequence[str]) -> None:
    """Note in each setting which of `names` it has."""
    for one in params:
        one[WHICH] = ", ".join(name for name in names if name in one) or "none"
