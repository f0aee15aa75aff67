"""Where learning curves lead: from early scores to those at the end of a training.

Curves cross: what learns fast is often not what learns most. So a candidate is not only scored where its training
pauses, but also a little before, and what it has gained in between says how much is still to come: a curve that
approaches its end as 1/epoch does gains

    rise * (1/epoch - 1/last epoch) / (1/earlier epoch - 1/epoch)

more. Where candidates have been trained further, how much of this came true corrects it.

Among the learning curves of LCBench, 57 candidates a task at a time, the best by this extrapolation from epochs 4 and 6
loses 0.05 of the distance between a median setting and the best one, the best at epoch 6 loses 0.07; from epochs 12 and
17 it is 0.03 instead of 0.04. More epochs add nothing to this, but they tell noise, which would be extrapolated too.
"""

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np
from scipy.optimize import brentq

from .._utils.floats import power_of_two

#: Share of the epochs until a pause after which the training is looked at.
_LOOK_SHARE = 0.7
#: Correlation of rises before and after a look, if there were no noise.
_CORRELATION = 0.9
#: Noise is taken to be greater than splits tell it by so many relative standard errors of its variance.
_CAUTION = 2.0
#: Share of the variance of rises that is not noise, where fewer than so many candidates could tell it.
_UNKNOWN, _FEWEST = 0.5, 3
#: Gains beyond the best score, in distances of the best from the median, become ever less likely.
_HEADROOM = 1.0
#: The extrapolation, as it is, counts as much as so many observed gains.
_PRIOR_COUNT = 5.0
#: At most so many times the extrapolated gain is expected.
_HIGHEST_SLOPE = 3.0

AnyRung = TypeVar("AnyRung", bound=Hashable)
Candidate = TypeVar("Candidate", bound=Hashable)
_Scores = Mapping[AnyRung, Mapping[Candidate, float]]


