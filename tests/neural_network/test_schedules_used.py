"""A fitted network was really trained at the rates that torch's schedulers give."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.datasets import make_classification
from skorch.callbacks import Callback, LRScheduler
from torch.optim import lr_scheduler

from sktune import NetClassifier, NetRegressor

X, y = make_classification(n_samples=40, n_features=4, random_state=0)
BATCH_SIZE, STEPS_PER_EPOCH, N_EPOCHS = 16, 3, 6
N_STEPS = STEPS_PER_EPOCH * N_EPOCHS
LR, DECAY, STEP = 0.02, 0.4, 2
SETTINGS = {
    "n_neurons": 4, "batch_size": BATCH_SIZE, "max_epochs": N_EPOCHS, "lr": LR, "lr_decay": DECAY, "lr_step": STEP,
    "random_state": 0,
}  # fmt: skip

#: name -> torch's scheduler over `n` steps
TORCH = {
    "constant": lambda optimizer, n: lr_scheduler.ConstantLR(optimizer, factor=1.0),
    "step": lambda optimizer, n: lr_scheduler.StepLR(optimizer, STEP * STEPS_PER_EPOCH, DECAY),
    "exponential": lambda optimizer, n: lr_scheduler.ExponentialLR(optimizer, DECAY ** (1 / (STEP * STEPS_PER_EPOCH))),
    "linear": lambda optimizer, n: lr_scheduler.LinearLR(optimizer, 1.0, 0.0, n),
    "cosine": lambda optimizer, n: lr_scheduler.CosineAnnealingLR(optimizer, n),
    "onecycle": lambda optimizer, n: lr_scheduler.OneCycleLR(optimizer, LR, n, cycle_momentum=False),
}


class RecordRates(Callback):
    """Note the rates that the optimizer has at each of its steps."""

    def on_train_begin(self, net, **kwargs):
        self.rates = []

    def on_grad_computed(self, net, **kwargs):
        self.rates.append({group["lr"] for group in net.optimizer_.param_groups})


def rates_used(net):
    """The rate of each step of the last training, one for all parameters."""
    used = dict(net.net_.callbacks_)["RecordRates"].rates
    assert all(len(rates) == 1 for rates in used)
    return [rate for (rate,) in used]


def torch_rates(name, n_steps=N_STEPS, n_warm=0):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    rise = [lr_scheduler.LinearLR(optimizer, 1 / (n_warm + 1), 1.0, n_warm)] if n_warm else []
    scheduler = TORCH[name](optimizer, n_steps - n_warm)
    if rise:
        scheduler = lr_scheduler.SequentialLR(optimizer, [*rise, scheduler], [n_warm])
    rates = []
    for step in range(n_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < n_steps - 1:
            scheduler.step()
    return rates


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("name", TORCH)
def test_every_step_has_the_rate_of_torchs_scheduler(name, optimizer):
    net = NetClassifier(**SETTINGS, lr_schedule=name, optimizer=optimizer, callbacks=[RecordRates()]).fit(X, y)
    expected = torch_rates(name)
    assert_allclose(rates_used(net), expected, rtol=1e-10, atol=1e-15)
    assert_allclose(net.history_["lr"], expected[STEPS_PER_EPOCH - 1 :: STEPS_PER_EPOCH], rtol=1e-10, atol=1e-15)


@pytest.mark.filterwarnings("ignore:The epoch parameter in:UserWarning")  # torch 2.6's SequentialLR, of its own doing
@pytest.mark.parametrize("name", ["constant", "step", "exponential", "linear", "cosine"])
def test_the_warm_up_comes_first(name):
    net = NetClassifier(**SETTINGS, lr_schedule=name, lr_warmup=0.25, callbacks=[RecordRates()]).fit(X, y)
    assert_allclose(rates_used(net), torch_rates(name, n_warm=round(0.25 * N_STEPS)), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_plateau_listens_to_the_loss_as_torchs_scheduler_does(early_stopping):
    tol = 0.02
    net = NetRegressor(
        **{**SETTINGS, "max_epochs": 40}, lr_schedule="plateau", tol=tol, early_stopping=early_stopping, patience=40,
        callbacks=[RecordRates()],
    ).fit(X, X[:, 0] * X[:, 1])  # fmt: skip
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    scheduler = lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=DECAY, patience=STEP, threshold=tol, threshold_mode="abs", eps=0.0
    )
    expected = []
    for loss in net.history_["valid_loss" if early_stopping else "train_loss"]:
        expected.append(optimizer.param_groups[0]["lr"])
        scheduler.step(loss)
    assert_allclose(net.history_["lr"], expected, rtol=1e-12)
    assert_allclose(rates_used(net), np.repeat(expected, len(rates_used(net)) // len(expected)), rtol=1e-12)
    assert len(set(expected)) > 3  # the rate has fallen several times


def test_plateau_remembers_earlier_epochs_in_a_training_by_pieces():
    settings = {**SETTINGS, "lr_schedule": "plateau", "tol": 10.0, "max_epochs": 9}
    whole, pieces = NetRegressor(**settings).fit(X, y), NetRegressor(**settings)
    for _ in range(9):
        pieces.partial_fit(X, y)
    assert pieces.history_ == whole.history_
    assert len(set(whole.history_["lr"])) > 2


def test_warm_start_begins_its_schedule_anew():
    net = NetClassifier(**SETTINGS, lr_schedule="cosine", warm_start=True, callbacks=[RecordRates()])
    for _ in range(2):
        assert_allclose(rates_used(net.fit(X, y)), torch_rates("cosine"), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("step_every", ["epoch", "batch"])
def test_skorchs_scheduler_changes_a_constant_rate(step_every):
    scheduler = LRScheduler(lr_scheduler.ExponentialLR, gamma=0.5, step_every=step_every)
    net = NetClassifier(**SETTINGS, callbacks=[scheduler, RecordRates()]).fit(X, y)
    n_steps = STEPS_PER_EPOCH if step_every == "epoch" else 1
    expected = [LR * 0.5 ** (step // n_steps) for step in range(N_STEPS)]
    assert_allclose(rates_used(net), expected, rtol=1e-12)
    assert_allclose(net.history_["lr"], expected[STEPS_PER_EPOCH - 1 :: STEPS_PER_EPOCH], rtol=1e-12)


@pytest.mark.parametrize("way", [None, [RecordRates()]], ids=["engine", "skorch"])
def test_a_one_cycle_of_one_step_has_the_peak(way):
    settings = {**SETTINGS, "lr_schedule": "onecycle", "max_epochs": 1, "batch_size": 40}
    assert NetClassifier(**settings, callbacks=way).fit(X, y).history_["lr"] == [LR]


def test_partial_fit_follows_the_schedule_of_max_epochs_and_stays_at_its_end():
    net = NetRegressor(**SETTINGS, lr_schedule="linear", callbacks=[RecordRates()])
    rates = [rate for _ in range(N_EPOCHS + 2) for rate in rates_used(net.partial_fit(X, y))]
    expected = torch_rates("linear")
    assert_allclose(rates[:N_STEPS], expected, rtol=1e-10)
    assert_allclose(rates[N_STEPS:], expected[-1], rtol=1e-10)


@pytest.mark.parametrize(("name", "value"), [("lr", 0.05), ("lr_decay", 0.9), ("lr_step", 5), ("lr_warmup", 0.5)])
def test_each_parameter_of_the_schedule_changes_the_rates(name, value):
    one = NetRegressor(**SETTINGS, lr_schedule="step").fit(X, y)
    other = NetRegressor(**{**SETTINGS, "lr_schedule": "step", name: value}).fit(X, y)
    assert one.history_["lr"] != other.history_["lr"]
