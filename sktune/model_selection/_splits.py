"""The splits of a search: drawn once for all candidates, and checked before anything is trained."""

import reprlib
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import check_cv

from .._sklearn_compat import _num_samples, scorers_of_probabilities
from .._utils.random import derive_seed
from ..exceptions import OverlappingSplitsWarning, SktuneWarning
from ._seeding import seeded_generators


def freeze_splits(
    estimator: BaseEstimator, cv: Any, X: Any, y: Any, split_params: dict[str, Any], seed: int | None
) -> list[tuple[Any, Any]]:
    """Draw the splits.

    Parameters
    ----------
    estimator : estimator
        Of a classifier, an int `cv` makes stratified splits.
    cv : int, splitter, iterable or None
        As the search was given it.
    X, y : array-like
        The rows to divide.
    split_params : dict
        Parameters of the splitter's ``split``.
    seed : int or None
        Seeds a splitter that shuffles without a random_state of its own; None seeds nothing.

    Returns
    -------
    list of (train, test)

    Raises
    ------
    ValueError
        If there are no splits, or if one is not of row numbers or leaves nothing to train or to score on.

    Warns
    -----
    OverlappingSplitsWarning
        If rows are both trained on and scored.
    """
    if isinstance(cv, type):
        raise ValueError(
            f"cv must be an int, a splitter or an iterable of splits, got a class: write cv={cv.__name__}()"
        )
    splitter = check_cv(cv, y, classifier=is_classifier(estimator))
    n_splits = splitter.get_n_splits(X, y, **split_params)
    with seeded_generators(None if seed is None else derive_seed(seed, "splits")):
        splits = _draw(splitter, X, y, split_params)
    if len(splits) != n_splits:
        raise ValueError(
            f"cv.split and cv.get_n_splits returned inconsistent results. Expected {n_splits} splits, got {len(splits)}"
        )
    if not splits:
        # in scikit-learn's words, like the error before
        raise ValueError(f"No fits were performed. Was the CV iterator empty? Were there no candidates? cv={cv!r}")
    _check(splits, _num_samples(X))
    _warn_of_overlaps(splits, _num_samples(X))
    return splits


def check_labels_of_splits(estimator: BaseEstimator, y: Any, splits: Iterable[tuple], scorer: Any) -> None:
    """Look for labels that a split tests and does not train.

    A score of predictions is still right: nobody can predict such a label, and these rows count as errors. That
    deserves a warning. A score of probabilities does not exist: they have no column for the label, and where the number
    of columns fits by chance, scikit-learn takes them for those of other labels.

    Raises
    ------
    ValueError
        If a scorer asks for probabilities or decisions.

    Warns
    -----
    SktuneWarning
        Otherwise.
    """
    if y is None or not is_classifier(estimator) or (found := _untrained_labels(y, splits)) is None:
        return
    number, labels = found
    what = f"the test rows of split {number} have the labels {reprlib.repr(labels)}, which its training rows have not"
    advice = "Shuffle the rows, stratify the splits, make fewer of them, or leave out rare classes."
    names = scorers_of_probabilities(scorer)
    if names:
        shown = "scoring" if names == ["score"] else f"the score {names[0]!r} of scoring"
        raise ValueError(f"cv: {what}: there are no probabilities of them, which {shown} asks for. {advice}")
    warnings.warn(f"cv: {what}: no candidate can predict them there. {advice}", SktuneWarning, stacklevel=2)


def _draw(splitter, X, y, split_params):
    try:
        return list(splitter.split(X, y, **split_params))
    except (TypeError, ValueError) as error:
        if "unpack" not in str(error):
            raise
        raise ValueError(
            "cv must be a splitter, an int or an iterable of pairs (train, test) of row numbers"
        ) from error


def _check(splits, n_samples):
    """Raise a ValueError for what are no row numbers, and for what leaves nothing to train or to score on."""
    for number, split in enumerate(splits):
        for side, rows in zip(("training", "test"), map(np.asarray, split), strict=True):
            is_mask = rows.dtype == bool and rows.shape == (n_samples,)
            if not is_mask and (rows.ndim != 1 or (rows.dtype.kind not in "iu" and rows.size)):
                raise ValueError(
                    f"cv must give 1d arrays of row numbers, but split {number} has the {side} rows {rows.tolist()}"
                )
            if not (rows.any() if is_mask else rows.size):
                raise ValueError(f"cv must leave rows on both sides, but split {number} has no {side} rows")
            if not is_mask and not -n_samples <= rows.min() <= rows.max() < n_samples:
                raise ValueError(
                    f"cv must give row numbers below {n_samples}, the number of samples, but the {side} rows of split "
                    f"{number} go from {rows.min()} to {rows.max()}"
                )


def _warn_of_overlaps(splits, n_samples):
    """Say where rows are both trained on and scored."""
    counts = [_n_shared(train, test, n_samples) for train, test in splits]
    if not any(counts):
        return
    worst = int(np.argmax(counts))
    n_others = np.count_nonzero(counts) - 1
    others = f"; {n_others} more of the {len(splits)} splits have such rows" if n_others else ""
    warnings.warn(
        f"cv: {counts[worst]} of the {n_samples} rows are both trained on and scored in split {worst}{others}. Such "
        "scores are too good: networks know their training rows. Give disjoint training and test rows.",
        OverlappingSplitsWarning,
        stacklevel=2,
    )


def _n_shared(train, test, n_samples):
    is_trained = np.zeros(n_samples, dtype=bool)
    is_trained[np.asarray(train)] = True
    is_tested = np.zeros(n_samples, dtype=bool)
    is_tested[np.asarray(test)] = True
    return int(np.count_nonzero(is_trained & is_tested))


def _untrained_labels(y: Any, splits: Iterable[tuple]) -> tuple[int, list] | None:
    """Return the number of the first split that tests labels which it does not train, and these labels."""
    if issparse(y):  # of several labels
        return None
    try:
        labels, codes = np.unique(np.asarray(y), return_inverse=True)
    except (TypeError, ValueError, RuntimeError):  # labels of several types, or on another device
        return None
    if codes.shape != (len(y),) or (labels.dtype.kind == "f" and (labels % 1 != 0).any()):  # several outputs; no labels
        return None
    for number, (train, test) in enumerate(splits):
        missing = np.setdiff1d(codes[test], codes[train])
        if len(missing):
            return number, labels[missing].tolist()
    return None
