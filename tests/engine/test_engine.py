"""Batches, early stopping: the parts that every training loop shares."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sktune.engine import BatchStream, EarlyStopping, FitPlan, Rows
from sktune.modules import NetworkSpec


def make_plan(n_rows=20, weight=None, n_classes=3, **fields):
    rng = np.random.default_rng(0)
    rows = Rows(rng.normal(size=(n_rows, 2)), np.arange(n_rows) % n_classes, weight)
    return FitPlan(network=NetworkSpec(2, n_classes, (4,)), train=rows, dtype="float64", **fields)


@given(n_rows=st.integers(1, 200), batch_size=st.integers(1, 70))
@settings(deadline=None, max_examples=150)
def test_an_epoch_has_every_row_once_and_no_lonely_row(n_rows, batch_size):
    rows = Rows(np.arange(n_rows, dtype=float)[:, None], np.arange(n_rows))
    plan = FitPlan(network=NetworkSpec(1, 2, ()), train=rows, batch_size=batch_size)
    batches = list(BatchStream(plan).train(0))
    seen = torch.cat([batch[1] for batch in batches])
    assert sorted(seen.tolist()) == list(range(n_rows))
    assert len(batches) == plan.n_batches
    sizes = [len(batch[0]) for batch in batches]
    assert all(size == batch_size for size in sizes[:-1])
    if batch_size > 1 and n_rows > 1:
        assert min(sizes) >= 2


def test_epochs_differ_and_repeat():
    stream = BatchStream(make_plan(batch_size=7))
    first, again, second = (torch.cat([batch[0] for batch in stream.train(epoch)]) for epoch in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_input_noise_has_the_scale_that_it_says():
    plan = make_plan(n_rows=4000, batch_size=4000, input_noise=0.3)
    (noisy,) = BatchStream(plan).train(0)
    (clean,) = BatchStream(make_plan(n_rows=4000, batch_size=4000)).train(0)
    noise = (noisy[0] - clean[0]).numpy()
    assert abs(noise.std() - 0.3) < 0.01
    assert abs(noise.mean()) < 0.02
    assert torch.equal(noisy[1], clean[1])


@pytest.mark.parametrize("weighted", [False, True])
def test_mixup_mixes_inputs_and_losses(weighted):
    """With scores that do not depend on the rows, the mixture's loss is the mixture of the two losses."""
    weight = np.random.default_rng(1).uniform(0.1, 2, 20) if weighted else None
    (mixed,) = BatchStream(make_plan(batch_size=20, mixup=0.4, weight=weight)).train(0)
    (plain,) = BatchStream(make_plan(batch_size=20, weight=weight)).train(0)
    # recover the share and the partners from the inputs
    X, Z = plain[0].numpy(), mixed[0].numpy()
    partner, share = recover(X, Z)
    assert 0 < share < 1
    assert sorted(partner) == list(range(20))
    one_hot = np.eye(3)[plain[1].numpy()]
    w = np.ones(20) if weight is None else plain.weight.numpy()
    expected = share * w[:, None] * one_hot + (1 - share) * (w[:, None] * one_hot)[partner]
    actual = mixed[1].numpy() * (1 if weight is None else mixed.weight.numpy()[:, None])
    np.testing.assert_allclose(actual, expected, atol=1e-9)


def recover(X, Z):
    """Find the partner of each row and the common share, from Z = share X + (1 - share) X[partner]."""
    best = None
    for j in range(1, len(X)):
        direction = X[0] - X[j]
        share = float((Z[0] - X[j]) @ direction / (direction @ direction))
        residual = np.abs(share * X[0] + (1 - share) * X[j] - Z[0]).max()
        if best is None or residual < best[0]:
            best = (residual, share)
    share = best[1]
    rest = (Z - share * X) / (1 - share)
    partner = np.abs(rest[:, None] - X[None]).sum(axis=2).argmin(axis=1)
    return partner, share


def test_read_only_rows_are_accepted():
    plan = make_plan()
    plan.train.X.flags.writeable = False
    assert len(list(BatchStream(plan).train(0))) == plan.n_batches  # torch would warn, and warnings are errors here


@given(
    losses=st.lists(st.floats(0, 2), min_size=1, max_size=30),
    patience=st.integers(1, 5),
    tol=st.sampled_from([0.0, 0.1]),
)
@settings(deadline=None, max_examples=200)
def test_early_stopping_against_its_definition(losses, patience, tol):
    stopping = EarlyStopping(patience, tol)
    references = [np.inf]  # what the next loss has to beat by tol
    improved = []
    for epoch, loss in enumerate(losses, start=1):
        assert stopping.update(epoch, loss) == (loss < min(losses[: epoch - 1], default=np.inf))
        improved.append(loss < references[-1] - tol)
        references.append(loss if improved[-1] else references[-1])
        assert stopping.should_stop == (len(improved) >= patience and not any(improved[-patience:]))
    assert stopping.best_epoch == 1 + int(np.argmin(losses))
