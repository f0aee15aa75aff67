"""The network of a fitted estimator in the forms that it is used in, each made when it is first needed."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..engine import FitPlan, TrainingState
from ..modules import StackedMLP


class _Forward(NamedTuple):
    """A forward pass, and the weights that it was made of."""

    weights: Mapping[str, Tensor]
    compute: Callable[[Tensor], Tensor]


class _Origin(NamedTuple):
    """What a skorch net was when it was made."""

    attributes: dict[str, Any]
    weights: Mapping[str, Tensor]
    history: list[dict]

    def is_still_that_of(self, net) -> bool:
        """Whether the same net can be made again: it was not set, trained or changed since."""
        attributes = vars(net)
        return (
            attributes.keys() == self.attributes.keys()
            and all(attributes[name] is value for name, value in self.attributes.items())
            and list(net.history) == self.history
            and equal_weights(self.weights, net.module_.state_dict())
        )


class ReadyNet:
    """The network of one trained state, ready to be used; another state gets another one.

    It is safe for threads: whatever is made is complete before it is kept, and all threads get the same skorch net.
    Pickles, files and keys of a storage hold nothing of it, so that use leaves no trace in them, unless the skorch net
    is one that could not be made again.

    Parameters
    ----------
    net : skorch.NeuralNet or None, default=None
        A net that could not be made of the trained state, such as one with callbacks of the user.
    """

    def __init__(self, net=None):
        self._net = net
        self._forward: _Forward | None = None

    def __reduce__(self):
        return ReadyNet, (self.changed_net(),)

    def net(self, make: Callable, weights: Mapping[str, Tensor]):
        """Return the skorch net; the first call lets `make` make it of `weights`."""
        if self._net is not None:
            return self._net
        if "_made" not in vars(self):
            net = make()
            made = net, _Origin(dict(vars(net)), weights, list(net.history))
            vars(self).setdefault("_made", made)  # of several threads, one is the first
        return self._made[0]

    def present_net(self):
        """Return the skorch net if there is one, otherwise None."""
        return self._made[0] if "_made" in vars(self) else self._net

    def changed_net(self):
        """Return the skorch net if it could not be made again, otherwise None."""
        if "_made" not in vars(self):
            return self._net
        net, origin = self._made
        return None if origin.is_still_that_of(net) else net

    def forward(self, plan: FitPlan, state: TrainingState) -> Callable[[Tensor], Tensor]:
        """Return the forward pass with the weights that the network has now."""
        net, ready = self.present_net(), self._forward
        weights = state.network if net is None else net.module_.state_dict()
        if ready is not None and (ready.weights is weights or equal_weights(ready.weights, weights)):
            return ready.compute
        if net is not None:  # the user has it in hand, and may change its weights
            weights = {name: value.clone() for name, value in weights.items()}
        self._forward = ready = _Forward(weights, _forward_of(plan, weights))
        return ready.compute


def equal_weights(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Whether all weights of `one` are those of `other`, bit for bit."""
    return all(name in other and _equal(value, other[name]) for name, value in one.items())


def _equal(one: Tensor, other: Tensor) -> bool:
    if one is other:
        return True
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.device.type != "cpu" or other.device.type != "cpu" or not (one.is_contiguous() and other.is_contiguous()):
        return torch.equal(one.to(other.device), other)
    # four times faster than torch.equal, which would take longer than a prediction of one row
    one, other = (_words(tensor.detach().numpy()) for tensor in (one, other))
    return bool((one == other).all())


def _words(array: np.ndarray) -> np.ndarray:
    """Return the bits of an array in as few numbers as there can be."""
    return array.reshape(-1).view(np.int64 if array.nbytes % 8 == 0 else np.uint8)


def _forward_of(plan: FitPlan, weights: Mapping[str, Tensor]) -> Callable[[Tensor], Tensor]:
    """Return the forward pass of a network, computed in float64 where it is on the CPU.

    Matrix products of few and of many rows round differently. In float64 that is far below what metrics can tell: the
    prediction of a row does not depend on the rows beside it. GPUs are slow at it, and some lack it.
    """
    device = plan.device
    dtype = torch.float64 if torch.device(device).type == "cpu" else getattr(torch, plan.dtype)
    network = StackedMLP([plan.network], dtype, device)
    network.write(0, weights)
    if not plan.network.rescale:
        return lambda X: network.evaluate(0, X.to(device, dtype))
    shift, scale = (torch.as_tensor(values).to(device, dtype) for values in (plan.target_shift, plan.target_scale))
    inverse_link = torch.exp if plan.network.log_link else torch.positive
    return lambda X: shift + scale * inverse_link(network.evaluate(0, X.to(device, dtype)))
