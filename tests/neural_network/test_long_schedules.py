"""Each schedule gives torch's learning rates, and no other schedule's, over long trainings of unsteady loss."""

from functools import cache

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback
from torch.optim import lr_scheduler

import sktune
from sktune import NetClassifier, NetRegressor
from sktune.engine import fit_plans, plans_go_to
from sktune.schedules import SCHEDULES

N_EPOCHS = 300
LR, DECAY, STEP, TOL = 0.02, 0.9, 3, 1e-3
rng = np.random.default_rng(0)
X = rng.normal(size=(8, 3)).astype("float32")
y = np.tile([0, 1], 4)
X_twice, y_twice = np.repeat(X, 2, axis=0), np.repeat(y, 2)
y_noisy = rng.integers(0, 2, 16)  # what is set aside contradicts what is trained on
#: one step an epoch, with noise that never ends: the loss falls, rises and stalls
SETTINGS = {
    "n_layers": 1, "n_neurons": 4, "input_noise": 0.5, "batch_size": 8, "lr": LR, "lr_decay": DECAY, "lr_step": STEP,
    "tol": TOL, "max_epochs": N_EPOCHS, "random_state": 0,
}  # fmt: skip
EARLY = {"early_stopping": True, "validation_fraction": 0.5}
WAYS = {"engine": None, "skorch": [Callback()]}
CASES = [(name, warmup) for name in SCHEDULES for warmup in (0.0, 0.1)]

#: name -> torch's scheduler over `n` steps after the warm-up
TORCH = {
    "constant": lambda optimizer, n: lr_scheduler.ConstantLR(optimizer, factor=1.0),
    "plateau": lambda optimizer, n: lr_scheduler.ConstantLR(optimizer, factor=1.0),
    "step": lambda optimizer, n: lr_scheduler.StepLR(optimizer, STEP, DECAY),
    "exponential": lambda optimizer, n: lr_scheduler.ExponentialLR(optimizer, DECAY ** (1 / STEP)),
    "linear": lambda optimizer, n: lr_scheduler.LinearLR(optimizer, 1.0, 0.0, n),
    "cosine": lambda optimizer, n: lr_scheduler.CosineAnnealingLR(optimizer, n),
}

pytestmark = pytest.mark.filterwarnings("ignore:The epoch parameter in:UserWarning")  # torch 2.6's SequentialLR


def optimizer_of(lr):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def torch_scheduler(optimizer, name, warmup, n_steps):
    if name == "onecycle":
        return lr_scheduler.OneCycleLR(optimizer, LR, n_steps, pct_start=warmup or 0.3, cycle_momentum=False)
    n_warm = round(warmup * n_steps)
    if not n_warm:
        return TORCH[name](optimizer, n_steps)
    rise = lr_scheduler.LinearLR(optimizer, 1 / (n_warm + 1), 1.0, n_warm)
    return lr_scheduler.SequentialLR(optimizer, [rise, TORCH[name](optimizer, n_steps - n_warm)], [n_warm])


def torch_plateau_factors(losses):
    """What torch's rule makes of the losses: the factor of each epoch."""
    optimizer = optimizer_of(1.0)
    rule = lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=DECAY, patience=STEP, threshold=TOL, threshold_mode="abs", eps=0.0
    )
    factors = []
    for loss in losses:
        factors.append(optimizer.param_groups[0]["lr"])
        rule.step(loss)
    return np.array(factors)


def torch_rates(name, warmup, losses, n_epochs=N_EPOCHS):
    """The rate of each epoch by torch's schedulers, which have met these losses."""
    optimizer = optimizer_of(LR)
    scheduler = torch_scheduler(optimizer, name, warmup, n_epochs)
    rates = []
    for _ in losses:
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates) < n_epochs:  # OneCycleLR refuses to go beyond its end
            scheduler.step()
    factors = torch_plateau_factors(losses)
    # the losses must be such that a rule which acts where it should not would be seen
    assert len(set(factors)) > 5
    assert (np.diff(losses) > TOL).any()
    assert (np.diff(losses) < -TOL).any()
    return rates * factors if name == "plateau" else rates


def assert_torchs_rates(net, name, warmup, first=0, n_epochs=N_EPOCHS):
    losses = net.history_["valid_loss" if net.early_stopping else "train_loss"][first:]
    assert_allclose(net.history_["lr"][first:], torch_rates(name, warmup, losses, n_epochs), rtol=1e-9, atol=1e-15)


def classifier(name, warmup=0.0, **changes):
    return NetClassifier(**{**SETTINGS, "lr_schedule": name, "lr_warmup": warmup, **changes})


@cache
def trained_alone(name, warmup):
    return classifier(name, warmup).fit(X, y)


@pytest.mark.parametrize(("name", "warmup"), CASES)
def test_alone(name, warmup):
    assert_torchs_rates(trained_alone(name, warmup), name, warmup)


@pytest.mark.parametrize("name", SCHEDULES)
def test_in_skorchs_loop(name):
    assert_torchs_rates(classifier(name, 0.1, callbacks=WAYS["skorch"]).fit(X, y), name, 0.1)


