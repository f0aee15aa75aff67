"""Early stopping, going on, seeds, devices, callbacks, divergence: how a training runs."""

import io
import pickle
import subprocess
import sys
from contextlib import redirect_stdout

import numpy as np
import pytest
import torch
from reference import assert_same_weights, weights_of
from sklearn.datasets import make_classification, make_regression
from sklearn.metrics import log_loss
from skorch.callbacks import Callback, EpochScoring
from skorch.callbacks import EarlyStopping as SkorchEarlyStopping

from sktune import NetClassifier, NetRegressor
from sktune._utils.random import derive_seed
from sktune.exceptions import DivergedError
from sktune.neural_network._validation_split import validation_split

X, y = make_classification(n_samples=90, n_features=5, n_informative=4, n_redundant=0, random_state=0)
X_reg, y_reg = make_regression(n_samples=90, n_features=5, noise=20.0, random_state=0)
SMALL = {"n_neurons": 8, "max_epochs": 6, "random_state": 0}


def predictions(net, data=X):
    return net.predict_proba(data) if hasattr(net, "predict_proba") else net.predict(data)


# -- every kind of noise has an effect, and only while training ---------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"dropout": 0.3}, {"mixup": 0.4}, {"input_noise": 0.5}, {"lr_warmup": 0.5}, {"lr": 0.02}, {"batch_size": 30}],
    ids=str,
)
@pytest.mark.parametrize("Net", [NetClassifier, NetRegressor])
def test_parameter_changes_the_network_and_repeats(Net, change):
    target = y if Net is NetClassifier else y_reg
    base = Net(**SMALL).fit(X, target)
    changed, again = (Net(**{**SMALL, **change}).fit(X, target) for _ in range(2))
    assert not np.allclose(predictions(base), predictions(changed))
    np.testing.assert_array_equal(predictions(changed), predictions(again))
    np.testing.assert_array_equal(predictions(changed), predictions(changed))  # no noise in prediction


def test_noise_does_not_touch_the_global_streams():
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    NetClassifier(**SMALL, dropout=0.2, mixup=0.2, input_noise=0.1).fit(X, y)
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


# -- early stopping -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("Net", [NetClassifier, NetRegressor])
@pytest.mark.parametrize("normalization", [None, "batch"])
def test_best_weights_are_restored(Net, normalization):
    target = y if Net is NetClassifier else y_reg
    net = Net(
        n_neurons=64, lr=0.05, max_epochs=80, early_stopping=True, patience=5, validation_fraction=0.3,
        normalization=normalization, random_state=0,
    ).fit(X, target)  # fmt: skip
    losses = net.history_["valid_loss"]
    assert net.best_epoch_ == 1 + int(np.argmin(losses)) < net.n_iter_ == len(losses) < 80
    # the rows set aside, found from the seed as the estimator does
    valid = held_out_rows(net, target)
    if Net is NetClassifier:
        loss = log_loss(target[valid], net.predict_proba(X[valid]), labels=net.classes_)
    else:
        shift, scale = net._target_shift[0], net._target_scale[0]
        loss = np.mean(((net.predict(X[valid]) - shift) / scale - (target[valid] - shift) / scale) ** 2)
    assert loss == pytest.approx(min(losses), rel=1e-4)


def held_out_rows(net, target):
    strata = np.unique(target, return_inverse=True)[1] if hasattr(net, "classes_") else None
    seed = derive_seed(net._seed, "validation")
    return validation_split(len(target), net.validation_fraction, seed, strata)[1]


def test_patience():
    common = {**SMALL, "max_epochs": 200, "early_stopping": True, "lr": 0.01}
    short, long = (NetRegressor(**common, patience=patience).fit(X, y_reg) for patience in (2, 20))
    assert short.n_iter_ < long.n_iter_


