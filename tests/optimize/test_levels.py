"""The surrogate of several fidelities, against Gaussian conditioning written out."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

from sktune.optimize import GaussianProcess, Hyperparameters, Optimizer
from sktune.optimize._acquisition import log_expected_improvement
from sktune.optimize._caution import CAUTION, is_cautious_turn
from sktune.optimize._kernel import matern52
from sktune.optimize._levels import _STEP_COUNT, _STEP_VARIANCE, leveled_process

LENGTH_SCALES = [0.4, 0.9, 1.5]
NOISE = 1e-9


def fit(level, X, y, known_variance):
    hyperparameters = Hyperparameters(np.full(X.shape[1], LENGTH_SCALES[level]), noise_variance=NOISE)
    return GaussianProcess(X, y, hyperparameters, known_variance=known_variance)


def kernel(level, X, Z):
    return matern52(cdist(X, Z, "sqeuclidean") / LENGTH_SCALES[level] ** 2)[0]


def nested(seed, sizes=(12, 5, 2)):
    """Features, values and levels of points, of which the first few come to each higher level."""
    rng = np.random.default_rng(seed)
    X = rng.random((sizes[0], 2))
    level = np.repeat(np.arange(len(sizes)), sizes)
    X = np.vstack([X[:size] for size in sizes])
    return X, rng.normal(size=len(X)), level


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_nested_levels_are_one_joint_gaussian(seed):
    X, y, level = nested(seed)
    process = leveled_process(X, y, 0.1 * 3.0**level, np.zeros(len(X)), fit)
    n_of = [int((level == number).sum()) for number in range(3)]
    scores = [y[level == number] for number in range(3)]
    steps = [0.0, *(high - low[: len(high)] for low, high in pairwise(scores))]
    variances = [1.0] + [
        (_STEP_COUNT * _STEP_VARIANCE + np.sum(step**2)) / (_STEP_COUNT + n)
        for step, n in zip(steps[1:], n_of[1:], strict=True)
    ]
    # a score of level t is the sum of what the levels up to t add
    covariance = sum(
        variance * kernel(number, X, X) * np.minimum.outer(level >= number, level >= number)
        for number, variance in enumerate(variances)
    )
    Z = np.random.default_rng(seed + 1).random((7, 2))
    cross = sum(v * kernel(number, Z, X) * (level >= number) for number, v in enumerate(variances))
    solved = np.linalg.solve(covariance + 1e-8 * np.eye(len(X)), np.column_stack([y, cross.T]))
    mean, variance = process.predict(Z)
    assert_allclose(mean, cross @ solved[:, 0], rtol=1e-3, atol=1e-3)
    # the fidelity 1 is above the highest that was seen, 0.9, but not by enough to be another level
    assert_allclose(variance, sum(variances) - np.sum(cross.T * solved[:, 1:], axis=0), rtol=1e-3, atol=1e-3)


def test_gradients_agree_with_differences():
    X, y, level = nested(0)
    process = leveled_process(X, y, 0.1 * 3.0**level, np.zeros(len(X)), fit)
    Z, step = np.random.default_rng(1).random((4, 2)), 1e-6
    for fidelity in (0.1, 0.5, 1.0):
        seen = process.up_to(fidelity)
        mean, variance, *gradients = seen.predict_with_gradient(Z)
        assert_allclose([mean, variance], seen.predict(Z), rtol=1e-8)
        for column in range(2):
            shift = step * np.eye(2)[column]
            differences = np.subtract(seen.predict(Z + shift), seen.predict(Z - shift)) / (2 * step)
            assert_allclose([gradient[:, column] for gradient in gradients], differences, rtol=1e-4, atol=1e-6)


def test_what_is_uncertain_grows_with_the_fidelity():
    X, y, level = nested(2)
    process = leveled_process(X, y, 0.1 * 3.0**level, np.zeros(len(X)), fit)
    Z = np.random.default_rng(3).random((20, 2))
    variances = [process.up_to(fidelity).predict(Z)[1] for fidelity in (0.1, 0.3, 0.9)]
    assert (np.diff(variances, axis=0) > 0.0).all()
    only_low = leveled_process(X[level == 0], y[level == 0], np.full(12, 0.1), np.zeros(12), fit)
    low, high = (only_low.up_to(fidelity).predict(Z)[1] for fidelity in (0.1, 1.0))
    assert_allclose(high - low, _STEP_VARIANCE)  # nothing was seen of what may come


def test_fidelities_that_are_about_equal_make_one_level():
    X, y, _ = nested(4, sizes=(12,))
    fidelities = np.tile([0.1, 0.11, 0.12, 1.0], 3)
    assert leveled_process(X, y, fidelities, np.zeros(12), fit).levels == [0.12, 1.0]


def test_a_point_without_a_score_below_is_compared_with_what_was_expected_there():
    X = np.array([[0.0, 0.0], [1.0, 1.0], [0.05, 0.0]])
    process = leveled_process(X, np.array([1.0, -1.0, 1.5]), np.array([0.1, 0.1, 1.0]), np.zeros(3), fit)
    base = fit(0, X[:2], np.array([1.0, -1.0]), np.zeros(2)).predict(X[2:])[0]
    assert 0.0 < process.predict(X[2:])[0] - base < 0.5  # not the whole difference: what was expected is uncertain


def test_believed_points_are_certain_at_the_lowest_level_and_change_no_mean():
    X, y, level = nested(5)
    process = leveled_process(X, y, 0.1 * 3.0**level, np.zeros(len(X)), fit).up_to(0.1)
    Z = np.random.default_rng(6).random((3, 2))
    believing = process.believe(Z)
    assert_allclose(believing.predict(Z)[0], process.predict(Z)[0], atol=1e-5)
    assert_allclose(believing.mean_[-3:], process.predict(Z)[0], atol=1e-5)
    assert (believing.predict(Z)[1] < 1e-6).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_optimizer_tells_what_an_evaluation_would_change(seed):
    optimizer = Optimizer({"x": (0.0, 1.0), "y": (0.0, 1.0)}, random_state=seed)
    points = optimizer.ask(8)
    scores = [params["x"] - params["y"] for params in points]
    optimizer.tell(points + points[:3], scores + [score + 0.1 for score in scores[:3]], fidelity=[0.2] * 8 + [1.0] * 3)
    new = optimizer.ask(4)
    unseen, low, high = (optimizer.predict_change(new, fidelity) for fidelity in (0.05, 0.2, 1.0))
    assert_allclose(unseen, low)  # a lower fidelity than any is taken for the lowest
    assert (low < high).all()
    assert_allclose(high, optimizer.predict(new)[1])
    assert (optimizer.predict_change(points[:3], 0.2) < 0.5 * low.min()).all()  # it was seen already
    mixed = optimizer.predict_change(new, [0.2, 1.0, 0.2, 1.0])
    assert_allclose(mixed, np.where([True, False, True, False], low, high))


@pytest.mark.parametrize("seed", range(5))
def test_a_proposal_promises_the_most_of_what_its_fidelity_can_show(seed):
    rng = np.random.default_rng(seed)
    early = [{"x": float(x)} for x in rng.random(25)]
    told = [*early, *early[:4]]
    scores = [math.sin(6.0 * params["x"]) + (number >= 25) * params["x"] for number, params in enumerate(told)]

    def asked(fidelity):
        optimizer = Optimizer({"x": (0.0, 1.0)}, random_state=seed, n_initial_points=1)
        optimizer.tell(told, scores, fidelity=[0.1] * 25 + [1.0] * 4)
        best = optimizer.predict(told)[0].max()
        params = optimizer.ask(fidelity=fidelity)
        caution = CAUTION if is_cautious_turn(optimizer._history.outcomes()[:25], 1) else 1.0

        def promise(params, fidelity):
            deviation = optimizer.predict_change([params], fidelity)
            return log_expected_improvement(optimizer.predict([params])[0], caution * deviation**2, best)[0]

        return params, promise

    (low, promise), (high, _), (lowest, _) = asked(0.1), asked(1.0), asked(None)
    assert lowest == low
    assert promise(low, 0.1) >= promise(high, 0.1) - 1e-3
    assert promise(high, 1.0) >= promise(low, 1.0) - 1e-3
    assert promise(low, 0.1) < promise(low, 1.0)
