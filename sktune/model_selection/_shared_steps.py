"""The steps before the last one of a pipeline, fitted once for all candidates that share them on a split."""

import threading
from collections import OrderedDict
from copy import deepcopy
from dataclasses import dataclass, field
from pickle import PicklingError
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator

from ._containers import (
    Given,
    containers_of,
    fit_steps,
    params_of_last,
    put_state,
    settings_of_steps,
    state_of_steps,
    transform_again,
)
from ._seeding import untouched_generators

#: What is kept at most: entries, and bytes of transformed rows.
_MOST_ENTRIES, _MOST_BYTES = 64, 256 << 20
_TOO_LARGE = _MOST_BYTES + 1


@dataclass(frozen=True, eq=False)
class KeptRows:
    """Rows and targets that a training needs again. Copies of a paused training share them."""

    X: Any = field(repr=False)
    y: Any = field(repr=False)

    def __deepcopy__(self, memo):
        return self


@dataclass(frozen=True, eq=False)
class FittedSteps:
    """Fitted steps, and what came out of them; `is_repeatable` says whether their ``transform`` makes it again."""

    states: list[Any]
    rows: KeptRows
    is_repeatable: bool


class SharedSteps:
    """Fit the steps before the last one of pipelines, once for equal steps on the same rows.

    Steps are known by all that stands before the last step, however nested. Within one process: tasks in another one
    begin with nothing, and leave nothing. Two tasks may fit the same steps at the same time; neither waits for the
    other.
    """

    def __init__(self):
        self._entries: OrderedDict[str, FittedSteps] = OrderedDict()
        self._lock = threading.Lock()

    def __reduce__(self):
        return SharedSteps, ()

    def fit(self, estimator: BaseEstimator, given: Given, split: int) -> tuple[BaseEstimator, Given, KeptRows | None]:
        """Fit all but the last step of an estimator, or put fitted ones into it.

        Parameters
        ----------
        estimator : estimator
            Not fitted; changed in place.
        given : Given
            The training rows of the split, and the parameters of ``fit``.
        split : int
            What the rows are known by.

        Returns
        -------
        last : estimator
            The last step.
        given : Given
            What it is to be trained on.
        kept : KeptRows or None
            What has to be kept for a later piece, because the fitted steps would not make it again.
        """
        if not containers_of(estimator):
            return estimator, given, None
        key = _key(estimator, split)
        known = self._find(key)
        if known is not None:
            put_state(estimator, known.states)
            last, params = params_of_last(estimator, given.params)
            found = Given(known.rows.X, known.rows.y, params)
        else:
            untouched = Given(
                deepcopy(given.X), deepcopy(given.y), given.params
            )  # steps may change their rows in place
            last, found = fit_steps(estimator, given)
            rows = KeptRows(found.X, found.y)
            known = FittedSteps(state_of_steps(estimator), rows, _is_repeatable(estimator, untouched, found))
            self._keep(key, known)
        return last, found, None if known.is_repeatable else known.rows

    def transform(
        self, estimator: BaseEstimator, given: Given, split: int, kept: KeptRows | None
    ) -> tuple[BaseEstimator, Given]:
        """Return the last step, and what it was trained on before; `kept` is what `fit` has returned."""
        if not containers_of(estimator):
            return estimator, given
        known = self._find(_key(estimator, split))
        if kept is None and known is not None and _is_in(estimator, known):
            kept = known.rows
        if kept is None:
            return transform_again(estimator, given)
        last, params = params_of_last(estimator, given.params)
        return last, Given(kept.X, kept.y, params)

    def _find(self, key):
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def _keep(self, key, entry):
        if key is None:
            return
        with self._lock:
            self._entries[key] = entry
            while len(self._entries) > _MOST_ENTRIES or self._n_bytes() > _MOST_BYTES:
                self._entries.popitem(last=False)

    def _n_bytes(self):
        return sum(n_bytes(entry.rows.X, _TOO_LARGE) for entry in self._entries.values())


def _key(estimator: BaseEstimator, split: int) -> str | None:
    """Return what steps of the same settings, fitted or not, have in common; None if they cannot be compared."""
    try:
        return joblib.hash((split, settings_of_steps(estimator)))
    except (PicklingError, AttributeError, TypeError):  # of a lambda, for example
        return None


def _is_in(estimator: BaseEstimator, known: FittedSteps) -> bool:
    """Whether the fitted steps of an estimator are these, and not others of the same settings."""
    parts = zip(_parts(state_of_steps(estimator)), _parts(known.states), strict=True)
    return all(one is other for one, other in parts)


def _parts(states):
    for state in states:
        yield from state.values() if isinstance(state, dict) else (step for _, step in state)


def _is_repeatable(estimator: BaseEstimator, given: Given, found: Given) -> bool:
    """Whether ``transform`` makes of the rows what ``fit_transform`` has made: that of `TargetEncoder` does not."""
    try:
        with untouched_generators():
            _, again = transform_again(estimator, given)
        return joblib.hash((again.X, again.y)) == joblib.hash((found.X, found.y))
    except Exception:  # it is not needed here: what cannot be made again is kept
        return False


def n_bytes(X: Any, unknown: int) -> int:
    """Return the size of rows; `unknown` for what does not tell it."""
    if hasattr(X, "memory_usage"):  # of pandas
        return int(np.sum(X.memory_usage(index=True, deep=False)))
    if hasattr(X, "data") and hasattr(X.data, "nbytes"):  # ndarray, and scipy's sparse formats
        return int(X.data.nbytes)
    return int(getattr(X, "nbytes", unknown))
