"""skorch callbacks: they may stop a training anywhere, and everything stays in order."""

import os
import pickle
import signal
import threading
import time

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_classification
from skorch.callbacks import Callback, EpochScoring, ProgressBar
from skorch.callbacks import EarlyStopping as SkorchEarlyStopping

from sktune import NetClassifier, NetRegressor

X, y = make_classification(n_samples=40, n_features=4, random_state=0)
SMALL = {"n_neurons": 4, "max_epochs": 5, "batch_size": 10, "lr": 0.05, "random_state": 0}


class StopIn(Callback):
    """Raise KeyboardInterrupt in `hook` of epoch `epoch`, as skorch's callbacks do to end a training."""

    def __init__(self, hook, epoch, training=None):
        self.hook = hook
        self.epoch = epoch
        self.training = training

    def notify(self, hook, net, training=None, **kwargs):
        if hook == self.hook and len(net.history) == self.epoch and training == self.training:
            raise KeyboardInterrupt

    def on_epoch_begin(self, net, **kwargs):
        self.notify("epoch_begin", net)

    def on_batch_begin(self, net, training=None, **kwargs):
        self.notify("batch_begin", net, training)

    def on_grad_computed(self, net, **kwargs):
        self.notify("grad_computed", net)

    def on_batch_end(self, net, training=None, **kwargs):
        self.notify("batch_end", net, training)

    def on_epoch_end(self, net, **kwargs):
        self.notify("epoch_end", net)


#: where the training stops -> how many epochs count when it happens in the third
COUNTED = {
    ("epoch_begin", None): 3,
    ("batch_begin", True): 2,
    ("grad_computed", None): 2,
    ("batch_end", True): 3,
    ("batch_begin", False): 2,
    ("batch_end", False): 3,
    ("epoch_end", None): 3,
}


#: without early stopping there are no validation batches
PLACES = [(*place, True) for place in COUNTED] + [(*place, False) for place in COUNTED if place[1] is not False]


@pytest.mark.parametrize(("hook", "training", "early_stopping"), PLACES)
def test_a_callback_may_stop_the_training_anywhere(hook, training, early_stopping):
    options = {**SMALL, "early_stopping": early_stopping}
    net = NetClassifier(**options, callbacks=[StopIn(hook, 3, training)]).fit(X, y)
    assert net.n_iter_ == len(net.net_.history) == COUNTED[hook, training]
    assert {len(values) for values in net.history_.values()} == {net.n_iter_}
    if early_stopping:
        assert net.best_epoch_ == 1 + np.argmin(net.history_["valid_loss"])
    else:
        assert net.best_epoch_ == net.n_iter_
    assert all(dropout.stream is None for dropout in net.net_.module_.dropouts)
    assert np.isfinite(net.predict_proba(X)).all()


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_training_that_stops_before_its_first_loss_keeps_the_network_as_it_started(early_stopping):
    options = {**SMALL, "early_stopping": early_stopping}
    net = NetClassifier(**options, callbacks=[StopIn("batch_begin", 1, True)]).fit(X, y)
    assert (net.n_iter_, net.best_epoch_, net.history_, len(net.net_.history)) == (0, 0, {}, 0)
    untrained = NetClassifier(**{**options, "lr": 1e-30, "weight_decay": 0.0, "max_epochs": 1}).fit(X, y)
    assert_array_equal(net.predict_proba(X), untrained.predict_proba(X))


def test_stopping_does_not_outlast_the_training():
    net = NetRegressor(**SMALL, warm_start=True, callbacks=[StopIn("epoch_end", 2)]).fit(X, y)
    assert net.n_iter_ == 2
    assert net.fit(X, y).n_iter_ == 7


