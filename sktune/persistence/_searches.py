"""What a search has found, checked part by part."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._sklearn_compat import scorer_of, scorers_by_name
from .._utils.estimator_state import check_feature_names, estimator_state, new_estimator, require

_SCORES = ("scorer_",)  # follow from the parameters
_RESULTS = (
    "cv_results_", "best_index_", "best_params_", "best_score_", "best_estimator_", "multimetric_", "n_splits_",
    "refit_time_", "stopped_by_", "feature_names_in_", "optimizer_results_", "brackets_", "best_schedule_", "spaces_",
    "search_spaces_",
    "curves_",
)  # fmt: skip
_TYPES = {
    "cv_results_": dict,
    "best_index_": Integral,
    "best_params_": dict,
    "best_score_": Real,
    "best_estimator_": BaseEstimator,
    "multimetric_": (bool, np.bool_),
    "n_splits_": Integral,
    "refit_time_": Real,
    "stopped_by_": (str, type(None)),
    "optimizer_results_": list,
    "brackets_": list,
    "best_schedule_": list,
    "spaces_": list,
    "search_spaces_": list,
    "curves_": dict,
}


def search_parts(search: Any) -> dict[str, Any]:
    """Return the parameters of a search, and what it has found if it has finished."""
    state = estimator_state(search, (*_RESULTS, *_SCORES))
    fitted = {name: value for name, value in state["fitted"].items() if name in _RESULTS}
    return {**state, "fitted": fitted if "cv_results_" in fitted else {}}


def make_search(kind: type, state: Any) -> Any:
    """Return the search of which `search_parts` told.

    Raises
    ------
    FileFormatError
        If a parameter or a result is not what it should be.
    """
    search = new_estimator(kind, state, _RESULTS)
    require(hasattr(search.estimator, "fit"), f"the estimator of {kind.__name__} is none")
    fitted = state["fitted"]
    if not fitted:
        return search
    for name, value in fitted.items():
        require(isinstance(value, _TYPES.get(name, object)), f"{name} of {kind.__name__} is {value!r:.80}")
    n_candidates = _check_results(fitted.get("cv_results_"))
    _check_curves(fitted.get("curves_", {}))
    if "best_index_" in fitted:
        require(0 <= fitted["best_index_"] < n_candidates, f"best_index_ cannot be {fitted['best_index_']}")
    _check_best(search, fitted)
    vars(search).update(fitted)
    if "feature_names_in_" in fitted:
        check_feature_names(search.feature_names_in_, search.n_features_in_)
    search.scorer_ = scorers_by_name(scorer_of(search))
    return search


def _check_results(results: Any) -> int:
    require(type(results) is dict and type(results.get("params")) is list, "cv_results_ has no params")
    n_candidates = len(results["params"])
    require(all(type(params) is dict for params in results["params"]), "params of cv_results_ are no dicts")
    for name, column in results.items():
        if name != "params":
            fits = isinstance(column, np.ndarray) and column.shape == (n_candidates,)
            require(type(name) is str and fits, f"the column {name!r} of cv_results_ has not {n_candidates} rows")
    return n_candidates


def _check_curves(curves: dict) -> None:
    for name, column in curves.items():
        fits = isinstance(column, np.ndarray) and column.ndim == 1 and column.dtype.kind in "if"
        require(type(name) is str and fits, f"the column {name!r} of curves_ is no column of numbers")
    require(len({len(column) for column in curves.values()}) <= 1, "the columns of curves_ are of unlike length")


def _check_best(search: Any, fitted: dict) -> None:
    best = fitted.get("best_estimator_")
    require((best is not None) == bool(search.refit), "the search has no refitted estimator, or one without a refit")
    for method in ("predict", "transform", "score"):
        missing = best is not None and hasattr(search.estimator, method) and not hasattr(best, method)
        require(not missing, f"the refitted estimator has no {method}")
