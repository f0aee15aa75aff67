"""The network of the estimators: a stack of dense layers.

hidden layer   x <- dropout(activation(norm(x W' + b)))
output layer   x <- x W' + b, then shift + scale * x where the targets of a regression have a scale
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from ._dropout import Dropout

#: name -> (module, gain that keeps the variance of the signal through a layer; He et al. 2015, Glorot & Bengio 2010)
ACTIVATIONS: dict[str, tuple[Callable[[], nn.Module], float]] = {
    "relu": (nn.ReLU, nn.init.calculate_gain("relu")),
    "leaky_relu": (nn.LeakyReLU, nn.init.calculate_gain("leaky_relu", 0.01)),
    "elu": (nn.ELU, nn.init.calculate_gain("relu")),
    "gelu": (nn.GELU, nn.init.calculate_gain("relu")),
    "silu": (nn.SiLU, nn.init.calculate_gain("relu")),
    "tanh": (nn.Tanh, nn.init.calculate_gain("tanh")),
    "sigmoid": (nn.Sigmoid, nn.init.calculate_gain("sigmoid")),
    "identity": (nn.Identity, 1.0),
}
NORMALIZATIONS: dict[str, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


@dataclass(frozen=True)
class NetworkSpec:
    """The shape of a network.

    Parameters
    ----------
    n_features, n_outputs : int
        Width of the input and of the output.
    hidden : tuple of int
        Units of each hidden layer; an empty tuple is a linear model.
    activation : str
        A name of `ACTIVATIONS`.
    normalization : {None, "batch", "layer"}
        What stands between a hidden layer's product and its activation.
    dropout : float
        Probability with which a hidden unit is dropped while training.
    rescale : bool
        Whether the output passes through ``shift + scale * output``, two buffers with one number per output.
    """

    n_features: int
    n_outputs: int
    hidden: tuple[int, ...]
    activation: str = "relu"
    normalization: str | None = None
    dropout: float = 0.0
    rescale: bool = False


class MLP(nn.Module):
    """A multi-layer perceptron.

    Parameters
    ----------
    spec : NetworkSpec
        Its shape.
    seed : int
        Seed of the initial weights; equal seeds give equal networks in every process.
    dtype : torch.dtype, default=torch.float32
        Type of the weights and of the input.

    Examples
    --------
    >>> network = MLP(NetworkSpec(n_features=4, n_outputs=3, hidden=(8,)), seed=0)
    >>> network(torch.zeros(2, 4)).shape
    torch.Size([2, 3])
    """

    #: pattern of the parameters that weight decay and L1 act on: the matrices, not the biases and the norms' scales
    PENALIZED = "[!n]*.weight"

    def __init__(self, spec: NetworkSpec, seed: int, dtype: torch.dtype = torch.float32):
        super().__init__()
        self.spec = spec
        make_activation, gain = ACTIVATIONS[spec.activation]
        widths = (spec.n_features, *spec.hidden)
        make_linear = partial(nn.utils.skip_init, nn.Linear, dtype=dtype)
        self.hidden = nn.ModuleList(make_linear(*pair) for pair in pairwise(widths))
        norm = NORMALIZATIONS.get(spec.normalization)
        self.norms = nn.ModuleList(norm(width, dtype=dtype) if norm else nn.Identity() for width in spec.hidden)
        self.activation = make_activation()
        self.dropout = Dropout(spec.dropout)
        self.output = make_linear(widths[-1], spec.n_outputs)
        if spec.rescale:
            self.register_buffer("output_shift", torch.zeros(spec.n_outputs, dtype=dtype))
            self.register_buffer("output_scale", torch.ones(spec.n_outputs, dtype=dtype))
        self._initialize(gain, torch.Generator().manual_seed(seed))

    @property
    def numpy_dtype(self) -> np.dtype:
        """The type of array that the network takes."""
        return np.dtype(str(self.output.weight.dtype).removeprefix("torch."))

    @torch.no_grad()
    def _initialize(self, gain: float, generator: torch.Generator) -> None:
        """Draw uniform weights of variance gain**2 / fan_in (output: 1 / fan_in) and set the biases to zero."""
        for layer, layer_gain in [*((layer, gain) for layer in self.hidden), (self.output, 1.0)]:
            bound = layer_gain * (3 / max(layer.in_features, 1)) ** 0.5
            layer.weight.uniform_(-bound, bound, generator=generator)
            layer.bias.zero_()

    def forward(self, X: Tensor) -> Tensor:  # (n_samples, n_features) -> (n_samples, n_outputs)
        """Return the output of each row: scores of the classes, or the targets of a regression."""
        for linear, norm in zip(self.hidden, self.norms, strict=True):
            X = self.dropout(self.activation(norm(linear(X))))
        X = self.output(X)
        return self.output_shift + self.output_scale * X if self.spec.rescale else X
