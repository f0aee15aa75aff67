"""Training in pieces by `fit_until` comes to what one `fit` does, bit for bit."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.datasets import load_diabetes, load_iris
from skorch.callbacks import GradientNormClipping

from sktune import NetClassifier, NetRegressor

SETTINGS = [
    {},
    {"lr_schedule": "onecycle", "lr_warmup": 0.2, "optimizer": "sgd", "lr": 0.05},
    {"lr_schedule": "plateau", "lr_step": 1, "tol": 0.1, "lr": 0.01},
    {"early_stopping": True, "patience": 2, "lr": 0.05, "max_epochs": 12},
    {"normalization": "batch", "dropout": 0.3, "mixup": 0.2, "input_noise": 0.1},
    {"weight_decay": 0.1, "l1": 1e-4, "clip_norm": 0.5, "dtype": "float64"},
]


def make(net, params):
    return net(
        **{"max_epochs": 8, "n_neurons": 9, "batch_size": 32, "lr_schedule": "cosine", "random_state": 0, **params}
    )


def load(net):
    X, y = (load_iris if net is NetClassifier else load_diabetes)(return_X_y=True)
    return X[::2], y[::2]


def assert_same_training(one, other, X):
    assert one.history_ == other.history_
    assert (one.n_iter_, one.best_epoch_) == (other.n_iter_, other.best_epoch_)
    outputs = [getattr(net, "predict_proba", net.predict)(X) for net in (one, other)]
    assert_array_equal(*outputs)


@pytest.mark.parametrize("net", [NetClassifier, NetRegressor])
@pytest.mark.parametrize("params", SETTINGS)
def test_pieces_are_a_single_fit(net, params):
    X, y = load(net)
    whole, pieces = make(net, params).fit(X, y), make(net, params)
    for n_epochs in (1, 2, 5, 5, 4, whole.max_epochs):
        pieces.fit_until(X, y, n_epochs)
    assert_same_training(whole, pieces, X)


@settings(deadline=None, max_examples=15)
@given(pauses=st.lists(st.integers(1, 8)), params=st.sampled_from(SETTINGS), look=st.booleans(), copy=st.booleans())
def test_a_paused_training_may_be_looked_at_and_pickled(pauses, params, look, copy):
    X, y = load(NetClassifier)
    weights = np.linspace(0, 2, len(X))  # the first row does not count at all
    whole, pieces = make(NetClassifier, params).fit(X, y, weights), make(NetClassifier, params)
    for n_epochs in [*sorted(pauses), whole.max_epochs]:
        pieces.fit_until(X, y, n_epochs, weights)
        if look:
            assert pieces.net_.module_ is not None
        if copy:
            pieces = pickle.loads(pickle.dumps(pieces))
    assert_same_training(whole, pieces, X)


def test_pauses_are_where_they_were_asked_for():
    X, y = load(NetClassifier)
    net = make(NetClassifier, {})
    seen = [net.fit_until(X, y, n_epochs).n_iter_ for n_epochs in (3, 2, 5)]
    assert seen == [3, 3, 5]
    assert [round(lr, 12) for lr in net.history_["lr"]] == [
        round(lr, 12) for lr in make(NetClassifier, {}).fit(X, y).history_["lr"][:5]
    ]


def test_early_stopping_ends_the_training_for_good():
    X, y = load(NetClassifier)
    net = make(NetClassifier, {"early_stopping": True, "patience": 1, "lr": 1e-9, "tol": 1.0, "max_epochs": 50})
    n_iter = net.fit_until(X, y, 40).n_iter_
    assert n_iter < 10
    assert net.fit_until(X, y, 50).n_iter_ == n_iter


def test_other_parameters_hold_for_the_epochs_to_come():
    X, y = load(NetClassifier)
    net = make(NetClassifier, {"lr_schedule": "constant", "lr": 0.01}).fit_until(X, y, 3)
    net.set_params(lr=0.002, dropout=0.2, batch_size=16).fit_until(X, y, 5)
    assert net.history_["lr"] == [0.01] * 3 + [0.002] * 2


def test_weights_that_the_user_has_changed_are_gone_on_from():
    X, y = load(NetClassifier)
    nets = [make(NetClassifier, {}).fit_until(X, y, 3) for _ in range(2)]
    for parameter in nets[0].net_.module_.parameters():
        parameter.data.zero_()
    one, other = (net.fit_until(X, y, 4).predict_proba(X) for net in nets)
    assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize("n_epochs", [0, -1, 9, 2.0, None, True])
def test_the_number_of_epochs_is_checked(n_epochs):
    X, y = load(NetClassifier)
    with pytest.raises(ValueError, match=f"n_epochs must be an int from 1 to max_epochs=8, got {n_epochs}"):
        make(NetClassifier, {}).fit_until(X, y, n_epochs)


def test_skorch_callbacks_cannot_be_paused():
    X, y = load(NetClassifier)
    with pytest.raises(ValueError, match="set callbacks=None"):
        make(NetClassifier, {"callbacks": [GradientNormClipping()]}).fit_until(X, y, 3)
