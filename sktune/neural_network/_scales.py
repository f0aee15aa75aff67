"""Whether inputs are of scales that networks learn from.

Notation
--------
r_j, s_j        range and standard deviation of column j
g_j             its scale: sqrt(r_j s_j)
m_j             its mean

Initial weights and learning rates are made for columns of scale 1. Three measures tell that columns are far from that:

    max(g, 1) / min(g, 1) >= 1000       scales differ, among each other or from 1
    |m_j| / r_j >= 10                   a column is far from 0 relative to its spread
    sqrt(mean(m_j^2 + s_j^2)) >= 10     the values are large, their spread or their distance from 0

Neither the range nor the deviation alone would do. A column that is 1 in one row of 10,000 has a range of 1, but a
deviation of 0.01; divided by its deviation, as StandardScaler does it, a range of 100. Their mean stays between 0.1 and
10 in both cases. On 24 real tables, columns that were standardised, brought to [0, 1], to quantiles or one-hot had
ratios of at most 63 and distances of at most 1; tables as they come had ratios of up to 1e8, distances of up to 1700.
Values of standardised columns that were multiplied by 10 made worse networks on 7 of 7 tables, and so did those to
which 10 was added: the root mean square is 10 in both cases.
"""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.sparsefuncs import mean_variance_axis, min_max_axis

from .._utils.notices import give_notice
from ..exceptions import InputScaleWarning

#: the least ratio of scales, distance from 0 and size that are said
_RATIO, _DISTANCE, _SIZE = 1e3, 10.0, 10.0
#: so many values are looked at, in rows at equal distances, but in no fewer rows than this; fewer tell nothing
_VALUES, _FEWEST_ROWS, _FEWEST_TO_TELL = 1 << 20, 64, 5
#: columns whose range is a smaller share of their size, or of the largest range, are constant but for rounding
_ROUNDING, _NOISE = 1e-6, 1e-12


def warn_of_scales(X: Any, names: np.ndarray | None, *, owner: str) -> None:
    """Warn if columns of `X` are of very different scales, far from 0 relative to their spread, or large.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_rows, n_features)
        Finite numbers.
    names : ndarray of shape (n_features,) or None
        Names of the columns; None: they are numbered.
    owner : str
        Name of the estimator that learns from them.
    """
    message = _fault(X, names)
    if message is not None:
        scaler = "MaxAbsScaler()" if issparse(X) else "StandardScaler()"
        advice = f"put {scaler} in front: make_pipeline({scaler}, {owner}(...))"
        give_notice(InputScaleWarning, f"{message}. Networks learn badly from such inputs: {advice}.")


def _fault(X, names) -> str | None:
    rows = _some_rows(X)
    if rows.shape[0] < _FEWEST_TO_TELL:
        return None
    mean, deviation, span = _moments(rows)
    varies = span > np.maximum(_ROUNDING * np.abs(mean), _NOISE * span.max())
    if not varies.any():
        return None
    number = np.flatnonzero(varies)
    scale = np.sqrt(deviation[varies] * span[varies])
    name = lambda place: repr(str(names[number[place]])) if names is not None else str(number[place])  # noqa: E731
    large, small = int(scale.argmax()), int(scale.argmin())
    if max(scale[large], 1.0) >= _RATIO * min(scale[small], 1.0):
        ends = dict.fromkeys((small, large))
        shown = " and ".join(f"column {name(place)} varies by about {deviation[number[place]]:.0e}" for place in ends)
        return f"the columns of X are of very different scales, or far from 1: {shown}"
    distance = np.abs(mean[varies]) / span[varies]
    far = int(distance.argmax())
    if distance[far] >= _DISTANCE:
        column = number[far]
        return (
            f"X has columns that are far from 0 relative to their spread: column {name(far)} varies by about "
            f"{deviation[column]:.0e} around {mean[column]:.4g}"
        )
    square = (mean**2 + deviation**2)[varies]
    if square.mean() >= _SIZE**2:
        largest = int(square.argmax())
        return (
            f"the values of X are large: their root mean square is {square.mean() ** 0.5:.3g} and should be about 1; "
            f"in column {name(largest)} it is {square[largest] ** 0.5:.3g}"
        )
    return None


def _some_rows(X):
    n_rows = max(_FEWEST_ROWS, _VALUES // max(1, X.shape[1]))
    return X[:: max(1, X.shape[0] // n_rows)]


def _moments(rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, standard deviation and range of each column."""
    if issparse(rows):
        mean, variance = mean_variance_axis(rows, 0)
        least, largest = min_max_axis(rows, 0)
    else:
        mean, least, largest = rows.mean(0, dtype=np.float64), rows.min(0), rows.max(0)
        variance = rows.var(0, dtype=np.float64)
    return mean.astype(np.float64), np.sqrt(variance, dtype=np.float64), largest.astype(np.float64) - least
