"""Successive halving, asynchronously: which candidates are trained further. Pure rules; nothing here trains.

A ladder has rungs, from few epochs on few splits to all epochs on all splits. A candidate on a rung is promoted if it
is among the best of all that ever came to this rung; the others stay where they are, and may still be promoted when
more have come. Candidates on a rung are compared on the same splits, after the same share of their epochs.

L. Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020 (asynchronous successive halving).
"""

import math
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import NamedTuple, TypeVar

Candidate = TypeVar("Candidate", bound=Hashable)


class Rung(NamedTuple):
    """A share of a candidate's epochs, on the first so many splits."""

    share: float
    n_splits: int

    def epochs(self, max_epochs: int) -> int:
        """Return the number of epochs of a candidate that has `max_epochs` in all."""
        return min(max_epochs, max(1, round(self.share * max_epochs)))


@dataclass(frozen=True)
class SuccessiveHalving:
    """Stop candidates that are not among the best of those that were trained as far.

    Parameters
    ----------
    reduction_factor : float, default=3
        One of so many candidates of a rung is promoted, and always the best; the next rung has so many times the
        epochs.
    n_rungs : int, default=4
        Number of rungs, the one of all epochs on all splits included: the first has
        ``max_epochs / reduction_factor**(n_rungs - 1)`` epochs.
    n_first_splits : int or None, default=None
        Number of splits on which candidates are trained below the last rung; None is a third of them, rounded up.

    Raises
    ------
    ValueError
        If a parameter is not allowed.

    Examples
    --------
    >>> from sktune.model_selection import SuccessiveHalving
    >>> [(rung.epochs(max_epochs=81), rung.n_splits) for rung in SuccessiveHalving().ladder(n_splits=5)]
    [(3, 2), (9, 2), (27, 2), (81, 5)]
    """

    reduction_factor: float = 3.0
    n_rungs: int = 4
    n_first_splits: int | None = None

    def __post_init__(self):
        factor = self.reduction_factor
        if not isinstance(factor, Real) or isinstance(factor, bool) or not 1 < factor < math.inf:
            raise ValueError(f"reduction_factor must be a number above 1, got {factor!r}")
        _check_count("n_rungs", self.n_rungs)
        if self.n_first_splits is not None:
            _check_count("n_first_splits", self.n_first_splits)

    def ladder(self, n_splits: int) -> list[Rung]:
        """Return the rungs of a search with `n_splits` splits, in the order in which they are climbed."""
        first = -(-n_splits // 3) if self.n_first_splits is None else min(self.n_first_splits, n_splits)
        shares = [self.reduction_factor**-k for k in range(self.n_rungs - 1, 0, -1)]
        return [*(Rung(share, first) for share in shares), Rung(1.0, n_splits)]


def promotions(
    scores: Mapping[Candidate, float], promoted: Collection[Candidate], reduction_factor: float
) -> list[Candidate]:
    """Return the candidates of a rung that are to be promoted now.

    Parameters
    ----------
    scores : dict
        Scores of all that ever came to the rung, in the order in which they were proposed; NaN for failures, which are
        counted and never promoted.
    promoted : collection
        Those that have left it already.
    reduction_factor : float
        One of so many is promoted.

    Returns
    -------
    list
        The best ``max(1, floor(n / reduction_factor))`` of the n, except for those that were promoted before. Of
        equals, the one that was proposed first.
    """
    ranked = sorted((c for c, score in scores.items() if not math.isnan(score)), key=lambda c: -scores[c])
    n_best = max(1, math.floor(len(scores) / reduction_factor))
    return [candidate for candidate in ranked[:n_best] if candidate not in promoted]


def _check_count(name: str, value) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an int of at least 1, got {value!r}")
