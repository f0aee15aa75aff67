"""Hyperband's brackets: how many candidates are trained how far. Pure rules; nothing here trains.

A bracket is one run of successive halving. It begins with many candidates and few epochs, or with few candidates and
many epochs; Hyperband runs them all, because nobody knows beforehand how early a score can be trusted.

L. Li, K. Jamieson, G. DeSalvo, A. Rostamizadeh, A. Talwalkar, "Hyperband: A Novel Bandit-Based Approach to
Hyperparameter Optimization", JMLR 18, 2018. The paper says twice how many candidates begin bracket s of s_max + 1:

- the table of its example (R = 81, eta = 3):  n = floor((s_max + 1) / (s + 1)) eta^s,  81, 27, 9, 6, 5
- its Algorithm 1:                             n = ceil((s_max + 1) / (s + 1) eta^s),   81, 34, 15, 8, 5

We follow the table. Its numbers are divisible by eta rung by rung, so that no bracket spends more than (s_max + 1) R
epochs; those of the algorithm spend up to a fifth more.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ._halving import SuccessiveHalving
from ._ladder import Rung
from ._learning_curves import Candidate


class Stage(NamedTuple):
    """So many candidates of a bracket, trained up to a rung."""

    n_candidates: int
    rung: Rung


def brackets(
    max_epochs: int,
    *,
    reduction_factor: int = 3,
    min_epochs: int = 1,
    n_splits: int = 1,
    n_first_splits: int | None = None,
) -> list[list[Stage]]:
    """Return the brackets of one round of Hyperband, the one with most candidates first.

    Parameters
    ----------
    max_epochs : int
        Number of epochs of a whole training: R in the paper.
    reduction_factor : int, default=3
        One of so many candidates goes on, for so many times the epochs: eta in the paper.
    min_epochs : int, default=1
        No candidate is trained for fewer epochs before it is compared.
    n_splits, n_first_splits : int
        As in `SuccessiveHalving`.

    Returns
    -------
    list of list of Stage

    Raises
    ------
    ValueError
        If `min_epochs` is more than `max_epochs`.

    Examples
    --------
    >>> for bracket in brackets(max_epochs=27):
    ...     print([(stage.n_candidates, stage.rung.epochs(27)) for stage in bracket])
    [(27, 1), (9, 3), (3, 9), (1, 27)]
    [(9, 3), (3, 9), (1, 27)]
    [(6, 9), (2, 27)]
    [(4, 27)]
    """
    if min_epochs > max_epochs:
        raise ValueError(f"min_epochs={min_epochs} is more than the {max_epochs} epochs of a whole training")
    n_halvings = _count_halvings(max_epochs, reduction_factor, min_epochs)
    rule = SuccessiveHalving(reduction_factor, n_rungs=n_halvings + 1, n_first_splits=n_first_splits)
    ladder = rule.ladder(n_splits)
    result = []
    for s in range(n_halvings, -1, -1):
        n_last = (n_halvings + 1) // (s + 1)
        result.append([Stage(n_last * reduction_factor ** (s - i), ladder[i - s - 1]) for i in range(s + 1)])
    return result


def _count_halvings(max_epochs, reduction_factor, min_epochs):
    """The largest s with min_epochs * eta**s <= R: s_max, in whole numbers, for log(243, 3) is 4.999..."""
    s = 0
    while min_epochs * reduction_factor ** (s + 1) <= max_epochs:
        s += 1
    return s


def survivors(scores: Mapping[Candidate, float], n_survivors: int) -> list[Candidate]:
    """Return the best of the candidates of a rung.

    Parameters
    ----------
    scores : dict
        Their scores, in the order in which they were proposed; NaN for failures, which never survive.
    n_survivors : int
        How many survive, at most.

    Returns
    -------
    list
        The best first; of equals, the one that was proposed first.

    Examples
    --------
    >>> survivors({"a": 0.5, "b": float("nan"), "c": 0.9, "d": 0.5}, 2)
    ['c', 'a']
    """
    return sorted((c for c, score in scores.items() if not math.isnan(score)), key=lambda c: -scores[c])[:n_survivors]


def count_epochs(stages: Iterable[tuple[int, int, Rung]], max_epochs: int) -> int:
    """Return how many epochs the stages of a bracket train, over all splits.

    Parameters
    ----------
    stages : iterable of (int, int, Rung)
        How many candidates begin in a stage, how many go on from the one before, and to which rung.
    max_epochs : int
        Of a whole training.

    Examples
    --------
    >>> count_epochs([(9, 0, Rung(1 / 9, 1)), (0, 3, Rung(1 / 3, 1)), (0, 1, Rung(1, 2))], max_epochs=9)
    30
    """
    n_epochs, reached = 0, 0
    for n_new, n_going_on, rung in stages:
        n_each = rung.epochs(max_epochs) * rung.n_splits
        n_epochs += n_new * n_each + n_going_on * (n_each - reached)
        reached = n_each
    return n_epochs


def spread(planned: Sequence[int], n_points: float) -> list[int]:
    """Return how many candidates begin each bracket where the space has `n_points` settings only.

    A small space would be spent by the first bracket, which trusts the earliest scores: every bracket gets its share.

    Examples
    --------
    >>> spread([9, 5, 3], n_points=100), spread([9, 5, 3], n_points=8)
    ([9, 5, 3], [4, 3, 1])
    """
    total = sum(planned)
    if n_points >= total:
        return list(planned)
    ends = [math.ceil(sum(planned[: i + 1]) * n_points / total - 0.5) for i in range(len(planned))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]
