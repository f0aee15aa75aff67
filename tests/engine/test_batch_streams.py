"""Batches of an epoch: what they depend on, and what they leave alone."""

import itertools

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sktune.engine import BatchStream, FitPlan, Rows
from sktune.engine._batches import tensors_of_rows
from sktune.modules import NetworkSpec

RNG = np.random.default_rng(0)
X, y, WEIGHT = RNG.normal(size=(30, 3)), RNG.integers(0, 3, 30), RNG.uniform(0.5, 2, 30)
AUGMENTED = {"mixup": 0.4, "input_noise": 0.2}


def stream_of(rows=None, **fields):
    rows = Rows(X, y, WEIGHT) if rows is None else rows
    fields = {"batch_size": 8, "seed": 3, **fields}
    return BatchStream(FitPlan(network=NetworkSpec(3, 3, (4,)), train=rows, dtype="float64", **fields))


def flat(batches):
    """All numbers of the batches, one array for each of inputs, targets and weights."""
    batches = list(batches)
    weights = [batch.weight for batch in batches if batch.weight is not None]
    return [torch.cat(part).numpy() for part in (*zip(*batches, strict=True), weights) if part]


@pytest.mark.parametrize("augmentation", [{}, AUGMENTED], ids=["plain", "augmented"])
def test_an_epoch_does_not_depend_on_the_epochs_before(augmentation):
    straight = stream_of(**augmentation)
    for epoch in range(3):
        expected = flat(straight.train(epoch))
    broken_off = stream_of(**augmentation)
    list(itertools.islice(broken_off.train(0), 2))
    for one, other in zip(flat(broken_off.train(2)), expected, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["order", "mixup", "input_noise"])
def test_each_random_stream_follows_the_seed_and_the_epoch(name):
    augmentation = {} if name == "order" else {name: 0.5}
    first = flat(stream_of(**augmentation).train(0))[0]
    assert not np.array_equal(flat(stream_of(**augmentation).train(1))[0], first)
    assert not np.array_equal(flat(stream_of(**augmentation, seed=4).train(0))[0], first)
    assert_array_equal(flat(stream_of(**augmentation).train(0))[0], first)


def test_augmentation_does_not_change_the_order_of_the_rows():
    (plain_X, plain_y, _), (noisy_X, noisy_y, _) = (
        flat(stream_of(**fields).train(0)) for fields in ({}, {"input_noise": 1e-9})
    )
    np.testing.assert_allclose(noisy_X, plain_X, atol=1e-7)
    assert_array_equal(noisy_y, plain_y)


def test_arrays_that_two_plans_share_become_one_tensor():
    """Those that must be copied are copied once: to a GPU, or since they are read-only as memory maps are."""
    frozen = X.copy()
    frozen.flags.writeable = False
    known = {}
    first, _, _ = tensors_of_rows(Rows(frozen, y), "cpu", known)
    second, _, weight = tensors_of_rows(Rows(frozen, y.copy(), WEIGHT), "cpu", known)
    assert first is second
    assert_array_equal(first.numpy(), X)
    assert_array_equal(weight.numpy(), WEIGHT)


def test_rows_keep_their_targets_and_weights():
    features, targets, weights = flat(stream_of().train(0))
    rows = [int(np.flatnonzero((x == X).all(axis=1))[0]) for x in features]
    assert sorted(rows) == list(range(30))
    assert_array_equal(targets, y[rows])
    assert_array_equal(weights, WEIGHT[rows])


def test_the_rows_themselves_are_left_alone():
    rows = Rows(X.copy(), y.copy(), WEIGHT.copy())
    stream = stream_of(rows, **AUGMENTED)
    for epoch in range(2):
        list(stream.train(epoch))
    assert_array_equal(rows.X, X)
    assert_array_equal(rows.y, y)
    assert_array_equal(rows.weight, WEIGHT)


def test_validation_rows_come_in_order_and_as_they_are(monkeypatch):
    monkeypatch.setattr(BatchStream, "EVAL_BATCH_SIZE", 7)
    valid = Rows(X + 1, y, WEIGHT)
    batches = list(stream_of(Rows(X, y), valid=valid, **AUGMENTED).valid())
    assert [len(batch[0]) for batch in batches] == [7, 7, 7, 7, 2]
    for actual, expected in zip(flat(batches), (valid.X, valid.y, valid.weight), strict=True):
        assert_array_equal(actual, expected)


def test_without_validation_rows_there_are_no_validation_batches():
    assert stream_of().valid() is None


def test_weights_may_be_absent():
    assert all(batch.weight is None for batch in stream_of(Rows(X, y), **AUGMENTED).train(0))
