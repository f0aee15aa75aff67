"""Rungs that are not worth their pauses are left out, and what training costs is told by the estimator."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replayed_curves import Curve
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktune import BayesSearchCV, NetClassifier
from sktune.model_selection import FreezeThaw, SuccessiveHalving, _pauses
from sktune.model_selection._freeze_thaw import _FEWEST_BEGUN, _FEWEST_WHOLE
from sktune.model_selection._ladder import Climb, Rung
from sktune.model_selection._pauses import break_even, worthwhile_rungs
from sktune.model_selection._results import CandidateRecord
from sktune.model_selection._resuming import epoch_costs


@pytest.mark.parametrize("rule", [FreezeThaw(), SuccessiveHalving(), FreezeThaw(n_first_splits=5)])
def test_dear_epochs_and_unknown_costs_keep_all_rungs(rule):
    ladder = rule.ladder(5)
    for cost in (1e12, math.nan):
        assert worthwhile_rungs(ladder, 81, lambda n_splits, cost=cost: cost) == ladder


@pytest.mark.parametrize(("rule", "n_first"), [(FreezeThaw(), 2), (SuccessiveHalving(n_first_splits=1), 1)])
def test_cheap_epochs_leave_whole_trainings_on_the_first_splits(rule, n_first):
    ladder = worthwhile_rungs(rule.ladder(5), 81, lambda n_splits: 1e7)
    assert ladder == [Rung(1.0, n_first), Rung(1.0, 5)]


def test_the_cheapest_trainings_are_not_paused():
    assert worthwhile_rungs(FreezeThaw().ladder(5), 3, lambda n_splits: 1e7) == [Rung(1.0, 5)]
    assert worthwhile_rungs(FreezeThaw(n_first_splits=5).ladder(5), 81, lambda n_splits: 1e7) == [Rung(1.0, 5)]


def test_more_epochs_are_worth_more_rungs():
    def n_rungs(max_epochs):
        return len(worthwhile_rungs(FreezeThaw().ladder(5), max_epochs, lambda n_splits: 1e8))

    assert [n_rungs(n) for n in (4, 9, 36, 100)] == [1, 2, 3, 4]


def price(trainings, stack, each):
    """What it costs to train networks together, from and to some epochs each."""
    return stack * max(end - start for start, end in trainings) + each * sum(end - start for start, end in trainings)


@given(
    epochs=st.lists(st.integers(1, 50), min_size=3, max_size=3, unique=True).map(sorted),
    splits=st.lists(st.integers(1, 9), min_size=3, max_size=3).map(sorted),
    stack=st.floats(1e3, 1e9),
    each=st.floats(1e3, 1e9),
    begun=st.booleans(),
    ends=st.booleans(),
)
def test_at_the_break_even_a_stop_costs_what_it_saves(epochs, splits, stack, each, begun, ends):
    (e0, e1, e2), (k0, k1, k2) = epochs, splits
    if not begun:
        e0, k0 = 0, 0
    if ends:  # whole trainings on the first splits; the others are trained apart
        e1, k2 = e2, k2 + 1
    rungs = [Rung(n / e2, k) for n, k in ((e0, k0), (e1, k1), (e2, k2))]
    probability = break_even(rungs[0] if begun else None, *rungs[1:], e2, stack, each)
    stop = price([(e0, e1)] * k0 + [(0, e1)] * (k1 - k0), stack, each)
    later = price([(e1, e2)] * k1 + [(0, e2)] * (k2 - k1), stack, each)
    straight = price([(e0, e2)] * k0 + [(0, e2)] * (k2 - k0), stack, each)
    pauses = 0.0 if ends else _pauses._PAUSE * k1 * len(rungs[1].stops(e2))
    assert stop + pauses + probability * later == pytest.approx(straight, rel=1e-9)
    assert probability <= 1.0 + 1e-9


def goals_of(net, X, y, space, monkeypatch):
    """How many rungs each step climbs, and the search's results."""
    climbed, promote = [], Climb.promote

    def spy(climb, goals):
        climbed.extend(goal - climb.rung_of(index) for index, goal in goals.items())
        promote(climb, goals)
        assert all(climb.rung_of(index) == goal for index, goal in goals.items())

    monkeypatch.setattr(Climb, "promote", spy)
    return climbed, pruned(net, X, y, space, n_points=4, n_iter=32)


def test_what_will_probably_go_on_does_not_stop(monkeypatch):
    X, y = load_breast_cancer(return_X_y=True)
    net = make_pipeline(StandardScaler(), NetClassifier(max_epochs=10))
    space = {"netclassifier__lr": (1e-4, 1e-1, "log-uniform"), "netclassifier__n_neurons": [16, 32, 64]}
    climbed, results = goals_of(net, X, y, space, monkeypatch)
    assert set(climbed[:_FEWEST_BEGUN]) == {1}
    assert set(climbed) == {1, 2}
    n_splits = sum(np.isfinite(results[f"split{split}_test_score"]) for split in range(5))
    assert set(n_splits[results["status"] == "ok"]) == {5}


