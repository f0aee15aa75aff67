"""Known-good settings that a search evaluates first."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..space import Space
from ._search_spaces import SpaceBudget


def place_initial_params(
    initial_params: Any, estimator: BaseEstimator, budgets: list[SpaceBudget], limit: str = "n_iter"
) -> list[list[dict[str, Any]]]:
    """Return, for each space, the settings to evaluate first in it.

    A setting goes to the first space that it lies in.

    Parameters
    ----------
    initial_params : None, "current" or list of dict
        "current" stands for the estimator's own parameters, as far as they are searched.
    estimator : estimator
        Where "current" is read.
    budgets : list of SpaceBudget
        The spaces of the search.
    limit : str, default="n_iter"
        What the search calls the number of evaluations.

    Raises
    ------
    ValueError
        If a setting lies in no space (the message says why it is not in the first), or if a space is given more
        settings than evaluations.
    """
    places: list[list[dict[str, Any]]] = [[] for _ in budgets]
    for number, params in enumerate(["current"] if initial_params == "current" else initial_params or []):
        where, params = place(params, estimator, budgets, f"initial_params[{number}]")
        places[where].append(params)
    for (_, n_iter), params in zip(budgets, places, strict=True):
        if len(params) > n_iter:
            raise ValueError(f"initial_params holds {len(params)} settings for a space of which {limit}={n_iter}")
    return places


def own_params_outside(
    initial_params: Any, estimator: BaseEstimator, budgets: list[SpaceBudget]
) -> dict[str, Any] | None:
    """Return the estimator's own parameters that are searched, if they are to come first and no space holds them."""
    if not isinstance(initial_params, str):
        return None
    try:
        place(initial_params, estimator, budgets, "")
    except ValueError:
        return _current(estimator, budgets[0].space)
    return None


def place(params: Any, estimator: BaseEstimator, budgets: list[SpaceBudget], label: str) -> tuple[int, dict[str, Any]]:
    """Return the number of the first space that a setting lies in, and its active part; else raise a ValueError."""
    reasons = []
    for number, (space, _) in enumerate(budgets):
        try:
            own = _current(estimator, space) if params == "current" else params
            return number, _inside(own, space)
        except ValueError as error:
            reasons.append(error)
    source = "initial_params='current'" if params == "current" else label
    where = "the space" if len(budgets) == 1 else "any of the spaces; not in the first one, for example"
    raise ValueError(f"{source} is not in {where}: {reasons[0]}") from reasons[0]


def _current(estimator: BaseEstimator, space: Space) -> dict[str, Any]:
    own = estimator.get_params(deep=True)
    return {name: own[name] for name in space.names if name in own}


def _inside(params: Any, space: Space) -> dict[str, Any]:
    """Return the active part of a setting; a ValueError if the space does not hold it."""
    if not isinstance(params, Mapping):
        raise ValueError(f"a setting must be a dict, got {params!r}")
    coordinates = space.to_unit([params])  # ignores values whose condition does not hold
    active = dict(zip(space.names, space.active(coordinates)[0], strict=True))
    if not np.all(space.feasible(coordinates)):
        raise ValueError(f"the constraint of the space forbids {dict(params)!r}")
    return {name: value for name, value in params.items() if active[name]}
