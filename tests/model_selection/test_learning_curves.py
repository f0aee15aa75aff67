"""Extrapolated learning curves, against curves whose ends are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from replayed_curves import Curve
from sklearn.datasets import load_iris

from sktune import BayesSearchCV
from sktune.model_selection._learning_curves import (
    expected_gains,
    lifted,
    looks_before,
    outlook,
    reliability_by_looks,
    reliability_by_splits,
)

EPOCHS = st.integers(1, 300)


@given(EPOCHS, st.integers(0, 300), st.integers(1, 3))
def test_looks_lie_between_the_pauses(n_epochs, n_former, n_splits):
    looks = looks_before(n_epochs, n_former, n_splits)
    assert list(looks) == sorted(set(looks))
    assert all(max(1, n_former) <= look < n_epochs for look in looks)
    assert len(looks) <= (2 if n_splits == 1 else 1)
    assert looks or n_epochs <= n_former or n_epochs == 1


def test_on_one_split_there_are_two_looks_as_soon_as_there_is_room():
    assert [looks_before(n_epochs, 0, 1) for n_epochs in range(1, 7)] == [(), (1,), (1, 2), (2, 3), (2, 4), (3, 4)]


@given(st.integers(2, 300), EPOCHS, st.floats(-1, 1), st.floats(-10, 10))
def test_a_curve_that_approaches_its_end_as_one_over_epoch_is_known_from_two_scores(n_epochs, more, end, size):
    look = looks_before(n_epochs, 0, 2)[-1]

    def score(epoch):
        return end - size / epoch

    gain = outlook(look, n_epochs, n_epochs + more) * (score(n_epochs) - score(look))
    assert gain == pytest.approx(score(n_epochs + more) - score(n_epochs), abs=1e-9)


def test_nothing_is_to_come_at_the_end():
    assert outlook(20, 30, 30) == 0.0


def gains_of(scores, rises, outlook=1.0):
    """Gains on one split on which earlier rises say that the later ones are no noise."""
    rises = np.array(rises)
    return expected_gains(np.array(scores), rises[:, None], np.full(len(scores), outlook), rises)


def test_small_rises_are_extrapolated_as_they_are():
    scores = np.array([0.9, 0.8, 0.7, 0.5, 0.6, 0.4])
    rises = np.array([1e-4, 2e-4, -1e-4, -2e-4, 1e-4, 0.0])
    assert_allclose(gains_of(scores, rises, 1.5), 1.5 * rises, rtol=1e-2)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-2, 2)), min_size=1, max_size=30))
def test_gains_rise_with_the_rise_and_stay_within_the_distance_to_the_best(candidates):
    scores, rises = np.array(candidates).T
    gains = gains_of(scores, rises)
    more = gains - rises[scores >= np.median(scores)].mean()
    limits = 2 * max(scores) - np.median(scores) - scores
    assert (np.abs(more) <= limits + 1e-12).all()
    order = np.lexsort((rises, scores))
    is_equal = np.diff(scores[order]) == 0.0
    assert (np.diff(gains[order])[is_equal] >= -1e-12).all()


def test_what_all_are_to_gain_leaves_their_differences_as_they_are():
    """The scores of all rise by more than they differ: this is no reason to take them for equals."""
    scores, rises = np.linspace(0.5, 0.6, 11), np.full(11, 0.3)
    assert_allclose(gains_of(scores, rises, 2.0), 0.6)


def test_scores_that_are_all_the_same_promise_the_same():
    assert_allclose(gains_of([0.5, 0.5, 0.5], [0.1, 0.2, 0.3]), [0.2, 0.2, 0.2])


@given(st.integers(0, 2**32 - 1))
def test_the_reliability_is_a_share_and_does_not_depend_on_the_unit(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 20)
    earlier, rises = rng.normal(size=(2, n)) * rng.choice([0.0, 1.0], p=[0.2, 0.8])
    assert 0.0 <= reliability_by_looks(earlier, rises) <= 1.0
    assert reliability_by_looks(3 * earlier, 3 * rises) == pytest.approx(reliability_by_looks(earlier, rises))
    several = rng.normal(size=(n, 3))
    assert 0.0 <= reliability_by_splits(several) <= 1.0
    assert reliability_by_splits(3 * several) == pytest.approx(reliability_by_splits(several))


NOISES = [0.0, 0.3, 1.0, 3.0]


@pytest.mark.parametrize("noise", NOISES)
def test_splits_tell_how_much_of_the_rises_is_noise(noise):
    rng = np.random.default_rng(0)
    true, common = rng.normal(size=(20_000, 1)), rng.normal(size=4)
    observed = true + common + noise * rng.normal(size=(20_000, 4))
    assert reliability_by_splits(observed) == pytest.approx(1 / (1 + noise**2 / 4), abs=0.02)


@pytest.mark.parametrize("noise", NOISES)
def test_looks_tell_how_much_of_the_rises_is_noise(noise):
    """Of scores with independent noise, whose rises were closely correlated without it."""
    rng = np.random.default_rng(0)
    rises = rng.normal(size=(20_000, 2)) @ np.linalg.cholesky([[1.0, 0.9], [0.9, 1.0]]).T
    scores = np.cumsum(np.column_stack([np.zeros(20_000), 2.0 * rises[:, 0], rises[:, 1]]), axis=1)
    earlier, late = np.diff(scores + noise * rng.normal(size=(20_000, 3))).T
    assert reliability_by_looks(earlier, late) == pytest.approx(1 / (1 + 2 * noise**2), abs=0.02)


@pytest.mark.parametrize("seed", range(10))
def test_a_dozen_candidates_tell_noise_from_curves(seed):
    rng = np.random.default_rng(seed)
    assert reliability_by_looks(*np.diff(rng.normal(size=(12, 3))).T) < 0.8
    sizes = rng.normal(size=12)
    assert reliability_by_looks(sizes / 4, sizes / 12 + 0.01 * rng.normal(size=12)) > 0.9


def test_rises_that_are_noise_are_all_taken_to_be_alike():
    rng = np.random.default_rng(0)
    scores, rises = rng.uniform(0.0, 1.0, 500), 1e-4 * rng.normal(size=(500, 4))
    gains = expected_gains(scores, rises, np.ones(500), np.full(500, np.nan))
    assert np.std(gains) < 0.3 * np.std(rises.mean(axis=1))
    on_one = rises[:, 1] - rises[:, 0]
    gains = expected_gains(scores, on_one[:, None], np.ones(500), rises[:, 0] - rises[:, 2])
    assert np.std(gains) < 0.3 * np.std(on_one)


def test_scores_are_lifted_by_what_is_expected_of_each():
    scores = {1: {"slow": 0.5, "fast": 0.6, "new": 0.4}}
    expected = {1: {"slow": 0.3, "fast": 0.1}}
    assert [score for _, score, _ in lifted(scores, expected)] == pytest.approx([0.8, 0.7, 0.4])


def test_what_came_corrects_what_was_expected():
    """Of the gains only half comes, and all candidates lose something else: both are learned, the first by and by."""
    rng = np.random.default_rng(0)
    low = dict(enumerate(rng.uniform(0.0, 1.0, 500).tolist()))
    expected = {candidate: float(rng.uniform(0.0, 1.0)) for candidate in low}
    error = {}
    for n_promoted in (1, 10, 400):
        high = {c: low[c] + 0.5 * expected[c] - 0.2 for c in range(n_promoted)}
        told = {c: score for c, score, rung in lifted({1: low, 2: high}, {1: expected}) if rung == 1}
        assert [told[c] for c in range(n_promoted)] == pytest.approx(list(high.values()), abs=0.4)
        truth = np.array([low[c] + 0.5 * expected[c] - 0.2 for c in low])
        error[n_promoted] = np.sqrt(np.mean((np.array(list(told.values())) - truth) ** 2))
    assert error[1] > error[10] > error[400]
    assert error[400] < 0.01


def test_failures_stay_failures():
    told = {(c, rung): score for c, score, rung in lifted({1: {0: math.nan, 1: 0.5}, 2: {1: math.nan}}, {1: {1: 0.1}})}
    assert math.isnan(told[0, 1])
    assert math.isnan(told[1, 2])
    assert told[1, 1] == pytest.approx(0.6)


class Watched(Curve):
    """Writes down whenever it is scored."""

    scored: list = []

    def score(self, X, y):
        Watched.scored.append((self.quality, self.speed, self.n_iter_))
        return super().score(X, y)


@pytest.mark.parametrize("pruning", ["freeze-thaw", "halving"])
def test_a_search_looks_at_trainings_on_their_way(pruning):
    X, y = load_iris(return_X_y=True)
    Watched.scored.clear()
    search = BayesSearchCV(
        Watched(), {"quality": (0.3, 1.0), "speed": (0.1, 1.0)}, n_iter=12, cv=3, pruning=pruning, random_state=0
    ).fit(X, y)
    epochs = {epoch for _, _, epoch in Watched.scored}
    assert epochs == {1, 2, 3, 4, 6, 9, 27}
    assert len(Watched.scored) == len(set(Watched.scored)) + 2 * sum(search.cv_results_["status"] == "ok")
    assert search.best_params_["quality"] > 0.9
