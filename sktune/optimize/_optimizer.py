"""Bayesian optimisation by ask and tell."""

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.random import RandomState

from ..exceptions import SpaceExhaustedError
from ..space import Space
from ._checks import (
    check_base_estimator,
    check_fidelities,
    check_fidelity,
    check_length,
    check_noise,
    check_points,
    check_positive,
    check_score,
    check_scores,
    check_seed,
    check_space,
)
from ._encoding import FeatureEncoder
from ._gp import GaussianProcess
from ._history import History, key_of
from ._levels import LeveledProcess
from ._proposer import Proposer
from ._surrogate import Surrogate
from ._threads import one_blas_thread
from ._transform import ScoreTransform

#: Initial points of a space of numbers, and of one with categories or conditions.
_N_INITIAL, _N_INITIAL_WITH_KINDS = 5, 10


class Optimizer:
    """Bayesian optimisation with a Gaussian process, by ask and tell. Greater scores are better.

    The first points cover the space evenly; each further one maximises the log expected improvement under a Gaussian
    process fitted to all scores so far. A point that was ever proposed or told is never proposed again.

    Parameters
    ----------
    space : dict or Space
        The search space: a mapping from names to what `sktune.space.check_dimension` accepts.
    random_state : int, RandomState instance or None, default=None
        Determines all proposals, together with what is told between them: an int gives the same ones every time.
    n_initial_points : int or None, default=None
        Number of points that must have been proposed or told before the surrogate proposes. Until then, and as long
        as no evaluation has succeeded, proposals cover the space (a scrambled Sobol sequence). None means 5 where all
        dimensions are numbers without conditions, else 10: a category that was never tried has no neighbours from
        which the surrogate could learn.
    initial_params : sequence of dict, default=()
        Points that are proposed first, in this order. They count as initial points.
    base_estimator : str, default="gp"
        The surrogate. There is one, the Gaussian process: "gp", in any case.

    Attributes
    ----------
    space : Space
        The search space.
    best_params : dict or None
        The point with the best score; if a point was told several times, its mean counts. None before the first
        success.
    best_score : float or None
        Its score.
    n_initial_points : int
        As given.
    n_told : int
        Number of scores that were told, failures included.
    params_list : list of dict
        All points that were told, in the order in which they were.
    scores : list of float
        Their scores; NaN where the evaluation failed.

    Raises
    ------
    ValueError
        If a parameter or a point of `initial_params` is not allowed.

    Notes
    -----
    Points that are being evaluated are taken to score what the surrogate expects there ("kriging believer"): their
    neighbourhood is no longer uncertain, and the hopes elsewhere stay as they are. Other than a constant lie, this
    needs no choice of a lie; other than sampled outcomes, it adds no noise to the choice.

    Some proposals explore more than the surrogate finds necessary, for it is often wrong at first; they become rare
    where they do not pay. Of points that are evaluated side by side, all but two explore more; all but one, as soon as
    there are scores of partial evaluations. Where next to nothing is left to gain around the best point, every second
    proposal is to improve on the best of another part of the space: one with another category, or all that is far away.

    A failure has the value of the worst success, so that the surrogate learns where evaluations fail.

    Scores of several fidelities have a process each, the higher ones of what they add to the one below [5]_.

    References
    ----------
    .. [1] D. R. Jones, M. Schonlau and W. J. Welch, "Efficient Global Optimization of Expensive Black-Box
       Functions", Journal of Global Optimization 13, 1998.
    .. [2] S. Ament, S. Daulton, D. Eriksson, M. Balandat and E. Bakshy, "Unexpected Improvements to Expected
       Improvement for Bayesian Optimization", NeurIPS 2023.
    .. [3] C. Hvarfner, E. O. Hellsten and L. Nardi, "Vanilla Bayesian Optimization Performs Great in High
       Dimensions", ICML 2024.
    .. [4] D. Ginsbourger, R. Le Riche and L. Carraro, "Kriging Is Well-Suited to Parallelize Optimization", 2010.
    .. [5] M. C. Kennedy and A. O'Hagan, "Predicting the Output from a Complex Computer Code When Fast Approximations
       Are Available", Biometrika 87, 2000.

    Examples
    --------
    >>> from sktune.optimize import Optimizer
    >>> optimizer = Optimizer({"x": (-2.0, 2.0), "shape": ["round", "square"]}, random_state=0)
    >>> for _ in range(25):
    ...     params = optimizer.ask()
    ...     optimizer.tell(params, -((params["x"] - 1.0) ** 2) - (params["shape"] == "square"))
    >>> optimizer.best_params["shape"]
    'round'
    >>> round(optimizer.best_params["x"], 1)
    1.0
    """

    def __init__(
        self,
        space: Space | Mapping[str, Any],
        *,
        random_state: int | RandomState | None = None,
        n_initial_points: int | None = None,
        initial_params: Sequence[Mapping[str, Any]] = (),
        base_estimator: str = "gp",
    ):
        check_base_estimator(base_estimator)
        if n_initial_points is not None:
            n_initial_points = check_positive("n_initial_points", n_initial_points)
        seed = check_seed(random_state)
        self.space = check_space(space)
        self.n_initial_points = n_initial_points or _default_n_initial_points(self.space)
        initial = self._coordinates(check_points("initial_params", initial_params), "initial_params")
        self._encoder = FeatureEncoder(self.space)
        self._history = History()
        self._proposer = Proposer(self.space, self._encoder, self._history, initial, self.n_initial_points, seed)
        self._version = 0  # of what is known
        self._surrogate = Surrogate(self._encoder)

    # -- what is known -------------------------------------------------------------------------------------------------

    @property
    def best_params(self) -> dict[str, Any] | None:
        """The point with the best score, None before the first success."""
        best = self._history.best()
        return None if best is None else dict(best.params)

    @property
    def best_score(self) -> float | None:
        """The best score, None before the first success."""
        best = self._history.best()
        return None if best is None else best.score

    @property
    def n_told(self) -> int:
        """Number of scores that were told."""
        return len(self._history.trials)

    @property
    def params_list(self) -> list[dict[str, Any]]:
        """All points that were told, in the order in which they were."""
        return [dict(trial.params) for trial in self._history.trials]

    @property
    def scores(self) -> list[float]:
        """The scores of `params_list`, NaN for failures."""
        return [trial.score for trial in self._history.trials]

    # -- ask and tell --------------------------------------------------------------------------------------------------

    def ask(
        self, n_points: int | None = None, *, fidelity: float | None = None
    ) -> dict[str, Any] | list[dict[str, Any]]:
        """Propose points to evaluate. They are pending until they are told or forgotten.

        Parameters
        ----------
        n_points : int or None, default=None
            Number of points; None proposes a single one and returns it bare.
        fidelity : float or None, default=None
            The share of a whole evaluation that the points will be given first: they are to promise much for whole
            evaluations, and this share is to show it. None is the lowest that was told.

        Returns
        -------
        dict, or list of dict
            Active parameters of each point. The list is shorter than `n_points` if the space has no more points.

        Raises
        ------
        SpaceExhaustedError
            If every point of the space has been proposed or told.
        ValueError
            If `n_points` is not a positive int, or `fidelity` not above 0 and at most 1.
        """
        if fidelity is not None:
            fidelity = check_fidelity(fidelity)
        if n_points is None:
            return self._propose(1, fidelity)[0]
        return self._propose(check_positive("n_points", n_points), fidelity)

    def tell(
        self,
        params: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        score: float | Sequence[float],
        *,
        noise: float | Sequence[float | None] | None = None,
        fidelity: float | Sequence[float] = 1.0,
    ) -> None:
        """Report the scores of points, whether they were proposed or not.

        Parameters
        ----------
        params : dict or list of dict
            The points. A point that is told again keeps its former scores as well.
        score : float or list of float
            Their scores, greater is better. NaN or an infinite number means that the evaluation failed.
        noise : float, list of float or None, default=None
            Known standard errors of the scores, None for unknown ones. They add to the noise that the surrogate
            estimates.
        fidelity : float or list of float, default=1.0
            Shares of a whole evaluation that the scores come from, above 0 and at most 1: of the epochs of a training,
            for example. The surrogate learns how much the scores of one fidelity tell of another; proposals are for
            the fidelity 1.

        Raises
        ------
        ValueError
            If a point does not belong to the space, the lengths differ, or a standard error is negative. Nothing
            has been told then.
        TypeError
            If a score or a standard error is not a number.
        """
        self._add(self._checked_trials(params, score, noise, fidelity))

    def revise(
        self,
        params: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        score: float | Sequence[float],
        *,
        noise: float | Sequence[float | None] | None = None,
        fidelity: float | Sequence[float] = 1.0,
    ) -> None:
        """Report scores that take the place of all that was told of these points before.

        For evaluations that go on, as the training of a network does: each time more is known of a point, its scores
        are revised.

        Parameters
        ----------
        params : dict or list of dict
            The points. One that stands there several times gets several scores.
        score : float or list of float
            As in `tell`.
        noise : float, list of float or None, default=None
            As in `tell`.
        fidelity : float or list of float, default=1.0
            As in `tell`.

        Raises
        ------
        ValueError
            As `tell` does.
        TypeError
            As `tell` does.
        """
        trials = self._checked_trials(params, score, noise, fidelity)
        self._history.drop({key for key, *_ in trials})
        self._add(trials)

    def _add(self, trials):
        for trial in trials:
            self._history.add(*trial)
        self._version += 1

    def _checked_trials(self, params, score, noise, fidelity):
        if isinstance(params, Mapping):
            params, score, noise = [params], [score], [noise]
        params = check_points("params", params)
        scores = check_length("score", score, len(params))
        noises = [None] * len(params) if noise is None else check_length("noise", noise, len(params))
        scores = [check_score(one) for one in scores]
        noises = [check_noise(one, failed=math.isnan(own)) for one, own in zip(noises, scores, strict=True)]
        keys = [key_of(row) for row in self._coordinates(params)]
        fidelities = check_fidelities(fidelity, len(params))
        return list(zip(keys, params, scores, noises, fidelities, strict=True))

    def forget(self, params: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Drop points that were proposed and will never be told. They are not proposed again.

        Parameters
        ----------
        params : dict or list of dict
            Pending points.

        Raises
        ------
        ValueError
            If a point is not pending. Nothing has been forgotten then.
        """
        params = check_points("params", [params] if isinstance(params, Mapping) else params)
        keys = [key_of(row) for row in self._coordinates(params)]
        for key, one in zip(keys, params, strict=True):
            if key not in self._history.pending:
                raise ValueError(f"forget() takes points that ask() proposed and that were not told, got {dict(one)!r}")
        for key in dict.fromkeys(keys):
            self._history.forget(key)

    def predict(self, params: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
        """Return what the surrogate expects of whole evaluations of points.

        Parameters
        ----------
        params : list of n dicts
            The points, evaluated before or not.

        Returns
        -------
        mean : ndarray of shape (n,)
            In a unit in which the scores told so far have about a normal distribution with mean 0 and deviation 1;
            greater is better.
        deviation : ndarray of shape (n,)
            Standard deviation of the expectation, in the same unit; the noise of an evaluation is not in it.

        Raises
        ------
        ValueError
            If a point does not belong to the space, or no success has been told yet.
        """
        X = self._features(params, "predict")
        with one_blas_thread():
            mean, variance = self._told_surrogate().predict(X)
        return mean, np.sqrt(variance)

    def predict_change(self, params: Sequence[Mapping[str, Any]], fidelity: float | Sequence[float]) -> np.ndarray:
        """Return by how much evaluations would change what is expected of points.

        Parameters
        ----------
        params : list of n dicts
            The points, evaluated before or not.
        fidelity : float or list of n floats
            Shares of a whole evaluation of which the scores were to come.

        Returns
        -------
        ndarray of shape (n,)
            Standard deviation of the change of the mean that `predict` returns, in its unit: small where little is
            unknown, and where a score of this fidelity cannot tell it.

        Raises
        ------
        ValueError
            As `predict` does; or if a fidelity is not above 0 and at most 1.
        """
        X = self._features(params, "predict_change")
        fidelities = np.array(check_fidelities(fidelity, len(X)))
        variance = np.zeros(len(X))
        with one_blas_thread():
            process = self._told_surrogate()
            for one in np.unique(fidelities):
                at = fidelities == one
                variance[at] = _revealed(process, one).predict(X[at])[1]
        return np.sqrt(variance)

    def _features(self, params, method):
        params = check_points("params", params)
        self._check_success(method)
        return self._encoder.encode(self._coordinates(params))

    def normalize(self, scores: Sequence[float]) -> np.ndarray:
        """Return scores in the unit of `predict`.

        Parameters
        ----------
        scores : list of n floats
            Finite scores.

        Returns
        -------
        ndarray of shape (n,)
            An increasing function of the scores, which changes with what is told.

        Raises
        ------
        ValueError
            If a score is not finite, or no success has been told yet.
        """
        self._check_success("normalize")
        return ScoreTransform(self._history.data()[1])(check_scores(scores))

    def _check_success(self, method):
        if self._history.best() is None:
            raise ValueError(f"{method}() needs at least one score that was told and is not NaN")

    def _propose(self, n_points: int, fidelity: float | None) -> list[dict[str, Any]]:
        keys = []
        # one for all points, and only if they need one
        surrogate = functools.cache(lambda: _revealed(self._told_surrogate(), fidelity))
        with one_blas_thread():
            while len(keys) < n_points and (key := self._proposer.next_key(surrogate)) is not None:
                self._history.propose(key)
                keys.append(key)
        if not keys:
            raise SpaceExhaustedError(
                f"no point is left to propose: all of the space have been proposed or told ({len(self._history.known)})"
            )
        return self.space.from_unit(np.array(keys))

    def _told_surrogate(self) -> GaussianProcess | LeveledProcess:
        return self._surrogate.of(*self._history.data(), version=self._version)

    def _coordinates(self, params: Sequence[Mapping[str, Any]], name: str = "params") -> np.ndarray:
        try:
            return self.space.to_unit(params)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error


def _revealed(process: GaussianProcess | LeveledProcess, fidelity: float | None) -> GaussianProcess | LeveledProcess:
    """The process, with the variances that evaluations at a fidelity would reveal."""
    return process.up_to(fidelity) if isinstance(process, LeveledProcess) else process


def _default_n_initial_points(space: Space) -> int:
    has_kinds = any(dimension.is_categorical or dimension.conditions for dimension in space.dimensions)
    return _N_INITIAL_WITH_KINDS if has_kinds else _N_INITIAL
