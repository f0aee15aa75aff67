"""A surrogate of evaluations that come in several fidelities: what the lowest tells, and what each higher one adds.

Notation
--------
level t           scores of about one fidelity, t = 0 for the lowest
f_0, f_1, ...     independent Gaussian processes: the scores of level 0, and by how much those of level t differ from
                  those of level t - 1
F = f_0 + f_1 + ...   what a whole evaluation scores

Each process is fitted to the differences at the points of its level; where such a point has no score one level below,
the difference is to what is expected there, and as uncertain. So a few whole evaluations say where early scores
mislead, and what many early scores say of the rest is as sharp as without them. Among the learning curves of LCBench,
one process with the fidelity as a further feature predicts as well, but does not tell apart what an evaluation of low
fidelity can reveal and what it cannot.

Kennedy & O'Hagan (2000), Predicting the Output from a Complex Computer Code When Fast Approximations Are Available; Le
Gratiet & Garnier (2014), Recursive Co-Kriging Model for Design of Computer Experiments with Multiple Levels of
Fidelity.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ._gp import GaussianProcess

#: Fidelities that differ by a smaller factor make one level.
_SAME_LEVEL = 1.25
#: Variance that is expected of a difference of levels, and the number of observed differences for which this counts.
_STEP_VARIANCE, _STEP_COUNT = 0.1, 3.0

#: Fits a process: takes the level, and the features, values and known variances of its observations.
Fit = Callable[[int, np.ndarray, np.ndarray, np.ndarray], GaussianProcess]


class LeveledProcess:
    """The sum of the processes of all levels, with what is uncertain of it up to a fidelity.

    Parameters
    ----------
    levels : sequence of float
        The highest fidelity of each level, rising.
    parts : sequence of (GaussianProcess, float)
        For each level, a process and the factor by which its values are to be multiplied.
    fidelity : float, default=1.0
        Variances are those that evaluations at this fidelity would reveal.
    """

    def __init__(self, levels: Sequence[float], parts: Sequence[tuple[GaussianProcess, float]], fidelity: float = 1.0):
        self.levels, self._parts, self._fidelity = levels, parts, fidelity

    def up_to(self, fidelity: float | None) -> "LeveledProcess":
        """Return the same process, with the variances that evaluations at `fidelity`, None the lowest, would reveal."""
        return LeveledProcess(self.levels, self._parts, self.levels[0] if fidelity is None else fidelity)

    @property
    def known_variance(self) -> np.ndarray:
        """Known noise variances of the observations of the lowest level."""
        return self._parts[0][0].known_variance

    @property
    def mean_(self) -> np.ndarray:
        """Mean of the sum at the observations of the lowest level."""
        return self.predict(self._parts[0][0].X)[0]

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of the sum at each row of `X`, as `GaussianProcess.predict` does."""
        mean, variance = np.zeros(len(X)), np.full(len(X), self._unseen_variance())
        for (gp, factor), counts in zip(self._parts, self._counting(), strict=True):
            own_mean, own_variance = gp.predict(X)
            mean += factor * own_mean
            variance += counts * factor**2 * own_variance
        return mean, variance

    def predict_with_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return mean and variance of the sum and their gradients, as `GaussianProcess.predict_with_gradient` does."""
        mean, variance = np.zeros(len(X)), np.full(len(X), self._unseen_variance())
        mean_gradient, variance_gradient = np.zeros(X.shape), np.zeros(X.shape)
        for (gp, factor), counts in zip(self._parts, self._counting(), strict=True):
            own_mean, own_variance, own_mean_gradient, own_variance_gradient = gp.predict_with_gradient(X)
            mean += factor * own_mean
            mean_gradient += factor * own_mean_gradient
            variance += counts * factor**2 * own_variance
            variance_gradient += counts * factor**2 * own_variance_gradient
        return mean, variance, mean_gradient, variance_gradient

    def believe(self, X: np.ndarray, *, known_variance: float = 0.0) -> "LeveledProcess":
        """Return the process that has also seen the points `X` at the lowest level, as expected."""
        (gp, factor), *rest = self._parts
        believing = gp.believe(X, known_variance=known_variance)
        return LeveledProcess(self.levels, [(believing, factor), *rest], self._fidelity)

    def _counting(self):
        return [float(level < _SAME_LEVEL * self._fidelity or t == 0) for t, level in enumerate(self.levels)]

    def _unseen_variance(self):
        return _STEP_VARIANCE if self._fidelity > _SAME_LEVEL * self.levels[-1] else 0.0


def leveled_process(
    X: np.ndarray, y: np.ndarray, fidelities: np.ndarray, known_variance: np.ndarray, fit: Fit
) -> LeveledProcess:
    """Return the process of observations of several fidelities.

    Parameters
    ----------
    X : ndarray of shape (n_points, n_features)
        Features of the observations; a point that was observed at several levels has several equal rows.
    y : ndarray of shape (n_points,)
        Observed values, standardised.
    fidelities : ndarray of shape (n_points,)
    known_variance : ndarray of shape (n_points,)
        Known noise variance of each observation.
    fit : callable
        Fits the processes.

    Returns
    -------
    LeveledProcess
    """
    levels, number = _divide(fidelities)
    points = [x.tobytes() for x in X]
    parts, below = [], {}
    for level in range(len(levels)):
        at = np.flatnonzero(number == level)
        own, variance, factor = y[at], known_variance[at], 1.0
        if level > 0:
            base, uncertainty = _expected_below(LeveledProcess(levels[:level], parts), X[at], points, at, below)
            own, variance = own - base, variance + uncertainty
            squares = _STEP_COUNT * _STEP_VARIANCE + own @ own
            factor = float(np.sqrt(squares / (_STEP_COUNT + len(at))))
        parts.append((fit(level, X[at], own / factor, variance / factor**2), factor))
        below = _means_by_point(points, at, y)
    return LeveledProcess(levels, parts)


def _divide(fidelities):
    """The highest fidelity of each level, and the level of each observation."""
    starts = []
    for fidelity in np.unique(fidelities):
        if not starts or fidelity > _SAME_LEVEL * starts[-1]:
            starts.append(fidelity)
    number = np.searchsorted(starts, fidelities, side="right") - 1
    return [float(fidelities[number == level].max()) for level in range(len(starts))], number


def _expected_below(process, X, points, at, below):
    """What the observations `at` scored one level below; what was expected of them there, if they have not been."""
    mean, variance = process.predict(X)
    scored = [points[index] in below for index in at]
    known = [below.get(points[index], 0.0) for index in at]
    return np.where(scored, known, mean), np.where(scored, 0.0, variance)


def _means_by_point(points, at, y):
    values: dict[bytes, list[float]] = {}
    for index in at:
        values.setdefault(points[index], []).append(y[index])
    return {point: float(np.mean(own)) for point, own in values.items()}
