"""Budgets of epochs and of time hold whatever happens, and whoever can afford a winner has one.

Every epoch that is trained is written down, and clocks stand still but for the seconds that epochs take: no timing of
the machine decides anything here.
"""

import math
import time
from concurrent.futures import BrokenExecutor

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replayed_curves import Curve
from sklearn.base import BaseEstimator, ClassifierMixin

from sktune import BayesSearchCV, HyperbandSearchCV, PopulationSearchCV, ZoomSearchCV
from sktune.exceptions import DivergedError, TimeBudgetError
from sktune.model_selection import WorkerDiedWarning
from sktune.model_selection import _evaluator as implementation

N_SPLITS, MAX_EPOCHS = 4, 9
WHOLE = N_SPLITS * MAX_EPOCHS
X = np.repeat(np.arange(float(N_SPLITS)), 4)[:, None]
y = np.tile([0, 1], 2 * N_SPLITS)
CV = [(np.flatnonzero(X[:, 0] != split), np.flatnonzero(X[:, 0] == split)) for split in range(N_SPLITS)]
SPACE = {"quality": (0.0, 1.0)}
DESIGN = {"n_iter": 12, "n_points": 5, "optimizer_kwargs": {"n_initial_points": 12}}
SEARCHES = {
    "bayes": lambda net: BayesSearchCV(net, SPACE, **DESIGN),
    "halving": lambda net: BayesSearchCV(net, SPACE, pruning="halving", **DESIGN),
    "freeze-thaw": lambda net: BayesSearchCV(net, SPACE, pruning="freeze-thaw", **DESIGN),
    "hyperband": lambda net: HyperbandSearchCV(net, SPACE, sampler="random"),
    "zoom": lambda net: ZoomSearchCV(net, SPACE, n_candidates=9, n_rounds=3),
    "population": lambda net: PopulationSearchCV(net, SPACE, population_size=6, n_generations=3),
}
PAUSING = sorted(set(SEARCHES) - {"bayes"})

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")


class Counted(Curve):
    """Writes down what it trains; a share of the trainings fails in some epoch, and says in which or does not."""

    trained: list = []
    clock = None

    def __init__(self, quality=0.5, speed=0.2, max_epochs=MAX_EPOCHS, failing=0.0, random_state=None):
        self.quality = quality
        self.speed = speed
        self.max_epochs = max_epochs
        self.failing = failing
        self.random_state = random_state

    def fit_until(self, X, y, n_epochs):
        return self._train(X, y, n_epochs)

    def _train(self, X, y, n_epochs):
        self.classes_ = np.unique(y)
        chance = math.modf(1e3 * self.quality + X.sum() / 7)[0]  # of this candidate on this split
        for epoch in range(getattr(self, "n_iter_", 0) + 1, n_epochs + 1):
            Counted.trained.append(epoch)
            if Counted.clock is not None:
                Counted.clock.now += 1.0 + 0.5 * self.quality
            if chance < self.failing and epoch == 1 + int(1e3 * chance) % MAX_EPOCHS:
                Counted._fail(epoch, says_when=int(1e4 * chance) % 2)
            self.n_iter_ = epoch
        return self

    @staticmethod
    def _fail(epoch, *, says_when):
        if not says_when:
            raise ValueError("no luck")
        error = DivergedError("the loss is nan")
        error.epoch = epoch
        raise error


class Whole(ClassifierMixin, BaseEstimator):
    """The same, trained by ``fit`` only: nothing promises that calls of ``partial_fit`` come to as much."""

    predict, score = Counted.predict, Counted.score

    def __init__(self, quality=0.5, speed=0.2, max_iter=MAX_EPOCHS, failing=0.0, random_state=None):
        self.quality = quality
        self.speed = speed
        self.max_iter = max_iter
        self.failing = failing
        self.random_state = random_state

    def fit(self, X, y):
        vars(self).pop("n_iter_", None)
        return Counted._train(self, X, y, self.max_iter)

    def partial_fit(self, X, y, classes=None):
        raise NotImplementedError


def search(name, net=None, **params):
    Counted.trained.clear()
    found = SEARCHES[name](Counted() if net is None else net)
    return found.set_params(cv=CV, refit=False, **{"random_state": 0, **params})


def outcome(found):
    results = found.cv_results_
    return results["params"], results["status"].tolist(), results["rank_test_score"].tolist(), found.stopped_by_


@pytest.mark.parametrize("name", SEARCHES)
@given(st.data())
@settings(deadline=None, max_examples=5)
def test_no_search_trains_more_epochs_than_its_budget(name, data):
    kind = data.draw(st.sampled_from([Counted, Whole] if name in ("bayes", "halving", "freeze-thaw") else [Counted]))
    failing, seed = data.draw(st.sampled_from([0.0, 0.3, 0.9])), data.draw(st.integers(0, 99))
    budget, n_jobs = data.draw(st.integers(1, 500)), data.draw(st.sampled_from([1, 2]))
    limited = search(name, kind(failing=failing), max_epochs_total=budget, n_jobs=n_jobs, random_state=seed)
    try:
        with joblib.parallel_config("threading"):
            limited.fit(X, y)
    except ValueError as error:
        assert budget < WHOLE or failing, error  # noqa: PT017
        assert budget >= WHOLE or not Counted.trained
    else:
        assert "ok" in limited.cv_results_["status"]
        assert limited.stopped_by_ in (None, "max_epochs_total")
    assert len(Counted.trained) <= budget


