"""Scores of candidates on the same splits: what a split adds to the scores of all is no difference between them."""

import numpy as np

from .._utils.floats import power_of_two


def split_effects(folds: np.ndarray) -> np.ndarray:
    """Return what each split adds to the scores of all candidates; the effects add up to zero.

    Parameters
    ----------
    folds : ndarray of shape (n_candidates, n_splits)
        Scores; NaN where a candidate has none. Candidates with all scores tell the effects: there are none without
        them. They are medians, as one absurd score would spoil a mean.

    Returns
    -------
    ndarray of shape (n_splits,)

    Examples
    --------
    >>> split_effects(np.array([[0.5, 0.75], [0.25, 0.5], [np.nan, 1.0]]))
    array([-0.125,  0.125])
    """
    whole = folds[np.isfinite(folds).all(axis=1)]
    if not whole.size:
        return np.zeros(folds.shape[1])
    effects = np.median(whole - whole.mean(axis=1, keepdims=True), axis=0)
    return effects - effects.mean()


def paired_standard_errors(folds: np.ndarray) -> np.ndarray:
    """Return the standard errors of the mean scores of candidates that were compared on the same splits.

    What a split adds to all candidates is no error of their comparison. It is removed, by medians, as one absurd
    score would spoil a mean. A few splits tell a variance badly: each is averaged with the median of all. Of few
    candidates the effects of the splits take up a part of the noise, which is made up for.

    Parameters
    ----------
    folds : ndarray of shape (n_candidates, n_splits)
        Finite scores.

    Returns
    -------
    ndarray of shape (n_candidates,)
        Zeros if there are fewer than two splits or candidates.
    """
    n_candidates, n_splits = folds.shape
    if n_splits < 2 or n_candidates < 2:
        return np.zeros(n_candidates)
    deviations = folds - folds.mean(axis=1, keepdims=True)
    residuals = deviations - np.median(deviations, axis=0)
    residuals -= residuals.mean(axis=1, keepdims=True)
    unit = power_of_two(residuals)
    variances = np.sum((residuals / unit) ** 2, axis=1) / (n_splits - 1) * n_candidates / (n_candidates - 1)
    return np.sqrt((variances + np.median(variances)) / 2.0 / n_splits) * unit
