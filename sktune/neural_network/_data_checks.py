"""Checks of rows, targets and weights that scikit-learn leaves open, or whose messages do not name the array."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone

from .._sklearn_compat import _check_sample_weight
from ..exceptions import SktuneWarning
from ._columns import columns_without_numbers

#: what numpy says of values that are no numbers
_COMPLAINTS = ("could not convert string", "argument must be a string")


@contextmanager
def names_of_arrays(*, X: Any, **targets: Any) -> Iterator[None]:
    """Refuse rows that are no numbers, and say of which array the enclosed check complains where it does not.

    Raises
    ------
    ValueError
        If a column of `X` holds strings (numbers written as strings too), dates, time spans or complex numbers, or if
        an array in `targets` holds complex numbers. Whatever the enclosed work raises passes, with a name before it.
    """
    for name, values in {"X": X, **targets}.items():
        _refuse_complex(name, values)
    for column in columns_without_numbers(X):
        raise ValueError(str(column))
    try:
        yield
    except (TypeError, ValueError) as error:
        if not any(complaint in str(error) for complaint in _COMPLAINTS):
            raise
        culprit = next((name for name, values in {"X": X, **targets}.items() if not _is_numeric(values)), "X")
        raise type(error)(f"{culprit} must be numbers: {error}") from error


def without_duplicates(X: Any) -> Any:
    """Return `X`; sparse rows as CSR in which no place occurs twice, added up in the type that they came in.

    As ``X.toarray()`` adds them up, so that the network learns the same from both.
    """
    if not issparse(X) or X.ndim != 2:
        return X
    rows = X.tocsr()
    if not rows.has_canonical_format:
        rows = rows.copy() if rows is X else rows
        rows.sum_duplicates()
    return rows


def check_weights(sample_weight: Any, X: Any) -> np.ndarray:
    """Return the weights of the rows of `X` as an array; a ValueError unless they are finite, >= 0 and not all 0."""
    try:
        return _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    except (TypeError, ValueError) as error:
        if "sample" in str(error).lower():
            raise
        raise type(error)(f"sample_weight must be non-negative numbers: {error}") from error


def check_targets(net: BaseEstimator, y: np.ndarray, sample_weight: np.ndarray | None) -> None:
    """Raise what ``net.fit`` would of targets, of the right shape, from which it cannot learn; `net` stays as it is."""
    trial = clone(net)
    trial._check_target(y)
    if sample_weight is not None:
        y, sample_weight = y[sample_weight > 0], sample_weight[sample_weight > 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SktuneWarning)  # the fits to come will say it
        trial._fit_target(y, sample_weight)


def _refuse_complex(name: str, values: Any) -> None:
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "c":
        # scikit-learn's words, which its checks of estimators look for
        raise ValueError(
            f"Complex data not supported: {name} must be real numbers, got complex numbers (dtype={dtype})"
        )


def _is_numeric(values: Any) -> bool:
    try:
        np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    return True
