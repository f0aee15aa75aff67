"""Plans in, results out: on which threads networks train, and what happens where memory does not suffice."""

import gc
import queue
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress

import torch

from .._utils.threads import flushed_denormals, torch_threads
from .._utils.torch_state import plain_torch
from ..exceptions import SktuneWarning
from ._division import divide
from ._plan import FitPlan, FitResult, TrainingState
from ._stack import Member, Stack, shared_time


class OutOfMemoryWarning(SktuneWarning):
    """Networks did not fit into memory together; they are trained in smaller stacks, which takes longer."""


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
        In the order of `plans`; a plan that failed has its `error`, and the others are trained all the same.

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
    members = [_member_or_error(*parts) for parts in zip(plans, reporters, states, strict=True)]
    sound = [member for member in members if isinstance(member, Member)]
    _train_all(_divide(sound, n_threads), n_threads, check)
    return [_result(member) for member in members]


def _member_or_error(plan, reporter, state) -> Member | Exception:
    try:
        return Member(plan, reporter, state)
    except Exception as error:
        return error


def _result(member: Member | Exception) -> FitResult:
    if isinstance(member, Exception):
        return FitResult(error=member)
    member.result.seconds = member.seconds
    return member.result


def _divide(members: list[Member], n_threads: int) -> list[list[Member]]:
    """Divide networks into stacks; where one of them prevents that, which has the error then, each is alone in its."""
    with suppress(Exception):
        return divide(members, n_threads)
    stacks = []
    for member in members:
        try:
            stacks += divide([member], 1)
        except Exception as error:
            member.result.error = error
    return stacks


class _End(BaseException):
    """Training ends in all threads."""


def _train_all(stacks, n_threads, check):
    waiting = queue.SimpleQueue()
    for stack in stacks:
        waiting.put(stack)
    errors = []

    def check_all():
        try:
            check()
        except BaseException as error:
            errors.append(error)
        if errors:  # perhaps of another thread
            raise _End

    def work():
        # One torch thread: with more, a product is rounded in another way.
        with plain_torch(), torch_threads(1), flushed_denormals(True):
            while not errors:
                try:
                    for part in _train_or_divide(waiting.get_nowait(), check_all):
                        waiting.put(part)
                except (queue.Empty, _End):
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
    """Train a stack; return what is still to be trained, in smaller stacks, because together it failed.

    Memory did not suffice, or one of the networks cannot be trained: it has the error when it is alone, and no other.
    """
    try:
        with shared_time(members):
            stack = Stack(members)
        stack.train(check)
        return []
    except Exception as error:
        is_shortage = _is_out_of_memory(error)
        # the frames of a traceback hold the stack
        reason = error.with_traceback(None) if is_shortage or len(members) > 1 else error
    stack = None
    _free_memory(members[0].plan.device)
    left = [member for member in members if not member.has_ended]
    if len(members) == 1:
        for member in left:
            member.result.error = reason
        return []
    if is_shortage:
        warnings.warn(
            f"{len(members)} networks did not fit into the memory of {members[0].plan.device!r} together; "
            "they are trained in smaller stacks instead. Fewer jobs or smaller batches need less.",
            OutOfMemoryWarning,
            stacklevel=2,
        )
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
