"""The trials in a store, as a table."""

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from .._utils.optional import import_optional
from .._utils.paths import as_path
from ..exceptions import StoreError
from ._database import ALL_SPLITS, Store
from ._plain import from_plain


def load_results(path: str | os.PathLike, *, as_frame: bool = False):
    """Read what searches have evaluated.

    A search may be running: what it has finished is there already.

    Parameters
    ----------
    path : str or path-like
        Name of the file that was the `storage` of one or several searches.
    as_frame : bool, default=False
        Whether to return a DataFrame, which takes pandas.

    Returns
    -------
    results : dict of str to ndarray of shape (n_trials,), or DataFrame
        A row per candidate of a search, in the order in which they were begun, with the columns ``search`` and
        ``problem`` (short names: rows of one problem have the same data, splits, estimator and scorer), ``params``,
        ``param_*`` (None where a candidate has no such parameter), ``split*_test_score``, ``mean_test_score`` and
        ``std_test_score`` (with several metrics, their names in place of "score"), ``n_splits`` (that have a score),
        ``n_epochs``, ``status``, ``stopped_by``, ``error``, ``mean_fit_time`` in seconds, and ``finished`` (when the
        latest score came, in seconds since 1970). After the search these are the values of its ``cv_results_``, but
        that a failure has NaN whatever `error_score` is. Candidates that have not come to an end, because the search
        is running or was killed, have the ``status`` "paused" if training has stopped before its last epoch, else
        "running" if there are splits without a score; their scores are those that they have come to. The mean over
        splits of which some have no score is NaN: means are over the same splits.

    Raises
    ------
    StoreError
        If there is no such file, or it is not a store, or damaged.
    ImportError
        If pandas is asked for and not installed.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from sktune import BayesSearchCV
    >>> from sktune.store import load_results
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "search.db")
    ...     search = BayesSearchCV(SVC(), {"C": (0.1, 10.0)}, n_iter=3, storage=path, random_state=0)
    ...     search = search.fit(*load_iris(return_X_y=True))
    ...     trials = load_results(path)
    >>> np.array_equal(trials["mean_test_score"], search.cv_results_["mean_test_score"])
    True
    """
    if not isinstance(as_frame, bool | np.bool_):
        raise TypeError(f"as_frame must be a bool, got {as_frame!r}")
    pandas = import_optional("pandas", extra="dataframe", purpose="load_results(as_frame=True)") if as_frame else None
    with open_existing(path) as store:
        trials = read_trials(store)
    columns = _columns(trials)
    return columns if pandas is None else pandas.DataFrame(columns)


def open_existing(path: str | os.PathLike, name: str = "path") -> Store:
    """Return a store; StoreError if there is no file of that name. `name` is the parameter that it was given for."""
    file = as_path(path, name)
    if not file.is_file():
        raise StoreError(f"there is no file {os.fspath(path)!r}")
    return Store(file)


def read_trials(store: Store) -> list[dict[str, Any]]:
    """Return what is known of each candidate of each search.

    Returns
    -------
    list of dict
        With ``result`` (the first of the candidate), ``n_splits`` (of the search), ``folds`` (the latest record on
        each split, by its number, with the time of all pieces), ``outcome`` (what became of it, None as long as it may
        be trained), and ``finished`` (when the latest result came).
    """
    n_splits = {key: about["n_splits"] for key, about in store.problems().items()}
    trials: dict[tuple[str, str, int], dict[str, Any]] = {}
    for result, written in store.results():  # in the order in which they were written
        if result.problem not in n_splits:
            continue  # not of a search
        key = (result.run, result.problem, result.candidate)
        new = {"result": result, "n_splits": n_splits[result.problem], "folds": {}, "finished": written}
        trial = trials.setdefault(key, new)
        if result.split == ALL_SPLITS:
            trial["outcome"] = result.record
        else:
            trial |= {"outcome": None, "finished": written}  # it is trained again if there was an outcome before
            _add_piece(trial["folds"], result)
    runs = {run: number for number, run in enumerate(dict.fromkeys(run for run, *_ in trials))}
    return [trials[key] for key in sorted(trials, key=lambda key: (runs[key[0]], key[2]))]