def test_each_of_a_stack_has_its_own():
    class Taken(Exception):
        """Ends a fit whose plan is known."""

    plans = []

    def take(plan, reporter, state):
        plans.append(plan)
        raise Taken

    for name, warmup in CASES:
        with plans_go_to(take), pytest.raises(Taken):
            classifier(name, warmup).fit(X, y)
    for (name, warmup), result in zip(CASES, fit_plans(plans), strict=True):
        alone = trained_alone(name, warmup)
        for column, values in alone.history_.items():
            assert [row[column] for row in result.history] == values
        assert_torchs_rates(alone, name, warmup)


@pytest.mark.parametrize(("way", "patience"), [("engine", N_EPOCHS), ("skorch", 40)])
@pytest.mark.parametrize("name", SCHEDULES)
def test_with_early_stopping(name, way, patience):
    net = classifier(name, **EARLY, patience=patience, callbacks=WAYS[way]).fit(X_twice, y_noisy)
    assert patience <= net.n_iter_ <= N_EPOCHS
    assert_torchs_rates(net, name, 0.0)


@pytest.mark.parametrize("name", SCHEDULES)
def test_in_pieces_that_are_saved_between(name, tmp_path):
    whole, pieces = trained_alone(name, 0.1), classifier(name, 0.1)
    for n_epochs in (1, 2, 37, 151, 299, 300):
        pieces.fit_until(X, y, n_epochs)
        if n_epochs in (37, 299):
            sktune.save(pieces, tmp_path / "net")
            pieces = sktune.load(tmp_path / "net")
    assert pieces.history_ == whole.history_
    assert_array_equal(pieces.predict_proba(X), whole.predict_proba(X))


@pytest.mark.parametrize("name", SCHEDULES)
def test_in_pieces_with_early_stopping(name):
    whole, pieces = (classifier(name, **EARLY, patience=40) for _ in range(2))
    whole.fit(X_twice, y_noisy)
    for n_epochs in (3, 28, N_EPOCHS):
        pieces.fit_until(X_twice, y_noisy, n_epochs)
    assert pieces.history_ == whole.history_
    assert pieces.best_epoch_ == whole.best_epoch_


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_warm_start_begins_the_schedule_anew(name, way):
    net = classifier(name, 0.1, warm_start=True, max_epochs=60, callbacks=WAYS[way])
    for start in (0, 60):
        net.fit(X, y)
        assert_torchs_rates(net, name, 0.1, start, n_epochs=60)


# -- partial_fit, in one way of training and the other by turns --------------------------------------------------------


@pytest.mark.parametrize("name", SCHEDULES)
def test_one_epoch_at_a_time_in_both_ways_by_turns(name):
    options = {"max_epochs": 40, "lr_step": 1, "dtype": "float64"}
    whole, pieces = classifier(name, **options).fit(X, y), classifier(name, **options)
    for epoch in range(40):
        pieces.set_params(callbacks=WAYS["skorch" if epoch % 3 == 1 else "engine"]).partial_fit(X, y, classes=[0, 1])
    for column in ("lr", "train_loss"):
        assert_allclose(pieces.history_[column], whole.history_[column], rtol=1e-9)


# -- what one may change between pieces --------------------------------------------------------------------------------


def test_settings_of_the_plateau_hold_for_the_epochs_to_come():
    net = NetRegressor(**{**SETTINGS, "lr_schedule": "plateau", "tol": 1e6, "lr_decay": 0.5}).fit_until(X, y, 8)
    assert net.history_["lr"] == [LR] * 5 + [LR / 2] * 3
    net.set_params(lr_step=1, lr_decay=0.1).fit_until(X, y, 12)  # after three bad epochs one more is too many
    assert_allclose(net.history_["lr"][8:], [LR / 2, LR / 20, LR / 20, LR / 200])
    net.set_params(lr_schedule="constant").fit_until(X, y, 14)
    assert net.history_["lr"][12:] == [LR, LR]


def test_patience_and_tol_hold_for_the_epochs_to_come():
    net = NetClassifier(**{**SETTINGS, **EARLY, "input_noise": 0.0, "tol": 1e6, "patience": 5})
    epochs = [
        net.set_params(**changes).fit_until(X_twice, y_twice, 100).n_iter_
        for changes in ({}, {"patience": 9}, {"patience": 8}, {"patience": 20, "tol": 0.0})
    ]
    assert epochs[:3] == [6, 10, 10]
    assert epochs[3] > 21  # the loss falls, if not by 1e6


def test_early_stopping_that_is_given_up_leaves_nothing_behind():
    net = NetClassifier(**{**SETTINGS, **EARLY, "tol": 1e6, "patience": 5}).fit(X_twice, y_noisy)
    net.set_params(early_stopping=False).fit_until(X_twice, y_noisy, 60)
    assert (net.n_iter_, net.best_epoch_) == (60, 60)
    assert np.isnan(net.history_["valid_loss"]).tolist() == [False] * 6 + [True] * 54
    assert len(net.net_.history) == 60
    assert torch.equal(net.net_.module_.output.weight, net._state.weights["output.weight"])
