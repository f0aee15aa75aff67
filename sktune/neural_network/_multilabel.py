"""Targets of several labels: a column of 0 and 1 for each."""

from typing import Any

import numpy as np
from scipy.sparse import issparse


def has_columns(y: Any) -> bool:
    """Whether targets have several columns, or are a sparse matrix."""
    if issparse(y):
        return True
    try:
        shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
    except ValueError:  # rows of several lengths, of which scikit-learn complains
        return False
    return len(shape) == 2 and shape[1] > 1


def dense(y: Any) -> np.ndarray:
    """Return targets that scikit-learn has checked as an array; a sparse matrix of one column as one column."""
    if not issparse(y):
        return y
    return y.toarray() if y.shape[1] > 1 else y.toarray()[:, 0]


def check_indicator(y: np.ndarray) -> None:
    """Raise a ValueError unless each column tells by 0 and 1 which rows have its label."""
    if not np.isin(y, (0, 1)).all():
        others = np.setdiff1d(y.astype(str), ["0", "1", "0.0", "1.0", "True", "False"])[:3].tolist()
        raise ValueError(
            f"y has {y.shape[1]} columns with values beside 0 and 1, such as {others}: multiclass-multioutput is not "
            "supported. Columns are labels of which a row may have several, 1 where it has them; for a class in each "
            "column use sklearn.multioutput.MultiOutputClassifier around this estimator."
        )


def numbers_of_labels(n_labels: int) -> np.ndarray:
    """Return ``classes_`` for several labels.

    Those are their numbers, as scikit-learn's MLPClassifier has them. Of two labels they would be 0 and 1, which
    scikit-learn's scorers take for the classes of a single label; they are a row 0, 1 for each label then.
    """
    return np.array([[0, 1], [0, 1]]) if n_labels == 2 else np.arange(n_labels)


def check_numbers_of_labels(classes: Any, n_labels: int) -> None:
    """Raise a ValueError for `classes` of `partial_fit` that are not those of so many labels."""
    if not any(np.array_equal(classes, known) for known in (np.arange(n_labels), numbers_of_labels(n_labels))):
        raise ValueError(
            f"classes must be the numbers of the {n_labels} labels of y, np.arange({n_labels}), or None, "
            f"got {classes!r}"
        )
