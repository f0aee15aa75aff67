"""`parameter_importance`: which parameters of a finished search mattered."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from ..exceptions import SktuneWarning
from ..inspection import ParameterImportance, VarianceShares, variance_shares
from ..optimize import (
    FeatureEncoder,
    FunctionDraws,
    GaussianProcess,
    ScoreTransform,
    draw_hyperparameters,
    leave_out_predictions,
    one_blas_thread,
)
from ..space import Real, Space
from ._bayes import BayesSearchCV
from ._finished_search import Evaluations, read_search
from ._observed_space import observed_space
from ._search_spaces import parse_search_spaces

#: The dimension of the resources; no parameter of an estimator has such a name.
_RESOURCES = "(resources)"
#: Draws of the hyperparameters, over which the drawn functions are spread.
_N_HYPERPARAMETERS = 16
#: The hyperparameters are estimated from at most this many candidates, as that takes the cube of their number.
_MAX_FITTED = 300
#: Points per evaluation of the functions.
_N_SAMPLES = 1024
#: Below this R2 the surrogate says next to nothing.
_WEAK_R2 = 0.1
#: Known standard errors count up to this multiple of the deviation of the values: such a value says nothing anyway.
_MAX_KNOWN_DEVIATION = 1e3
#: Differences below this share of the scores are rounding.
_SMALLEST_DIFFERENCE = 1e-12


class WeakSurrogateWarning(SktuneWarning):
    """The surrogate of a search predicts next to nothing, and neither do the importances that are read from it."""


def parameter_importance(search, *, space=None, metric=None, scale="normal", n_draws=128, random_state=0):
    """Tell which parameters of a finished search mattered, and how certain that is.

    A Gaussian process learns the score as a function of the parameters, as in :class:`~sktune.BayesSearchCV`. The
    variance of this function over the search space is shared among the parameters: by itself, a parameter explains the
    variance of the mean score at its values; in total, it explains what remains open while all others are known. The
    candidates leave the function uncertain, so this is done for many functions that agree with them, drawn from the
    posterior; the result has the means and the standard deviations of the shares.

    Parameters
    ----------
    search : estimator or dict
        A fitted search: one of sktune's, or scikit-learn's ``GridSearchCV``, ``RandomizedSearchCV`` or a halving
        search; a fitted :class:`~sktune.NetClassifierCV` or :class:`~sktune.NetRegressorCV`; or the ``cv_results_`` of
        a search.
    space : Space, dict or None, default=None
        The space over which parameters vary, as in :class:`~sktune.BayesSearchCV`. None takes the one of the search;
        see the notes for searches that have none.
    metric : str or None, default=None
        The metric to explain, where a search has several. None means the one that its ``refit`` names.
    scale : {"normal", "raw"}, default="normal"
        Whether to explain the variance of the scores after the power transform that makes them most nearly normal,
        as the optimizer does, so that a few absurd scores do not decide everything; or that of the scores themselves.
    n_draws : int, default=128
        Number of functions to draw.
    random_state : int, RandomState instance or None, default=0
        Determines the draws. With an int the result does not depend on the order of the candidates or parameters.

    Returns
    -------
    ParameterImportance
        The parameters sorted by their total share, with both shares, their uncertainty, the share of interactions,
        and how well the surrogate predicts candidates that it has not seen. Constants have the shares 0.

    Raises
    ------
    TypeError
        If `search` is neither a search nor a dict.
    NotFittedError
        If the search has not been fitted.
    ValueError
        If an argument is not one of those above, if there are fewer than 2 (1 + number of varying parameters)
        different candidates, if no candidate has succeeded, if no parameter varies, or if `space` does not hold
        all candidates.

    Warns
    -----
    WeakSurrogateWarning
        If the surrogate predicts next to nothing, with an R2 below 0.1.

    See Also
    --------
    sktune.inspection.variance_shares : The decomposition, for functions on the unit cube.

    Notes
    -----
    *Method.* First-order and total Sobol indices [1]_, which functional ANOVA calls main effects and unions of effects
    [2]_, under a uniform product measure on the unit cube of the space: each parameter is distributed as its prior says
    and independent of the others. A parameter that is active under conditions has effects where it is. Constraints are
    ignored: where they forbid much, the surrogate extrapolates. The indices of functions drawn from the process [3]_
    are computed by pick and freeze on a Sobol sequence of 1024 points. The draws include the uncertainty of the
    hyperparameters of the process, by importance resampling.

    *Noise.* Where the scores on the splits are known, so are the errors of their means: deviations that a split has
    in common for all candidates are removed first. What remains is noise, which no parameter explains. The shares are
    those of the variance without noise.

    *Failures* count as the worst success, as in the optimizer. Candidates that a time limit or Ctrl-C ended are left
    out.

    *Resources.* Candidates of a halving search with different resources are not comparable. The resources are one
    more input of the surrogate, held at their maximum in the decomposition: what was learnt with few resources counts
    as far as it predicts the scores with most.

    *Searches without a space.* A list of numbers in a grid is a set of levels, as likely as each other and evenly
    spaced. A distribution of scipy is itself. Numbers of which nothing is declared (in ``cv_results_`` alone) are
    levels if each occurs twice on average, else a range, on a logarithmic scale if they are positive and differ by a
    factor of 100. All else is a category. In a list of grids, a parameter that some of them lack is active depending
    on one that tells which grid it is, or on an additional parameter "(which parameters)".

    References
    ----------
    .. [1] I. M. Sobol', "Global Sensitivity Indices for Nonlinear Mathematical Models and Their Monte Carlo
       Estimates", Mathematics and Computers in Simulation 55, 2001.
    .. [2] F. Hutter, H. Hoos and K. Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance",
       ICML 2014.
    .. [3] L. Le Gratiet, C. Cannamela and B. Iooss, "A Bayesian Approach for Global Sensitivity Analysis of
       (Multifidelity) Computer Codes", SIAM/ASA Journal on Uncertainty Quantification 2, 2014.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.svm import SVC
    >>> from sktune.model_selection import parameter_importance
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"gamma": [1e-4, 1e-3, 1e-2, 1e-1, 1], "C": [0.1, 1, 10, 100], "cache_size": [100, 200, 400]}
    >>> importance = parameter_importance(GridSearchCV(SVC(), grid).fit(X, y))
    >>> importance.names
    ('gamma', 'C', 'cache_size')
    >>> bool(importance.total[0] > 0.5), bool(importance.total[2] < 0.02)
    (True, True)
    """
    _check_arguments(scale, n_draws)
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    search = getattr(search, "search_", search)
    found = read_search(search, metric)
    space, params = _space_of(search, found.params, space)
    data = _Observations.of(space, params, found, scale)
    with one_blas_thread():
        importance = _importance(data, n_draws, seed)
    if importance.loo_r2 < _WEAK_R2:
        warnings.warn(
            f"the surrogate explains next to nothing of the scores (leave-one-out R2 = {importance.loo_r2:.2f}), and "
            "so do the importances: evaluate more candidates, or check whether the scores are mostly noise",
            WeakSurrogateWarning,
            stacklevel=2,
        )
    return importance


def _check_arguments(scale: Any, n_draws: Any) -> None:
    if not isinstance(scale, str) or scale not in ("normal", "raw"):
        raise ValueError(f"scale must be 'normal' or 'raw', got {scale!r}")
    if not isinstance(n_draws, Integral) or isinstance(n_draws, bool) or n_draws < 2:
        raise ValueError(f"n_draws must be an int of at least 2, got {n_draws!r}")


def _space_of(search: Any, params: list[dict[str, Any]], space: Any) -> tuple[Space, list[dict[str, Any]]]:
    """The space of the search, its names sorted and without its constraint; and the settings as points of it."""
    declared: Sequence[Mapping[str, Any]] = ()
    if space is not None:
        if not isinstance(space, Space | Mapping):
            raise ValueError(f"space must be a Space, a dict or None, got {space!r}")
        space = Space(space)
    elif isinstance(search, BayesSearchCV):
        spaces = [budget.space for budget in parse_search_spaces(search.search_spaces, 1)]
        space = spaces[0] if len(spaces) == 1 else None
        declared = [dict(zip(one.names, one.dimensions, strict=True)) for one in spaces]
    else:
        grids = getattr(search, "param_grid", None) or getattr(search, "param_distributions", None) or ()
        declared = [grids] if isinstance(grids, Mapping) else grids
    if space is None:
        return observed_space(params, declared)
    return Space(dict(zip(space.names, space.dimensions, strict=True))), params


@dataclass(frozen=True)
class _Observations:
    """What the surrogate learns from.

    ``U`` (n_candidates, n_dims) are the coordinates, ``y`` (n_candidates,) the standardised scores, and
    ``known_variance`` (n_candidates,) that of their noise. ``varying`` are the positions of the parameters that have
    several values; ``fixed`` (n_dims,) has the coordinates of all others.
    """

    space: Space
    U: np.ndarray
    y: np.ndarray
    known_variance: np.ndarray
    varying: np.ndarray
    fixed: np.ndarray
    n_failed: int
    scale: str

    @classmethod
    def of(cls, space: Space, params: list[dict[str, Any]], found: Evaluations, scale: str) -> "_Observations":
        names = space.names
        if found.resources is not None:
            low, high = found.resources.min(), found.resources.max()
            space = Space(
                {**dict(zip(names, space.dimensions, strict=True)), _RESOURCES: Real(low, high, "log-uniform")}
            )
            params = [{**one, _RESOURCES: own} for one, own in zip(params, found.resources.tolist(), strict=True)]
        varying = [
            position
            for position, dimension in enumerate(space.dimensions)
            if dimension.n_values > 1 and space.names[position] in names
        ]
        U = space.to_unit(params)
        _check_enough(U[:, varying], found.scores)
        y, known_variance = _standardised(found.scores, found.errors, scale)
        order = np.lexsort((y, *U.T))  # draws of the noise belong to rows: the same ones whatever the order was
        fixed = np.where(np.array(space.names) == _RESOURCES, 1.0, 0.5)
        n_failed = int(np.sum(~np.isfinite(found.scores)))
        return cls(space, U[order], y[order], known_variance[order], np.array(varying), fixed, n_failed, scale)


def _check_enough(U: np.ndarray, scores: np.ndarray) -> None:
    if not np.isfinite(scores).any():
        raise ValueError(f"search has no candidate that succeeded, of {len(scores)}: there is no score to explain")
    if not U.shape[1]:
        raise ValueError("search has no parameter that varies: there is nothing to compare")
    n_settings, minimum = len(np.unique(U, axis=0)), 2 * (1 + U.shape[1])
    if n_settings < minimum:
        raise ValueError(
            f"search has {n_settings} different candidates; for {U.shape[1]} varying parameters at least {minimum} are "
            "needed"
        )


def _standardised(scores: np.ndarray, errors: np.ndarray, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """The values of the scores, and the known variances of these values; values are all 0 if scores are all equal."""
    if scale == "normal":
        transform = ScoreTransform(scores)
        values, slope = transform(scores), transform.slope(scores)
    else:
        filled = np.where(np.isfinite(scores), scores, np.min(scores[np.isfinite(scores)]))
        is_rounding = np.ptp(filled) <= _SMALLEST_DIFFERENCE * np.abs(filled).max()
        slope = 0.0 if is_rounding else 1.0 / filled.std()
        values = (filled - filled.mean()) * slope
    return values, np.minimum(slope * errors, _MAX_KNOWN_DEVIATION) ** 2


def _importance(data: _Observations, n_draws: int, seed: int) -> ParameterImportance:
    first_order, total = np.zeros((2, n_draws, len(data.space.names)))
    interaction, loo_r2 = np.zeros(n_draws), 0.0
    if np.ptp(data.y) > 0:
        shares, loo_r2 = _shares(data, n_draws, seed)
        first_order[:, data.varying], total[:, data.varying] = shares.first_order, shares.total
        interaction = shares.interaction
    means = total.mean(axis=0)
    parameters = [position for position, name in enumerate(data.space.names) if name != _RESOURCES]
    order = sorted(parameters, key=lambda position: -means[position])
    return ParameterImportance(
        names=tuple(data.space.names[position] for position in order),
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


def _shares(data: _Observations, n_draws: int, seed: int) -> tuple[VarianceShares, float]:
    """The shares of the variance of drawn functions, and the R2 of leaving out each setting."""
    rng = np.random.default_rng(seed)
    encoder = FeatureEncoder(data.space)
    X = encoder.encode(data.U)
    # a subset of all rows in their order is all of them where they are few
    rows = np.sort(rng.permutation(len(X))[:_MAX_FITTED])
    mode, hyperparameters = draw_hyperparameters(
        X[rows],
        data.y[rows],
        min(n_draws, _N_HYPERPARAMETERS),
        rng,
        known_variance=data.known_variance[rows],
        layout=encoder.layout,
    )
    process = partial(GaussianProcess, X, data.y, known_variance=data.known_variance, layout=encoder.layout)
    n_categories = max((int(one.n_values) for one in data.space.dimensions if one.is_categorical), default=0)
    draws = [
        FunctionDraws(process(hyperparameters=one), len(own), rng, n_categories=n_categories)
        for one, own in zip(hyperparameters, np.array_split(np.arange(n_draws), len(hyperparameters)), strict=True)
    ]

    def functions(points: np.ndarray) -> np.ndarray:
        U = np.tile(data.fixed, (len(points), 1))
        U[:, data.varying] = points
        features = encoder.encode(data.space.snap(U))
        return np.hstack([draw(features) for draw in draws])

    shares = variance_shares(functions, len(data.varying), n_samples=_N_SAMPLES, seed=seed)
    return shares, _leave_out_r2(process(hyperparameters=mode), data)


def _leave_out_r2(gp: GaussianProcess, data: _Observations) -> float:
    """R2 of predictions of each setting from all others; what was evaluated several times is left out as one."""
    settings = np.unique(data.U[:, data.varying], axis=0, return_inverse=True)[1].ravel()
    residuals = data.y - leave_out_predictions(gp, settings)
    return float(1.0 - np.sum(residuals**2) / np.sum((data.y - data.y.mean()) ** 2))