def _add_piece(folds, result):
    former, record = folds.get(result.split), result.record
    fit_time = record["fit_time"] + (former["fit_time"] if former else 0.0)
    latest = record if former is None or not record["n_epochs"] < former["n_epochs"] else former
    folds[result.split] = latest | {"fit_time": fit_time}


def _columns(trials: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    rows = [_row(trial) for trial in trials]
    names = list(dict.fromkeys(name for row in rows for name in row))
    names.sort(key=_place_of)  # stable: parameters and splits stay in their order
    return {name: _as_array(name, [row.get(name) for row in rows]) for name in names}


def _row(trial) -> dict[str, Any]:
    result, outcome = trial["result"], trial["outcome"] or _outcome_so_far(trial)
    folds = outcome["folds"]
    known = [fold for fold in folds if fold is not None]
    params = {name: _value(value) for name, value in result.params.items()}
    row = {"search": result.run[:8], "problem": result.problem[:8], "params": params}
    row |= {f"param_{name}": value for name, value in params.items()}
    for metric in _metrics_of(known):
        scores = np.array([_score(fold, metric) for fold in folds])
        row |= {f"split{split}_test_{metric}": score for split, score in enumerate(scores)}
        mean = np.average(scores)  # NaN unless all are known
        row |= {f"mean_test_{metric}": mean, f"std_test_{metric}": np.sqrt(np.average((scores - mean) ** 2))}
    n_epochs = [fold["n_epochs"] for fold in known if not np.isnan(fold["n_epochs"])]
    return row | {
        "n_splits": sum(fold["test_scores"] is not None for fold in known),
        "n_epochs": float(np.mean(n_epochs)) if n_epochs else np.nan,
        "status": outcome["status"],
        "stopped_by": outcome["stopped_by"],
        "error": outcome["error"],
        "mean_fit_time": np.average([np.nan if fold is None else fold["fit_time"] for fold in folds]),
        "finished": trial["finished"],
    }


def _outcome_so_far(trial) -> dict[str, Any]:
    """Return what an outcome has, of a candidate that may be trained as yet."""
    folds = [trial["folds"].get(split) for split in range(trial["n_splits"])]
    known = [fold for fold in folds if fold is not None]
    status = next((fold["status"] for fold in known if fold["status"] != "ok"), None)
    if status is None and len(known) == len(folds) and all(fold["is_complete"] for fold in known):
        status = "ok"
    error = next((fold["error"] for fold in known if fold["error"] is not None), None)
    is_paused = any(not fold["is_complete"] for fold in known)
    status = status or ("paused" if is_paused else "running")
    return {"status": status, "stopped_by": None, "error": error, "folds": folds}


def _value(plain):
    try:
        return from_plain(plain)
    except LookupError:
        return plain["repr"]


def _metrics_of(folds: Iterable[dict]) -> list[str]:
    scores = [fold["test_scores"] for fold in folds if fold["test_scores"] is not None]
    return list(scores[0]) if scores and isinstance(scores[0], dict) else ["score"]


def _score(fold, metric) -> float:
    scores = fold and fold["test_scores"]
    score = scores.get(metric) if isinstance(scores, dict) else scores
    return np.nan if score is None else score


def _place_of(name: str) -> int:
    starts = ("search", "problem", "params", "param_", "split", "mean_test", "std_test", "n_splits", "n_epochs")
    return next((place for place, start in enumerate(starts) if name.startswith(start)), len(starts))


def _as_array(name: str, values: list) -> np.ndarray:
    if name.startswith(("split", "mean_", "std_", "n_epochs", "finished")):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if name == "n_splits":
        return np.array(values, dtype=np.intp)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
