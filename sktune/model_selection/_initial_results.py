"""What is known of some settings before a search begins: by hand, or from a store."""

import math
import os
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..store import Store, fingerprint, from_plain, open_existing, read_trials, to_plain
from ._initial_params import place
from ._ledger import Run, comparison_key
from ._results import value_of
from ._search_spaces import SpaceBudget

#: Settings and their scores.
KnownResults = list[tuple[dict[str, Any], float]]


class WarmStarted:
    """Gives a search the parameter `initial_results`."""

    def _check_initial_results(self, budgets: list[SpaceBudget]) -> None:
        """Raise an error if these are no results, or if one by hand is of settings that lie in no space."""
        check_initial_results(self.initial_results)
        if isinstance(self.initial_results, list):
            place_results(self.initial_results, self.estimator, budgets, all_must_fit=True)

    def _known_results(self, data_key: Callable[[], str], splits: list, run: Run | None) -> KnownResults:
        if not isinstance(self.initial_results, str | os.PathLike):
            return self.initial_results or []
        metric = self.refit if isinstance(self.refit, str) else None
        read = partial(read_results, self.initial_results, comparison_key(data_key(), splits, self.scoring), metric)
        return read() if run is None else keep_results(run.store, run.key, read)


def check_initial_results(initial_results: Any) -> None:
    """Raise a ValueError or a TypeError if these are no results."""
    if initial_results is None:
        return
    if isinstance(initial_results, str | os.PathLike):
        open_existing(initial_results, "initial_results").close()
        return
    for number, result in enumerate(initial_results):
        is_pair = isinstance(result, tuple | list) and len(result) == 2
        if not is_pair or not isinstance(result[0], Mapping):
            raise ValueError(f"initial_results[{number}] must be a pair of a dict and a score, got {result!r}")
        if not isinstance(result[1], Real) or isinstance(result[1], bool) or math.isinf(result[1]):
            raise ValueError(
                f"initial_results[{number}] must have a finite score, or NaN for a failure, got {result[1]!r}"
            )


def read_results(path: str | os.PathLike, key: str, metric: str | None) -> KnownResults:
    """Return the results in a store that can be compared with those of a search.

    Parameters
    ----------
    path : str or path-like
        The store.
    key : str
        What `data_key` returns for the search. Only candidates that were evaluated on all of its splits count.
    metric : str or None
        Which of several metrics leads the search; None is the first.
    """
    with open_existing(path, "initial_results") as store:
        problems, trials = store.problems(), read_trials(store)
    n_splits = {problem: about["n_splits"] for problem, about in problems.items() if about["data"] == key}
    known = []
    for trial in trials:
        folds = trial["folds"].values()
        is_whole = len(folds) == n_splits.get(trial["result"].problem)
        if is_whole and all(fold["status"] == "ok" and fold["is_complete"] for fold in folds):
            params = _params_of(trial["result"].params)
            score = float(np.mean([_score(fold["test_scores"], metric) for fold in folds]))
            if params is not None:
                known.append((params, score))
    return known


def _params_of(plain: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return {name: from_plain(value) for name, value in plain.items()}
    except LookupError:  # a whole estimator, for example
        return None


def _score(scores, metric):
    return value_of(scores, metric if metric in scores else sorted(scores)[0]) if isinstance(scores, dict) else scores


def keep_results(store: Store, run: str, read: Callable[[], KnownResults]) -> KnownResults:
    """Return what was known when a run began: more may be known when it is begun again, which must change nothing."""
    content = store.begin_run(
        fingerprint(run, "initial results"), {"known": [(_plain(params), score) for params, score in read()]}
    )
    return [({name: from_plain(value) for name, value in params.items()}, score) for params, score in content["known"]]


def _plain(params):
    return {name: to_plain(value) for name, value in params.items()}


def place_results(
    known: KnownResults, estimator: BaseEstimator, budgets: list[SpaceBudget], *, all_must_fit: bool
) -> list[KnownResults]:
    """Return, for each space, the results of settings that lie in it.

    Raises
    ------
    ValueError
        If a setting lies in no space and `all_must_fit`.
    """
    places: list[KnownResults] = [[] for _ in budgets]
    for number, (params, score) in enumerate(known):
        try:
            where, params = place(params, estimator, budgets, f"initial_results[{number}]")
        except ValueError:
            if all_must_fit:
                raise
            continue
        places[where].append((params, float(score)))
    return places