def test_tol_counts_the_first_epoch_as_an_improvement():
    net = NetRegressor(**{**SMALL, "max_epochs": 50}, early_stopping=True, patience=3, tol=1e6).fit(X, y_reg)
    assert net.n_iter_ == 4  # the first beats infinity, and three in a row do not beat it by 1e6


@pytest.mark.parametrize("fraction", [0.1, 0.33, 0.5])
def test_validation_split_is_stratified(fraction):
    strata = np.repeat([0, 1, 2, 3], [100, 40, 7, 1])
    for seed in range(20):
        train, valid = validation_split(148, fraction, seed, strata)
        assert sorted([*train, *valid]) == list(range(148))
        assert len(valid) == round(fraction * 148)
        counts = np.bincount(strata[valid], minlength=4)
        assert (abs(counts[:3] - fraction * np.array([100, 40, 7])) <= 1.5).all()
        assert counts[3] == 0  # a class of one row is trained on


def test_a_validation_split_of_two_rows_leaves_one_to_train_on():
    assert [len(part) for part in validation_split(2, 0.01, 0)] == [1, 1]


def test_early_stopping_does_not_train_on_the_rows_set_aside():
    """Ruin the targets of the rows set aside: the losses on them change, and the weights of an epoch do not."""
    options = {**SMALL, "max_epochs": 1, "early_stopping": True}
    clean = NetRegressor(**options).fit(X, y_reg)
    ruined_y = y_reg.copy()
    valid = held_out_rows(clean, y_reg)
    ruined_y[valid[:2]] = y_reg[valid[:2]][::-1]  # same mean and scale of all targets
    ruined = NetRegressor(**options).fit(X, ruined_y)
    assert_same_weights(weights_of(ruined), weights_of(clean), rtol=1e-5)
    assert ruined.history_["valid_loss"] != clean.history_["valid_loss"]


# -- going on -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("Net", [NetClassifier, NetRegressor])
def test_partial_fits_equal_one_fit(Net, optimizer):
    target = y if Net is NetClassifier else y_reg
    options = {**SMALL, "optimizer": optimizer, "dropout": 0.2, "lr_schedule": "cosine"}
    whole = Net(**options).fit(X, target)
    pieces = Net(**options)
    for _ in range(6):
        pieces.partial_fit(X, target, **({"classes": [0, 1]} if Net is NetClassifier else {}))
    np.testing.assert_array_equal(predictions(whole), predictions(pieces))
    assert pieces.history_ == whole.history_
    assert pieces.n_iter_ == pieces.best_epoch_ == 6
    assert len(pieces.net_.history) == 6


def test_partial_fit_of_labels():
    net = NetClassifier(**SMALL)
    with pytest.raises(ValueError, match="first call of partial_fit needs classes"):
        net.partial_fit(X, y)
    net.partial_fit(X[:5], np.full(5, "b"), classes=["a", "b", "c"])
    assert net.predict_proba(X).shape == (90, 3)
    with pytest.raises(ValueError, match=r"y has labels \['d'\] that are not in classes_"):
        net.partial_fit(X[:2], ["a", "d"])
    with pytest.raises(ValueError, match="is not the same as in the first call"):
        net.partial_fit(X[:2], ["a", "b"], classes=["a", "b"])
    with pytest.raises(ValueError, match="set early_stopping=False"):
        NetClassifier(early_stopping=True).partial_fit(X, y, classes=[0, 1])


def test_parameters_may_change_between_partial_fits():
    net = NetRegressor(**SMALL, lr=1e-3).partial_fit(X, y_reg)
    before = weights_of(net)["output.weight"].copy()
    net.set_params(lr=1e-12, weight_decay=0.0).partial_fit(X, y_reg)
    np.testing.assert_allclose(weights_of(net)["output.weight"], before, atol=1e-9)
    with pytest.raises(ValueError, match=r"lr.*must be a float in the range"):
        net.set_params(lr=-1.0).partial_fit(X, y_reg)


