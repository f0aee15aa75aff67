"""Bayesian optimisation of one space: ask, evaluate, tell."""

import math
from collections.abc import Callable, Sequence
from statistics import median_low
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from ..exceptions import SpaceExhaustedError
from ..optimize import Optimizer
from ..space import Space
from ._evaluator import EpochBudgetError, Evaluator
from ._freeze_thaw import FreezeThaw
from ._halving import SuccessiveHalving
from ._ladder import Climb
from ._pauses import rungs_of_whole_trainings, worthwhile_rungs
from ._results import CandidateRecord
from ._search_spaces import SpaceBudget

#: With pruning, at least so many candidates are begun first: they cost little, and early scores say less.
_N_FIRST = 10

SearchCallback = Callable[[OptimizeResult], bool | None]


class SpaceSearch:
    """The search of one space: `n_iter` points that its optimizer proposes, `n_points` at a time.

    A setting `outside` of the space comes first if there is one: it is evaluated in full, and the optimizer, which
    cannot place it, is not told.

    Attributes
    ----------
    records : list of CandidateRecord
        What has been evaluated of this space.
    stopped : bool
        Whether a callback has stopped the search.
    """

    def __init__(
        self,
        budget: SpaceBudget,
        optimizer: Optimizer,
        n_points: int,
        pruning: SuccessiveHalving | FreezeThaw | None = None,
        outside: dict[str, Any] | None = None,
    ):
        self.space, self.n_iter = budget
        self.optimizer = optimizer
        self.n_points = n_points
        self.pruning = pruning
        self.outside = outside
        self.records: list[CandidateRecord] = []
        self.stopped = False

    def run(self, evaluate: Evaluator, callbacks: Sequence[SearchCallback]) -> None:
        """Search until the budget is spent, the space is exhausted, or a callback returns True."""
        start = len(evaluate.candidates)
        run = self._run_all if self.pruning is None else self._run_pruned
        try:
            if self.outside is not None:
                self.records += evaluate([self.outside])
                self._call(callbacks, evaluate)
            run(evaluate, callbacks)
        except SpaceExhaustedError:
            return  # a finite space may have fewer points than the budget
        finally:
            self.records = [record for record in evaluate.candidates[start:] if any(record.folds)]

    def _run_all(self, evaluate, callbacks):
        while len(self.records) < self.n_iter and not self.stopped:
            params = self.optimizer.ask(min(self.n_points, self.n_iter - len(self.records)))
            records = [record for record in evaluate(params) if any(record.folds)]
            self.optimizer.tell([one.params for one in records], [evaluate.score(record) for record in records])
            self.records += records
            self._call(callbacks, evaluate)
            if len(records) < len(params):  # proposals to come will hardly be cheaper
                raise EpochBudgetError("the budget of epochs did not suffice for all proposals")

    def _run_pruned(self, evaluate, callbacks):
        """Train what the rule chooses, of all that was proposed, until it chooses nothing."""
        n_first = max(_N_FIRST, self.optimizer.n_initial_points, self.n_points)
        newcomers = evaluate.add(self._ask(min(self.n_iter - len(self.records), n_first)))
        climb = Climb(evaluate, self._ladder(evaluate, newcomers))
        while not self.stopped:
            climb.add(newcomers)
            n_left = self.n_iter - len(self.records)
            standing = [index for index in climb.candidates if n_left > 0 or climb.rung_of(index) >= 0]
            goals = self.pruning.choose(climb, standing, self.optimizer, self.n_points)
            if not goals:
                break
            begun = [index for index in goals if climb.rung_of(index) < 0][:n_left]
            going_on = [index for index in goals if climb.rung_of(index) >= 0]
            climb.promote({index: goals[index] for index in going_on + begun})
            self.records += [climb.candidates[index] for index in begun]
            self._tell(climb, newcomers)
            self._call(callbacks, evaluate)
            if not self.stopped:
                newcomers = evaluate.add(self._ask(min(self.n_iter - len(self.records), self.n_points)))
        climb.end()

    def _ladder(self, evaluate, candidates):
        """The rungs of the rule, but for those that are not worth their pauses for such candidates."""
        ladder = self.pruning.ladder(len(evaluate.splits))
        if not candidates:
            return ladder
        if not any(map(evaluate.has_pieces, candidates)):
            return rungs_of_whole_trainings(ladder)
        max_epochs = median_low([evaluate.max_epochs(candidate, default=1) for candidate in candidates])
        costs = [cost for cost in map(evaluate.epoch_costs, candidates) if not math.isnan(sum(cost))]

        def epoch_cost(n_splits):
            return median_low([shared + n_splits * each for shared, each in costs] or [math.nan])

        return worthwhile_rungs(ladder, max_epochs, epoch_cost)

    def _tell(self, climb, newcomers):
        params, scores, fidelities = zip(*climb.observations(), strict=True)
        self.optimizer.revise(params, scores, fidelity=fidelities)
        waiting = [one.params for one in newcomers if climb.rung_of(one.index) < 0]
        if waiting:  # it may wait for ever: nothing is to be believed of it
            self.optimizer.forget(waiting)

    def _ask(self, n_points):
        """Propose candidates, as long as there are any."""
        if n_points == 0:
            return []
        try:
            return self.optimizer.ask(n_points)
        except SpaceExhaustedError:
            return []

    def _call(self, callbacks, evaluate):
        if callbacks:
            answers = [callback(self.result(evaluate)) for callback in callbacks]
            self.stopped = any(answers)

    def result(self, evaluate: Evaluator) -> OptimizeResult:
        """Tell what has been evaluated so far."""
        return optimize_result(self.space, self.records, evaluate.score)


def optimize_result(
    space: Space, records: Sequence[CandidateRecord], score: Callable[[CandidateRecord], float]
) -> OptimizeResult:
    """Tell a search as scipy and scikit-optimize tell a minimisation: the scores are negated.

    Parameters
    ----------
    space : Space
        What was searched.
    records : sequence of CandidateRecord
        What was evaluated, in this order.
    score : callable
        Returns the score of a record, NaN if it has none.

    Returns
    -------
    OptimizeResult
        ``x_iters`` : the points as lists that follow ``space.names``, None where a parameter is inactive;
        ``func_vals`` : their negated scores, infinite for a candidate that is not "ok", so that sorting and minima
        work; ``x`` and ``fun`` : the best of them, None and infinity if there is none; ``space``; ``models`` : empty,
        as the surrogates are not kept; ``specs`` and ``random_state`` : present for scikit-optimize's ``dump``.
    """
    points = [[record.params.get(name) for name in space.names] for record in records]
    losses = np.array([-score(record) for record in records], dtype=np.float64)
    losses[np.isnan(losses)] = math.inf
    found = bool(np.isfinite(losses).any())
    best = int(np.argmin(losses)) if found else None
    return OptimizeResult(
        x=points[best] if found else None,
        fun=float(losses[best]) if found else math.inf,
        x_iters=points,
        func_vals=losses,
        space=space,
        models=[],
        specs={"args": {"n_calls": len(points)}, "function": "BayesSearchCV.fit"},
        random_state=None,
    )
