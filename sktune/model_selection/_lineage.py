"""The line of copies that a candidate comes from, and a training that follows it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ._results import CandidateRecord
from ._resuming import Step, follow
from ._shared_steps import SharedSteps

#: The epoch until which settings hold, and these settings.
Segment = tuple[int, dict[str, Any]]


def lineage_columns(candidates: Sequence[CandidateRecord]) -> dict[str, np.ndarray]:
    """Return the columns of ``cv_results_`` that say where candidates come from."""
    rows = {candidate.index: row for row, candidate in enumerate(candidates)}
    return {
        "parent": np.array([rows.get(candidate.parent, -1) for candidate in candidates]),
        "n_inherited_epochs": np.array([candidate.n_inherited_epochs for candidate in candidates]),
    }


def schedule_of(results: Mapping[str, Any], index: int, n_epochs: int) -> list[Segment]:
    """Return the settings under which a candidate of ``cv_results_`` was trained, from the first epoch to the last.

    Examples
    --------
    >>> results = {"parent": [-1, 0], "n_inherited_epochs": [0, 4], "params": [{"lr": 0.1}, {"lr": 0.02}]}
    >>> schedule_of(results, 1, n_epochs=10)
    [(4, {'lr': 0.1}), (10, {'lr': 0.02})]
    """
    segments = []
    while index >= 0:
        segments.append((n_epochs, dict(results["params"][index])))
        n_epochs, index = int(results["n_inherited_epochs"][index]), int(results["parent"][index])
    return segments[::-1]


def replay(
    estimator: BaseEstimator,
    schedule: Sequence[Segment],
    pauses: Sequence[int],
    mutable: Collection[str],
    /,
    X: Any,
    y: Any = None,
    **fit_params: Any,
) -> None:
    """Train as the winner was trained: with its settings in their order, and with the same pauses.

    Parameters
    ----------
    estimator : estimator
        Not fitted; changed in place.
    schedule : sequence of (int, dict)
        Settings, and the epoch until which they hold.
    pauses : sequence of int
        Epochs after which training was paused: with ``warm_start``, pieces matter.
    mutable : collection of str
        The parameters that change between the segments; the others are left alone.
    X, y : array-like
        All rows.
    **fit_params : dict
        As for the estimator's ``fit``.
    """
    starts = [0, *(until for until, _ in schedule)]
    steps = [
        Step(params, None, pause, tuple(mutable))
        for start, (until, params) in zip(starts, schedule, strict=False)
        for pause in pauses
        if start < pause <= until
    ]
    follow(estimator, X, y, steps, fit_params=fit_params, shared=SharedSteps(), split=0)
