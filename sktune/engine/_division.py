"""Which networks train together: groups of equal shape, and into how many stacks each is divided.

A step of a stack costs some time in Python, whatever is in it; so the fewest stacks cost the least work. But threads
should end at the same time, so the largest stacks are divided as long as this ends sooner. Threads take turns in
Python: small networks, whose time is spent there, end later when they are divided.
"""

import heapq
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import torch

from ._costs import epoch_costs, layer_widths, n_weights
from ._plan import FitPlan
from ._stack import Member, capacities

#: Bytes that one stack on the CPU works with: a core's share of the last cache. Larger stacks spend less time between
#: the calls of the library, where threads wait for each other.
_WORKING_SET = 12 << 20
_MOST_MODELS = 64
#: on a GPU, whose free memory is what limits them
_MOST_MODELS_ON_GPU = 256
#: bytes of a network's batches that are gathered at a time, and of what else it has beside its weights
_BYTES_BESIDE = 1 << 20
#: Further division must save this share of the time: it costs work, which others may need.
_WORTHWHILE = 0.05
#: Work that division may add for each unit of time that it saves. Where other programs keep the cores busy, the time is
#: that of the work: five networks of 2 x 32 took 1.6 times as long as two stacks, and five of 2 x 128 1.3 times.
_MOST_ADDED = 0.14


def group_key(plan: FitPlan) -> tuple:
    """Return what networks must have in common to train as one stack; all else may differ.

    The shape of the network up to dropout, since one product serves a layer of all of them; the optimizer; the number
    type, the device and the kind of loss; and the batches' number and padded sizes, so that all networks are at the
    same step of their epochs.
    """
    network = replace(plan.network, dropout=0.0)
    shape = plan.n_batches, plan.batch_rows[0] if plan.n_batches > 1 else None, capacities(plan)
    return network, plan.optimizer, plan.dtype, plan.device, plan.loss, shape


def divide(members: Sequence[Member], n_threads: int) -> list[list[Member]]:
    """Divide networks into stacks, the longest work first.

    Parameters
    ----------
    members : sequence of Member
    n_threads : int
        Stacks that train at the same time.
    """
    groups = {}
    for member in members:
        groups.setdefault(group_key(member.plan), []).append(member)
    for group in groups.values():
        # settings that are equal update together, and what ends together leaves no gaps
        group.sort(key=_settings)
    counts = {key: -(-len(group) // stack_size(group[0].plan)) for key, group in groups.items()}
    best, shortest, undivided = [], float("inf"), None
    while groups:
        stacks = [(_cost(part), key, part) for key, group in groups.items() for part in _parts(group, counts[key])]
        stacks.sort(key=lambda stack: -stack[0])
        work, makespan = sum(cost for cost, *_ in stacks), _makespan([cost for cost, *_ in stacks], n_threads)
        undivided = undivided or (work, makespan)
        is_cheap = work - undivided[0] <= _MOST_ADDED * (undivided[1] - makespan)
        if makespan < (1.0 - _WORTHWHILE) * shortest and is_cheap:
            best, shortest = [part for *_, part in stacks], makespan
        cost, key, longest = stacks[0]
        if n_threads == 1 or len(longest) == 1 or 2.0 * n_threads * cost <= work:
            break
        counts[key] += 1
    return best


def _settings(member):
    plan = member.plan
    return -plan.n_epochs, plan.lr, plan.weight_decay, plan.momentum


def _parts(group, n_parts):
    bounds = [round(i * len(group) / n_parts) for i in range(n_parts + 1)]
    return [group[start:stop] for start, stop in pairwise(bounds)]


def _makespan(costs, n_threads):
    """When the last thread ends, if each that is free takes the next."""
    ends = [0.0] * n_threads
    for cost in costs:
        heapq.heappush(ends, heapq.heappop(ends) + cost)
    return max(ends)


def _cost(stack):
    """The work of a stack, about."""
    plan, epochs = stack[0].plan, [member.plan.n_epochs for member in stack]
    shared, own = epoch_costs(plan.network, len(plan.train), plan.batch_size)
    return max(epochs) * shared + sum(epochs) * own


def stack_size(plan: FitPlan) -> int:
    """Return how many networks like that of `plan` train best as one."""
    if plan.device == "cpu":
        return max(1, min(_MOST_MODELS, _WORKING_SET // working_set(plan)))
    if not plan.device.startswith("cuda"):
        return _MOST_MODELS_ON_GPU
    free, _ = torch.cuda.mem_get_info(plan.device)
    return max(1, min(_MOST_MODELS_ON_GPU, free // 2 // (2 * working_set(plan) + _BYTES_BESIDE)))


def working_set(plan: FitPlan) -> int:
    """Return the bytes that a step of one network reads and writes."""
    n_units = max(capacities(plan)) * (plan.network.n_features + 2 * sum(layer_widths(plan.network)[1:]))
    return (4 * n_weights(plan.network) + n_units) * plan.train.X.dtype.itemsize
