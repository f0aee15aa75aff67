"""What a fitted estimator tells of its epochs."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ._containers import last_step

#: A column for each thing that the epochs of one fit have told, all of the same length.
Curve = dict[str, list[float]]
#: What scikit-learn's estimators tell of each epoch: attribute -> (column, whether one more may stand before it).
_LOSSES = {
    "loss_curve_": ("train_loss", False),
    "validation_scores_": ("valid_score", False),
    "train_score_": ("train_score", True),
    "validation_score_": ("valid_score", True),
}


def read_curve(estimator: BaseEstimator) -> Curve | None:
    """Return what a fitted estimator, or the last step of a pipeline, tells of its epochs.

    That is ``history_`` of the networks of sktune and of skorch's nets, but for times; of scikit-learn's estimators
    ``loss_curve_`` and ``validation_scores_`` (networks), ``train_score_`` and ``validation_score_`` (boosting).

    Returns
    -------
    dict of str to list of float, or None
        With a column ``epoch``; NaN where an epoch has not recorded something. None if the estimator records no epochs.
    """
    last = last_step(estimator)
    history = getattr(last, "history_", None)
    if isinstance(history, Mapping):
        return {name: [float(value) for value in column] for name, column in history.items()}
    if isinstance(history, list):  # of skorch
        return _columns([_numbers_of(row) for row in history])
    found = {}
    for attribute, (name, has_start) in _LOSSES.items():
        values = getattr(last, attribute, None)
        if values is not None and len(values) and np.ndim(values) == 1:
            # histogram boosting scores what it predicts before the first tree
            is_start = has_start and len(values) > getattr(last, "n_iter_", len(values))
            found[name] = [float(value) for value in (values[1:] if is_start else values)]
    if not found:
        return None
    n_epochs = max(map(len, found.values()))
    columns = {name: values + [math.nan] * (n_epochs - len(values)) for name, values in found.items()}
    return {"epoch": [float(epoch) for epoch in range(1, n_epochs + 1)], **columns}


def _numbers_of(row: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a row of skorch's history: not its batches, marks of the best epoch, counts and times."""
    return {
        name: float(value)
        for name, value in row.items()
        if isinstance(value, Real) and not isinstance(value, bool | np.bool_)
        if name != "dur" and not name.endswith("batch_count")
    }


def _columns(rows: Sequence[dict[str, float]]) -> Curve | None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name, math.nan) for row in rows] for name in names} or None
