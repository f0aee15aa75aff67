"""Checks of what a user gives to the optimizer."""

import math
import numbers
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.random import RandomState

from .._utils.random import root_seed
from ..space import Space


def check_base_estimator(base_estimator: Any) -> None:
    """Raise a ValueError unless `base_estimator` names a surrogate that exists."""
    if not isinstance(base_estimator, str) or base_estimator.lower() != "gp":
        raise ValueError(f"base_estimator must be 'gp' (a Gaussian process), got {base_estimator!r}")


def check_space(space: Any) -> Space:
    """Return `space` as a Space, or raise a ValueError."""
    if not isinstance(space, (Space, Mapping, list, tuple)):
        raise ValueError(f"space must be a dict from names to dimensions or a Space, got {space!r}")
    return space if isinstance(space, Space) else Space(space)


def check_scores(scores: Any) -> list[float]:
    """Return `scores` as a list, or raise a ValueError unless they are finite numbers."""
    listed = [] if isinstance(scores, (str, Mapping)) or not np.iterable(scores) else list(scores)
    if not listed or not all(isinstance(score, numbers.Real) and math.isfinite(score) for score in listed):
        raise ValueError(f"scores must be a sequence of finite numbers, got {scores!r}")
    return listed


def check_positive(name: str, value: Any) -> int:
    """Return `value` as an int, or raise a ValueError unless it is a positive one."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a positive int, got {value!r}")
    return int(value)


def check_seed(random_state: Any) -> int:
    """Return the seed that `random_state` stands for, or raise a ValueError."""
    is_seed = isinstance(random_state, numbers.Integral) and not isinstance(random_state, bool) and random_state >= 0
    if not (is_seed or random_state is None or isinstance(random_state, RandomState)):
        raise ValueError(f"random_state must be a non-negative int, a RandomState or None, got {random_state!r}")
    return root_seed(random_state)


def check_points(name: str, points: Any) -> list[Mapping[str, Any]]:
    """Return `points` as a list, or raise a ValueError unless they are dicts."""
    if isinstance(points, (str, Mapping)) or not isinstance(points, Iterable):
        raise ValueError(f"{name} must be a sequence of dicts, got {points!r}")
    points = list(points)
    for point in points:
        if not isinstance(point, Mapping):
            raise ValueError(f"{name} must be a sequence of dicts, but one of them is {point!r}")
    return points


def check_length(name: str, values: Any, n_points: int) -> list:
    """Return `values` as a list, or raise a ValueError unless there are as many as points."""
    if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable):
        raise ValueError(f"{name} must be a sequence as long as params ({n_points}), got {values!r}")
    values = list(values)
    if len(values) != n_points:
        raise ValueError(f"{name} must be as long as params ({n_points}), got {len(values)} of them")
    return values


def check_score(score: Any) -> float:
    """Return `score` as a float, NaN for all that is not finite, or raise a TypeError unless it is a number."""
    if not isinstance(score, numbers.Real) or isinstance(score, bool):
        raise TypeError(f"score must be a number (NaN for a failure), got {score!r}")
    return float(score) if math.isfinite(score) else math.nan


def check_fidelities(fidelity: Any, n_points: int) -> list[float]:
    """Return shares of whole evaluations, one for each point, or raise a ValueError."""
    if isinstance(fidelity, numbers.Real):
        fidelity = [fidelity] * n_points
    return [check_fidelity(one) for one in check_length("fidelity", fidelity, n_points)]


def check_fidelity(fidelity: Any) -> float:
    """Return a share of a whole evaluation as a float, or raise a ValueError."""
    if not isinstance(fidelity, numbers.Real) or isinstance(fidelity, bool) or not 0.0 < fidelity <= 1.0:
        raise ValueError(f"fidelity must be a number above 0 and at most 1, got {fidelity!r}")
    return float(fidelity)


def check_noise(noise: Any, *, failed: bool) -> float:
    """Return a standard error as a float, 0 for an unknown one or that of a failure.

    Raises
    ------
    TypeError
        If it is not a number.
    ValueError
        If it is negative or not finite.
    """
    if noise is None or failed:
        return 0.0
    if not isinstance(noise, numbers.Real) or isinstance(noise, bool):
        raise TypeError(f"noise must be a number (the standard error of the score) or None, got {noise!r}")
    if not 0.0 <= noise < math.inf:
        raise ValueError(f"noise must be a finite standard error of at least 0, got {noise!r}")
    return float(noise)
