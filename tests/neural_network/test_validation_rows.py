"""The rows set aside for early stopping, and the epoch that is kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.datasets import make_classification
from skorch.callbacks import Callback

from sktune import NetClassifier, NetRegressor
from sktune.neural_network._validation_split import validation_split

X, y = make_classification(n_samples=80, n_features=5, n_informative=4, n_redundant=0, random_state=0)
X[:, 0] = np.arange(80)  # tells which row it is
SMALL = {"n_neurons": 8, "max_epochs": 3, "early_stopping": True, "normalization": "layer", "random_state": 0}

strata_of_any_size = st.lists(st.integers(1, 30), min_size=1, max_size=8).map(
    lambda sizes: np.repeat(np.arange(len(sizes)), sizes)
)


@settings(deadline=None, max_examples=200)
@given(strata=strata_of_any_size, fraction=st.floats(0.01, 0.99), seed=st.integers(0, 2**32))
def test_each_class_is_divided_alike_and_none_is_set_aside_whole(strata, fraction, seed):
    n_rows, n_classes = len(strata), strata[-1] + 1
    if n_rows < 2:
        return
    train, valid = validation_split(n_rows, fraction, seed, strata)
    assert_array_equal(np.sort(np.concatenate([train, valid])), np.arange(n_rows))
    assert_array_equal(train, np.sort(train))
    assert_array_equal(valid, np.sort(valid))
    if n_rows == n_classes:  # nothing else is left than one row of one class
        assert len(valid) == 1
        return
    assert len(valid) == max(1, min(round(fraction * n_rows), n_rows - n_classes))
    assert set(strata[train]) == set(range(n_classes))
    # a cut through evenly spread rows takes the same share of each class, up to one row either side
    shares = np.bincount(strata[valid], minlength=n_classes) / np.maximum(np.bincount(strata) - 1, 1)
    rounding = 2 / np.maximum(np.bincount(strata) - 1, 1)
    assert (shares - rounding).max() <= (shares + rounding).min()


@settings(deadline=None, max_examples=50)
@given(n_rows=st.integers(2, 300), fraction=st.floats(0.001, 0.999), seed=st.integers(0, 2**32))
def test_rows_without_classes_are_shuffled(n_rows, fraction, seed):
    train, valid = validation_split(n_rows, fraction, seed)
    assert_array_equal(np.sort(np.concatenate([train, valid])), np.arange(n_rows))
    assert len(valid) == min(max(1, round(fraction * n_rows)), n_rows - 1)
    again = validation_split(n_rows, fraction, seed)
    assert_array_equal(again[1], valid)


def test_every_row_may_be_set_aside():
    chosen = np.zeros(20)
    for seed in range(600):
        chosen[validation_split(20, 0.25, seed)[1]] += 1
    # binomial with mean 150 and standard deviation 10.6
    assert np.abs(chosen - 150).max() < 5 * 10.6


class RecordRows(Callback):
    """Note which rows the network is trained and judged on."""

    def on_train_begin(self, net, **kwargs):
        self.rows = {True: [], False: []}

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.rows[training].extend(batch[0][:, 0].int().tolist())


def rows_used(net):
    recorded = dict(net.net_.callbacks_)["RecordRows"].rows
    return {training: sorted(set(rows)) for training, rows in recorded.items()}


@pytest.mark.parametrize("fraction", [0.05, 0.3])
@pytest.mark.parametrize("Net", [NetClassifier, NetRegressor])
def test_no_row_is_trained_and_judged_on(Net, fraction):
    net = Net(**SMALL, validation_fraction=fraction, callbacks=[RecordRows()]).fit(X, y)
    rows = rows_used(net)
    assert sorted(rows[True] + rows[False]) == list(range(80))
    assert len(rows[False]) == round(fraction * 80)


def test_all_rows_are_trained_on_without_early_stopping():
    net = NetClassifier(**{**SMALL, "early_stopping": False}, callbacks=[RecordRows()]).fit(X, y)
    assert rows_used(net) == {True: list(range(80)), False: []}
    assert "valid_loss" not in net.history_


def test_the_split_follows_random_state_and_stays_when_training_goes_on():
    def valid_rows(net):
        return rows_used(net.fit(X, y))[False]

    net = NetClassifier(**SMALL, warm_start=True, callbacks=[RecordRows()])
    first = valid_rows(net)
    assert valid_rows(net) == first
    assert valid_rows(net.set_params(warm_start=False)) == first
    assert valid_rows(net.set_params(random_state=1)) != first


class RecordWeights(Callback):
    """Keep the output layer's weights of each epoch."""

    def on_train_begin(self, net, **kwargs):
        self.weights = []

    def on_epoch_end(self, net, **kwargs):
        self.weights.append(net.module_.output.weight.detach().numpy().copy())


@pytest.mark.parametrize("patience", [1, 3, 8])
@pytest.mark.parametrize("tol", [0.0, 0.02, 10.0])
def test_training_stops_by_the_rule_and_keeps_the_best_epoch(patience, tol):
    options = {**SMALL, "max_epochs": 60, "lr": 0.05, "patience": patience, "tol": tol, "validation_fraction": 0.3}
    net = NetClassifier(**options, callbacks=[RecordWeights()]).fit(X / 80, y)
    losses = net.history_["valid_loss"]
    stop, reference, n_bad = len(losses), np.inf, 0
    for epoch, loss in enumerate(losses, start=1):  # the rule, naively
        n_bad = 0 if loss < reference - tol else n_bad + 1
        reference = loss if n_bad == 0 else reference
        if n_bad >= patience:
            stop = epoch
            break
    assert net.n_iter_ == stop < 60
    assert net.best_epoch_ == 1 + np.argmin(losses)
    kept = dict(net.net_.callbacks_)["RecordWeights"].weights[net.best_epoch_ - 1]
    assert_array_equal(net.net_.module_.output.weight.detach(), kept)


def test_early_stopping_without_a_stop_keeps_the_best_epoch_too():
    net = NetRegressor(**{**SMALL, "max_epochs": 12, "lr": 0.3, "patience": 99}, callbacks=[RecordWeights()]).fit(X, y)
    assert net.n_iter_ == 12
    best = int(np.argmin(net.history_["valid_loss"]))
    assert net.best_epoch_ == best + 1
    kept = dict(net.net_.callbacks_)["RecordWeights"].weights[best]
    assert_array_equal(net.net_.module_.output.weight.detach(), kept)
