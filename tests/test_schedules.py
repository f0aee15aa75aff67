"""The learning-rate schedules, step by step beside torch's own schedulers."""

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from torch.optim import lr_scheduler

from sktune.schedules import SCHEDULES, LRSchedule, PlateauRule

STEPS_PER_EPOCH = 3
N_EPOCHS = 8
N_STEPS = STEPS_PER_EPOCH * N_EPOCHS
DECAY, STEP_SIZE = 0.3, 2

#: name -> torch's scheduler over the `n_steps` steps that follow the warm-up
TORCH_SCHEDULERS = {
    "constant": lambda optimizer, n_steps: lr_scheduler.ConstantLR(optimizer, factor=1.0),
    "step": lambda optimizer, n_steps: lr_scheduler.StepLR(optimizer, STEP_SIZE * STEPS_PER_EPOCH, DECAY),
    "exponential": lambda optimizer, n_steps: lr_scheduler.ExponentialLR(
        optimizer, DECAY ** (1 / (STEP_SIZE * STEPS_PER_EPOCH))
    ),
    "linear": lambda optimizer, n_steps: lr_scheduler.LinearLR(optimizer, 1.0, 0.0, n_steps),
    "cosine": lambda optimizer, n_steps: lr_scheduler.CosineAnnealingLR(optimizer, n_steps),
}


def optimizer_of_rate_1():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def rates(optimizer, scheduler, n_steps):
    """The rates of the steps that a training loop with torch's scheduler would use."""
    used = []
    for _ in range(n_steps):
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(used) < n_steps:  # OneCycleLR refuses to go beyond its end
            scheduler.step()
    return used


def factors(schedule, n_steps):
    return [schedule.factor(step) for step in range(n_steps)]


def schedule_named(name, warmup=0.0):
    return LRSchedule(
        name, n_epochs=N_EPOCHS, steps_per_epoch=STEPS_PER_EPOCH, decay=DECAY, step_size=STEP_SIZE, warmup=warmup
    )


@pytest.mark.parametrize("name", TORCH_SCHEDULERS)
def test_schedule_equals_torch(name):
    optimizer = optimizer_of_rate_1()
    expected = rates(optimizer, TORCH_SCHEDULERS[name](optimizer, N_STEPS), N_STEPS)
    assert_allclose(factors(schedule_named(name), N_STEPS), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("warmup", [1 / N_STEPS, 0.1, 0.25, 0.9])
@pytest.mark.parametrize("name", TORCH_SCHEDULERS)
def test_warmed_up_schedule_equals_torch(name, warmup):
    n_warm = round(warmup * N_STEPS)
    optimizer = optimizer_of_rate_1()
    rise = lr_scheduler.LinearLR(optimizer, 1 / (n_warm + 1), 1.0, n_warm)
    after = TORCH_SCHEDULERS[name](optimizer, N_STEPS - n_warm)
    expected = rates(optimizer, lr_scheduler.SequentialLR(optimizer, [rise, after], [n_warm]), N_STEPS)
    assert_allclose(factors(schedule_named(name, warmup), N_STEPS), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.3, 0.8])
@pytest.mark.parametrize("n_epochs", [1, 2, 8, 50])
def test_onecycle_equals_torch(warmup, n_epochs):
    n_steps = n_epochs * STEPS_PER_EPOCH
    optimizer = optimizer_of_rate_1()
    scheduler = lr_scheduler.OneCycleLR(
        optimizer, max_lr=1.0, total_steps=n_steps, pct_start=warmup or 0.3, cycle_momentum=False
    )
    schedule = LRSchedule("onecycle", n_epochs, STEPS_PER_EPOCH, warmup=warmup)
    assert_allclose(factors(schedule, n_steps), rates(optimizer, scheduler, n_steps), rtol=1e-10)


@pytest.mark.parametrize(("n_steps", "rise"), [(2, 0.1), (2, 0.3), (3, 0.3), (3, 0.5), (3, 0.9), (4, 0.3)])
def test_onecycle_of_few_steps_equals_torch(n_steps, rise):
    optimizer = optimizer_of_rate_1()
    scheduler = lr_scheduler.OneCycleLR(optimizer, 1.0, n_steps, pct_start=rise, cycle_momentum=False)
    schedule = LRSchedule("onecycle", n_epochs=n_steps, steps_per_epoch=1, warmup=rise)
    assert_allclose(factors(schedule, n_steps), rates(optimizer, scheduler, n_steps), rtol=1e-10)


