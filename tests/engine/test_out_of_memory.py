"""A stack that does not fit into memory is divided, and its networks are the same."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from plans import make_plan

from sktune.engine import OutOfMemoryWarning, _division, fit_plans
from sktune.engine._stack import Stack

PLANS = [
    make_plan(seed=seed, validate=True, dropout=0.2, n_epochs=n_epochs, planned_epochs=9, lr=3e-3 * 3 ** (seed % 3))
    for seed, n_epochs in enumerate((6, 6, 6, 2, 6, 6, 3, 6))
]
SHORTAGES = [
    torch.OutOfMemoryError("CUDA out of memory"),
    MemoryError("no room"),
    RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
]


class Diary:
    """Writes down what it is told; wants to stop at an epoch."""

    def __init__(self, stop_at=None, fail_at=None):
        self.stop_at, self.fail_at = stop_at, fail_at
        self.entries = []

    def begin(self):
        self.entries.append("begin")

    def end(self, row, weights):
        self.entries.append((row["epoch"], row["train_loss"], float(weights()["output.bias"].sum())))
        if row["epoch"] == self.fail_at:
            raise ValueError("fails here")
        return row["epoch"] == self.stop_at


def diaries():
    return [Diary(stop_at=4 if number == 1 else None, fail_at=2 if number == 5 else None) for number in range(8)]


@pytest.fixture
def limit(monkeypatch):
    """Let stacks of more than so many networks run out of memory in an epoch, and keep the sizes of all that began."""
    sizes, lock = [], threading.Lock()

    def set_limit(n_models, epoch, error=SHORTAGES[0]):
        train_batches = Stack._train_batches

        def limited(self, rates, check):
            with lock:
                sizes.append(len(self.members))
            if len(self.members) > n_models and self.members[0].epoch == epoch:
                train_batches(self, rates, check)  # the epoch is half done when memory ends
                raise error
            return train_batches(self, rates, check)

        monkeypatch.setattr(Stack, "_train_batches", limited)
        return sizes

    monkeypatch.setattr(_division, "_MOST_MODELS", 64)
    return set_limit


def told(state):
    rules = {name: rule and vars(rule) for name, rule in (("plateau", state.plateau), ("stopping", state.stopping))}
    return {**vars(state), **rules}


def assert_same_state(state, other):
    tree, other = told(state), told(other)
    for part in ("weights", "best"):
        assert tree[part].keys() == other[part].keys()
        for name, value in tree[part].items():
            assert torch.equal(value, other[part][name]), name
    for moment, values in tree["moments"].items():
        for name, value in values.items():
            assert torch.equal(value, other["moments"][moment][name]), (moment, name)
    assert tree["plateau"] == other["plateau"]
    assert tree["stopping"] == other["stopping"]
    assert tree["n_steps"] == other["n_steps"]


def assert_same_results(results, others):
    for result, other in zip(results, others, strict=True):
        assert result.history == other.history
        assert result.best_epoch == other.best_epoch
        assert str(result.error) == str(other.error)
        if other.state is None:
            assert result.state is None
        else:
            assert_same_state(result.state, other.state)


@pytest.mark.parametrize(
    ("error", "n_models", "epoch", "n_threads"),
    [(SHORTAGES[0], 3, 0, 1), (SHORTAGES[0], 1, 2, 2), (SHORTAGES[1], 2, 3, 2), (SHORTAGES[2], 4, 1, 1)],
)
def test_a_divided_stack_trains_the_same_networks(limit, error, n_models, epoch, n_threads):
    told = diaries()
    expected = fit_plans(PLANS, reporters=told)
    sizes = limit(n_models, epoch, error)
    told_divided = diaries()
    with pytest.warns(OutOfMemoryWarning, match="did not fit into the memory of 'cpu' together"):
        results = fit_plans(PLANS, reporters=told_divided, n_threads=n_threads)
    assert_same_results(results, expected)
    assert [diary.entries for diary in told_divided] == [diary.entries for diary in told]  # nothing is told twice
    assert max(sizes) > n_models
    assert [result.error is None for result in results] == [True] * 5 + [False] + [True] * 2


def test_trainings_that_go_on_begin_again_where_they_were(limit):
    states = [result.state for result in fit_plans(PLANS)]
    onward = [make_plan(seed=n, validate=True, first_epoch=6, n_epochs=3, planned_epochs=9) for n in range(8)]
    expected = fit_plans(onward, states=states)
    limit(2, 7)
    with pytest.warns(OutOfMemoryWarning):
        results = fit_plans(onward, states=states)
    assert_same_results(results, expected)


def test_what_does_not_even_fit_alone_fails_alone(limit, monkeypatch):
    expected = fit_plans(PLANS)
    train_batches = Stack._train_batches

    def limited(self, rates, check):
        if any(member.plan.seed == 4 for member in self.members):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return train_batches(self, rates, check)

    monkeypatch.setattr(Stack, "_train_batches", limited)
    with pytest.warns(OutOfMemoryWarning):
        results = fit_plans(PLANS)
    assert isinstance(results[4].error, torch.OutOfMemoryError)
    assert results[4].error.__traceback__ is None  # it would hold the stack
    others = [0, 1, 2, 3, 5, 6, 7]
    assert_same_results([results[i] for i in others], [expected[i] for i in others])


def test_a_stack_that_cannot_even_be_made_is_divided(monkeypatch):
    expected = fit_plans(PLANS)
    make = Stack.__init__

    def limited(self, members):
        if len(members) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        make(self, members)

    monkeypatch.setattr(Stack, "__init__", limited)
    with pytest.warns(OutOfMemoryWarning):
        assert_same_results(fit_plans(PLANS), expected)


def test_other_errors_divide_a_stack_as_well_and_nobody_speaks_of_memory(limit):
    expected = fit_plans(PLANS)
    limit(3, 1, RuntimeError("something else"))
    assert_same_results(fit_plans(PLANS), expected)


def test_a_state_of_an_earlier_training_stays_as_it_is(limit):
    (result,) = fit_plans(PLANS[:1])
    weights = {name: value.clone() for name, value in result.state.weights.items()}
    limit(0, 6)
    (failed,) = fit_plans([make_plan(seed=0, validate=True, first_epoch=6)], states=[result.state])
    assert isinstance(failed.error, torch.OutOfMemoryError)
    for name, value in weights.items():
        np.testing.assert_array_equal(result.state.weights[name], value)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the address space as Linux does")
def test_memory_that_really_ends():
    """With enough of it nothing is divided, with less the networks are the same, with too little none is wrong."""
    command = [sys.executable, "-W", "error", Path(__file__).with_name("shortage_lab.py")]
    given = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    plenty, *others = map(json.loads, done.stdout.splitlines())
    assert (plenty["n_trained"], plenty["n_divisions"]) == (16, 0)
    assert all(report["are_same"] for report in [plenty, *others])
    assert any(report["n_trained"] == 16 and report["n_divisions"] > 0 for report in others)