def test_callbacks_get_what_skorch_gives_them():
    seen = []

    class Look(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            seen.append(("train_begin", X.shape, y.shape))

        def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
            seen.append(("epoch_begin", len(dataset_train), len(dataset_valid)))

        def on_batch_end(self, net, batch=None, training=None, **kwargs):
            features, target = batch  # the pair that skorch's own data loaders give
            seen.append(("batch", tuple(features.shape), tuple(target.shape), training))

        def on_train_end(self, net, X=None, y=None, **kwargs):
            seen.append(("train_end", X.shape, y.shape))

    options = {**SMALL, "max_epochs": 1, "early_stopping": True}
    NetClassifier(**options, callbacks=[Look()]).fit(X, y, np.ones(40))
    assert seen == [
        ("train_begin", (36, 4), (36,)),
        ("epoch_begin", 36, 4),
        *[("batch", (n, 4), (n,), True) for n in (10, 10, 10, 6)],
        ("batch", (4, 4), (4,), False),
        ("train_end", (36, 4), (36,)),
    ]


def test_scores_by_skorch_are_the_estimators():
    scoring = EpochScoring("accuracy", lower_is_better=False, name="train_accuracy", on_train=True, use_caching=False)
    net = NetClassifier(**SMALL, callbacks=[scoring]).fit(X, y)
    assert net.net_.history[-1, "train_accuracy"] == pytest.approx(net.score(X, y))


def test_skorchs_early_stopping_stops_at_its_epoch():
    stopping = SkorchEarlyStopping(
        monitor="train_loss", patience=2, threshold=1e9, threshold_mode="abs", sink=lambda message: None
    )
    assert NetRegressor(**{**SMALL, "max_epochs": 50}, callbacks=[stopping]).fit(X, y).n_iter_ == 3


def test_callbacks_are_copied_cloned_and_pickled():
    given = StopIn("epoch_end", 2)
    net = NetClassifier(**SMALL, callbacks=[("stop", given)]).fit(X, y)
    used = dict(net.net_.callbacks_)["stop"]
    assert used is not given
    assert clone(net).callbacks[0][1].epoch == 2
    again = pickle.loads(pickle.dumps(net))
    assert_array_equal(again.predict(X), net.predict(X))
    assert again.fit(X, y).n_iter_ == 2


def test_callbacks_change_nothing_in_the_training():
    plain = NetClassifier(**SMALL, dropout=0.2, dtype="float64").fit(X, y)
    watched = clone(plain).set_params(callbacks=[EpochScoring("accuracy"), Callback]).fit(X, y)
    # skorch's loop and the engine's: equal but for rounding
    assert_allclose(watched.predict_proba(X), plain.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("junk", [[3], [ProgressBar(), "name"], [("name", 3)], [("a", "b", "c")], [NetClassifier]])
def test_what_is_no_callback_is_refused(junk):
    with pytest.raises(TypeError, match=r"callbacks must be skorch callbacks or \(name, callback\) pairs, got"):
        NetClassifier(**SMALL, callbacks=junk).fit(X, y)


def test_an_error_in_a_callback_leaves_everything_in_order():
    class Break(Callback):
        def on_batch_end(self, net, **kwargs):
            raise ZeroDivisionError

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        net = NetClassifier(**SMALL, callbacks=[Break()])
        with pytest.raises(ZeroDivisionError):
            net.fit(X, y)
        assert torch.get_num_threads() == 2
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert not hasattr(net, "net_")
        assert net.set_params(callbacks=None).fit(X, y).n_iter_ == 5
    finally:
        torch.set_num_threads(before)


class TellOfEpochs(Callback):
    """Set an event at the end of an epoch; copies share it."""

    def __init__(self, event):
        self.event = event

    def __deepcopy__(self, memo):
        return TellOfEpochs(self.event)

    def on_epoch_end(self, net, **kwargs):
        self.event.set()


def test_ctrl_c_during_a_training_is_the_users():
    """The signal comes from another thread, at some moment of a training that would last for hours."""
    training = threading.Event()

    def press_ctrl_c():
        assert training.wait(60)
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press_ctrl_c)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        NetClassifier(**{**SMALL, "max_epochs": 10**6}, callbacks=[TellOfEpochs(training)]).fit(X, y)
    thread.join()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
