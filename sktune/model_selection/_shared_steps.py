"""The steps before the last one of a pipeline, fitted once for all candidates that share them on a split."""

import threading
from collections import OrderedDict
from pickle import PicklingError
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

#: What is kept at most: entries, and bytes of transformed rows.
_MOST_ENTRIES, _MOST_BYTES = 64, 256 << 20
_TOO_LARGE = _MOST_BYTES + 1


class SharedSteps:
    """Fit the steps before the last one of pipelines, once for equal steps on the same rows.

    Within one process: tasks in another one begin with nothing, and leave nothing. Two tasks may fit the same steps at
    the same time; neither waits for the other.
    """

    def __init__(self):
        self._entries: OrderedDict[str, tuple[dict, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def __reduce__(self):
        return SharedSteps, ()

    def transform(
        self, pipeline: Pipeline, X: Any, y: Any, params_of: dict[str, dict], *, is_fitted: bool, split: int
    ) -> Any:
        """Return what the last step of `pipeline` is trained on; the fitted steps are put into the pipeline.

        Parameters
        ----------
        pipeline : Pipeline
        X, y : array-like
            The training rows of the split.
        params_of : dict
            By the names of the steps, then by ``"fit_transform"`` and ``"transform"``: parameters of these methods.
        is_fitted : bool
            Whether the steps have been fitted to these rows before.
        split : int
            What the rows are known by.
        """
        steps = {name: step for name, step in pipeline.steps[:-1] if step is not None and step != "passthrough"}
        if not steps:
            return X
        key = _key(steps, split)
        if (known := self._find(key)) is not None:
            steps, transformed = known
        elif is_fitted:
            transformed = X
            for name, step in steps.items():
                transformed = step.transform(transformed, **params_of[name]["transform"])
        else:
            transformed = X
            for name, step in steps.items():
                transformed = _fit_transform(step, transformed, y, params_of[name])
        self._keep(key, (steps, transformed))
        pipeline.steps = [(name, steps.get(name, step)) for name, step in pipeline.steps]
        return transformed

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
        return sum(n_bytes(transformed, _TOO_LARGE) for _, transformed in self._entries.values())


def _fit_transform(step, X, y, params):
    if hasattr(step, "fit_transform"):
        return step.fit_transform(X, y, **params["fit_transform"])
    return step.fit(X, y, **params["fit"]).transform(X, **params["transform"])


def _key(steps: dict, split: int) -> str | None:
    """Return what steps of the same settings, fitted or not, have in common; None if they cannot be compared."""
    try:
        return joblib.hash((split, [(name, clone(step)) for name, step in steps.items()]))
    except (PicklingError, AttributeError, TypeError):  # of a lambda, for example
        return None


def n_bytes(X: Any, unknown: int) -> int:
    """Return the size of rows; `unknown` for what does not tell it."""
    if hasattr(X, "memory_usage"):  # of pandas
        return int(np.sum(X.memory_usage(index=True, deep=False)))
    if hasattr(X, "data") and hasattr(X.data, "nbytes"):  # ndarray, and scipy's sparse formats
        return int(X.data.nbytes)
    return int(getattr(X, "nbytes", unknown))