def looks_before(n_epochs: int, n_former: int, n_splits: int) -> tuple[int, ...]:
    """Return the epochs at which to look at a training on its way from `n_former` to `n_epochs`.

    None of them if the way is short. On a single split also at half of the epochs: two looks tell how noisy scores are.

    Examples
    --------
    >>> looks_before(17, 6, 1), looks_before(17, 6, 2), looks_before(17, 13, 1), looks_before(1, 0, 1)
    ((8, 12), (12,), (13,), ())
    """
    late = math.floor(_LOOK_SHARE * n_epochs + 0.5)
    looks = {max(n_former, look) for look in ((n_epochs // 2, late) if n_splits == 1 else (late,))}
    return tuple(look for look in sorted(looks) if 0 < look < n_epochs)


def outlook(look: int, n_epochs: int, max_epochs: int) -> float:
    """Return what is still to come until `max_epochs`, as a multiple of the rise from `look` to `n_epochs`.

    Examples
    --------
    >>> round(outlook(4, 6, 52), 2)
    1.77
    """
    return (1 / n_epochs - 1 / max_epochs) / (1 / look - 1 / n_epochs)


def expected_gains(scores: np.ndarray, rises: np.ndarray, outlooks: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Return what is expected to come of candidates that pause together.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates,)
        Finite.
    rises : ndarray of shape (n_candidates, n_splits)
        What each has gained since it was looked at, on each split.
    outlooks : ndarray of shape (n_candidates,)
        What `outlook` returns.
    earlier : ndarray of shape (n_candidates,)
        What each had gained before, since an earlier look on the only split; NaN if it had none. Of no meaning where
        there are several splits.

    Returns
    -------
    ndarray of shape (n_candidates,)
        Gains, some of them negative. As far as the rises are noise, all are taken to rise alike, as the better half
        does. What a candidate is to gain more than this is reduced, the more the closer it is to the best score.
    """
    best, median = scores.max(), np.median(scores)
    is_good = scores >= median  # the others may rise by much, which says nothing of noise
    mean, centre = rises.mean(axis=1), rises[is_good].mean()
    if rises.shape[1] > 1:
        reliability = reliability_by_splits(rises[is_good])
    else:
        is_known = is_good & np.isfinite(earlier)
        reliability = reliability_by_looks(earlier[is_known], mean[is_known])
    more = outlooks * reliability * (mean - centre)
    limits = best - scores + _HEADROOM * (best - median)
    shares = np.divide(more, limits, out=np.zeros_like(more), where=limits > 0.0)
    more = limits * np.where(more > 0.0, -np.expm1(-np.maximum(shares, 0.0)), np.maximum(shares, -1.0))
    return outlooks * centre + more


def reliability_by_splits(rises: np.ndarray) -> float:
    """Return the share of the variance of mean rises that is not noise, by how far the splits agree on them.

    Parameters
    ----------
    rises : ndarray of shape (n_candidates, n_splits)
    """
    n_candidates, n_splits = rises.shape
    if n_candidates < _FEWEST:
        return _UNKNOWN
    rises = rises / power_of_two(rises)
    mean = rises.mean(axis=1, keepdims=True)
    residual = rises - mean - (rises.mean(axis=0) - rises.mean())
    n_free = (n_candidates - 1) * (n_splits - 1)
    noise = np.sum(residual**2) / n_free / n_splits * (1.0 + _CAUTION * np.sqrt(2.0 / n_free))
    variance = mean.var(ddof=1)
    return max(0.0, 1.0 - noise / variance) if variance > 0.0 else _UNKNOWN


def reliability_by_looks(earlier: np.ndarray, rises: np.ndarray) -> float:
    """Return the share of the variance of rises that is not noise, by how well earlier rises tell them.

    With a variance v of the noise of scores, those of both rises are greater by 2 v, and their covariance is less by v.
    Without it they would be closely correlated.

    Parameters
    ----------
    earlier, rises : ndarray of shape (n_candidates,)
    """
    if len(rises) < _FEWEST or np.ptp(rises) == 0.0:
        return _UNKNOWN
    unit = power_of_two([*earlier, *rises])
    (first, covariance), (_, second) = np.cov(earlier / unit, rises / unit)
    first, covariance = first / second, covariance / second  # v is in the unit of the second variance

    def excess(v):
        return max(covariance + v, 0.0) ** 2 - _CORRELATION**2 * (first - 2.0 * v) * (1.0 - 2.0 * v)

    most = min(first, 1.0) / 2.0
    noise = 0.0 if excess(0.0) >= 0.0 else brentq(excess, 0.0, most) if excess(most) > 0.0 else most
    return 1.0 - 2.0 * noise


def lifted(scores: _Scores, gains: _Scores | None = None) -> list[tuple[Candidate, float, AnyRung]]:
    """Return scores of all rungs as if all were of the last one.

    To a score of a lower rung is added what was expected to come, and by how much those that came to the next rung
    differ from this, in the median: otherwise a surrogate would hold all that was trained long for good.

    Parameters
    ----------
    scores : mapping of rungs to mappings of candidates to floats
        Rungs can be sorted. NaN stands for failures, and stays.
    gains : mapping of rungs to mappings of candidates to floats, default=None
        What is expected to come of candidates until the end. Where this is not known, nothing is expected.

    Returns
    -------
    list of (candidate, float, rung)

    Examples
    --------
    >>> low, high = (0.1, 1), (1.0, 5)
    >>> [(name, score) for name, score, _ in lifted({high: {"a": 0.75}, low: {"a": 0.5, "b": 0.25}})]
    [('a', 0.75), ('b', 0.5), ('a', 0.75)]
    """
    answer, above, intercept = [], {}, 0.0
    for rung in sorted(scores, reverse=True):
        own, expected = scores[rung], (gains or {}).get(rung, {})
        both = [c for c in above if c in own and not math.isnan(above[c] - own[c])]
        slope, intercept = _line(
            np.array([expected.get(c, 0.0) for c in own]),
            np.array([expected.get(c, 0.0) for c in both]),
            np.array([above[c] - own[c] for c in both]),
            intercept,
        )
        above = {c: score + intercept + slope * expected.get(c, 0.0) for c, score in own.items()}
        answer = [(candidate, score, rung) for candidate, score in above.items()] + answer
    return answer


def _line(expected: np.ndarray, of_them: np.ndarray, came: np.ndarray, intercept: float) -> tuple[float, float]:
    """Slope and intercept of the gains that came by those that were `expected`, `of_them` of those that came.

    Without any, the slope is 1, and the intercept the one that is given.
    """
    if not len(came):
        return 1.0, intercept
    unit = power_of_two(expected)
    prior = _PRIOR_COUNT * (expected / unit).var()
    centred = (of_them - of_them.mean()) / unit
    weight = prior + centred @ centred
    slope = min(max((prior + centred @ (came / unit)) / weight, 0.0), _HIGHEST_SLOPE) if weight > 0.0 else 1.0
    return slope, float(np.median(came - slope * of_them))
