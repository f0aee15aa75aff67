"""Rows set aside for early stopping."""

import numpy as np


def validation_split(
    n_rows: int, fraction: float, seed: int, strata: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Split shuffled rows into training and validation rows.

    Parameters
    ----------
    n_rows : int
        Number of rows, at least 2.
    fraction : float
        Share of the validation rows; at least one row goes to each side.
    seed : int
        Seed of the shuffle.
    strata : ndarray of shape (n_rows,), default=None
        Class of each row. Each class is divided in the same proportion up to rounding, and at least one row of each
        is trained on: a network that never saw a class cannot be judged on it.

    Returns
    -------
    train, valid : ndarray of int
        Row numbers, each in ascending order.
    """
    if n_rows < 2:
        raise ValueError(f"early_stopping=True sets rows aside and needs at least 2 rows, got {n_rows}")
    classes = _members(n_rows, strata)
    n_valid = max(1, min(round(fraction * n_rows), n_rows - len(classes)))
    rng = np.random.default_rng(seed)
    # Each class spreads its rows evenly over (0, 1); a cut through that order takes the same share of every class.
    # The last row of each stands behind all others, where no cut reaches it.
    place = np.empty(n_rows)
    for members in classes:
        ranks = rng.permutation(len(members))
        place[members] = np.where(ranks == len(members) - 1, 1.0, (ranks + rng.random()) / len(members))
    order = np.argsort(place, kind="stable")
    return np.sort(order[n_valid:]), np.sort(order[:n_valid])


def _members(n_rows, strata):
    if strata is None:
        return [np.arange(n_rows)]
    return [np.flatnonzero(strata == label) for label in np.unique(strata)]