@pytest.mark.parametrize("budget", [WHOLE, WHOLE + 1, 2 * WHOLE, 200])
@pytest.mark.parametrize("name", SEARCHES)
def test_whoever_can_afford_a_winner_has_one(name, budget):
    found = search(name, max_epochs_total=budget).fit(X, y)
    statuses = set(found.cv_results_["status"])
    assert "ok" in statuses <= {"ok", "pruned"}
    assert found.cv_results_["status"][found.best_index_] == "ok"
    assert budget > WHOLE + 1 or found.stopped_by_ == "max_epochs_total"
    assert len(Counted.trained) <= budget


@pytest.mark.parametrize("name", SEARCHES)
def test_a_budget_without_any_whole_candidate_is_refused_before_training(name):
    message = f"max_epochs_total={WHOLE - 1} does not suffice for a single candidate: 9 epochs on 4 splits are {WHOLE}"
    with pytest.raises(ValueError, match=message):
        search(name, max_epochs_total=WHOLE - 1).fit(X, y)
    assert Counted.trained == []


def test_cheap_proposals_run_after_one_that_is_too_expensive_and_nothing_counts_as_failed():
    n_epochs = [20, 30, 5]
    known = [{"max_epochs": own} for own in n_epochs]
    space = {"max_epochs": (1, 50)}
    found = BayesSearchCV(Counted(), space, n_iter=9, n_points=3, initial_params=known, max_epochs_total=4 * 26)
    Counted.trained.clear()
    found.set_params(cv=CV, refit=False, random_state=0).fit(X, y)
    assert found.cv_results_["params"] == [{"max_epochs": 20}, {"max_epochs": 5}]
    assert list(found.cv_results_["status"]) == ["ok", "ok"]
    assert np.isfinite(found.optimizer_results_[0].func_vals).all()
    assert len(Counted.trained) == 4 * 25
    assert found.stopped_by_ == "max_epochs_total"


@pytest.mark.parametrize("name", SEARCHES)
def test_a_plan_of_a_search_with_a_budget(name):
    plan = search(name, max_epochs_total=5 * WHOLE).plan(X, y, probe=False)
    assert 0 < plan.n_epochs <= 5 * WHOLE
    assert Counted.trained == []


@pytest.mark.parametrize("name", ["bayes", "halving", "hyperband", "population"])
def test_a_search_that_is_begun_again_takes_the_same_course(name, tmp_path):
    given = {"net": Counted(failing=0.1), "storage": tmp_path / "store.db"}
    alone = search(name, Counted(failing=0.1), max_epochs_total=300).fit(X, y)
    search(name, **given, max_epochs_total=120).fit(X, y)
    resumed = search(name, **given, max_epochs_total=300).fit(X, y)
    assert len(Counted.trained) <= 300 - 100
    assert outcome(resumed) == outcome(alone)
    again = search(name, **given, max_epochs_total=300).fit(X, y)
    assert Counted.trained == []
    assert outcome(again) == outcome(alone)


# -- workers that die --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [60, 120, 300])
@pytest.mark.parametrize("name", ["bayes", "hyperband"])
def test_what_dead_workers_have_trained_counts(name, budget, monkeypatch):
    deaths = iter([True] * 2 + [False] * 99)

    class Mortal(implementation.Evaluator):
        def _run_once(self, tasks):
            for number, task in enumerate(tasks):
                record = implementation.evaluate_fold(self.problem, task)
                if number == 2 and next(deaths):
                    raise BrokenExecutor("killed")
                yield record

    monkeypatch.setattr("sktune.model_selection._base.Evaluator", Mortal)
    found = search(name, max_epochs_total=budget)
    try:
        with pytest.warns(WorkerDiedWarning):
            found.fit(X, y)
    except ValueError as error:
        assert "max_epochs_total" in str(error)  # noqa: PT017 - the deaths may have spent all
    assert len(Counted.trained) <= budget


# -- time --------------------------------------------------------------------------------------------------------------


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    monkeypatch.setattr(Counted, "clock", clock)
    return clock


@pytest.mark.parametrize("n_whole", [1.0, 1.7, 3.0, 6.0])
@pytest.mark.parametrize("name", PAUSING)
def test_where_time_ends_a_search_it_has_a_winner(name, n_whole, clock):
    start, timeout = clock.now, 1.5 * WHOLE * n_whole  # the slowest takes 1.5 seconds for an epoch
    found = search(name, timeout=timeout).fit(X, y)
    assert "ok" in found.cv_results_["status"]
    assert clock.now - start <= timeout + 1.5 * MAX_EPOCHS  # a training that has begun ends
    if n_whole < 3.0:
        assert found.stopped_by_ == "timeout"


@pytest.mark.parametrize("name", PAUSING)
def test_without_time_for_a_whole_candidate_there_is_none(name, clock):
    with pytest.raises(TimeBudgetError, match="no candidate finished within timeout=20"):
        search(name, timeout=20).fit(X, y)


@pytest.mark.parametrize("name", PAUSING)
def test_a_time_budget_that_suffices_changes_nothing(name, clock):
    expected = outcome(search(name).fit(X, y))
    assert outcome(search(name, timeout=1e6).fit(X, y)) == expected


@pytest.mark.parametrize("name", sorted({*PAUSING} - {"population"}))  # whose copies have not shown what they are
def test_the_best_of_those_under_way_is_finished(name):
    found = search(name, max_epochs_total=3 * WHOLE).fit(X, y)
    assert found.best_params_["quality"] == max(params["quality"] for params in found.cv_results_["params"])
