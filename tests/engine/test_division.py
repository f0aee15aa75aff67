"""Into which stacks networks are divided: the fewest, unless threads would stand idle."""

import numpy as np
import pytest
from hypothesis import given
from plans import make_plan, stacks_of_plans

from sktune.engine import FitPlan, Rows, _division, group_key
from sktune.engine._division import divide, stack_size
from sktune.engine._stack import Member
from sktune.modules import NetworkSpec

ROWS = Rows(np.zeros((1000, 20), np.float32), np.arange(1000) % 2)


def members(n_members, n_neurons, **params):
    network = NetworkSpec(20, 2, (n_neurons, n_neurons))
    return [Member(FitPlan(network=network, train=ROWS, n_epochs=10, seed=seed, **params)) for seed in range(n_members)]


def sizes(stacks):
    return [len(stack) for stack in stacks]


@pytest.mark.parametrize("n_threads", [1, 2, 8])
@given(plans=stacks_of_plans(max_size=12))
def test_each_network_is_in_one_stack_of_its_kind(n_threads, plans):
    given_members = [Member(plan) for plan in plans]
    stacks = divide(given_members, n_threads)
    assert sorted(map(id, given_members)) == sorted(id(member) for stack in stacks for member in stack)
    assert all(len({group_key(member.plan) for member in stack}) == 1 for stack in stacks)


def test_no_stack_is_larger_than_the_cache_allows(monkeypatch):
    monkeypatch.setattr(_division, "_MOST_MODELS", 4)
    assert sizes(divide(members(9, 8), n_threads=1)) == [3, 3, 3]
    large = members(3, 1200)
    assert stack_size(large[0].plan) == 1
    assert sizes(divide(large, n_threads=1)) == [1, 1, 1]


def test_large_networks_are_divided_among_all_threads():
    for n_threads in (1, 2, 3, 4):
        assert sizes(divide(members(12, 200), n_threads)) == [12 // n_threads] * n_threads


@pytest.mark.parametrize(("n_members", "n_neurons"), [(5, 32), (40, 32), (5, 128)])
def test_small_networks_stay_together_as_threads_would_take_turns_in_python(n_members, n_neurons):
    for n_threads in (2, 8):
        assert sizes(divide(members(n_members, n_neurons, batch_size=32), n_threads)) == [n_members]


def test_groups_that_keep_all_threads_busy_are_not_divided():
    groups = [*members(5, 30), *members(5, 32), *members(5, 34), *members(5, 36)]
    assert sizes(divide(groups, n_threads=2)) == [5, 5, 5, 5]


def test_the_group_that_would_be_waited_for_is_divided():
    stacks = divide(members(6, 250) + members(6, 20) + members(6, 16), n_threads=2)
    assert sorted(sizes(stack for stack in stacks if stack[0].plan.network.hidden[0] == 250)) == [3, 3]
    assert sizes(stack for stack in stacks if stack[0].plan.network.hidden[0] != 250) == [6, 6]


def test_the_longest_work_comes_first():
    stacks = divide(members(2, 20) + members(2, 300) + members(3, 20, batch_size=16), n_threads=1)
    assert [(stack[0].plan.network.hidden[0], stack[0].plan.batch_size) for stack in stacks] == [
        (300, 64),
        (20, 16),
        (20, 64),
    ]


def test_a_network_alone_is_one_stack():
    assert sizes(divide([Member(make_plan())], n_threads=4)) == [1]
