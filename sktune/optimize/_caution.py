"""Which proposals are cautious: they take the surrogate to be less sure than it says, and so explore more.

The most probable hyperparameters of few observations make a surrogate too sure of itself. Measured on the tuning of
networks, the median error of what it predicted for its own proposals was 0.9 instead of 0.67 deviations, and the root
of the mean square 2 to 4 instead of 1. Where it is wrong, it stays at a mediocre point for long. Always cautious, it is
slow where it is right. So cautious proposals come in between, every second time as long as they do well, and ever more
seldom while they do not.

Of points that are evaluated side by side, only the first is proposed by this rule, and some of them, the leaders, trust
the surrogate; those that follow are cautious all. They cannot learn from each other's scores, and the surrogate is the
surer of itself the more of them it already believes in: Desautels, Krause & Burdick (2014), Parallelizing
Exploration-Exploitation Tradeoffs in Gaussian Process Bandit Optimization, widen its confidence for that reason.
Measured in batches of 4, with 4, 2 and 1 leaders:

==========================================================  ======  ======  ======
regret on LCBench after 50 evaluations (10 seeds)           -0.045  -0.073  -0.065
the same, 10 other seeds                                    -0.017  -0.060  -0.051
distance to the maximum, Hartmann (40 seeds)                  0.06    0.17    0.44
the same, 8 categories (40 seeds)                             0.46    0.53    0.74
regret on LCBench by epochs after 10 trainings (10 seeds)    0.041   0.026   0.002
the same, after 20                                          -0.015  -0.018  -0.040
==========================================================  ======  ======  ======

Where evaluations are partial, exploring is cheap, and one leader is enough. In batches of 8, two leaders (-0.060) did
better than four (-0.050).

So smooth functions want more leaders than networks do, and there the surrogate is modest: it would predict each of its
observations from the others with smaller errors than it says. The mean square of these, in deviations, is mostly above
0.55 on LCBench, below 0.5 on Hartmann's function. Where it is below 0.5, there are four leaders, otherwise two. What
batches of 4 reach in 50 evaluations takes these shares of them one at a time, beside those with two leaders always:

=========================  ====  ====
LCBench (20 seeds)         94 %  94 %
Hartmann (80 seeds)        84 %  76 %
8 categories (40 seeds)    92 %  90 %
3 branches (80 seeds)      86 %  92 %
=========================  ====  ====
"""

from collections.abc import Callable, Sequence

import numpy as np

from ._gp import GaussianProcess
from ._leave_out import leave_out_errors

#: The variances of the surrogate count so many times in a cautious proposal.
CAUTION = 9.0
_SHORTEST_WAIT, _LONGEST_WAIT = 2, 16
#: Leaders where evaluations are partial, where they are whole, and where the surrogate is modest besides.
_FEW_LEADERS, _LEADERS, _MANY_LEADERS = 1, 2, 4
#: A surrogate is modest whose errors have a smaller mean square than this, in deviations.
_MODEST = 0.5


def has_leaders(n_pending: int, is_whole: bool, surrogate: Callable[[], GaussianProcess] | None) -> bool:
    """Tell whether enough of the points that are evaluated side by side trust the surrogate.

    Parameters
    ----------
    n_pending : int
        How many of the pending points do.
    is_whole : bool
        Whether all scores so far come from whole evaluations.
    surrogate : callable or None
        Returns the process of what has been told; called only where the answer depends on it. None means that there is
        no such process yet.

    Returns
    -------
    bool
    """
    if not is_whole:
        return n_pending >= _FEW_LEADERS
    if surrogate is None or not _LEADERS <= n_pending < _MANY_LEADERS:
        return n_pending >= _LEADERS
    return bool(np.mean(leave_out_errors(surrogate()) ** 2) >= _MODEST)


def is_cautious_turn(outcomes: Sequence[float], n_first: int) -> bool:
    """Tell whether the next proposal is cautious, if nothing that trusts the surrogate is pending.

    The first one after the initial points is. After a cautious proposal that scored more than the median of all before
    it, the next but one is cautious again; after any other, the wait is twice as long as before.

    Parameters
    ----------
    outcomes : sequence of float
        Scores of all points so far, in the order of the proposals; ``-inf`` for a failure and for what is pending.
    n_first : int
        Number of initial points.

    Returns
    -------
    bool

    Examples
    --------
    >>> from sktune.optimize._caution import is_cautious_turn
    >>> scores = [1.0, 2.0, 3.0, 4.0, 0.0, 5.0, 6.0]  # the third is a success, the fifth is none
    >>> [is_cautious_turn(scores[:n], n_first=2) for n in range(2, 8)]
    [True, False, True, False, False, False]
    """
    turn, wait = n_first, _SHORTEST_WAIT
    while turn < len(outcomes):
        paid_off = outcomes[turn] > np.median(outcomes[:turn])
        wait = _SHORTEST_WAIT if paid_off else min(2 * wait, _LONGEST_WAIT)
        turn += wait
    return turn == len(outcomes)
