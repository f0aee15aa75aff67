"""From `class_weight` to the weight of each row."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from .._utils.hints import did_you_mean
from ._fit_data import FitData

#: what each of several labels is
_ABSENT_OR_PRESENT = np.array([0, 1])


def class_weight_of_rows(class_weight: Any, classes: np.ndarray, data: FitData, trained: FitData) -> np.ndarray:
    """Return the weight that each row of `data` has by its class, or by its labels.

    Parameters
    ----------
    class_weight : dict, list of dict or "balanced"
    classes : ndarray of shape (n_classes,)
        All classes; of several labels those are not asked for.
    data, trained : FitData
        `trained` are the rows that are trained on, whose frequencies "balanced" refers to.
    """
    if data.y.ndim == 1:
        if isinstance(class_weight, list):
            raise ValueError(f"class_weight={class_weight!r} is a list, as for several labels, but y has one column")
        return _of_classes(class_weight, classes, trained.y, trained.sample_weight)[np.searchsorted(classes, data.y)]
    n_labels = data.y.shape[1]
    by_label = _check_by_label(class_weight, n_labels)
    # as scikit-learn's `compute_sample_weight`: the product over the labels
    weights = np.ones(len(data.y))
    for label in range(n_labels):
        of_both = _of_classes(by_label[label], _ABSENT_OR_PRESENT, trained.y[:, label], trained.sample_weight)
        weights *= of_both[data.y[:, label].astype(np.int64)]
    return weights


def _check_by_label(class_weight, n_labels) -> list:
    if class_weight == "balanced":
        return ["balanced"] * n_labels
    if not isinstance(class_weight, list):
        raise ValueError(
            f"class_weight must be 'balanced' or a list of dicts, one for each label, where y has {n_labels} labels, "
            f"got {class_weight!r}"
        )
    if len(class_weight) != n_labels or not all(isinstance(weights, dict) for weights in class_weight):
        raise ValueError(f"class_weight must list one dict for each of the {n_labels} labels, got {class_weight!r}")
    for weights in class_weight:
        _check_weights(weights, _ABSENT_OR_PRESENT)
    return class_weight


def _of_classes(class_weight, classes, y, sample_weight) -> np.ndarray:
    """Return the weight of each class."""
    weights, labels = np.ones(len(classes)), classes
    if class_weight == "balanced":
        labels = np.unique(y)  # of a piece of the data, perhaps
    else:
        _check_weights(class_weight, labels)
    weights[np.searchsorted(classes, labels)] = compute_class_weight(
        class_weight, classes=labels, y=y, sample_weight=sample_weight
    )
    return weights


def _check_weights(class_weight: dict, labels: np.ndarray) -> None:
    for label, weight in class_weight.items():
        if not isinstance(weight, Real) or isinstance(weight, bool) or not 0 <= weight < np.inf:
            raise ValueError(f"each class_weight must be a finite number of at least 0, got {weight!r} for {label!r}")
    listed, known = set(class_weight), set(labels.tolist())
    # rows of a fold may lack a class that is listed; but where others have no weight, it is rather a misspelt one
    if listed - known and known - listed:
        unknown = next(label for label in class_weight if label not in known)
        hint = did_you_mean(unknown, [label for label in known if isinstance(label, str)])
        raise ValueError(f"class_weight has the label {unknown!r}, which y has not: it has {labels.tolist()}.{hint}")
