"""Activations: as modules, and as functions in place with their derivatives.

forward(z)            z <- f(z)
backward(grad, ...)   grad <- grad * f'(z), from the input z or from the output f(z)
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

_aten = torch.ops.aten


@dataclass(frozen=True)
class Activation:
    """One activation.

    Parameters
    ----------
    module : callable
        Makes torch's module of it.
    gain : float
        Keeps the variance of the signal through a layer (He et al. 2015, Glorot & Bengio 2010).
    forward : callable
        ``forward(z, out)`` writes f(z) to `out`, which may be `z`.
    backward : callable
        ``backward(grad, saved)`` multiplies `grad` in place by the derivative, given the output, or the input if
        `needs_input`.
    needs_input : bool, default=False
        Whether the derivative needs the input.
    by_sign : bool, default=False
        Whether the derivative depends on the sign of the output alone: dropout may then overwrite the output.
    """

    module: Callable[[], nn.Module]
    gain: float
    forward: Callable[[Tensor, Tensor], Tensor]
    backward: Callable[[Tensor, Tensor], Tensor]
    needs_input: bool = False
    by_sign: bool = False


def _elu_backward(grad, output):
    return _aten.elu_backward.grad_input(grad, 1.0, 1.0, 1.0, True, output, grad_input=grad)


def _leaky_relu_forward(z, out):
    return _aten.leaky_relu.out(z, 0.01, out=out)


def _leaky_relu_backward(grad, output):
    return _aten.leaky_relu_backward.grad_input(grad, output, 0.01, True, grad_input=grad)


def _no_op(z, other):
    return z


def _from_aten(name, module, gain, *, needs_input=False):
    """An activation whose functions torch has under regular names, without further arguments."""
    forward, backward = getattr(_aten, name).out, getattr(_aten, f"{name}_backward").grad_input
    return Activation(
        module,
        gain,
        lambda z, out: forward(z, out=out),
        lambda grad, saved: backward(grad, saved, grad_input=grad),
        needs_input,
    )


_RELU_GAIN = nn.init.calculate_gain("relu")

#: name -> activation
ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation(
        nn.ReLU,
        _RELU_GAIN,
        lambda z, out: torch.clamp_min(z, 0.0, out=out),
        lambda grad, output: _aten.threshold_backward.grad_input(grad, output, 0.0, grad_input=grad),
        by_sign=True,
    ),
    "leaky_relu": Activation(
        nn.LeakyReLU,
        nn.init.calculate_gain("leaky_relu", 0.01),
        _leaky_relu_forward,
        _leaky_relu_backward,
        by_sign=True,
    ),
    "elu": Activation(nn.ELU, _RELU_GAIN, lambda z, out: _aten.elu.out(z, 1.0, 1.0, 1.0, out=out), _elu_backward),
    "gelu": _from_aten("gelu", nn.GELU, _RELU_GAIN, needs_input=True),
    "silu": _from_aten("silu", nn.SiLU, _RELU_GAIN, needs_input=True),
    "tanh": _from_aten("tanh", nn.Tanh, nn.init.calculate_gain("tanh")),
    "sigmoid": _from_aten("sigmoid", nn.Sigmoid, nn.init.calculate_gain("sigmoid")),
    "identity": Activation(nn.Identity, 1.0, _no_op, _no_op, by_sign=True),
}
