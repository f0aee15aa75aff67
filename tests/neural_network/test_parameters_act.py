"""Each parameter changes what its documentation says; what is off is off to the last bit, over hundreds of epochs."""

from functools import cache

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from reference import assert_same_weights, train, weights_of
from skorch.callbacks import Callback

from sktune import NetClassifier, NetRegressor
from sktune.engine import FitPlan, Rows, fit_plans
from sktune.modules import NetworkSpec
from sktune.schedules import SCHEDULES

rng = np.random.default_rng(0)
X = rng.normal(size=(12, 3)).astype("float32")
y = (X[:, 0].argsort().argsort() >= 6).astype(int)  # balanced
#: noise that never ends: the loss falls, rises and stalls
SETTINGS = {
    "n_layers": 1, "n_neurons": 4, "input_noise": 0.3, "batch_size": 12, "lr": 0.02, "max_epochs": 200,
    "random_state": 0,
}  # fmt: skip
EARLY = {"early_stopping": True, "validation_fraction": 0.3, "patience": 200}
#: skorch's loop takes several times as long
WAYS = {"engine": {}, "skorch": {"callbacks": [Callback()], "max_epochs": 60}}
NETS = [NetClassifier, NetRegressor]


def fitted(Net=NetClassifier, **changes):
    return Net(**{**SETTINGS, **changes}).fit(X, y)


def outputs(net):
    return net.predict_proba(X) if isinstance(net, NetClassifier) else net.predict(X)


# -- every parameter acts ---------------------------------------------------------------------------------------------


def matrices(net):
    return torch.cat([value.flatten() for name, value in weights_tensors(net).items() if name.endswith("weight")])


def weights_tensors(net):
    return {name: value.detach() for name, value in net.net_.module_.named_parameters()}


def steps_per_epoch(net):
    return net._current_state().n_steps / net.n_iter_


def first_step(net, **changes):
    """Length of the first step of plain gradient descent at lr=1."""
    plain = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "max_epochs": 1}
    start, end = (
        fitted(type(net), **{**plain, "lr": lr, "clip_norm": net.clip_norm, "callbacks": net.callbacks, **changes})
        for lr in (1e-30, 1.0)
    )
    squares = [(value - weights_tensors(start)[name]).square().sum() for name, value in weights_tensors(end).items()]
    return float(torch.stack(squares).sum().sqrt())


def is_noise_of_training(base, changed):
    """At a rate of nearly 0 the weights stay: what differs then is the training loss, and not the one without noise."""
    assert_allclose(base.history_["eval_train_loss"], changed.history_["eval_train_loss"], rtol=1e-6)
    assert not np.isclose(base.history_["train_loss"], changed.history_["train_loss"], rtol=1e-4).any()


def differ(base, changed):
    assert np.abs(outputs(base) - outputs(changed)).max() > 1e-4


def rates_differ(base, changed):
    assert base.history_["lr"] != changed.history_["lr"]


def equal_to(value, of):
    def check(base, changed):
        assert of(changed) == value
        assert of(base) != value

    return check


