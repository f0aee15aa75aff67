"""What a finished search has found out: settings, scores and how uncertain they are."""

import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._utils.hints import did_you_mean
from ._paired_scores import paired_standard_errors, split_effects


@dataclass(frozen=True)
class Evaluations:
    """The evaluations of a finished search.

    Parameters
    ----------
    params : list of dict
        The settings.
    scores : ndarray of shape (n_candidates,)
        Their mean scores, NaN for failures.
    errors : ndarray of shape (n_candidates,)
        Standard errors of the scores, 0 where they are not known.
    resources : ndarray of shape (n_candidates,) or None
        The resources that each was given, None if that is not said.
    """

    params: list[dict[str, Any]]
    scores: np.ndarray
    errors: np.ndarray
    resources: np.ndarray | None


def read_search(search: Any, metric: str | None) -> Evaluations:
    """Return the evaluations of a fitted search, or of its ``cv_results_``.

    Candidates that were ended from outside, by a time limit or by Ctrl-C, are left out: that says nothing of them.
    Those that the search itself has stopped count with the scores and the epochs that they came to; what the splits on
    which these were scored add to the scores of all is removed.

    Raises
    ------
    TypeError
        If `search` is neither.
    NotFittedError
        If it is a search that has not been fitted.
    ValueError
        If there is no such metric, or several and `metric` names none; or if no candidate has succeeded.
    """
    results = _results_of(search)
    if metric is None and isinstance(refit := getattr(search, "refit", None), str):
        metric = refit
    metric = _check_metric(results, metric)
    scores = _scores_of(results, metric)
    folds = _fold_scores(results, metric)
    resources = np.asarray(results["n_resources"], dtype=np.float64) if "n_resources" in results else None
    pruned = np.zeros(len(scores), dtype=bool)
    if "status" in results:
        pruned = np.asarray(results["status"]) == "pruned"
        scores[np.asarray(results["status"]) != "ok"] = np.nan  # error_score may be a number
    if pruned.any():
        scores[pruned] = np.nanmean(folds[pruned] - split_effects(folds[~pruned]), axis=1)
        n_epochs = np.asarray(results["n_epochs"], dtype=np.float64)
        resources = np.where(pruned, n_epochs, n_epochs[np.isfinite(n_epochs)].max())
    if resources is not None and np.ptp(resources) == 0:
        resources = None
    errors = np.zeros(len(scores))
    for level in [None] if resources is None else np.unique(resources):
        rows = np.isfinite(scores) & (True if level is None else resources == level)
        common = np.isfinite(folds[rows]).all(axis=0)  # what was stopped has not seen all splits
        errors[rows] = paired_standard_errors(folds[rows][:, common])
    params = [dict(one) for one in results["params"]]
    if resources is not None:
        params = _without_resource(params, resources)
    stopped_by = results.get("stopped_by", [None] * len(params))
    kept = [is_pruned or not isinstance(stop, str) for is_pruned, stop in zip(pruned, stopped_by, strict=True)]
    if not np.isfinite(scores[kept]).any():
        raise ValueError(f"search has no candidate that succeeded, of {len(params)}: there is no score to explain")
    return Evaluations(
        [one for one, keep in zip(params, kept, strict=True) if keep],
        scores[kept],
        errors[kept],
        None if resources is None else resources[kept],
    )


def _results_of(search: Any) -> Mapping[str, Any]:
    if isinstance(search, Mapping):
        return search
    if hasattr(search, "columns") and hasattr(search, "to_dict"):  # a DataFrame made of them
        return search.to_dict("list")
    if not (hasattr(search, "fit") and hasattr(search, "get_params")) or isinstance(search, type):
        raise TypeError(
            "search must be a fitted search, such as GridSearchCV(...).fit(X, y), or its cv_results_, a dict; "
            f"got {reprlib.repr(search)}"
        )
    check_is_fitted(search)
    if not hasattr(search, "cv_results_"):
        raise TypeError(f"search must have cv_results_, and {type(search).__name__} has none")
    return search.cv_results_


def _scores_of(results: Mapping[str, Any], metric: str) -> np.ndarray:
    name, params = f"mean_test_{metric}", list(results["params"])
    for one in params:
        if not isinstance(one, Mapping):
            raise ValueError(f"search['params'] must be a list of dicts, but one of them is {one!r}")
    scores = np.asarray(results[name])
    if scores.dtype.kind not in "buif" or scores.shape != (len(params),):
        raise ValueError(
            f"search[{name!r}] must hold one number for each of the {len(params)} dicts in search['params'], got an "
            f"array of shape {scores.shape} and type {scores.dtype}"
        )
    return scores.astype(np.float64)


def _check_metric(results: Mapping[str, Any], metric: str | None) -> str:
    metrics = [name.removeprefix("mean_test_") for name in results if str(name).startswith("mean_test_")]
    if "params" not in results or not metrics:
        raise ValueError(
            "search must be cv_results_ of a finished search, a dict with 'params' and 'mean_test_score' (or "
            f"'mean_test_<metric>'); got a dict with {', '.join(map(repr, results)) or 'nothing'}"
        )
    if metric is None and len(metrics) > 1:
        raise ValueError(f"metric must name one of the metrics of the search ({', '.join(metrics)}), got None")
    if metric is not None and metric not in metrics:
        allowed = ", ".join(map(repr, metrics))
        raise ValueError(f"metric must be one of {allowed}, got {metric!r}.{did_you_mean(metric, metrics)}")
    return metrics[0] if metric is None else metric


def _fold_scores(results: Mapping[str, Any], metric: str) -> np.ndarray:
    """The scores on the splits, shape (n_candidates, n_splits); without columns if they are not given."""
    pattern = re.compile(rf"split\d+_test_{re.escape(metric)}")
    columns = [results[name] for name in results if pattern.fullmatch(str(name))]
    return np.array(columns, dtype=np.float64).reshape(len(columns), len(results["params"])).T


def _without_resource(params: list[dict[str, Any]], resources: np.ndarray) -> list[dict[str, Any]]:
    """Drop the parameter that a halving search sets to the resources, such as ``n_estimators``."""
    pairs = list(zip(params, resources, strict=True))
    same = {
        name
        for name in params[0]
        if all(isinstance(one.get(name), Real) and one[name] == resource for one, resource in pairs)
    }
    return [{name: value for name, value in one.items() if name not in same} for one in params]
