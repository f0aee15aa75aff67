"""Importances from a surrogate: functions drawn from it, and the shares of their variance."""

from collections.abc import Callable
from functools import partial

import numpy as np

from ..inspection import ParameterImportance, variance_shares
from ..optimize import (
    FeatureEncoder,
    FunctionDraws,
    GaussianProcess,
    Hyperparameters,
    draw_hyperparameters,
    leave_out_predictions,
)
from ._surrogate_data import SurrogateData

#: Draws of the hyperparameters, over which the drawn functions are spread: the most and the fewest, and their number
#: times that of the candidates in between. Many candidates leave the hyperparameters little freedom, and take long.
_MAX_HYPERPARAMETERS, _MIN_HYPERPARAMETERS, _HYPERPARAMETERS_TIMES_CANDIDATES = 16, 4, 1600
#: The hyperparameters are estimated from at most this many candidates, as that takes the cube of their number.
_MAX_FITTED = 300
#: Points per evaluation of the functions.
_N_SAMPLES = 1024


def explain(data: SurrogateData, n_draws: int, seed: int) -> ParameterImportance:
    """Return the importances of the parameters, from `n_draws` functions that `seed` determines."""
    first_order, total = np.zeros((2, n_draws, data.space.n_dims))
    interaction, loo_r2 = np.zeros(n_draws), 0.0
    if np.ptp(data.y) > 0:  # else nothing matters
        surrogate = _Surrogate(data, n_draws, np.random.default_rng(seed))
        shares = variance_shares(surrogate.functions, len(data.varying), n_samples=_N_SAMPLES, seed=seed)
        first_order[:, data.varying], total[:, data.varying] = shares.first_order, shares.total
        interaction, loo_r2 = shares.interaction, surrogate.loo_r2
    means = total.mean(axis=0)
    order = data.parameters[np.argsort(-means[data.parameters], kind="stable")]
    return ParameterImportance(
        names=tuple(data.space.names[dim] for dim in order),
        first_order=first_order.mean(axis=0)[order],
        first_order_std=first_order.std(axis=0)[order],
        total=means[order],
        total_std=total.std(axis=0)[order],
        interaction=float(interaction.mean()),
        interaction_std=float(interaction.std()),
        loo_r2=loo_r2,
        n_candidates=len(data.y),
        n_failed=data.n_failed,
        scale=data.scale,
    )


class _Surrogate:
    """A Gaussian process of the values, and functions drawn from it, hyperparameters included.

    Attributes
    ----------
    loo_r2 : float
        R2 of predicting each setting from all others, by the most probable hyperparameters. What was evaluated several
        times is left out as one. That different resources give different scores is no merit.
    """

    def __init__(self, data: SurrogateData, n_draws: int, rng: np.random.Generator):
        self._data, self._encoder = data, FeatureEncoder(data.space)
        self._X = self._encoder.encode(data.U)
        n_fits = max(_HYPERPARAMETERS_TIMES_CANDIDATES // len(data.y), _MIN_HYPERPARAMETERS)
        mode, hyperparameters = self._fit(min(n_draws, n_fits, _MAX_HYPERPARAMETERS), rng)
        process = self._process()
        numbers = np.array_split(np.arange(n_draws), len(hyperparameters))
        n_categories = max((int(one.n_values) for one in data.space.dimensions if one.is_categorical), default=0)
        self._draws = [
            FunctionDraws(process(one), len(own), rng, n_categories=n_categories)
            for one, own in zip(hyperparameters, numbers, strict=True)
        ]
        residuals = data.y - leave_out_predictions(process(mode), data.settings)
        self.loo_r2 = float(1.0 - np.sum(residuals**2) / np.sum((data.y - data.expected) ** 2))

    def _fit(self, n_draws: int, rng: np.random.Generator) -> tuple[Hyperparameters, list[Hyperparameters]]:
        data = self._data
        rows = np.sort(rng.permutation(len(data.y))[:_MAX_FITTED])
        known = {"known_variance": data.known_variance[rows], "layout": self._encoder.layout}
        return draw_hyperparameters(self._X[rows], data.y[rows], n_draws, rng, **known)

    def _process(self) -> Callable[[Hyperparameters], GaussianProcess]:
        known = {"known_variance": self._data.known_variance, "layout": self._encoder.layout}
        return partial(GaussianProcess, self._X, self._data.y, **known)

    def functions(self, u: np.ndarray) -> np.ndarray:
        """Return the values (n, n_draws) of the functions at coordinates `u` (n, n_varying) of varying parameters."""
        features = self._encoder.encode(self._data.points(u))
        return np.hstack([draw(features) for draw in self._draws])