@settings(deadline=None, max_examples=300)
@given(n_steps=st.integers(1, 500), warmup=st.floats(0.0, 1.0, exclude_max=True))
@example(n_steps=1, warmup=0.0)  # torch's rule has the end of the cycle here: 4e-6
@example(n_steps=2, warmup=0.9)  # and here its foot and its end: 0.04 and 4e-6
@example(n_steps=2, warmup=0.5)  # and here it divides by zero
def test_onecycle_comes_near_its_peak_however_few_steps_there_are(n_steps, warmup):
    trained = factors(LRSchedule("onecycle", n_epochs=n_steps, steps_per_epoch=1, warmup=warmup), n_steps)
    assert all(math.isfinite(factor) and 0 < factor <= 1 for factor in trained)
    n_rising = (warmup or 0.3) * n_steps
    has_room = n_rising >= 10 and n_steps - n_rising >= 10
    assert max(trained) >= (0.99 if has_room else 1.0 if n_steps == 1 else 0.49)


def test_plateau_schedule_is_left_to_the_plateau_rule():
    assert factors(schedule_named("plateau"), N_STEPS) == [1.0] * N_STEPS


losses_with_ties = st.lists(st.integers(-40, 40).map(lambda n: n / 16), min_size=1, max_size=40)


@settings(deadline=None, max_examples=150)
@given(
    losses=losses_with_ties,
    decay=st.floats(0.1, 0.9),
    patience=st.integers(0, 4),
    tol=st.sampled_from([0.0, 1 / 16, 0.25]),
)
def test_plateau_rule_equals_torch(losses, decay, patience, tol):
    optimizer = optimizer_of_rate_1()
    scheduler = lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=decay, patience=patience, threshold=tol, threshold_mode="abs", eps=0.0
    )
    rule = PlateauRule(decay, patience, tol)
    for loss in losses:
        scheduler.step(loss)
        assert rule.update(loss) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)


def test_plateau_rule_lowers_the_rate_after_more_than_patience_bad_epochs():
    rule = PlateauRule(decay=0.5, patience=2, tol=0.1)
    factors_after = [rule.update(loss) for loss in (1.0, 0.95, 0.92, 0.91, 0.5, 0.5, 0.5, 0.5)]
    assert factors_after == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]


schedules = st.builds(
    LRSchedule,
    st.sampled_from(SCHEDULES),
    n_epochs=st.integers(1, 60),
    steps_per_epoch=st.integers(1, 20),
    decay=st.floats(0.01, 1.0),
    step_size=st.integers(1, 30),
    warmup=st.floats(0.0, 1.0, exclude_max=True),
)


@settings(deadline=None, max_examples=200)
@given(schedule=schedules)
def test_factors_stay_between_0_and_1_and_end_with_the_last_one(schedule):
    n_steps = schedule.n_epochs * schedule.steps_per_epoch
    trained = factors(schedule, n_steps)
    assert all(0 < factor <= 1 for factor in trained)
    assert [schedule.factor(n_steps + late) for late in (0, 1, 1000)] == [trained[-1]] * 3


@settings(deadline=None, max_examples=100)
@given(schedule=schedules)
def test_rate_never_falls_while_it_warms_up_and_never_rises_after(schedule):
    n_steps = schedule.n_epochs * schedule.steps_per_epoch
    is_onecycle = schedule.name == "onecycle"
    n_warm = math.floor((schedule.warmup or 0.3) * n_steps) if is_onecycle else round(schedule.warmup * n_steps)
    trained = factors(schedule, n_steps)
    rise, fall = trained[:n_warm], trained[n_warm:]
    assert rise == sorted(rise)
    assert fall == sorted(fall, reverse=True)


@pytest.mark.parametrize("name", ["step", "exponential"])
def test_decay_is_per_step_size_epochs(name):
    schedule = LRSchedule(name, n_epochs=50, steps_per_epoch=4, decay=0.5, step_size=5)
    assert [schedule.factor(20 * k) for k in range(4)] == pytest.approx([1, 0.5, 0.25, 0.125])
