"""`parameter_importance`: which parameters of a finished search mattered."""

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from numpy.random import RandomState
from sklearn.utils import check_random_state

from .._utils.hints import did_you_mean
from ..exceptions import SktuneWarning
from ..optimize import one_blas_thread
from ..space import Space
from ._base import BaseTuneSearchCV
from ._finished_search import read_search
from ._observed_space import observed_space
from ._surrogate_data import SurrogateData
from ._surrogate_shares import explain

#: Below this R2 the surrogate says next to nothing.
_WEAK_R2 = 0.1


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
    search : estimator, dict or DataFrame
        A fitted search: one of sktune's, or scikit-learn's ``GridSearchCV``, ``RandomizedSearchCV`` or a halving
        search; a fitted :class:`~sktune.NetClassifierCV` or :class:`~sktune.NetRegressorCV`; or the ``cv_results_`` of
        a search, also as a DataFrame.
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
        If `search` is none of these.
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
    hyperparameters of the process, by importance resampling. What the candidates leave open is taken to vary with
    all parameters that matter: few candidates of a rugged function show too much interaction.

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
    seed = int(_check_random_state(random_state).randint(2**31 - 1))
    search = getattr(search, "search_", search)
    found = read_search(search, metric)
    space, params = _space_of(search, found.params, space)
    data = SurrogateData.of(space, params, found, scale)
    with one_blas_thread():
        importance = explain(data, n_draws, seed)
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
        raise ValueError(f"scale must be 'normal' or 'raw', got {scale!r}.{did_you_mean(scale, ('normal', 'raw'))}")
    if not isinstance(n_draws, Integral) or isinstance(n_draws, bool) or n_draws < 2:
        raise ValueError(f"n_draws must be an int of at least 2, got {n_draws!r}")


def _check_random_state(random_state: Any) -> RandomState:
    try:
        return check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            f"random_state must be an int from 0 to 2**32 - 1, a RandomState or None, got {random_state!r}"
        ) from error


def _space_of(search: Any, params: list[dict[str, Any]], space: Any) -> tuple[Space, list[dict[str, Any]]]:
    """The space of the search, its names sorted and without its constraint; and the settings as points of it."""
    declared: Sequence[Mapping[str, Any]] = ()
    if space is not None:
        if not isinstance(space, Space | Mapping):
            raise ValueError(f"space must be a Space, a dict or None, got {space!r}")
        space = Space(space)
    elif isinstance(search, BaseTuneSearchCV) and hasattr(search, "search_spaces"):
        spaces = search.search_spaces_
        space = spaces[0] if len(spaces) == 1 else None
        declared = [dict(zip(one.names, one.dimensions, strict=True)) for one in spaces]
    else:
        grids = getattr(search, "param_grid", None) or getattr(search, "param_distributions", None) or ()
        declared = [grids] if isinstance(grids, Mapping) else grids
    if space is None:
        return observed_space(params, declared)
    return Space(dict(zip(space.names, space.dimensions, strict=True))), params
