"""Rows set aside for validation."""

import reprlib

import numpy as np
from sklearn.metrics.cluster import contingency_matrix


def validation_split(
    n_rows: int,
    fraction: float,
    seed: int,
    strata: np.ndarray | None = None,
    *,
    kind: str = "random",
    groups: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Split rows into training and validation rows.

    Parameters
    ----------
    n_rows : int
        Number of rows, at least 2.
    fraction : float
        Share of the validation rows, or of the groups that they are; at least one goes to each side.
    seed : int
        Seed of the shuffle.
    strata : ndarray of shape (n_rows,), default=None
        Class of each row. At least one row of each is trained on: a network that never saw a class cannot be judged on
        it. Of shuffled rows, each class is divided in the same proportion up to rounding.
    kind : {"random", "last", "group"}, default="random"
        Shuffled rows, the last ones, or all rows of some groups.
    groups : ndarray of shape (n_rows,), default=None
        The group of each row.

    Returns
    -------
    train, valid : ndarray of int
        Row numbers, each in ascending order.

    Raises
    ------
    ValueError
        If there are not enough groups, or if classes do not allow the division.
    """
    if kind == "last":
        return _last_rows(n_rows, fraction, strata)
    if kind == "group":
        return _rows_of_groups(groups, fraction, seed, strata)
    return _shuffled_rows(n_rows, fraction, seed, strata)


def _shuffled_rows(n_rows, fraction, seed, strata):
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


def _last_rows(n_rows, fraction, strata):
    n_valid = _n_set_aside(n_rows, fraction)
    train, valid = np.arange(n_rows - n_valid), np.arange(n_rows - n_valid, n_rows)
    unknown = np.setdiff1d(strata[valid], strata[train]) if strata is not None else ()
    if len(unknown):
        raise ValueError(
            f"validation_split='last' sets the last {n_valid} of {n_rows} rows aside, and they have the labels "
            f"{reprlib.repr(unknown.tolist())}, which the rows before have not: a network cannot be judged on what it "
            "never saw. Shuffle the rows, set validation_split='random', or give X_val and y_val."
        )
    return train, valid


def _rows_of_groups(groups, fraction, seed, strata):
    names, codes = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"validation_split='group' needs at least 2 groups, got {len(names)}")
    n_valid = _n_set_aside(len(names), fraction)
    table = contingency_matrix(codes, codes * 0 if strata is None else strata, sparse=True)
    left = np.asarray(table.sum(axis=0)).ravel()
    chosen = []
    for group in np.random.default_rng(seed).permutation(len(names)):
        rows = slice(table.indptr[group], table.indptr[group + 1])
        classes, counts = table.indices[rows], table.data[rows]
        if (left[classes] > counts).all():  # other groups have rows of each of its classes
            left[classes] -= counts
            chosen.append(group)
        if len(chosen) == n_valid:
            break
    if not chosen:
        raise ValueError(
            f"validation_split='group' finds none of the {len(names)} groups to set aside: each has all rows of some "
            "class. Set validation_split='random', or give X_val and y_val."
        )
    is_valid = np.isin(codes, chosen)
    return np.flatnonzero(~is_valid), np.flatnonzero(is_valid)


def _n_set_aside(n: int, fraction: float) -> int:
    return max(1, min(round(fraction * n), n - 1))
