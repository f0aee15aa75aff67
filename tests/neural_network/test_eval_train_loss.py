"""The training loss without noise is the one that scikit-learn's metrics give for the network of the epoch's end."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import log_loss, mean_squared_error
from skorch.callbacks import Callback

import sktune
from sktune import NetClassifier, NetRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(30, 3))
y = (X[:, 0] + rng.normal(size=30) > 0).astype(int)
Y = np.column_stack([X[:, 0] * X[:, 1], 100 + 5 * X[:, 2]])
WEIGHT = rng.uniform(0.2, 3, size=30)
NOISY = {
    "n_layers": 1, "n_neurons": 6, "dropout": 0.3, "mixup": 0.4, "input_noise": 0.3, "batch_size": 8, "lr": 0.02,
    "max_epochs": 30, "dtype": "float64", "random_state": 0, "eval_train_loss": True,
}  # fmt: skip


class Keep(Callback):
    """Note what other callbacks would see at the end of an epoch."""

    def on_train_begin(self, net, **kwargs):
        self.seen = []

    def on_epoch_end(self, net, **kwargs):
        self.seen.append((net.module_.training, net.criterion_.training, net.history[-1].get("eval_train_loss")))


WAYS = {"engine": None, "skorch": [Keep()]}


def make(Net, **changes):
    smooth = {"label_smoothing": 0.2} if Net is NetClassifier else {}
    return Net(**{**NOISY, **smooth, **changes})


def target_of(net):
    return y if isinstance(net, NetClassifier) else Y


def by_scikit_learn(net, weight):
    if isinstance(net, NetClassifier):
        return log_loss(y, net.predict_proba(X), sample_weight=weight)
    unit = np.average((np.average(Y, axis=0, weights=weight) - Y) ** 2, axis=0, weights=weight)
    errors = mean_squared_error(Y, net.predict(X), sample_weight=weight, multioutput="raw_values")
    return np.mean(errors / unit)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("normalization", [None, "batch"])
@pytest.mark.parametrize("Net", [NetClassifier, NetRegressor])
def test_it_is_what_scikit_learn_gives_after_each_epoch(Net, normalization, weight):
    net = make(Net, normalization=normalization)
    expected = [by_scikit_learn(net.fit_until(X, target_of(net), epoch, weight), weight) for epoch in range(1, 31)]
    assert_allclose(net.history_["eval_train_loss"], expected, rtol=1e-9)
    assert np.abs(np.subtract(net.history_["train_loss"], expected)).max() > 0.05  # which has noise in it


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("Net", [NetClassifier, NetRegressor])
def test_it_is_the_same_in_skorchs_loop(Net, weight):
    net = make(Net, callbacks=WAYS["skorch"], normalization="batch")
    net.fit(X, target_of(net), weight)
    engine = make(Net, normalization="batch").fit(X, target_of(net), weight)
    assert_allclose(net.history_["eval_train_loss"], engine.history_["eval_train_loss"], rtol=1e-7)
    seen = dict(net.net_.callbacks_)["Keep"].seen
    assert seen == [(True, True, loss) for loss in net.history_["eval_train_loss"]]  # nothing has been left behind
    assert list(net.history_) == list(engine.history_) == ["epoch", "train_loss", "eval_train_loss", "lr"]


@pytest.mark.parametrize("way", WAYS)
def test_it_is_the_loss_of_partial_fits_rows(way):
    """Their weights are used as they are, here as in ``train_loss``."""
    net = make(NetClassifier, callbacks=WAYS[way], label_smoothing=0.0)
    expected = []
    for rows in (slice(0, 20), slice(10, 30)):
        net.partial_fit(X[rows], y[rows], classes=[0, 1], sample_weight=WEIGHT[rows])
        chance = net.predict_proba(X[rows])[np.arange(20), y[rows]]
        expected.append(np.mean(-np.log(chance) * WEIGHT[rows]))
    assert_allclose(net.history_["eval_train_loss"], expected, rtol=1e-9)


@pytest.mark.parametrize("way", WAYS)
def test_rows_of_many_forward_passes(way):
    many = np.tile(X, (300, 1))
    net = make(NetClassifier, callbacks=WAYS[way], max_epochs=1, batch_size=3000).fit(many, np.tile(y, 300))
    assert_allclose(net.history_["eval_train_loss"], by_scikit_learn(net, None), rtol=1e-9)


def test_early_stopping_evaluates_the_rows_that_are_trained_on():
    """With one row of 30 set aside the loss on all is the mean of both, weighted by their numbers."""
    net = make(NetClassifier, early_stopping=True, validation_fraction=0.2, patience=30).fit(X, y)
    best = net.best_epoch_ - 1
    both = np.average([net.history_[f"{name}_loss"][best] for name in ("eval_train", "valid")], weights=[24, 6])
    assert_allclose(both, by_scikit_learn(net, None), rtol=1e-9)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_in_pieces_saved_between(early_stopping, tmp_path):
    whole, pieces = (make(NetRegressor, early_stopping=early_stopping) for _ in range(2))
    whole.fit(X, Y)
    for n_epochs in (1, 8, 9, 30):
        pieces.fit_until(X, Y, n_epochs)
        assert pieces.net_.history[-1, "eval_train_loss"] == pieces.history_["eval_train_loss"][-1]
        sktune.save(pieces, tmp_path / "net")
        pieces = sktune.load(tmp_path / "net")
    assert pieces.history_ == whole.history_
    assert pieces.eval_train_loss is True


@pytest.mark.parametrize("way", WAYS)
def test_epochs_that_did_not_record_it_have_nan(way, tmp_path):
    net = make(NetClassifier, callbacks=WAYS[way], warm_start=True, max_epochs=3)
    for wanted in (False, True, False):
        net.set_params(eval_train_loss=wanted).fit(X, y)
    is_nan = [True] * 3 + [False] * 3 + [True] * 3
    assert np.isnan(net.history_["eval_train_loss"]).tolist() == is_nan
    assert len(net.net_.history) == 9
    sktune.save(net.set_params(callbacks=None), tmp_path / "net")
    assert np.isnan(sktune.load(tmp_path / "net").history_["eval_train_loss"]).tolist() == is_nan