def test_without_known_costs_no_stop_is_left_out(monkeypatch):
    X, y = make_classification(60, random_state=0)
    climbed, _ = goals_of(Curve(), X, y, {"quality": (0.5, 0.501)}, monkeypatch)
    assert set(climbed) == {1}


def pruned(net, X, y, space, **params):
    search = BayesSearchCV(net, space, pruning="freeze-thaw", cv=5, random_state=0, refit=False, **params)
    return search.fit(X, y).cv_results_


def test_small_networks_pause_between_splits_only():
    X, y = load_breast_cancer(return_X_y=True)
    net = make_pipeline(StandardScaler(), NetClassifier(max_epochs=20, n_neurons=16))
    results = pruned(net, X, y, {"netclassifier__lr": (1e-7, 1e-2, "log-uniform")}, n_points=4, n_iter=16)
    assert (results["n_epochs"] == 20).all()
    n_splits = sum(np.isfinite(results[f"split{split}_test_score"]) for split in range(5))
    assert set(n_splits) == {2, 5}


def test_large_networks_pause_between_epochs():
    X, y = make_classification(2000, 40, random_state=0)
    net = NetClassifier(max_epochs=18, n_neurons=200)
    results = pruned(net, X, y, {"lr": (1e-6, 1e-2, "log-uniform")}, n_points=8, n_iter=8)
    assert set(results["n_epochs"]) == {6, 18}


def test_costs_grow_as_the_work_does():
    def cost(n_rows=1000, n_splits=5, **params):
        net = make_pipeline(StandardScaler(), NetClassifier())
        params = {f"netclassifier__{name}": value for name, value in params.items()}
        shared, each = epoch_costs(net.set_params(**params), n_rows=n_rows, n_features=20)
        return shared + n_splits * each

    usual = cost()
    assert cost(n_rows=2000) > 1.5 * usual
    assert cost(n_neurons=512) > 2 * usual
    assert cost(n_layers=4) > cost(n_layers=1)
    assert cost(batch_size=8) > 2 * usual
    assert usual < cost(n_splits=10) < 2 * usual  # together they cost less than apart


def test_others_tell_no_cost():
    assert all(math.isnan(cost) for cost in epoch_costs(Curve(), n_rows=10, n_features=2))


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ([2.0, 6.0, 4.0], [5.0, 30.0, 10.0]),
        ([2.0, math.nan, 4.0], [5.0, 15.0, 10.0]),
        ([math.nan] * 3, [2.5, 5.0, 2.5]),
    ],
)
def test_the_cost_of_a_step_is_that_of_its_epochs(costs, expected):
    max_epochs = [10, 20, 10]
    evaluate = SimpleNamespace(
        max_epochs=lambda candidate, default: max_epochs[candidate.index],
        epoch_costs=lambda candidate: (0.0, costs[candidate.index] / 2),  # of two splits
    )
    climb = Climb(evaluate, [Rung(0.5, 1), Rung(1.0, 2)])
    climb.add(CandidateRecord(index, {}, []) for index in range(3))
    assert climb.costs_to_next([0, 1, 2]).tolist() == expected
    climb.scores[0][1] = 0.5  # the other three quarters of its work
    assert climb.costs_to_next([1]).tolist() == [3 * expected[1]]


class Misleading(Curve):
    """At first all but one are worse than they will be."""

    def score(self, X, y):
        share = self.n_iter_ / self.max_epochs
        return self.quality if share == 1.0 else 0.9 if self.quality < 0.1 else 0.1


@pytest.mark.parametrize("n_points", [1, 8])
def test_no_search_ends_with_fewer_than_five_whole_evaluations(n_points):
    X, y = make_classification(60, random_state=0)
    rule = FreezeThaw(n_first_splits=5, min_probability=0.49)
    search = BayesSearchCV(Misleading(), {"quality": (0.0, 1.0)}, pruning=rule, n_points=n_points, n_iter=20, cv=5)
    results = search.set_params(refit=False, random_state=0).fit(X, y).cv_results_
    assert sum(results["status"] == "ok") >= _FEWEST_WHOLE


def test_who_goes_straight_to_the_end_is_nowhere_else():
    evaluate = SimpleNamespace(
        max_epochs=lambda candidate, default: 10,
        epoch_costs=lambda candidate: (math.nan, math.nan),
        train=lambda *stages: None,
        score_on=lambda candidate, n_splits, n_epochs: candidate.index + n_splits / 10,
        metric="score",
        reporter=SimpleNamespace(pause=lambda candidate, metric: None),
    )
    climb = Climb(evaluate, FreezeThaw().ladder(5))
    climb.add(CandidateRecord(index, {}, []) for index in range(3))
    climb.promote({0: 3, 1: 0, 2: 0})
    climb.promote({1: 2})
    assert climb.scores == [{1: 1.2, 2: 2.2}, {}, {0: 0.2, 1: 1.2}, {0: 0.5}]
    assert [list(climb.alive(rung)) for rung in range(4)] == [[2], [], [1], [0]]