def test_warm_start_goes_on():
    net = NetRegressor(**SMALL, warm_start=True).fit(X, y_reg)
    first = net.history_["train_loss"][-1]
    net.fit(X, y_reg)
    assert net.n_iter_ == 12
    assert net.history_["epoch"] == list(range(1, 13))
    assert net.history_["train_loss"][6] < first * 1.1
    cold = NetRegressor(**SMALL).fit(X, y_reg).fit(X, y_reg)
    assert cold.n_iter_ == 6
    assert len(cold.net_.history) == 6


def test_warm_start_refuses_another_network():
    net = NetClassifier(**SMALL, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"former network, whose hidden is \(8, 8\)"):
        net.set_params(n_neurons=9).fit(X, y)
    net.set_params(n_neurons=8)
    with pytest.raises(ValueError, match=r"y has labels \[2\]"):
        net.fit(X, np.arange(90) % 3)
    with pytest.raises(ValueError, match="5 features"):
        net.fit(X[:, :3], y)


# -- seeds, devices, output ---------------------------------------------------------------------------------------


def test_random_state():
    fit = lambda state: predictions(NetClassifier(**{**SMALL, "random_state": state}).fit(X, y))  # noqa: E731
    np.testing.assert_array_equal(fit(3), fit(3))
    np.testing.assert_array_equal(fit(np.random.RandomState(3)), fit(np.random.RandomState(3)))
    assert not np.allclose(fit(3), fit(4))
    assert not np.allclose(fit(None), fit(None))


