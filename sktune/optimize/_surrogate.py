"""The surrogate of what an optimizer was told."""

import numpy as np

from ._encoding import FeatureEncoder
from ._fit import ANY_MEAN, ANY_NOISE, SOME_NOISE, ZERO_MEAN, fit_gaussian_process
from ._gp import GaussianProcess, Hyperparameters
from ._levels import LeveledProcess, leveled_process
from ._transform import ScoreTransform

#: Known standard errors count up to this multiple of the deviation of the values: such a value says nothing anyway.
_MAX_KNOWN_DEVIATION = 1e3
#: Hyperparameters are searched for from the last ones alone until there are so many times the observations.
_GROWTH = 1.05
#: What is thought of noise and mean, where all scores are of one fidelity and where a level of it has its own process.
_PRIORS = {"noise_prior": ANY_NOISE, "mean_prior": ANY_MEAN}
_PRIORS_OF_LEVELS = {"noise_prior": SOME_NOISE, "mean_prior": ZERO_MEAN}


class Surrogate:
    """Fit processes to data that grow; hyperparameters are searched for only where the data are new.

    Parameters
    ----------
    encoder : FeatureEncoder

    Attributes
    ----------
    hyperparameters : dict of int to Hyperparameters
        The last ones of each level of fidelity, where the next search begins.
    """

    def __init__(self, encoder: FeatureEncoder):
        self._encoder = encoder
        self.hyperparameters: dict[int, Hyperparameters] = {}
        self._searched: dict[int, int] = {}  # numbers of observations when all maxima were last compared
        self._version = 0

    def of(
        self, U: np.ndarray, scores: np.ndarray, noises: np.ndarray, fidelities: np.ndarray, *, version: int
    ) -> GaussianProcess | LeveledProcess:
        """Return the process of told scores.

        Parameters
        ----------
        U : ndarray of shape (n_points, n_dims)
            Snapped points; scores, known standard errors and fidelities are of shape (n_points,).
        version : int
            From 1; equal numbers say that the data are equal.
        """
        transform = ScoreTransform(scores)
        X, y = self._encoder.encode(U), transform(scores)
        known_variance = np.minimum(transform.slope(scores) * noises, _MAX_KNOWN_DEVIATION) ** 2

        is_leveled = bool((fidelities < 1.0).any())

        def fit(level, *observations):
            priors = _PRIORS_OF_LEVELS if is_leveled else _PRIORS
            return self._fit(level, *observations, priors, is_known=version == self._version)

        if is_leveled:
            process = leveled_process(X, y, fidelities, known_variance, fit)
        else:
            process = fit(0, X, y, known_variance)
        self._version = version
        return process

    def _fit(self, level, X, y, known_variance, priors, *, is_known):
        given = {"known_variance": known_variance, "layout": self._encoder.layout}
        start = self.hyperparameters.get(level)
        if is_known:
            return GaussianProcess(X, y, start, **given)
        is_local = len(y) < _GROWTH * self._searched.get(level, 0)
        if not is_local:
            self._searched[level] = len(y)
        gp = fit_gaussian_process(X, y, start=start, is_local=is_local, **priors, **given)
        self.hyperparameters[level] = gp.hyperparameters
        return gp
