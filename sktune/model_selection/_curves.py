"""Learning curves of all fits of a search, as one table of plain columns."""

import math
from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator

from ._results import CandidateRecord
from ._scores import Scores

#: Columns that every table has, and in this order.
_FIRST = ("candidate", "split", "epoch", "train_loss", "valid_loss", "lr")


def curve_table(candidates: Sequence[CandidateRecord], metrics: Sequence[str] | None) -> dict[str, np.ndarray]:
    """Return the curves of all candidates on all splits, one row for each epoch.

    Parameters
    ----------
    candidates : sequence of CandidateRecord
        Those of ``cv_results_``, in their order.
    metrics : sequence of str or None
        The names of several metrics; None for a single one without a name.

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        ``candidate`` (row of ``cv_results_``), ``split``, ``epoch``, ``train_loss``, ``valid_loss``, ``lr``, whatever
        else was recorded, and ``test_score`` (``test_<metric>`` of several), where a fit was scored: at its pauses, and
        at its end. NaN where something is not known.
    """
    rows = []
    for number, candidate in enumerate(candidates):
        for fold in candidate.folds:
            if fold is not None and fold.history:
                rows += _rows_of(number, fold, metrics)
    others = dict.fromkeys(name for row in rows for name in row)
    scores = [f"test_{name}" for name in (metrics or ["score"])]
    names = [*_FIRST, *(name for name in others if name not in (*_FIRST, *scores)), *scores]
    table = {name: np.array([row.get(name, math.nan) for row in rows], dtype=np.float64) for name in names}
    return table | {name: table[name].astype(np.int64) for name in ("candidate", "split", "epoch")}


def _rows_of(number, fold, metrics):
    columns = fold.history
    n_epochs = len(columns["epoch"])
    scores = dict(fold.curve)
    if fold.test_scores is not None and n_epochs:
        scores.setdefault(int(columns["epoch"][-1]), fold.test_scores)
    for index in range(n_epochs):
        row = {name: values[index] for name, values in columns.items()}
        yield {"candidate": number, "split": fold.split, **row, **_named(scores.get(int(row["epoch"])), metrics)}


def _named(scores: Scores, metrics) -> dict[str, float]:
    if scores is None:
        return {}
    named = scores if metrics is not None else {"score": scores}
    return {f"test_{name}": math.nan if value is None else value for name, value in named.items()}


def store_curves(search: BaseEstimator, candidates: Sequence[CandidateRecord], first_scores: Scores) -> None:
    """Set ``curves_`` of a search that keeps them, and forget those of a former fit."""
    vars(search).pop("curves_", None)
    if search.keep_curves:
        search.curves_ = curve_table(candidates, list(first_scores) if isinstance(first_scores, dict) else None)