def test_device():
    for device in ("auto", "cpu"):
        assert NetClassifier(**SMALL, device=device).fit(X, y).net_.module_.output.weight.device.type in ("cpu", "cuda")
    with pytest.raises(ValueError, match="device='abacus' cannot be used here"):
        NetClassifier(device="abacus").fit(X, y)
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="device='cuda' cannot be used here"):
            NetClassifier(device="cuda").fit(X, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype(dtype):
    net = NetClassifier(**SMALL, dtype=dtype).fit(X, y)
    assert net.net_.module_.output.weight.dtype == getattr(torch, dtype)
    assert net.predict_proba(X).dtype == np.float64  # computed so, for metrics


def test_verbose_prints_a_line_per_epoch(capsys):
    NetClassifier(**SMALL).fit(X, y)
    assert capsys.readouterr() == ("", "")
    NetClassifier(**SMALL, verbose=1, early_stopping=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == [f"{epoch}/6" for epoch in range(1, 7)]
    assert all("train_loss" in line and "valid_loss" in line and "lr" in line for line in lines)


def test_widths():
    net = NetClassifier(**{**SMALL, "n_neurons": (7, 3, 5)}, n_layers=None).fit(X, y)
    assert [layer.out_features for layer in net.net_.module_.hidden] == [7, 3, 5]
    assert len(NetClassifier(**SMALL, n_layers=4).fit(X, y).net_.module_.hidden) == 4
    for options, message in [
        ({"n_layers": 2, "n_neurons": (7, 3, 5)}, "has 3 entries but n_layers=2"),
        ({"n_layers": None, "n_neurons": 7}, "n_layers=None needs one entry of n_neurons per layer"),
        ({"n_layers": 2, "n_neurons": (7, 0)}, "each entry of n_neurons must be an int of at least 1, got 0"),
        ({"n_layers": 2, "n_neurons": (7, 3.0)}, "each entry of n_neurons must be an int of at least 1, got 3.0"),
        ({"normalization": "batch", "batch_size": 1}, "normalization='batch' needs batches of at least 2 rows"),
    ]:
        with pytest.raises(ValueError, match=message.replace("(", r"\(")):
            NetClassifier(**options).fit(X, y)


def test_batches_of_all_sizes_with_batch_norm():
    for batch_size in (2, 10, 89, 90, 1000):
        net = NetClassifier(**SMALL, normalization="batch", batch_size=batch_size).fit(X, y)
        assert np.isfinite(net.predict_proba(X)).all()
    whole = NetClassifier(**SMALL, batch_size=90).fit(X, y)
    np.testing.assert_array_equal(predictions(whole), predictions(NetClassifier(**SMALL, batch_size=1000).fit(X, y)))


# -- skorch callbacks ---------------------------------------------------------------------------------------------


def test_skorch_callbacks_are_passed_through():
    scoring = EpochScoring("accuracy", lower_is_better=False, name="held_out")
    net = NetClassifier(**SMALL, early_stopping=True, callbacks=[("held_out", scoring)])
    net.fit(X, y, np.random.default_rng(0).uniform(0.5, 1, 90))
    assert len(net.net_.history[:, "held_out"]) == 6
    assert 0 <= net.net_.history[-1, "held_out"] <= 1
    assert not hasattr(scoring, "best_score_")  # a copy was used: the parameter keeps no state
    assert hasattr(dict(net.net_.callbacks_)["held_out"], "best_score_")
    pickle.loads(pickle.dumps(net)).predict(X)


class StopAt(Callback):
    """End the training as skorch's callbacks do."""

    def __init__(self, hook, epoch=2):
        self.hook = hook
        self.epoch = epoch

    def _maybe_stop(self, hook, net):
        if hook == self.hook and len(net.history) == self.epoch:
            raise KeyboardInterrupt

    def on_epoch_end(self, net, **kwargs):
        self._maybe_stop("epoch", net)

    def on_batch_end(self, net, **kwargs):
        self._maybe_stop("batch", net)


@pytest.mark.parametrize("hook", ["epoch", "batch"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_callback_may_end_the_training(hook, early_stopping):
    net = NetClassifier(**SMALL, callbacks=[StopAt(hook)], early_stopping=early_stopping).fit(X, y)
    assert net.n_iter_ == len(net.history_["train_loss"]) == len(net.net_.history) == 2
    assert net.score(X, y) > 0.3


def test_skorchs_own_early_stopping():
    stopping = SkorchEarlyStopping(monitor="train_loss", patience=2, threshold=1e9, threshold_mode="abs")
    with redirect_stdout(io.StringIO()):  # it prints that it stops
        net = NetClassifier(**{**SMALL, "max_epochs": 50}, callbacks=[stopping]).fit(X, y)
    assert net.n_iter_ < 10


def test_ctrl_c_is_not_swallowed():
    """skorch's own loop would return an untrained net as if nothing had happened."""
    code = """
import os, signal, numpy as np
from skorch.callbacks import Callback
from sktune import NetRegressor

class PressCtrlC(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 3:
            os.kill(os.getpid(), signal.SIGINT)

try:
    NetRegressor(n_neurons=4, callbacks=[PressCtrlC()]).fit(np.zeros((9, 2)), np.arange(9.0))
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "interrupted", done.stderr


# -- divergence ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("Net", "options"),
    [
        (NetClassifier, {"lr": 1e6}),
        (NetClassifier, {"lr": 1e6, "optimizer": "sgd", "early_stopping": True}),
        (NetRegressor, {"lr": 1e3, "optimizer": "sgd"}),
    ],
)
def test_divergence_is_an_error_that_helps(Net, options):
    net = Net(**{**SMALL, "max_epochs": 100}, n_layers=4, **options)
    with pytest.raises(DivergedError, match=r"diverged in epoch \d+ \(lr=.*A lower lr"):
        net.fit(X * 100, y if Net is NetClassifier else y_reg)
    assert not hasattr(net, "net_")


def test_a_diverged_prediction_is_an_error():
    net = NetRegressor(**SMALL, dtype="float64").fit(X, y_reg)
    with pytest.raises(DivergedError, match="output is not finite for 1 of 2 rows"):
        net.predict(np.array([[1.7e308] * 5, [0.0] * 5]))
