"""The only file that touches torch's private names: updates of many tensors in one call, and the stack of modes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor

_EPS = 1e-8


def adam_updater(
    weights: list[Tensor],
    grads: list[Tensor],
    averages: list[Tensor],
    squares: list[Tensor],
    steps: list[Tensor],
    *,
    momentum: float,
    weight_decay: float,
    decoupled: bool,
) -> Callable[..., None]:
    """Return a function of the learning rate, ``lr``, that updates the weights and the moments in place.

    Parameters
    ----------
    weights, grads, averages, squares : list of Tensor
        Weights, their gradients, and the running means of the gradients and of their squares.
    steps : list of Tensor of shape ()
        Number of updates of each, the next one included when it is made.
    momentum, weight_decay : float
        As in ``torch.optim.AdamW``, whose ``betas`` are ``(momentum, 0.999)``.
    decoupled : bool
        Whether the decay acts on the weights (AdamW), or as a penalty through the gradients (Adam).
    """
    return partial(
        torch._fused_adamw_ if decoupled else torch._fused_adam_,
        weights,
        grads,
        averages,
        squares,
        [],
        steps,
        beta1=momentum,
        beta2=0.999,
        weight_decay=weight_decay,
        eps=_EPS,
        amsgrad=False,
        maximize=False,
    )


def adam_updater_in_steps(
    weights, grads, averages, squares, steps, *, momentum, weight_decay, decoupled
) -> Callable[..., None]:
    """Do what `adam_updater` does, with torch's public functions only."""

    def update(lr):
        if weight_decay and decoupled:
            for weight in weights:
                weight.mul_(1.0 - lr * weight_decay)
        for weight, grad, average, square, step in zip(weights, grads, averages, squares, steps, strict=True):
            if weight_decay and not decoupled:
                grad = grad.add(weight, alpha=weight_decay)
            average.lerp_(grad, 1.0 - momentum)
            square.mul_(0.999).addcmul_(grad, grad, value=1.0 - 0.999)
            n_steps = step.item()
            root = square.sqrt().div_((1.0 - 0.999**n_steps) ** 0.5).add_(_EPS)
            weight.addcdiv_(average, root, value=-lr / (1.0 - momentum**n_steps))

    return update


if not (hasattr(torch, "_fused_adamw_") and hasattr(torch, "_fused_adam_")):  # a torch that has renamed them
    adam_updater = adam_updater_in_steps

foreach_add_, foreach_mul_, foreach_sqrt = torch._foreach_add_, torch._foreach_mul_, torch._foreach_sqrt
foreach_addcmul_, foreach_addcdiv_ = torch._foreach_addcmul_, torch._foreach_addcdiv_


@contextmanager
def function_modes_set_aside() -> Iterator[None]:
    """Take away the modes that see, and may change, every call of torch in this thread, and bring them back.

    ``torch.set_default_device`` and ``with torch.device(...):`` are such modes too.
    """
    modes = [torch.overrides._pop_mode() for _ in range(torch.overrides._len_torch_function_stack())]
    try:
        yield
    finally:
        for mode in reversed(modes):
            torch.overrides._push_mode(mode)