STILL = {"lr": 1e-30, "eval_train_loss": True, "input_noise": 0.0, "max_epochs": 20}
SHORT = {"max_epochs": 20}
STEP = {"lr_schedule": "step", "lr_step": 5, "max_epochs": 20}
#: per parameter: the settings beside it, its changed value, and what is to be seen then
ACTS = {
    "n_layers": (SHORT, 3, equal_to(3, lambda net: len(net.net_.module_.hidden))),
    "n_neurons": (SHORT, 7, equal_to(7, lambda net: net.net_.module_.output.in_features)),
    "activation": (SHORT, "tanh", equal_to(torch.nn.Tanh, lambda net: type(net.net_.module_.activation))),
    "normalization": (SHORT, "layer", equal_to(torch.nn.LayerNorm, lambda net: type(net.net_.module_.norms[0]))),
    "dropout": (STILL, 0.5, is_noise_of_training),
    "weight_decay": (SHORT, 1.0, lambda base, changed: differ_in_size(base, changed, torch.linalg.vector_norm)),
    "l1": (SHORT, 0.1, lambda base, changed: differ_in_size(base, changed, lambda values: values.abs().sum())),
    "focal_gamma": ({**SHORT, "loss": "focal"}, 0.3, differ),
    "quantile": ({**SHORT, "loss": "quantile"}, 0.8, differ),
    "huber_delta": ({**SHORT, "loss": "huber"}, 0.3, differ),
    "label_smoothing": (STILL, 0.3, is_noise_of_training),
    "mixup": (STILL, 1.0, is_noise_of_training),
    "input_noise": (STILL, 0.5, is_noise_of_training),
    "optimizer": (SHORT, "sgd", equal_to(torch.optim.SGD, lambda net: type(net.net_.optimizer_))),
    "lr": (SHORT, 0.05, equal_to({0.05}, lambda net: set(net.history_["lr"]))),
    "momentum": (SHORT, 0.1, differ),
    "clip_norm": (SHORT, 0.01, lambda base, changed: bounds_the_step(base, changed, 0.01)),
    "lr_schedule": (STEP, "linear", rates_differ),
    "lr_decay": (STEP, 0.1, rates_differ),
    "lr_step": (STEP, 4, rates_differ),
    "lr_warmup": (STEP, 0.2, rates_differ),
    "batch_size": (SHORT, 4, equal_to(3, steps_per_epoch)),
    "max_epochs": (SHORT, 7, equal_to(7, lambda net: net.n_iter_)),
    "early_stopping": (SHORT, True, equal_to(True, lambda net: "valid_loss" in net.history_)),
    "validation_fraction": ({**SHORT, **EARLY, "batch_size": 1}, 0.5, equal_to(6, steps_per_epoch)),
    "validation_split": ({**SHORT, **EARLY}, "last", differ),
    "patience": ({**SHORT, **EARLY, "tol": 1e6}, 3, equal_to(4, lambda net: net.n_iter_)),
    "eval_train_loss": (SHORT, True, equal_to(True, lambda net: "eval_train_loss" in net.history_)),
    "eval_valid_loss": (SHORT, True, equal_to(True, lambda net: "valid_loss" in net.history_)),
    "class_weight": (SHORT, {0: 3.0}, differ),
    "dtype": (SHORT, "float64", equal_to(torch.float64, lambda net: matrices(net).dtype)),
    "random_state": (SHORT, 1, differ),
}
#: shown by tests of their own
SHOWN_BELOW = {"loss", "tol", "device", "callbacks", "warm_start", "verbose"}


def differ_in_size(base, changed, size):
    assert size(matrices(changed)) < 0.9 * size(matrices(base))


def bounds_the_step(base, changed, bound):
    assert first_step(base) > bound
    assert first_step(changed) == pytest.approx(bound, rel=1e-3)


@pytest.mark.parametrize("Net", NETS)
def test_all_parameters_are_here(Net):
    assert Net().get_params().keys() <= {*ACTS, *SHOWN_BELOW}
    known = NetClassifier().get_params().keys() | NetRegressor().get_params().keys()
    assert {*ACTS, *SHOWN_BELOW} <= known


CASES = [(Net, name, way) for Net in NETS for name in ACTS for way in WAYS if name in Net().get_params()]


@pytest.mark.parametrize(("Net", "name", "way"), CASES)
def test_it_acts(Net, name, way):
    beside, value, check = ACTS[name]
    base = fitted(Net, **{"callbacks": WAYS[way].get("callbacks"), **beside})
    check(base, fitted(Net, **{"callbacks": WAYS[way].get("callbacks"), **beside, name: value}))


