"""A stack of networks gives what each of them gives alone, bit for bit, and what skorch's loop gives."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from plans import make_plan, stacks_of_plans

from sktune._torch_compat import adam_updater_in_steps
from sktune.engine import fit_plans, group_key, plans_go_to, train_plan
from sktune.exceptions import DivergedError
from sktune.modules import ACTIVATIONS
from sktune.neural_network._skorch import train
from sktune.schedules import SCHEDULES


class Listener:
    """A reporter that counts epochs, stops after one of them, or breaks."""

    def __init__(self, stop_after=None, break_after=None):
        self.rows, self.weights = [], []
        self._stop_after, self._break_after = stop_after, break_after

    def begin(self):
        if len(self.rows) == self._break_after:
            raise OSError("the disk is full")

    def end(self, row, weights):
        self.rows.append(row)
        self.weights.append(weights())
        return len(self.rows) == self._stop_after


def assert_identical(actual, expected):
    assert type(actual.error) is type(expected.error)
    assert actual.history == expected.history
    assert actual.best_epoch == expected.best_epoch
    if expected.error is None:
        assert_same_state(actual.state, expected.state)


def assert_same_state(actual, expected):
    assert type(actual.n_steps) is int
    assert (actual.n_steps, actual.plateau, actual.optimizer) == (
        expected.n_steps,
        expected.plateau,
        expected.optimizer,
    )
    assert (actual.stopping is None) == (expected.stopping is None)
    if expected.stopping is not None:
        assert vars(actual.stopping) == vars(expected.stopping)
    pairs = [
        (actual.weights, expected.weights),
        *((actual.moments[name], expected.moments[name]) for name in expected.moments),
    ]
    if expected.best is not None:
        pairs.append((actual.best, expected.best))
    for one, other in pairs:
        assert one.keys() == other.keys()
        for name in other:
            assert torch.equal(one[name], other[name]), name


# -- against themselves -----------------------------------------------------------------------------------------------


@given(plans=stacks_of_plans(), n_threads=st.sampled_from([1, 2]), order=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_a_stack_is_its_networks_alone_bit_for_bit(plans, n_threads, order):
    alone = [fit_plans([plan])[0] for plan in plans]
    shuffled = list(range(len(plans)))
    order.shuffle(shuffled)
    together = fit_plans([plans[i] for i in shuffled], n_threads=n_threads)
    for index, result in zip(shuffled, together, strict=True):
        assert_identical(result, alone[index])


@given(plans=stacks_of_plans(max_size=3), cut=st.integers(1, 3))
@settings(deadline=None, max_examples=40)
def test_resumed_is_uninterrupted_bit_for_bit(plans, cut):
    plans = [replace(plan, n_epochs=4, planned_epochs=4) for plan in plans]
    whole = fit_plans(plans)
    first = fit_plans([replace(plan, n_epochs=cut) for plan in plans])
    left = [replace(plan, first_epoch=cut, n_epochs=4 - cut) for plan in plans]
    going_on = [i for i, result in enumerate(first) if result.error is None and len(whole[i].history) > cut]
    second = fit_plans([left[i] for i in going_on], states=[first[i].state for i in going_on])
    for index, result in zip(going_on, second, strict=True):
        result.history[:0] = first[index].history
        assert_identical(result, whole[index])


def test_threads_do_not_matter_for_products_that_would_be_divided_among_them():
    plans = [make_plan(n_rows=700, batch_size=600, hidden=(257, 130), seed=seed, n_epochs=2) for seed in range(4)]
    one, two = fit_plans(plans), fit_plans(plans, n_threads=2)
    for a, b in zip(one, two, strict=True):
        assert_identical(a, b)


def test_a_training_does_not_depend_on_whether_the_caller_flushes_denormals():
    plan = make_plan()
    plan = replace(plan, train=replace(plan.train, X=1e-20 * plan.train.X))  # squares of its gradients are denormal
    results = []
    for flushed in (False, True):
        torch.set_flush_denormal(flushed)
        try:
            results += [train_plan(plan), *fit_plans([plan, plan], n_threads=2)]
        finally:
            torch.set_flush_denormal(False)
    for result in results[1:]:
        assert_identical(result, results[0])


def test_only_what_cannot_be_shared_divides_a_group():
    keys = {
        group_key(make_plan(n_rows=n_rows, lr=lr, dropout=lr, loss_setting=lr))
        for n_rows in (46, 47)
        for lr in (0.1, 0.2)
    }
    assert len(keys) == 1
    base = group_key(make_plan())
    others = [{"batch_size": 10}, {"hidden": (9, 7)}, {"optimizer": "sgd"}, {"activation": "tanh"}, {"n_rows": 500},
              {"loss": "focal"}]  # fmt: skip
    for other in others:
        assert group_key(make_plan(**other)) != base


# -- against skorch's loop --------------------------------------------------------------------------------------------


def assert_equals_skorch(plan, rtol=1e-9):
    (result,) = fit_plans([plan])
    assert result.error is None
    net, expected = train(plan, Listener(), classes=None)
    module = net.module_.state_dict()
    for name, value in result.state.network.items():
        atol = max(rtol * float(module[name].abs().max()), 1e-9)
        if plan.network.normalization == "batch" and name.startswith("hidden") and name.endswith("bias"):
            atol = 1e-6  # it has no gradient but rounding, of which optimizers make what they like
        if name.endswith("running_mean"):
            atol = 1e-6  # such a bias is part of it
        assert_allclose(value, module[name], rtol=rtol, atol=atol, err_msg=name)
    assert result.best_epoch == expected.best_epoch
    for row, other in zip(result.history, expected.history, strict=True):
        assert row.keys() == other.keys()
        assert_allclose([*row.values()], [*other.values()], rtol=1e-7)


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "rmsprop"])
def test_optimizers_and_normalizations(optimizer, normalization, regression):
    settings = {"weight_decay": 0.05, "dropout": 0.2, "weighted": True, "validate": True, "lr": 1e-3}
    plan = make_plan(
        optimizer=optimizer, normalization=normalization, regression=regression, dtype="float64", **settings
    )
    assert_equals_skorch(plan)


@pytest.mark.parametrize("lr_schedule", SCHEDULES)
def test_schedules(lr_schedule):
    plan = make_plan(
        lr_schedule=lr_schedule, lr_warmup=0.2, lr_step=1, tol=10.0, n_epochs=6, planned_epochs=6, dtype="float64"
    )
    assert_equals_skorch(plan)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(), (1,), (7, 1, 5)])
def test_activations_and_shapes(activation, hidden):
    assert_equals_skorch(make_plan(activation=activation, hidden=hidden, dropout=0.3, dtype="float64"))


@pytest.mark.parametrize(
    "settings",
    [
        {"l1": 1e-2, "clip_norm": 0.3},
        {"label_smoothing": 0.2},
        {"label_smoothing": 0.2, "mixup": 0.5, "weighted": True},
        {"input_noise": 0.3, "regression": True, "n_targets": 1},
        {"mixup": 0.5, "regression": True},
        {"n_rows": 49},  # the last batch has 17 rows
        {"n_rows": 5},
        {"batch_size": 1},
        {"momentum": 0.0, "optimizer": "sgd"},
        {"momentum": 0.0, "optimizer": "rmsprop"},
        *(
            {"loss": loss, "loss_setting": setting, "mixup": 0.5, "weighted": True, "validate": True}
            for loss, setting in (
                ("absolute_error", 0.0),
                ("huber", 0.5),
                ("quantile", 0.9),
                ("poisson", 0.0),
                ("gamma", 0.0),
                ("focal", 2.0),
                ("binary_log_loss", 0.0),
                ("binary_focal", 0.5),
            )
        ),
        {"loss": "focal", "loss_setting": 0.3, "label_smoothing": 0.2},
        {"loss": "binary_focal", "loss_setting": 2.0, "label_smoothing": 0.2},
        {"loss": "binary_log_loss", "label_smoothing": 0.2, "input_noise": 0.1},
    ],
    ids=lambda settings: "-".join(f"{name} {value}" if name == "loss" else name for name, value in settings.items()),
)
def test_other_settings(settings):
    assert_equals_skorch(make_plan(dtype="float64", **settings))


def test_in_float32_they_agree_to_rounding():
    assert_equals_skorch(make_plan(hidden=(64, 64), dropout=0.1, n_epochs=5, planned_epochs=5), rtol=2e-4)


# -- what goes wrong stays where it is --------------------------------------------------------------------------------


def test_an_error_ends_its_own_plan_only():
    plans = [make_plan(seed=seed) for seed in range(4)]
    listeners = [Listener(), Listener(break_after=1), Listener(stop_after=2), None]
    results = fit_plans(plans, reporters=listeners)
    assert isinstance(results[1].error, OSError)
    assert results[1].state is None
    assert [len(result.history) for result in results] == [3, 1, 2, 3]
    assert [row["epoch"] for row in listeners[0].rows] == [1, 2, 3]
    for index in (0, 3):
        assert_identical(results[index], fit_plans([plans[index]])[0])


def test_reporters_see_the_weights_of_their_own_network():
    plans = [make_plan(seed=seed) for seed in range(3)]
    listeners = [Listener() for _ in plans]
    for result, listener in zip(fit_plans(plans, reporters=listeners), listeners, strict=True):
        assert all(torch.equal(value, listener.weights[-1][name]) for name, value in result.state.weights.items())


def test_a_diverged_network_leaves_and_the_others_are_as_if_it_had_never_been():
    good, bad = make_plan(seed=1), make_plan(seed=2, lr=1e30, optimizer="adamw")
    results = fit_plans([bad, good])
    assert isinstance(results[0].error, DivergedError)
    assert_identical(results[1], fit_plans([good])[0])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_check_ends_everything(n_threads):
    class Enough(Exception):
        pass

    def check():
        raise Enough

    with pytest.raises(Enough):
        fit_plans([make_plan(seed=seed) for seed in range(3)], n_threads=n_threads, check=check)


def test_plans_go_where_the_thread_says():
    plan = make_plan()
    seen = []
    with plans_go_to(lambda *submitted: seen.append(submitted) or "result"):
        assert train_plan(plan, "reporter") == "result"
    assert seen == [(plan, "reporter", None)]
    assert_identical(train_plan(plan), fit_plans([plan])[0])


def test_no_plans_no_results():
    assert fit_plans([]) == []


@pytest.mark.parametrize("optimizer", ["adamw", "adam"])
def test_adam_without_torchs_private_functions_is_the_same(optimizer, monkeypatch):
    plan = make_plan(optimizer=optimizer, weight_decay=0.1, dtype="float64")
    (fused,) = fit_plans([plan])
    monkeypatch.setattr("sktune.engine._stacked_optimizers.adam_updater", adam_updater_in_steps)
    (plain,) = fit_plans([plan])
    for name, value in fused.state.weights.items():
        assert_allclose(plain.state.weights[name], value, rtol=1e-9, atol=1e-12)
