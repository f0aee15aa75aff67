"""What is known of some settings before a search begins: by hand, or from a store."""

import math
import os
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._sklearn_compat import scorer_of, scorers_by_name
from ..exceptions import UnusedResultsWarning
from ..store import Store, fingerprint, from_plain, open_existing, read_trials, to_plain
from ._comparable import describe_params, differing_params, point_of
from ._initial_params import place
from ._ledger import Run, comparison_key
from ._scores import leading_metric
from ._search_spaces import SpaceBudget

#: What is said of candidates whose estimator is this search's, but not all that is fixed in it.
_OTHER_VALUES = "the same estimator with other values of what is not searched"
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
        read = partial(
            read_results,
            self.initial_results,
            comparison_key(data_key(), splits, self.scoring),
            self._metric_to_read(),
            self.estimator,
            [SpaceBudget(space, 1) for space in self.search_spaces_],
        )
        return read() if run is None else keep_results(run.store, run.key, read)

    def _metric_to_read(self) -> str | None:
        """Return the metric that leads the search, None if there is but one, or if a callable names them later."""
        scorers = scorers_by_name(scorer_of(self))
        names = scorers if isinstance(scorers, dict) else ()
        return leading_metric(names, self.refit) if names or isinstance(self.refit, str) else None


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


def read_results(
    path: str | os.PathLike, key: str, metric: str | None, estimator: BaseEstimator, budgets: list[SpaceBudget]
) -> KnownResults:
    """Return the results in a store that are results of this search's candidates.

    Parameters
    ----------
    path : str or path-like
        The store.
    key : str
        What `comparison_key` returns for the search. Only candidates that were evaluated on all of its splits count.
    metric : str or None
        Which of several metrics leads the search; None is the first of those in the store.
    estimator : estimator
        That of the search. What it does not search must be the same for a candidate.
    budgets : list of SpaceBudget
        The spaces of the search.

    Warns
    -----
    UnusedResultsWarning
        If there is no such result, or if some are of the same estimator with other values of what is not searched.
    """
    with open_existing(path, "initial_results") as store:
        problems, trials = store.problems(), read_trials(store)
    own, known, others = describe_params(estimator), [], Counter()
    for trial in trials:
        about, plain = problems[trial["result"].problem], trial["result"].params
        reason, params = _place_trial(plain, about.get("params", {}), own, estimator, budgets)
        if about["data"] != key:
            reason = "other data, splits or scoring"
        elif not _is_whole(trial, about["n_splits"]):
            reason = "no evaluation to the end"
        elif trial["outcome"] and trial["outcome"]["parent"] is not None:
            reason = "a training that began with other settings"
        if reason is None:
            scores = [fold["test_scores"] for fold in trial["folds"].values()]
            known.append((params, float(np.mean([_score(one, metric) for one in scores]))))
        else:
            others[reason] += 1
    _warn_of_others(path, len(known), others)
    return known


def _is_whole(trial, n_splits):
    folds = trial["folds"].values()
    return len(folds) == n_splits and all(fold["status"] == "ok" and fold["is_complete"] for fold in folds)


def _place_trial(plain, known, own, estimator, budgets) -> tuple[str | None, dict[str, Any]]:
    """Return why a candidate is none of this search's, None if it is, and what it has for the searched parameters."""
    reasons = []
    for budget in budgets:
        names = set(budget.space.names)
        differing = differing_params(plain, known, own, names)
        if differing:
            is_other = "" in differing
            reasons.append("another estimator" if is_other else f"{_OTHER_VALUES} ({', '.join(differing[:5])})")
            continue
        try:
            return None, place(point_of(plain, known, names), estimator, [budget], "")[1]
        except ValueError:
            reasons.append("settings outside the space")
    return reasons[0], {}


def _warn_of_others(path, n_known, others):
    if others and (n_known == 0 or any(reason.startswith(_OTHER_VALUES) for reason in others)):
        reasons = "; ".join(f"{reason}: {count}" for reason, count in others.most_common())
        warnings.warn(
            f"initial_results={os.fspath(path)!r}: the search begins with {n_known} of {n_known + others.total()} "
            f"candidates. Left out are {reasons}",
            UnusedResultsWarning,
            stacklevel=2,
        )


def _score(scores, metric):
    if not isinstance(scores, dict):
        return scores
    if metric is not None and metric not in scores:
        raise ValueError(
            f"initial_results has no scores of {metric!r}, which leads the search, only of "
            f"{', '.join(map(repr, scores))}"
        )
    return scores[leading_metric(scores, metric)]


def keep_results(store: Store, run: str, read: Callable[[], KnownResults]) -> KnownResults:
    """Return what was known when a run began: more may be known when it is begun again, which must change nothing."""
    key = fingerprint(run, "initial results")
    content = store.find_run(key)
    if content is None:
        content = store.begin_run(key, {"known": [(_plain(params), score) for params, score in read()]})
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
