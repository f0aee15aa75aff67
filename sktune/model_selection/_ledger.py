"""What a search has in its store: every task under a key of all that it depends on, so that it is done only once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, takewhile
from typing import Any

import numpy as np

from .._utils.codec import decode, encode
from .._utils.paths import as_path
from .._utils.random import root_seed
from ..store import ALL_SPLITS, Result, Store, data_key, fingerprint, to_plain, versions
from ._comparable import describe_params
from ._evaluation import FoldRecord, Paused, Problem, Task
from ._results import CandidateRecord
from ._resuming import training_state

#: A task that was done before, and its record.
Known = tuple[Task, FoldRecord]
#: What of a record is stored; the rest follows from its task.
_FIELDS = (
    "status", "error", "test_scores", "train_scores", "fit_time", "score_time", "n_test_samples", "n_epochs",
    "n_trained", "is_complete",
)  # fmt: skip
#: What of a record the outcome of its candidate has.
_FIELDS_OF_OUTCOMES = ("status", "error", "test_scores", "fit_time", "n_epochs")


class Ledger:
    """Read and write the results of one search.

    Parameters
    ----------
    store : Store
    run : str
        Key of the search.
    problem : str
        Key of its problem: data, estimator, scorer.
    splits : sequence of (train, test)
    """

    def __init__(self, store: Store, run: str, problem: str, splits: Sequence[tuple[np.ndarray, np.ndarray]]):
        self.store = store
        self.run = run
        self.problem = problem
        self._splits = [fingerprint(problem, versions(), train, test) for train, test in splits]
        self._params_keys: dict[int, str] = {}
        self._outcomes: dict[int, dict[str, Any]] = {}  # of the candidates whose outcomes are stored
        self._with_networks: set[str] = set()  # keys of the results whose networks are stored

    def name(self, task: Task) -> Task:
        """Return a task with its key."""
        step = task.trail[-1]
        if task.candidate not in self._params_keys:
            self._params_keys[task.candidate] = fingerprint(**step.params)
        params = self._params_keys[task.candidate]
        former = task.paused and task.paused.key
        key = fingerprint(self._splits[task.split], former, params, step.seed, step.n_epochs, step.changing)
        return replace(task, key=key)

    def look_up(self, tasks: Iterable[Task]) -> tuple[list[Known], list[Task]]:
        """Divide tasks into those that were done before, with their records, and the others."""
        found = [(task, self._find(task)) for task in tasks]
        known = [(task, record) for task, record in found if record is not None]
        return known, [task for task, record in found if record is None]

    def still_unknown(self, tasks: Iterable[Task], late: list[Known]) -> Iterator[Task]:
        """Yield tasks as they are to be done; those that another process has done by then go to `late`.

        It may be hours since `look_up`: asking again costs less than a thousandth of the shortest fit.
        """
        for task in tasks:
            record = self._find(task)
            if record is None:
                yield self._with_state(task)
            else:
                late.append((task, record))

    def _find(self, task: Task) -> FoldRecord | None:
        content = self.store.find(task.key)
        if content is None:
            return None
        known = {name: content[name] for name in _FIELDS} | {"history": content.get("history")}
        record = FoldRecord(task.candidate, task.split, key=task.key, is_stored=True, **known)
        if task.n_epochs is not None and record.status == "ok":
            record.curve[task.n_epochs] = record.test_scores
        if not record.is_complete:
            record.paused = Paused(None, int(record.n_epochs), task.trail, key=task.key)
            self._with_networks.add(task.key)
        return record

    def _with_state(self, task: Task) -> Task:
        """Add what is stored of a paused training whose network is not in memory."""
        paused = task.paused
        if paused is None or paused.estimator is not None:
            return task
        data = self.store.find_blob(paused.key)
        return task if data is None else replace(task, paused=replace(paused, state=decode(data)))

    def keep(self, record: FoldRecord, params: dict[str, Any], seconds: float) -> None:
        """Write a record that has just arrived, unless it may turn out otherwise another time.

        A network that is paused goes into the file with it, and out of the memory. `seconds` is the time that the
        search has spent by now.
        """
        if record.status == "timeout" or not record.is_repeatable:
            return
        data = None
        if record.paused is not None and not record.is_complete:
            state = training_state(record.paused.estimator)
            data = None if state is None else encode(state)
            self._with_networks.add(record.key)
        content = {name: getattr(record, name) for name in _FIELDS} | {"seconds": seconds}
        if record.history is not None:
            content["history"] = record.history
        identity = (record.key, self.problem, self.run, record.candidate, record.split)
        self.store.add(Result(*identity, _plain(params), content), data)
        if data is not None:
            record.paused = replace(record.paused, estimator=None)

    def note_outcomes(self, candidates: Iterable[CandidateRecord], *, is_over: bool) -> None:
        """Write what has become of candidates: of those that have come to an end, or of all if the search is over."""
        outcomes = {
            candidate.index: (candidate.params, _outcome(candidate))
            for candidate in candidates
            if is_over or not (candidate.index in self._outcomes or candidate.status == "interrupted")
        }
        news = {index: one for index, one in outcomes.items() if self._outcomes.get(index) != one[1]}
        self.store.replace(self._as_result(index, *one) for index, one in news.items())
        self._outcomes |= {index: outcome for index, (_, outcome) in news.items()}

    def _as_result(self, index, params, outcome):
        key = fingerprint(self.run, self.problem, "candidate", index)
        return Result(key, self.problem, self.run, index, ALL_SPLITS, _plain(params), outcome)

    def drop_networks(self, candidates: Iterable[CandidateRecord]) -> None:
        """Forget stored networks that nobody will resume: their candidates were dropped, or trained further.

        Copies of a candidate share its networks until they are trained themselves.
        """
        if not self._with_networks:
            return
        folds = (fold for candidate in candidates for fold in candidate.folds if fold is not None)
        dead = self._with_networks - {fold.paused.key for fold in folds if fold.paused is not None}
        self.store.drop_blobs(dead)
        self._with_networks -= dead


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_plain(value) for name, value in params.items()}


def _outcome(candidate: CandidateRecord) -> dict[str, Any]:
    """Return all that ``cv_results_`` tells of a candidate besides its parameters, in terms of JSON."""
    folds = [fold and {name: getattr(fold, name) for name in _FIELDS_OF_OUTCOMES} for fold in candidate.folds]
    told = {name: getattr(candidate, name) for name in ("status", "stopped_by", "error", "parent")}
    return told | {"folds": folds}


#: Settings of a search that have no influence on what a task is, or on which tasks there are at first.
_WITHOUT_INFLUENCE = (
    "n_jobs", "pre_dispatch", "verbose", "timeout", "storage", "max_epochs_total", "n_iter", "refit", "error_score",
    "keep_curves",
)  # fmt: skip


def comparison_key(data: str, splits: Sequence[tuple], scoring: Any) -> str:
    """Return what searches have in common whose scores can be compared: data, splits and scorer."""
    return fingerprint(data, splits, scoring=scoring)


class Run:
    """One search on one set of data, known by all that determines its course; a context that closes its store.

    Parameters
    ----------
    search : BaseTuneSearchCV
    X, y : array-like
    params : dict
        Given to its ``fit``.
    seed : int or None
        The root of its seeds; None draws one, or takes up the one that was drawn for the same search before.
    """

    def __init__(self, search, X: Any, y: Any, params: dict[str, Any], seed: int | None):
        settings = search.get_params(deep=False) | dict.fromkeys((*_WITHOUT_INFLUENCE, "random_state"))
        self._search = search
        self.store = Store(as_path(search.storage, "storage"))  # complains before the data is read
        try:
            self.data = data_key(X, y, params)
            self.key = fingerprint(type(search), self.data, versions(), seed, **settings)
            content = {"seed": root_seed(None) if seed is None else seed}
            self.seed = self.store.begin_run(self.key, content)["seed"]
        except BaseException:
            self.store.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.store.close()

    def note_time(self, number: int, seconds: float) -> float:
        """Keep a reading of the search's clock, and return it: as it was when the search first came there."""
        key = self._key_of_reading(number)
        return (self.store.find_run(key) or self.store.begin_run(key, {"seconds": seconds}))["seconds"]

    def seconds_before(self) -> float:
        """Return the seconds that former processes have spent on this search, up to the last that they wrote."""
        readings = (self.store.find_run(self._key_of_reading(number)) for number in count())
        told = [reading["seconds"] for reading in takewhile(bool, readings)]
        return max([*told, self.store.latest_record(self.key).get("seconds", 0.0)])

    def _key_of_reading(self, number):
        return fingerprint(self.key, "clock", number)

    def open_ledger(self, problem: Problem, splits: Sequence[tuple[np.ndarray, np.ndarray]]) -> Ledger:
        """Return the ledger of this search."""
        common = comparison_key(self.data, splits, self._search.scoring)
        # not by its scorer: that follows from `scoring`, and may hold the estimator
        curves = {"keep_curves": True} if problem.keep_curves else {}  # results without them are of another kind
        key = fingerprint(common, problem.return_train_score, estimator=problem.estimator, **curves)
        self.store.describe_problem(
            key,
            {
                "estimator": repr(problem.estimator),
                "scoring": repr(self._search.scoring),
                "n_splits": len(splits),
                "n_samples": sum(map(len, splits[0])),
                "data": common,
                "params": describe_params(problem.estimator),
                "versions": versions(),
            },
        )
        return Ledger(self.store, self.key, key, splits)
