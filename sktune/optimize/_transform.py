"""From scores, in whatever unit and however skewed, to values that a Gaussian process can have.

Notation
--------
score           what was told, greater is better; not finite where the evaluation failed
r               (score - median) / (best - median): 0 for the median, 1 for the best
w(r)            Yeo & Johnson's power transform, with the exponent p that makes the values most nearly normal:
                    ((1 + r)^p - 1) / p                  where r >= 0
                    -((1 - r)^(2 - p) - 1) / (2 - p)     where r < 0
                bad scores count by their logarithm under p = 2, and are bounded below under p > 2: one absurd score
                does not flatten the differences of the others
value           w(r) with mean 0 and deviation 1; a failure has the value of the worst score

Yeo & Johnson (2000), A New Family of Power Transformations to Improve Normality or Symmetry; its use for tuning:
Cowen-Rivers et al. (2022), HEBO: Pushing the Limits of Sample-Efficient Hyperparameter Optimisation.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import boxcox1p

from .._utils.floats import power_of_two

#: Differences below this share of the scores are rounding, not information.
_SMALLEST_DIFFERENCE = 1e-12
#: Keeps the powers of absurd ratios within floating point.
_LOWEST_RATIO = -1e30
_POWER_BOUNDS = (-1.0, 5.0)
#: The exponent 1 changes nothing; few values are no reason to leave it.
_POWER_PRIOR_MEAN, _POWER_PRIOR_DEVIATION = 1.0, 1.0


class ScoreTransform:
    """Increasing map from scores to values with mean 0 and deviation 1.

    Parameters
    ----------
    scores : array-like of shape (n_points,)
        At least one is finite.
    """

    def __init__(self, scores):
        scores = np.asarray(scores, dtype=np.float64)
        finite = scores[np.isfinite(scores)]
        self._unit = power_of_two(finite)  # divided by first: differences of huge scores would overflow
        self._median = np.median(finite / self._unit)
        self._spread = _spread(finite / self._unit, self._median)
        ratios = self._ratios(finite)
        self._power = _most_normal_power(ratios)
        powered = yeo_johnson(ratios, self._power)
        self._failure = powered.min() - (np.ptp(powered) == 0.0)  # worse than scores that are all the same
        filled = np.append(powered, np.full(len(scores) - len(finite), self._failure))
        self._mean, self._deviation = filled.mean(), filled.std() or 1.0

    def __call__(self, scores):
        """Return the values, shape (n_points,), of `scores`."""
        scores = np.asarray(scores, dtype=np.float64)
        failed = ~np.isfinite(scores)
        powered = yeo_johnson(self._ratios(np.where(failed, 0.0, scores)), self._power)
        return (np.where(failed, self._failure, powered) - self._mean) / self._deviation

    def slope(self, scores):
        """Return the derivatives of the values, shape (n_points,), by the scores; 0 for failures.

        Small errors of the scores, times the slopes, are errors of the values.
        """
        scores = np.asarray(scores, dtype=np.float64)
        failed = ~np.isfinite(scores)
        slope = yeo_johnson_slope(self._ratios(np.where(failed, 0.0, scores)), self._power)
        with np.errstate(over="ignore", invalid="ignore"):  # both are mended in the next line
            slope = slope / self._deviation / self._unit / self._spread  # in this order a tiny spread is undone
        slope = np.nan_to_num(slope, nan=0.0)  # scores that are all the same have an infinite spread, and no slope
        return np.where(failed, 0.0, slope)

    def _ratios(self, scores):
        with np.errstate(over="ignore"):  # what is beyond floating point is bounded in the same line
            return np.maximum((scores / self._unit - self._median) / self._spread, _LOWEST_RATIO)


def yeo_johnson(r, power):
    """Return Yeo & Johnson's transform of `r`."""
    return np.where(r >= 0.0, boxcox1p(np.abs(r), power), -boxcox1p(np.abs(r), 2.0 - power))


def yeo_johnson_slope(r, power):
    """Return the derivative of Yeo & Johnson's transform at `r`."""
    return (1.0 + np.abs(r)) ** (np.sign(r) * (power - 1.0))


def _most_normal_power(ratios):
    """Exponent under which `ratios` has the highest normal likelihood, times a normal prior around 1."""
    if np.ptp(ratios) == 0.0:
        return 1.0
    log_slopes = np.sum(np.sign(ratios) * np.log1p(np.abs(ratios)))  # divided by p - 1

    def loss(power):
        deviation = yeo_johnson(ratios, power).std()
        prior = (power - _POWER_PRIOR_MEAN) / _POWER_PRIOR_DEVIATION
        return len(ratios) * np.log(deviation) - (power - 1.0) * log_slopes + 0.5 * prior**2

    return minimize_scalar(loss, bounds=_POWER_BOUNDS, method="bounded", options={"xatol": 1e-3}).x


def _spread(scores, median):
    """How far the best lies above the median, or else how far the worst lies below it; infinite if all agree."""
    for extreme in (scores.max(), scores.min()):
        distance = abs(extreme - median)
        if distance > _SMALLEST_DIFFERENCE * max(abs(extreme), abs(median)):
            return distance
    return np.inf
