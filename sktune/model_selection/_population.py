"""The rules of population based training: who copies whom, and how settings change. Pure; nothing here trains.

A population is trained for a generation; then the worst of its members copy the networks of some of the best (exploit)
and go on with settings that are a little different (explore).

M. Jaderberg et al., "Population Based Training of Neural Networks", arXiv:1711.09846, 2017.
"""

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from ..space import Dimension, Space

#: Proposals before `explore` gives up on a setting that is allowed and new.
_MOST_TRIES = 100


def generation_ends(max_epochs: int, n_generations: int) -> list[int]:
    """Return the epochs after which the generations end: as equally long as can be, at least one epoch each.

    Examples
    --------
    >>> generation_ends(max_epochs=10, n_generations=4), generation_ends(max_epochs=2, n_generations=4)
    ([3, 5, 8, 10], [1, 2])
    """
    n_generations = min(n_generations, max_epochs)
    return [-(-max_epochs * number // n_generations) for number in range(1, n_generations + 1)]


def exploit(
    scores: Sequence[float], quantile: float, rng: np.random.Generator, *, can_be_copied: Sequence[bool]
) -> list[tuple[int, int]]:
    """Return which members are to be replaced, and by copies of which: truncation selection.

    Parameters
    ----------
    scores : sequence of float
        One per member, greater is better; NaN for a failure.
    quantile : float
        This share of the members, at least one, counts as the best, and as many as the worst; failures are the very
        worst, and all of them are replaced.
    rng : Generator
        Chooses one of the best for each of the worst.
    can_be_copied : sequence of bool
        Whether a member is still in training, so that a copy of it could go on.

    Returns
    -------
    list of (int, int)
        Positions of a member to replace and of the one to copy. Empty if none of the best can be copied.
    """
    failed = [member for member, score in enumerate(scores) if math.isnan(score)]
    ranked = sorted(set(range(len(scores))) - {*failed}, key=lambda member: (-scores[member], member))
    # rounding must not turn 0.29 * 100 into 28
    n_cut = min(max(1, math.floor(quantile * len(scores) + 1e-9)), len(scores) // 2)
    n_worst = min(max(0, n_cut - len(failed)), max(0, len(ranked) - n_cut))
    best = [member for member in ranked[: max(1, n_cut)] if can_be_copied[member]]
    if not best:
        return []
    losers = sorted([*failed, *ranked[len(ranked) - n_worst :]])
    return [(loser, best[int(rng.integers(len(best)))]) for loser in losers]


def explore(
    space: Space,
    params: dict[str, Any],
    rng: np.random.Generator,
    *,
    mutable: Collection[str],
    resample_probability: float,
    perturbation: float,
) -> dict[str, Any]:
    """Return settings near `params`.

    Each mutable parameter is drawn anew with `resample_probability`. Otherwise a number takes a step up or down, and a
    choice stays: there is no order among choices. What has just become active is drawn.

    Parameters
    ----------
    space : Space
        Where to stay.
    params : dict
        A setting of the space.
    rng : Generator
        Source of randomness.
    mutable : collection of str
        Names of the parameters that may change.
    resample_probability : float
        Of each parameter.
    perturbation : float
        Length of a step, as a share of the parameter's range (under its prior); always at least to the next value.

    Returns
    -------
    dict
        A setting of the space; different from `params`, unless 100 proposals were not. What has not changed is the
        very value of `params`.
    """
    origin = space.to_unit([params])
    is_mutable = np.array([name in mutable for name in space.names])
    drawn_anew = ~space.active(origin)[0]
    for _ in range(_MOST_TRIES):
        resampled = (rng.random(space.n_dims) < resample_probability) | drawn_anew
        anywhere, directions = rng.random(space.n_dims), rng.choice([-1.0, 1.0], space.n_dims)
        steps = zip(space.dimensions, origin[0], directions * perturbation, strict=True)
        stepped = [_step(dimension, u, step) for dimension, u, step in steps]
        moved = np.where(resampled, anywhere, stepped)
        proposal = space.snap(np.where(is_mutable, moved, origin[0])[None])
        if (proposal != origin).any() and space.feasible(proposal)[0]:
            return _with_values_of(params, origin[0], proposal[0], space)
    return dict(params)


def _step(dimension: Dimension, u: float, step: float) -> float:
    """Return the coordinate after a step, which is made longer until it comes to another value; clipped to the range.

    Small integers on a logarithmic scale are farther apart than large ones, for example.
    """
    if dimension.is_categorical:
        return u
    while abs(step) < 2:
        moved = float(dimension.snap([u + step])[0])
        if moved != u:
            return moved
        step *= 2
    return u


def _with_values_of(params, origin, proposal, space):
    """Return the setting at `proposal`, with the values of `params` where it is the same: no rounding, no copies."""
    known = {name for name, old, new in zip(space.names, origin, proposal, strict=True) if old == new}
    (setting,) = space.from_unit(proposal[None])
    return {name: params[name] if name in known and name in params else value for name, value in setting.items()}
