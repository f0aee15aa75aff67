"""From coarse to fine: the rounds of a zoom. Pure rules; nothing here trains."""

from collections.abc import Sequence
from numbers import Integral
from typing import NamedTuple

from ._halving import SuccessiveHalving
from ._ladder import Rung


class ZoomRound(NamedTuple):
    """One round of a zoom.

    Parameters
    ----------
    n_candidates : int
        Number of new candidates.
    n_carried : int
        Number of candidates of the round before that are trained further.
    width : float
        Width of the ranges, relative to those of the whole space.
    rung : Rung
        How far all of them are trained.
    """

    n_candidates: int
    n_carried: int
    width: float
    rung: Rung


def zoom_rounds(
    n_rounds: int,
    n_candidates: int | Sequence[int],
    *,
    n_carried: int = 3,
    zoom_factor: float = 0.5,
    reduction_factor: float = 3,
    n_splits: int = 1,
    n_first_splits: int | None = None,
) -> list[ZoomRound]:
    """Return the rounds of a zoom, the coarsest first.

    Parameters
    ----------
    n_rounds : int
        Number of rounds.
    n_candidates : int or sequence of int
        New candidates of each round; an int is that of the first, after which each round has `reduction_factor` times
        fewer, as its trainings are so many times longer.
    n_carried : int, default=3
        How many candidates of a round are trained further in the next.
    zoom_factor : float, default=0.5
        Width of the ranges relative to the round before.
    reduction_factor : float, default=3
        Epochs relative to the round before.
    n_splits, n_first_splits : int
        As in `SuccessiveHalving`.

    Returns
    -------
    list of ZoomRound

    Raises
    ------
    ValueError
        If `n_candidates` is not one positive int per round.

    Examples
    --------
    >>> for round in zoom_rounds(3, 27, n_splits=5):
    ...     print(round.n_carried, round.n_candidates, round.width, round.rung.epochs(90), round.rung.n_splits)
    0 27 1.0 10 2
    3 9 0.5 30 2
    3 3 0.25 90 5
    """
    sizes = n_candidates
    if isinstance(n_candidates, Integral):
        sizes = [max(1, round(n_candidates / reduction_factor**number)) for number in range(n_rounds)]
    if len(sizes) != n_rounds or not all(map(_is_count, sizes)):
        raise ValueError(
            f"n_candidates must be an int or one positive int for each of n_rounds={n_rounds}, got {n_candidates!r}"
        )
    ladder = SuccessiveHalving(reduction_factor, n_rounds, n_first_splits).ladder(n_splits)
    return [
        ZoomRound(int(size), n_carried if number else 0, zoom_factor**number, rung)
        for number, (size, rung) in enumerate(zip(sizes, ladder, strict=True))
    ]


def _is_count(value) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 1
