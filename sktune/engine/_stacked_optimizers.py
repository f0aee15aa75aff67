"""Optimizer steps of a stack of networks, each network with its own settings.

They do what torch's optimizers do, number by number: no number of a network depends on the others. Networks of equal
settings are updated in one call, and neighbours in the stack as one tensor where that shifts no number to another place
in its vector register. The folds of a candidate are always such networks.

Weight decay and the L1 penalty act on the matrices only (see `MLP.PENALIZED`).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from .._torch_compat import (
    adam_updater,
    foreach_add_,
    foreach_addcdiv_,
    foreach_addcmul_,
    foreach_mul_,
    foreach_sqrt,
)
from ..modules import BLOCK, StackedMLP
from ._plan import FitPlan

#: as torch has them
_RMSPROP_ALPHA, _RMSPROP_EPS = 0.99, 1e-8

#: names of the moments of each optimizer, as torch's have them
MOMENTS = {
    "adamw": ("exp_avg", "exp_avg_sq"),
    "adam": ("exp_avg", "exp_avg_sq"),
    "sgd": ("momentum_buffer",),
    "rmsprop": ("square_avg", "momentum_buffer"),
}


class StackedOptimizer:
    """The optimizer of a stack; all networks have the same one.

    Parameters
    ----------
    stack : StackedMLP
        What it updates.
    plans : sequence of FitPlan
        Of the networks in the stack.
    """

    def __init__(self, stack: StackedMLP, plans: Sequence[FitPlan]):
        self._stack = stack
        self.name = plans[0].optimizer
        self.moments = {
            name: ([torch.zeros_like(matrix) for matrix in stack.matrices], torch.zeros_like(stack.vectors))
            for name in MOMENTS[self.name]
        }
        self.n_steps = torch.zeros(len(plans), dtype=torch.float32, device=stack.device)
        self._n_steps_before = [0] * len(plans)  # the same on the host, which need not ask the device for it
        self._bind(plans)

    def begin_at(self, index: int, n_steps: int) -> None:
        """Note, before the first step, that network `index` has been updated `n_steps` times."""
        self.n_steps[index] = n_steps
        self._n_steps_before[index] = n_steps

    def keep(self, index: Tensor, plans: Sequence[FitPlan]) -> None:
        """Drop all networks but those of `index`, after the stack has; `plans` are theirs."""
        on_device = index.to(self._stack.device)
        self.moments = {
            name: ([matrix[on_device] for matrix in matrices], vectors[on_device])
            for name, (matrices, vectors) in self.moments.items()
        }
        self.n_steps = self.n_steps[on_device]
        self._n_steps_before = [self._n_steps_before[i] for i in index.tolist()]
        self._bind(plans)

    def _bind(self, plans):
        self._plans = list(plans)
        self._clip = _column([plan.clip_norm or torch.inf for plan in plans], self._stack)
        self._clips = any(plan.clip_norm is not None for plan in plans)
        self._unclipped = self._clip.isinf()
        self._l1 = _column([plan.l1 for plan in plans], self._stack).unsqueeze(1)
        self._has_l1 = any(plan.l1 for plan in plans)
        self._classes_by_pattern = {}
        self._rates, self._classes = None, []

    def step(self, rates: tuple[float, ...]) -> None:
        """Update the weights from the gradients of the stack, at the learning rate of each network."""
        if self._has_l1:
            for grad, matrix in zip(self._stack.grad_matrices, self._stack.matrices, strict=True):
                grad.addcmul_(matrix.sign(), self._l1)
        if self._clips:
            self._clip_gradients()
        self.n_steps.add_(1)
        if rates != self._rates:
            self._rates, self._classes = rates, self._classes_of(rates)
        for rate, updates in self._classes:
            for update in updates:
                update(lr=rate)

    def _clip_gradients(self):
        stack = self._stack
        grads = [*stack.grad_matrices, stack.grad_vectors]
        norms = [torch.linalg.vector_norm(grad.flatten(1), dim=1) for grad in grads]
        total = torch.linalg.vector_norm(torch.stack(norms, dim=1), dim=1, keepdim=True)
        factor = (self._clip / (total + 1e-6)).clamp_(max=1.0)  # 1e-6: as in torch
        factor.masked_fill_(self._unclipped, 1.0)  # the norm may overflow, where nobody asks for it
        for grad in stack.grad_matrices:
            grad.mul_(factor.unsqueeze(2))
        stack.grad_vectors.mul_(factor)

    def _classes_of(self, rates):
        """The networks of equal settings: their learning rate, and what updates them."""
        pattern = tuple(map(rates.index, rates))  # which networks have equal rates: that changes less than the rates
        if pattern not in self._classes_by_pattern:
            self._classes_by_pattern[pattern] = self._make_classes(pattern)
        return [(rates[first], updates) for first, updates in self._classes_by_pattern[pattern]]

    def _make_classes(self, pattern):
        members = {}
        for index, (first, plan, before) in enumerate(zip(pattern, self._plans, self._n_steps_before, strict=True)):
            members.setdefault((first, plan.momentum, plan.weight_decay, before), []).append(index)
        return [
            (first, self._updates(indices, momentum, decay)) for (first, momentum, decay, _), indices in members.items()
        ]

    def _updates(self, indices, momentum, decay):
        """Functions of the learning rate that update the matrices and the vectors of the networks `indices`."""
        matrices, vectors = self._together(indices)
        if decay == 0.0:
            both = [ours + theirs for ours, theirs in zip(matrices, vectors, strict=True)]
            return (self._updater(*both, momentum=momentum, weight_decay=0.0),)
        return (
            self._updater(*matrices, momentum=momentum, weight_decay=decay),
            self._updater(*vectors, momentum=momentum, weight_decay=0.0),
        )

    def _updater(self, *tensors, **settings):
        if self.name in ("adamw", "adam"):
            return adam_updater(*tensors, **settings, decoupled=self.name == "adamw")
        return {"sgd": _sgd_updater, "rmsprop": _rmsprop_updater}[self.name](*tensors, **settings)

    def _together(self, indices):
        """Weights, gradients, moments and numbers of steps of some networks: of their matrices, of their vectors."""
        stack, moments = self._stack, self.moments.values()
        matrices = [stack.matrices, stack.grad_matrices, *(matrices for matrices, _ in moments)]
        vectors = [[stack.vectors], [stack.grad_vectors], *([vectors] for _, vectors in moments)]
        return [self._parts(roles, indices) for roles in (matrices, vectors)]

    def _parts(self, roles, indices):
        """For each role, given as a list of tensors, the parts that the networks `indices` have; and their steps."""
        parts = [(i, run) for i, tensor in enumerate(roles[0]) for run in _runs(indices, tensor[0].numel())]
        return [
            *([tensors[i][run].view(-1) for i, run in parts] for tensors in roles),
            [self.n_steps[run.start] for _, run in parts],
        ]


def _runs(indices, n_numbers):
    """Slices of increasing indices: of neighbours, if they have whole vector registers, otherwise one by one."""
    together = n_numbers % BLOCK == 0
    starts = [i for i, index in enumerate(indices) if not (together and i > 0 and indices[i - 1] == index - 1)]
    return [slice(indices[i], indices[j - 1] + 1) for i, j in pairwise([*starts, len(indices)])]


def _sgd_updater(weights, grads, buffers, steps, *, momentum, weight_decay):
    def update(lr):
        if weight_decay:
            foreach_add_(grads, weights, alpha=weight_decay)
        if momentum:
            foreach_mul_(buffers, momentum)
            foreach_add_(buffers, grads)
            foreach_add_(grads, buffers, alpha=momentum)  # Nesterov's step looks ahead
        foreach_add_(weights, grads, alpha=-lr)

    return update


def _rmsprop_updater(weights, grads, squares, buffers, steps, *, momentum, weight_decay):
    def update(lr):
        if weight_decay:
            foreach_add_(grads, weights, alpha=weight_decay)
        foreach_mul_(squares, _RMSPROP_ALPHA)
        foreach_addcmul_(squares, grads, grads, value=1.0 - _RMSPROP_ALPHA)
        roots = foreach_sqrt(squares)
        foreach_add_(roots, _RMSPROP_EPS)
        foreach_mul_(buffers, momentum)
        foreach_addcdiv_(buffers, grads, roots)
        foreach_add_(weights, buffers, alpha=-lr)

    return update


def _column(values, stack):
    return torch.tensor(values, dtype=stack.dtype, device=stack.device).unsqueeze(1)
