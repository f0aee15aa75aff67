"""Plans in, results out: which networks train together, and on which threads."""

import gc
import queue
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import torch

from .._utils.threads import flushed_denormals, torch_threads
from ..exceptions import SktuneWarning
from ._plan import FitPlan, FitResult, TrainingState
from ._stack import Member, Stack, capacities

#: Bytes that one stack on the CPU works with: a core's share of the last cache. Larger stacks spend less time between
#: the calls of the library, where threads wait for each other.
_WORKING_SET = 12 << 20
_MOST_MODELS = 64
#: on a GPU, whose free memory is what limits them
_MOST_MODELS_ON_GPU = 256
#: bytes of a network's batches that are gathered at a time, and of what else it has beside its weights
_BYTES_BESIDE = 1 << 20


class OutOfMemoryWarning(SktuneWarning):
    """Networks did not fit into memory together; they are trained in smaller stacks, which takes longer."""


def group_key(plan: FitPlan) -> tuple:
    """Return what networks must have in common to train as one stack; all else may differ.

    The shape of the network up to dropout, since one product serves a layer of all of them; the optimizer; the number
    type, the device and the kind of loss; and the batches' number and padded sizes, so that all networks are at the
    same step of their epochs.
    """
    network = replace(plan.network, dropout=0.0)
    shape = plan.n_batches, plan.batch_rows[0] if plan.n_batches > 1 else None, capacities(plan)
    return network, plan.optimizer, plan.dtype, plan.device, plan.is_classification, shape


def fit_plans(
    plans: Sequence[FitPlan],
    *,
    reporters: Sequence | None = None,
    states: Sequence[TrainingState | None] | None = None,
    n_threads: int = 1,
    check: Callable[[], None] = lambda: None,
) -> list[FitResult]:
    """Train many networks, those that can together as one.

    Each result is, bit for bit on one CPU, the one that its plan gives alone: whatever the others are, in any order,
    on any number of threads.

    Parameters
    ----------
    plans : sequence of FitPlan
        What to train.
    reporters : sequence of Reporter or None, default=None
        Are told of each epoch of their plan, in the thread that trains it. One that raises ends its plan only.
    states : sequence of TrainingState or None, default=None
        Where the plans go on from.
    n_threads : int, default=1
        Stacks that train at the same time, each on one thread.
    check : callable, default=None
        Called every few batches; what it raises ends everything.

    Returns
    -------
    results : list of FitResult
        In the order of `plans`; a plan that failed has its `error`.

    Examples
    --------
    >>> import numpy as np
    >>> from sktune.engine import FitPlan, Rows, fit_plans
    >>> from sktune.modules import NetworkSpec
    >>> rows = Rows(np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1]))
    >>> network = NetworkSpec(n_features=4, n_outputs=2, hidden=(8,))
    >>> plans = [FitPlan(network=network, train=rows, lr=lr, n_epochs=20) for lr in (1e-3, 1e-2)]
    >>> slow, fast = (result.history[-1]["train_loss"] for result in fit_plans(plans))
    >>> fast < slow
    True
    """
    reporters = [None] * len(plans) if reporters is None else reporters
    states = [None] * len(plans) if states is None else states
    members = [Member(*parts) for parts in zip(plans, reporters, states, strict=True)]
    _train_all(_make_stacks(members, n_threads), n_threads, check)
    return [member.result for member in members]


def _make_stacks(members, n_threads) -> list[list[Member]]:
    """Divide the members into stacks of equal keys, the longest work first."""
    groups = {}
    for member in members:
        groups.setdefault(group_key(member.plan), []).append(member)
    stacks = []
    for group in groups.values():
        # settings that are equal update together, and what ends together leaves no gaps
        group.sort(key=_settings)
        stacks += _divide(group, n_threads)
    return sorted(stacks, key=lambda stack: -_work(stack))


def _settings(member):
    plan = member.plan
    return -plan.n_epochs, plan.lr, plan.weight_decay, plan.momentum


def _divide(group, n_threads):
    """Divide a group into equally large stacks, as many as keep all threads busy to the end."""
    n_stacks = -(-len(group) // stack_size(group[0].plan))
    n_stacks = min(len(group), -(-n_stacks // n_threads) * n_threads)
    bounds = [round(i * len(group) / n_stacks) for i in range(n_stacks + 1)]
    return [group[start:stop] for start, stop in pairwise(bounds)]


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
    network = plan.network
    widths = (network.n_features, *network.hidden, network.n_outputs)
    n_weights = sum(n_in * n_out for n_in, n_out in pairwise(widths))
    n_units = max(capacities(plan)) * (network.n_features + 2 * sum(widths[1:]))
    return (4 * n_weights + n_units) * plan.train.X.itemsize


def _work(stack):
    plan = stack[0].plan
    return len(stack) * plan.n_epochs * plan.n_batches * working_set(plan)


def _train_all(stacks, n_threads, check):
    waiting = queue.SimpleQueue()
    for stack in stacks:
        waiting.put(stack)
    errors = []

    def check_all():
        check()
        if errors:  # of another thread
            raise errors[0]

    def work():
        # One torch thread: with more, a product is rounded in another way.
        with torch_threads(1), flushed_denormals():
            while not errors:
                try:
                    for part in _train_or_divide(waiting.get_nowait(), check_all):
                        waiting.put(part)
                except queue.Empty:
                    return
                except BaseException as error:
                    errors.append(error)

    helpers = [threading.Thread(target=work, daemon=True) for _ in range(min(n_threads, len(stacks)) - 1)]
    for helper in helpers:
        helper.start()
    work()
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]


def _train_or_divide(members: list[Member], check: Callable[[], None]) -> list[list[Member]]:
    """Train a stack; return what is still to be trained, in smaller stacks, because it did not fit into memory."""
    try:
        Stack(members).train(check)
        return []
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        shortage = error.with_traceback(None)  # whose frames hold the stack
    _free_memory(members[0].plan.device)
    if len(members) == 1:
        members[0].result.error = shortage
        return []
    warnings.warn(
        f"{len(members)} networks did not fit into the memory of {members[0].plan.device!r} together; "
        "they are trained in smaller stacks instead. Fewer jobs or smaller batches need less.",
        OutOfMemoryWarning,
        stacklevel=2,
    )
    left = [member for member in members if not member.has_ended]
    for member in left:
        member.restart()
    half = len(left) // 2
    return [part for part in (left[:half], left[half:]) if part]


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)  # torch has no class for it


def _free_memory(device: str) -> None:
    if device.startswith("cuda"):
        gc.collect()
        torch.cuda.empty_cache()
