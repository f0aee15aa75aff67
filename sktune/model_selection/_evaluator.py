"""The main process' side of a search: it hands out tasks, and keeps every record as soon as it arrives."""

import math
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.callback import CallbackContext
from sklearn.utils.parallel import Parallel, delayed

from .._utils.random import derive_seed
from .._utils.torch_state import plain_torch
from ._budget import Budget
from ._dispatch import drained, lost_record, outlive_workers
from ._evaluation import (
    FoldRecord,
    Problem,
    Task,
    epochs_with,
    evaluate_fold,
    has_pieces_with,
    make_candidate,
    recall_watched,
)
from ._ledger import Ledger
from ._reporter import Reporter
from ._results import CandidateRecord, value_of
from ._resuming import change_params, epoch_costs
from ._scores import Scores
from ._search_clock import SearchClock
from ._trial import Trial

#: How long the threads of a search that ends early are waited for: what they do cannot be interrupted.
_SECONDS_TO_END = 1.0


class Piece(NamedTuple):
    """A candidate on one split, and the epoch up to which to train it."""

    candidate: CandidateRecord
    split: int
    n_epochs: int


class EpochBudgetError(Exception):
    """What is to be trained next would exceed the search's budget of epochs. Ends a schedule; users never see it."""


class Evaluator:
    """Evaluate candidates on the frozen splits of one search.

    This is the `evaluate` that a search's `_schedule` receives. Which tasks run when, and in which order they finish,
    never changes what is recorded.

    Parameters
    ----------
    problem : Problem
        What all tasks share.
    splits : list of (train, test)
        Row indices of the frozen splits.
    parallel : joblib.Parallel
        Runs the tasks; open for the whole search.
    seed : int or None
        The root of all seeds; None leaves every random state alone.
    context : CallbackContext or None
        The task "search" of scikit-learn's callbacks; None if they do not ask for fits.
    name_metric : callable
        Given the scores of a first successful fit, returns the name of the metric that leads the search.
    was_interrupted : callable
        Whether Ctrl-C has come, even if a fit has swallowed it.
    reporter : Reporter
        Is told what becomes of candidates.
    max_epochs_total : int or None, default=None
        How many epochs may be trained over all candidates and splits. Those of fits that fail count too; where it is
        not known how many these were, those that were planned do.
    known_results : list of (dict, float), default=()
        Settings whose scores were known before, of the metric that leads the search.
    ledger : Ledger or None, default=None
        What is known already, and where to write what becomes known.
    clock : SearchClock or None, default=None
        Of the time budget; None is no limit.
    trial : Trial or None, default=None
        Runs tasks before `parallel` does.
    """

    def __init__(
        self,
        problem: Problem,
        splits: list[tuple[np.ndarray, np.ndarray]],
        *,
        parallel: Parallel,
        seed: int | None,
        context: CallbackContext | None,
        name_metric: Callable[[Any], str],
        was_interrupted: Callable[[], bool],
        reporter: Reporter,
        max_epochs_total: int | None = None,
        known_results: Sequence[tuple[dict[str, Any], float]] = (),
        ledger: Ledger | None = None,
        clock: SearchClock | None = None,
        trial: Trial | None = None,
    ):
        self.problem, self.splits = problem, splits
        self.parallel, self.trial = parallel, trial
        self.seed, self.context = seed, context
        self.name_metric = name_metric
        self.was_interrupted = was_interrupted
        self.reporter = reporter
        self.clock = clock or SearchClock(time.time(), None)
        self.budget = Budget(max_epochs_total, self.clock)
        self.has_left_out = False  # whether the budget of epochs did not suffice for a candidate
        self._planned: dict[tuple[int, int], float] = {}  # epochs of the tasks that have no record yet
        self._max_epochs: dict[int, int] = {}  # of candidates' whole trainings
        self._has_pieces: dict[int, bool] = {}
        self.known_results = list(known_results)
        self.ledger = ledger
        self.candidates: list[CandidateRecord] = []
        self._n_tasks = 0
        self.first_scores: Scores = None  # of the first fit that went well: they show which metrics there are
        self.metric: str | None = None  # the one that leads the search

    def __call__(self, params: list[dict[str, Any]]) -> list[CandidateRecord]:
        """Evaluate each of `params` on every split and return their records, in the order of `params`.

        Those for which the budget of epochs does not suffice are left out, and their records have no splits; cheaper
        ones after them are evaluated.

        Raises
        ------
        TimeBudgetError
            If the time budget had run out before the call. What runs when it ends is stopped where it can be, and
            its record says so.
        EpochBudgetError
            If all were left out.
        ValueError
            If the budget of epochs does not suffice for any candidate from the start.
        """
        self.clock.check()
        batch = self.add(params)
        goals = self._whole(batch)
        chosen = self._affordable(batch, goals)
        if not chosen:
            self._refuse(batch)
        self.has_left_out |= len(chosen) < len(batch)
        self._evaluate([self._task(one, split) for one in chosen for split in range(len(self.splits))])
        return batch

    def add(self, params: list[dict[str, Any]]) -> list[CandidateRecord]:
        """Return records of new candidates, of which nothing is evaluated yet."""
        start = len(self.candidates)
        batch = [CandidateRecord(start + i, point, [None] * len(self.splits)) for i, point in enumerate(params)]
        self.candidates.extend(batch)
        return batch

    def fork(self, parent: CandidateRecord, params: dict[str, Any], changing: Collection[str]) -> CandidateRecord:
        """Return the record of a new candidate that goes on from where `parent` is, with other parameters.

        Parameters
        ----------
        parent : CandidateRecord
            Paused on all splits.
        params : dict
            All parameters of the new candidate.
        changing : collection of str
            Those that may differ from the parent's. What an estimator raises about them is a failure of the candidate.
        """
        (child,) = self.add([params])
        child.parent = parent.index
        child.n_inherited_epochs = max(fold.paused.n_epochs for fold in parent.folds)
        with plain_torch():  # the networks in them stay plain as well
            child.folds = [deepcopy(fold) for fold in parent.folds]
        for fold in child.folds:
            fold.candidate = child.index
            try:
                fold.paused = self._with_changes(parent, fold.paused, params, changing)
            except Exception as error:
                if self.problem.error_score == "raise":
                    raise
                fold.fail(f"{type(error).__name__}: {error}")
                fold.test_scores = fold.train_scores = None  # they are the parent's
        return child

    def _with_changes(self, parent, paused, params, changing):
        estimator = paused.estimator
        if estimator is None:  # it is brought back when it is trained; what would be raised then is raised now
            estimator = make_candidate(self.problem.estimator, parent.params, None)
        change_params(estimator, params, changing)
        return replace(paused, changing=tuple(sorted(changing)))

    def max_epochs(self, candidate: CandidateRecord, default: int | None = None) -> int | None:
        """Return the most epochs of a whole training of a candidate.

        `default` if it cannot tell: training it will raise what is wrong, as a failure of this candidate alone.
        """
        if candidate.index not in self._max_epochs:
            try:
                self._max_epochs[candidate.index] = epochs_with(self.problem.estimator, candidate.params)
            except Exception:
                return default
        return self._max_epochs[candidate.index]

    def has_pieces(self, candidate: CandidateRecord) -> bool:
        """Whether a candidate can be trained in pieces; otherwise the first piece is a whole training."""
        if candidate.index not in self._has_pieces:
            try:
                self._has_pieces[candidate.index] = has_pieces_with(self.problem.estimator, candidate.params)
            except Exception:
                return False
        return self._has_pieces[candidate.index]

    def epoch_costs(self, candidate: CandidateRecord) -> tuple[float, float]:
        """Return about what an epoch of a candidate costs, on however many splits, and on each; NaN if it cannot tell.

        In operations of a processor. A pipeline is taken to give its last step as many features as it gets itself.
        """
        shape = getattr(self.problem.X, "shape", ())
        given = {"n_rows": len(self.splits[0][0]), "n_features": shape[1] if len(shape) > 1 else 1}
        try:
            return epoch_costs(make_candidate(self.problem.estimator, candidate.params, None), **given)
        except Exception:  # training it will raise what is wrong, as a failure of this candidate alone
            return math.nan, math.nan

    def score_on(self, candidate: CandidateRecord, n_splits: int, n_epochs: int) -> float:
        """Return the mean score on the first splits after some epochs; NaN if one of them failed or has not begun.

        Where a candidate was not scored after so many epochs, as its training ended before, its latest scores count.
        """
        folds = candidate.folds[:n_splits]
        if any(fold is None or fold.status != "ok" for fold in folds):
            return math.nan
        scores = [fold.curve.get(n_epochs, fold.test_scores) for fold in folds]
        return float(np.mean([value_of(one, self.metric) for one in scores]))

    def latest_scores(self, candidate: CandidateRecord) -> list[float]:
        """Return the latest scores on all splits that have one."""
        known = (fold.test_scores for fold in candidate.folds if fold is not None and fold.test_scores is not None)
        return [value_of(scores, self.metric) for scores in known]

    def train(self, *stages: Iterable[Piece]) -> None:
        """Train candidates up to some epochs on some splits, from where they are, and score them there.

        Splits on which training has come to its end, or has failed, are left as they are.

        Parameters
        ----------
        *stages : iterable of Piece
            Trained one after the other: where a candidate on a split is in several, the last says where it goes, and
            those before where to score it on its way.

        Raises
        ------
        TimeBudgetError
            As for a call.
        EpochBudgetError
            If the budget of epochs does not suffice for all; those for which it does were trained.
        ValueError
            If it does not suffice for any candidate from the start.

        Notes
        -----
        As long as no candidate has come to its end, a candidate is trained only if what remains suffices afterwards to
        train any of those that have been begun to its end. Otherwise the best of them is trained to its end first: so
        every search has a winner that can afford one.

        How long trainings take is known only when some have been trained. As long as nobody has come to the end before
        a deadline, few candidates are trained at a time, at first one; this has no influence on what becomes of them.
        """
        stages = [list(pieces) for pieces in stages]
        going_on = [piece for pieces in stages for piece in _going_on(pieces)]
        goals = {
            (piece.candidate.index, piece.split): self._reached(piece.candidate, piece.n_epochs) for piece in going_on
        }
        waiting = list({piece.candidate.index: piece.candidate for piece in going_on}.values())
        self.clock.check()
        while waiting:
            needs_winner = self.budget.is_limited and not self.any_ok()
            chosen = self._affordable(waiting, goals, needs_winner=needs_winner)
            if chosen:
                self._train_stages(stages, chosen, needs_winner=needs_winner)
                numbers = {candidate.index for candidate in chosen}
                waiting = [candidate for candidate in waiting if candidate.index not in numbers]
            elif not needs_winner or not self._finish_best():
                self._refuse(waiting)
            self.clock.check()

    def _train_stages(self, stages, chosen, *, needs_winner):
        n_before, numbers = self.budget.n_epochs, {candidate.index for candidate in chosen}
        seconds_left = self.clock.seconds_left() if needs_winner else math.inf
        for pieces in stages:
            self.clock.check()
            own = [piece for piece in _going_on(pieces) if piece.candidate.index in numbers]
            self._evaluate([self._task(piece.candidate, piece.split, piece.n_epochs) for piece in own])
        if needs_winner:
            seconds = seconds_left - self.clock.seconds_left()
            self.budget.note_time(len(chosen), self.budget.n_epochs - n_before, seconds)

    def _affordable(self, candidates, goals, *, needs_winner=False) -> list[CandidateRecord]:
        """Return those of some candidates, in their order, for which the budget suffices; see the notes of `train`."""
        if not self.budget.is_limited:
            return candidates
        chosen, n_epochs = [], 0.0
        begun = self._under_way() if needs_winner else []
        seconds_left = self.clock.seconds_left() if begun else math.inf
        reserve = max((self._n_to_end(one, {}) for one in begun), default=0.0)
        for candidate in candidates:
            n_more = n_epochs + self._n_to_goals(candidate, goals)
            reserved = max(reserve, self._n_to_end(candidate, goals)) if needs_winner else 0.0
            seconds = self.budget.seconds(n_more, reserved)
            if self.budget.has_epochs(n_more + reserved) and (not begun or seconds <= seconds_left):
                chosen.append(candidate)
                n_epochs, reserve = n_more, reserved
            if needs_winner and len(chosen) >= self.budget.n_at_once:
                break
        return chosen

    def _under_way(self) -> list[CandidateRecord]:
        """Candidates that have been begun, and may come to their ends."""
        return [
            candidate
            for candidate in self.candidates
            if candidate.pruned_by is None
            and any(candidate.folds)
            and all(fold is None or fold.status == "ok" for fold in candidate.folds)
        ]

    def _n_to_goals(self, candidate, goals: Mapping[tuple[int, int], float]) -> float:
        splits = enumerate(candidate.folds)
        return sum(max(0.0, goals.get((candidate.index, split), 0) - _epochs_of(fold)) for split, fold in splits)

    def _n_to_end(self, candidate, goals: Mapping[tuple[int, int], float]) -> float:
        """How many epochs remain of a candidate, on all splits, when it has come to its goals."""
        n_epochs = self.max_epochs(candidate, default=0)
        return sum(
            max(0.0, n_epochs - max(goals.get((candidate.index, split), 0), _epochs_of(fold)))
            for split, fold in enumerate(candidate.folds)
            if fold is None or not fold.is_complete
        )

    def _whole(self, candidates) -> dict[tuple[int, int], float]:
        """The goals of whole trainings."""
        if self.budget.max_epochs_total is None:
            return {}
        splits = range(len(self.splits))
        return {(one.index, split): self.max_epochs(one, default=0) for one in candidates for split in splits}

    def _finish_best(self) -> bool:
        """Train the best candidate to its end for which the epochs suffice; return whether there was one.

        The best is that with the best score of those that were scored on most splits.
        """
        affordable = [one for one in self._under_way() if self.budget.has_epochs(self._n_to_end(one, {}))]
        if not affordable:
            return False
        scores = [self.latest_scores(candidate) for candidate in affordable]
        best = affordable[max(range(len(scores)), key=lambda number: (len(scores[number]), np.mean(scores[number])))]
        n_epochs = self.max_epochs(best)
        pieces = _going_on(Piece(best, split, n_epochs) for split in range(len(self.splits)))
        self._evaluate([self._task(*piece) for piece in pieces])
        return True

    def _refuse(self, candidates: list[CandidateRecord]) -> None:
        """Raise an error as the epochs do not suffice for any of some candidates: at once, or from now on."""
        limit = self.budget.max_epochs_total
        if any(map(any, (candidate.folds for candidate in self.candidates))):
            self.has_left_out = True
            raise EpochBudgetError(f"all that is to be trained would exceed max_epochs_total={limit}")
        n_epochs, n_splits = min(self.max_epochs(one, default=0) for one in candidates), len(self.splits)
        raise ValueError(
            f"max_epochs_total={limit} does not suffice for a single candidate: {n_epochs} epochs on {n_splits} splits "
            f"are {n_epochs * n_splits}"
        )

    def derive_seed(self, *keys: str | int) -> int | None:
        """Return a seed for the purpose that `keys` name; None if the search has no random state."""
        return None if self.seed is None else derive_seed(self.seed, *keys)

    def score(self, candidate: CandidateRecord) -> float:
        """Return the mean score of the metric that leads the search; greater is better, NaN unless it is "ok"."""
        return candidate.mean_score(self.metric)

    def recorded(self) -> list[CandidateRecord]:
        """Return the candidates of which at least one split is known, in the order in which they were proposed."""
        return [candidate for candidate in self.candidates if any(candidate.folds)]

    def any_ok(self) -> bool:
        """Whether at least one candidate has been evaluated on all splits without a failure."""
        return any(candidate.status == "ok" for candidate in self.candidates)

    def _task(self, candidate: CandidateRecord, split: int, n_epochs: int | None = None) -> Task:
        self.reporter.begin(candidate)
        context = self.context and self.context.subcontext(
            task_name="candidate-split-evaluation", task_id=self._n_tasks
        )
        self._n_tasks += 1
        seed = self.derive_seed("candidate", candidate.index, "split", split)
        fold = candidate.folds[split]
        paused = fold and fold.paused
        self._planned[candidate.index, split] = self._reached(candidate, n_epochs) - _epochs_of(fold)
        task = Task(candidate.index, split, candidate.params, *self.splits[split], seed, context, n_epochs, paused)
        return task if self.ledger is None else self.ledger.name(task)

    def _reached(self, candidate, n_epochs):
        """Up to which epoch a candidate trains that is to train to one; some are trained as a whole only."""
        if not self.budget.is_limited or (n_epochs is not None and self.has_pieces(candidate)):
            return n_epochs or 0
        return self.max_epochs(candidate, default=0)

    def _evaluate(self, tasks: list[Task]) -> None:
        self.reporter.settle(self.metric)
        records = self._run(drained(tasks)) if self.ledger is None else self._recall_or_run(tasks)
        with closing(records):  # at once, also after an error: tasks may be running
            for record in records:
                self._keep(record)
        self.reporter.settle(self.metric)

    def _recall_or_run(self, tasks: list[Task]) -> Iterator[FoldRecord]:
        """Yield the records of tasks that were done before, then those of the others."""
        known, unknown = self.ledger.look_up(drained(tasks))
        yield from self._recall(known)
        late = []
        with closing(self._run(self.ledger.still_unknown(drained(unknown), late))) as records:
            yield from records
        yield from self._recall(late)
        self.ledger.note_outcomes(self.recorded(), is_over=False)
        self.ledger.drop_networks(self.candidates)

    def _recall(self, known: list[tuple[Task, FoldRecord]]) -> Iterator[FoldRecord]:
        for task, record in known:
            recall_watched(self.problem, task, record)
            yield record

    def _run(self, tasks: Iterable[Task]) -> Iterator[FoldRecord]:
        """Yield the records as the tasks finish."""
        return outlive_workers(self._run_once, tasks, self._give_up, self._count_lost)

    def _run_once(self, tasks: Iterable[Task]) -> Iterator[FoldRecord]:
        if self.trial is not None:
            tasks = iter(tasks)
            yield from self.trial.run(self.problem, tasks)
        records = self.parallel(delayed(evaluate_fold)(self.problem, task) for task in tasks)
        try:
            for record in records:  # noqa: UP028 - "yield from" would close them before the block below can
                yield record
        except BaseException:  # GeneratorExit too: the records to come are not wanted
            # joblib's advice about unused results is not for our users; threads that still run may undo the filter
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if not isinstance(records, list):
                    with suppress(UserWarning):
                        records.close()
                self.problem.threads.join(_SECONDS_TO_END)
            raise

    def _give_up(self, task: Task, death: Exception) -> FoldRecord:
        if self.problem.error_score == "raise":
            raise death
        return lost_record(task, death)

    def _count_lost(self, tasks: Iterable[Task]) -> None:
        """Count what tasks may have trained whose worker died; raise if they cannot be afforded again."""
        self.budget.n_epochs += sum(self._planned[task.candidate, task.split] for task in tasks)
        if not self.budget.has_epochs(sum(self._planned.values())):
            self.has_left_out = True
            raise EpochBudgetError("what a worker that died was to train cannot be afforded again")

    def _count(self, record: FoldRecord) -> None:
        planned = self._planned.pop((record.candidate, record.split))
        self.budget.n_epochs += planned if math.isnan(record.n_trained) else record.n_trained

    def _keep(self, record: FoldRecord) -> None:
        if self.was_interrupted():  # and the fit went on as if it were complete: its record means nothing
            raise KeyboardInterrupt
        if (record.candidate, record.split) not in self._planned:
            return  # of a worker that was taken for dead: the task has been done again, and the result is the same
        self._count(record)
        if self.ledger is not None and not record.is_stored:
            self.ledger.keep(record, self.candidates[record.candidate].params, self.clock.now())
        folds = self.candidates[record.candidate].folds
        if folds[record.split] is not None:
            record.follow(folds[record.split])
        folds[record.split] = record
        if record.is_complete:
            record.paused = None
        if self.metric is None and record.status == "ok":
            self.first_scores = record.test_scores
            self.metric = self.name_metric(record.test_scores)
        self.reporter.hear(self.candidates[record.candidate], record.split, self.metric)


def _going_on(pieces: Iterable[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.candidate.goes_on(piece.split, piece.n_epochs)]


def _epochs_of(fold: FoldRecord | None) -> float:
    return 0.0 if fold is None or math.isnan(fold.n_epochs) else fold.n_epochs