@pytest.mark.parametrize(
    ("Net", "loss"),
    [(NetClassifier, "focal"), *((NetRegressor, loss) for loss in ("absolute_error", "huber", "quantile"))],
)
def test_loss(Net, loss):
    differ(fitted(Net, **SHORT), fitted(Net, **SHORT, loss=loss))


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "rmsprop"])
def test_momentum_acts_for_each_optimizer(optimizer):
    differ(*(fitted(**SHORT, optimizer=optimizer, momentum=momentum) for momentum in (0.0, 0.9)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("Net", NETS)
def test_tol_acts_on_patience(Net, way):
    first, last = int(y.argmin()), int(y.argmax())
    rows = np.repeat([first, last], 6)  # what is set aside is what is trained on: small steps lower its loss
    settings = {**SETTINGS, **EARLY, "patience": 3, "input_noise": 0.0, "lr": 1e-3, "max_epochs": 20}
    settings["callbacks"] = WAYS[way].get("callbacks")
    assert [Net(**settings, tol=tol).fit(X[rows], y[rows]).n_iter_ for tol in (0.0, 1e6)] == [20, 4]


def test_tol_and_lr_step_act_on_the_plateau():
    settings = {"lr_schedule": "plateau", "lr_step": 3, "tol": 1e6, "max_epochs": 9}
    assert fitted(**settings).history_["lr"] == [0.02] * 5 + [0.01] * 4
    assert fitted(**{**settings, "lr_step": 1}).history_["lr"][:4] == [0.02] * 3 + [0.01]
    assert fitted(**{**settings, "tol": 0.0, "input_noise": 0.0, "lr": 1e-3}).history_["lr"] == [1e-3] * 9


@pytest.mark.parametrize("device", ["cpu", "auto", pytest.param("cuda", marks=pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a GPU"))])  # fmt: skip
def test_device(device):
    where = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    assert matrices(fitted(**SHORT, device=device)).device.type == where
    with pytest.raises(ValueError, match="device='abacus' cannot be used here"):
        fitted(device="abacus")


def test_callbacks():
    class Count(Callback):
        seen = 0

        def on_epoch_end(self, net, **kwargs):
            Count.seen += 1

    fitted(**SHORT, callbacks=[Count()])
    assert Count.seen == 20


@pytest.mark.parametrize("way", WAYS)
def test_warm_start(way):
    settings = {"callbacks": WAYS[way].get("callbacks"), **SHORT}
    net = fitted(**settings, warm_start=True)
    assert net.fit(X, y).n_iter_ == 40
    assert_same_training(net.set_params(warm_start=False).fit(X, y), fitted(**settings))


@pytest.mark.parametrize("way", WAYS)
def test_verbose(way, capsys):
    silent = fitted(**WAYS[way])
    assert capsys.readouterr() == ("", "")
    loud = fitted(**WAYS[way], verbose=1)
    assert len(capsys.readouterr().out.splitlines()) == loud.n_iter_
    assert_same_training(loud, silent)


# -- off is off -------------------------------------------------------------------------------------------------------


def assert_same_training(one, other):
    """Bit for bit, in every epoch."""
    for name in one.history_.keys() & other.history_.keys():
        assert one.history_[name] == other.history_[name]
    assert (one.n_iter_, one.best_epoch_) == (other.n_iter_, other.best_epoch_)
    states = [net._current_state().network for net in (one, other)]
    for name, value in states[0].items():
        assert torch.equal(value.to(states[1][name].dtype), states[1][name])


@cache
def usual(Net, way, settings):
    return fitted(Net, **{**WAYS[way], **dict(settings)})


#: pairs of settings, beside the usual ones, that are the same training; numbers like 1e-60 are 0 in float32
SAME = {
    "dropout": ({"dropout": 0.0}, {"dropout": 1e-6}),  # a probability is rounded to a multiple of 2**-16
    "weight_decay": ({"weight_decay": 0.0, "optimizer": "adam"}, {"weight_decay": 0.0, "optimizer": "adamw"}),
    "l1": ({"l1": 0.0}, {"l1": 1e-60}),
    "input_noise": ({"input_noise": 0.0}, {"input_noise": 1e-60}),
    "clip_norm": ({"clip_norm": None}, {"clip_norm": 1e30}),
    "lr_warmup": ({"lr_warmup": 0.0}, {"lr_warmup": 1e-6}),  # less than half a step
    "onecycle without lr_warmup": (
        {"lr_warmup": 0.0, "lr_schedule": "onecycle"},
        {"lr_warmup": 0.3, "lr_schedule": "onecycle"},
    ),
    "without early_stopping": (
        {},
        {"patience": 1, "tol": 1e6, "validation_fraction": 0.9, "validation_split": "group"},
    ),
    "eval_valid_loss beside early_stopping": (EARLY, {**EARLY, "eval_valid_loss": True}),
    "patience that is never lost": (EARLY, {**EARLY, "patience": 1000, "tol": 1e6}),
    "batch_size": ({}, {"batch_size": 1000}),
    "n_neurons": ({}, {"n_neurons": (4,), "n_layers": None}),
    "no hidden layer": (
        {"n_layers": 0},
        {"n_layers": 0, "n_neurons": 9, "dropout": 0.5, "normalization": "batch", "activation": "tanh"},
    ),
    "warm_start of a first fit": ({}, {"warm_start": True}),
    "eval_train_loss": ({"dropout": 0.3}, {"dropout": 0.3, "eval_train_loss": True}),
    "eval_train_loss beside early_stopping": (
        {**EARLY, "normalization": "batch"},
        {**EARLY, "normalization": "batch", "eval_train_loss": True},
    ),
    **{f"tol of {name}": ({"lr_schedule": name}, {"lr_schedule": name, "tol": 1e6}) for name in SCHEDULES[:-1]},
    **{
        f"lr_decay and lr_step of {name}": (
            {"lr_schedule": name},
            {"lr_schedule": name, "lr_decay": 0.1, "lr_step": 1, "tol": 1e6},
        )
        for name in ("constant", "linear", "cosine", "onecycle")
    },
    "lr_decay of 1": ({}, {"lr_schedule": "step", "lr_decay": 1.0}),
}
#: the same for classifiers
SAME_FOR_CLASSES = {
    "focal_gamma of the cross-entropy": ({}, {"focal_gamma": 5.0}),
    "focal_gamma of 0": ({}, {"loss": "focal", "focal_gamma": 0}),
    "label_smoothing": ({"label_smoothing": 0.0}, {"label_smoothing": 1e-60}),
    "class_weight": ({}, {"class_weight": {0: 1.0, 1: 1.0}}),
    "class_weight of another scale": ({}, {"class_weight": {0: 4.0, 1: 4.0}}),
    "class_weight of balanced classes": ({}, {"class_weight": "balanced"}),
}
#: the same for regressors
SAME_FOR_NUMBERS = {
    "quantile and huber_delta of other losses": ({}, {"quantile": 0.9, "huber_delta": 0.1}),
    "a quantile of other losses": ({"loss": "poisson"}, {"loss": "poisson", "quantile": 0.9, "huber_delta": 0.1}),
}
PAIRS = [(Net, name, way) for name in SAME for Net, way in ((NetClassifier, "engine"), (NetClassifier, "skorch"),
                                                           (NetRegressor, "engine"))]  # fmt: skip
PAIRS += [(NetClassifier, name, way) for name in SAME_FOR_CLASSES for way in WAYS]
PAIRS += [(NetRegressor, name, "engine") for name in SAME_FOR_NUMBERS]


@pytest.mark.parametrize(("Net", "name", "way"), PAIRS)
def test_off_is_off(Net, name, way):
    off, nearly = {**SAME, **SAME_FOR_CLASSES, **SAME_FOR_NUMBERS}[name]
    base = usual(Net, way, tuple(off.items()))
    assert base.n_iter_ == (WAYS[way].get("max_epochs") or SETTINGS["max_epochs"])
    assert_same_training(base, fitted(Net, **{**WAYS[way], **nearly}))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("Net", NETS)
def test_weights_of_one_are_no_weights(Net, way):
    many, target = rng.normal(size=(300, 3)), rng.permutation(300) % 2  # sums over many rows, in some order
    settings = {**SETTINGS, **WAYS[way], **EARLY, "batch_size": 50, "max_epochs": 30, "dtype": "float64"}
    plain = Net(**settings).fit(many, target)
    assert_same_training(plain, Net(**settings).fit(many, target, np.ones(300)))
    if Net is NetClassifier:
        assert_same_training(plain, Net(**settings, class_weight={0: 1.0, 1: 1.0}).fit(many, target))


@pytest.mark.parametrize("callbacks", [[], ()])
def test_no_callbacks_are_none(callbacks):
    assert_same_training(usual(NetClassifier, "engine", ()), fitted(callbacks=callbacks))


def test_a_longer_training_begins_as_a_shorter_one():
    longer = fitted(max_epochs=300).history_
    assert {name: values[:200] for name, values in longer.items()} == usual(NetClassifier, "engine", ()).history_


#: everything that may be off is off, for each optimizer
PLAIN = {"input_noise": 0.0, "weight_decay": 0.0, "activation": "tanh", "dtype": "float64", "lr": 0.01}


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "rmsprop"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("way", WAYS)
def test_with_all_off_it_is_torchs_plain_loop(optimizer, momentum, way):
    net = fitted(**{**WAYS[way], **PLAIN, "optimizer": optimizer, "momentum": momentum})
    assert_same_weights(weights_of(net), train(net, X.astype("float64"), y), rtol=1e-6)


def test_a_neighbour_that_clips_changes_nothing_where_norms_overflow():
    """The square of a gradient beyond 1e19 is infinite in float32; that matters to a norm, which nobody asked for."""
    rows = Rows(1e25 * X, y)
    common = {"network": NetworkSpec(3, 2, ()), "optimizer": "sgd", "lr": 1e-35, "n_epochs": 5}
    free = FitPlan(train=rows, **common)
    (alone,) = fit_plans([free])
    beside, _ = fit_plans([free, FitPlan(train=Rows(X, y), clip_norm=0.1, **common)])
    assert beside.error is None
    assert beside.history == alone.history
    for name, value in alone.state.weights.items():
        assert_array_equal(beside.state.weights[name], value)
