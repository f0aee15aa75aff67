"""The place and the unit of a regression's targets, in which the network learns them.

=============================== ============================= =======================================================
loss                            place                         unit
=============================== ============================= =======================================================
squared_error                   mean                          standard deviation
absolute_error, huber           median                        mean distance from the median
quantile                        the quantile                  mean distance from the median
poisson, gamma                  0                             mean
=============================== ============================= =======================================================

Outputs of 0 are then the constant that is best, or near it for Huber's loss, and no loss depends on the unit of the
targets.
"""

import warnings

import numpy as np

from ..exceptions import SktuneWarning
from ._plan import LOG_LINK


def place_and_unit(
    targets: np.ndarray, weights: np.ndarray | None, loss: str, quantile: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each target and its unit, which is 0, or nearly so, for a constant.

    Parameters
    ----------
    targets : ndarray of shape (n_rows, n_outputs), float64
    weights : ndarray of shape (n_rows,) or None
    loss : str
        A loss of `NetRegressor`.
    quantile : float
        Of the loss "quantile".
    """
    if loss in LOG_LINK:
        return np.zeros(targets.shape[1]), np.average(targets, axis=0, weights=weights)
    if loss == "squared_error":
        average = np.average(targets, axis=0, weights=weights)
        place = np.where((targets == targets[0]).all(axis=0), targets[0], average)  # exactly
        return place, _deviation(targets - place, weights)
    median = _quantile(targets, weights, 0.5)
    unit = np.average(np.abs(targets - median), axis=0, weights=weights)
    return (_quantile(targets, weights, quantile) if loss == "quantile" else median), unit


def unit_of_constants(place: np.ndarray, dtype: str, *, more_to_come: bool) -> np.ndarray:
    """Return the units of targets that are constant at `place`, and so have no scale of their own."""
    size, smallest = np.abs(place), smallest_unit(dtype)
    if more_to_come:  # what follows may vary, by as much as the target is large, for all we know
        return np.where(size == 0, 1.0, np.maximum(size, smallest))
    # all there is to predict is the constant: whatever the network gives must not show
    return np.maximum(np.finfo(np.float64).eps * size, smallest)


def check_resolution(unit: np.ndarray, place: np.ndarray, dtype: str, loss: str) -> None:
    """Say so where the network's type is too coarse for the targets' variation."""
    limits, smallest = np.finfo(dtype), smallest_unit(dtype)
    name = "standard deviation" if loss == "squared_error" else "mean" if loss in LOG_LINK else "mean deviation"
    if (unit < smallest).any():
        raise ValueError(
            f"y has a {name} of {unit.min():.1g}, too small for dtype={dtype!r}: "
            f"the least is {smallest:.1g}. Multiply y by a power of 10."
        )
    for spread, center in zip(unit, place, strict=True):
        if spread < 8 * limits.eps * abs(center):
            warnings.warn(
                f"y has a {name} of {spread:.1g} around {center:.7g}, which dtype={dtype!r} "
                "hardly resolves. Subtract an offset from y, or set dtype='float64'.",
                SktuneWarning,
                stacklevel=2,
            )


def smallest_unit(dtype: str) -> float:
    """Return the least unit of targets of a type: nearer to zero, numbers have fewer digits."""
    limits = np.finfo(dtype)
    return float(limits.tiny / limits.eps)


def _quantile(targets, weights, quantile):
    """Return a value of each column that the share `quantile` of its weight does not exceed."""
    weights = np.ones(len(targets)) if weights is None else weights  # in one way, with weights or without
    return np.quantile(targets, quantile, axis=0, weights=weights, method="inverted_cdf")


def _deviation(distance: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Return the root mean square of each column, where squares alone would leave the range of numbers as well."""
    unit = np.abs(distance).max(axis=0)
    unit[unit == 0] = 1.0
    return unit * np.sqrt(np.average((distance / unit) ** 2, axis=0, weights=weights))
