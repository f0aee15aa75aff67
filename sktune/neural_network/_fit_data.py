"""The data of one fit: rows to train on, and rows to validate on where the user gives them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array

from ..engine import Rows


@dataclass(frozen=True, eq=False)
class FitData:
    """Rows as the user gave them, checked, without those of weight zero.

    Parameters
    ----------
    X : ndarray, csr_matrix or csr_array of shape (n_rows, n_features)
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Labels or targets.
    sample_weight : ndarray of shape (n_rows,) or None
    groups : ndarray of shape (n_rows,) or None
        What belongs together, for ``validation_split="group"``.
    valid : FitData or None
        The user's own validation rows.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    valid: FitData | None = None

    def __len__(self) -> int:
        return self.X.shape[0]

    def take(self, index: np.ndarray) -> FitData:
        """Return some of the rows."""
        weight, groups = (None if values is None else values[index] for values in (self.sample_weight, self.groups))
        return replace(self, X=self.X[index], y=self.y[index], sample_weight=weight, groups=groups)

    def without_features(self) -> FitData:
        """Return the same rows with no column in `X`, for what does not depend on it: it may be large."""
        return replace(self, X=self.X[:, :0])

    def metadata(self) -> dict[str, np.ndarray] | None:
        """Return what a fit was given besides `X` and `y`, by the names of its parameters; None if it was nothing."""
        given = {"sample_weight": self.sample_weight, "groups": self.groups}
        if self.valid is not None:
            given |= {"X_val": self.valid.X, "y_val": self.valid.y, "sample_weight_val": self.valid.sample_weight}
        return {name: value for name, value in given.items() if value is not None} or None


def check_given_together(X_val: Any, y_val: Any, sample_weight_val: Any) -> bool:
    """Return whether validation data are given; raise a ValueError if only part of them is."""
    given = [name for name, value in (("X_val", X_val), ("y_val", y_val)) if value is not None]
    if len(given) == 1:
        other = "y_val" if given == ["X_val"] else "X_val"
        raise ValueError(f"{given[0]} is provided, but {other} was not provided.")  # scikit-learn's words
    if not given and sample_weight_val is not None:
        raise ValueError("sample_weight_val is provided, but X_val and y_val were not provided.")
    return bool(given)


def check_groups(groups: Any, n_rows: int) -> np.ndarray:
    """Return the groups as an array; a ValueError unless there is one for each row."""
    with about("groups"):
        groups = check_array(groups, ensure_2d=False, dtype=None)
    if groups.shape != (n_rows,):
        raise ValueError(f"groups must have one entry for each of the {n_rows} rows of X, got shape {groups.shape}")
    return groups


def check_same_validation_data(given: FitData | None, n_before: int | None) -> None:
    """Raise a ValueError if a training is resumed with another number of validation rows than before.

    Parameters
    ----------
    given : FitData or None
        Validation rows that the user gives now.
    n_before : int or None
        Number of those that the user gave before, None for no validation data.
    """
    n_now = None if given is None else len(given)
    if n_now == n_before:
        return
    before, now = ("none" if n is None else f"{n} rows" for n in (n_before, n_now))
    raise ValueError(
        f"X_val and y_val must be the same in every call of one training: it was begun with {before}, got {now}"
    )


@contextmanager
def about(names: str) -> Iterator[None]:
    """Say which arrays an error of the enclosed check is about."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"{names}: {error}") from error


def take_rows(rows: Rows, index: np.ndarray) -> Rows:
    """Return some of the rows."""
    return Rows(rows.X[index], rows.y[index], None if rows.weight is None else rows.weight[index])


def with_mean_weight_1(rows: Rows) -> Rows:
    """Scale the weights to mean 1, so that the learning rate means the same with and without them."""
    return rows if rows.weight is None else in_weight_unit(rows, rows.weight.mean())


def in_weight_unit(rows: Rows, unit: float) -> Rows:
    """Divide the weights, in the precision that they came with, before they take the network's."""
    return Rows(rows.X, rows.y, None if rows.weight is None else (rows.weight / unit).astype(rows.X.dtype))
