"""The network of the estimators: a stack of dense layers.

hidden layer   x <- dropout(activation(norm(x W' + b)))
output layer   x <- x W' + b, then shift + scale * x where the targets of a regression have a scale, or
               shift + scale * exp(x) where they have a logarithm
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from ._activations import ACTIVATIONS
from ._dropout import Dropout, MaskStream

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
    log_link : bool
        Whether that is ``shift + scale * exp(output)``.
    """

    n_features: int
    n_outputs: int
    hidden: tuple[int, ...]
    activation: str = "relu"
    normalization: str | None = None
    dropout: float = 0.0
    rescale: bool = False
    log_link: bool = False


def initial_matrices(spec: NetworkSpec, seed: int) -> Iterator[Tensor]:
    """Yield the initial weights of each layer, shape (n_out, n_in), in float32, whatever the type of the network.

    They are uniform with variance gain**2 / n_in (output: 1 / n_in).
    """
    generator = torch.Generator().manual_seed(seed)
    gain = ACTIVATIONS[spec.activation].gain
    widths = (spec.n_features, *spec.hidden, spec.n_outputs)
    for layer, (n_in, n_out) in enumerate(pairwise(widths)):
        bound = (gain if layer < len(spec.hidden) else 1.0) * (3 / max(n_in, 1)) ** 0.5
        yield torch.empty(n_out, n_in, dtype=torch.float32).uniform_(-bound, bound, generator=generator)


def state_shapes(spec: NetworkSpec) -> dict[str, tuple[int, ...]]:
    """Return the shapes of an `MLP`'s state by name, without making one."""
    widths = (spec.n_features, *spec.hidden, spec.n_outputs)
    layers = [*(f"hidden.{i}" for i in range(len(spec.hidden))), "output"]
    shapes = {f"{name}.weight": (n_out, n_in) for name, (n_in, n_out) in zip(layers, pairwise(widths), strict=True)}
    shapes |= {f"{name}.bias": (n_out,) for name, n_out in zip(layers, widths[1:], strict=True)}
    vectors = {None: [], "layer": ["weight", "bias"], "batch": ["weight", "bias", "running_mean", "running_var"]}
    for i, width in enumerate(spec.hidden):
        shapes |= {f"norms.{i}.{name}": (width,) for name in vectors[spec.normalization]}
        if spec.normalization == "batch":
            shapes[f"norms.{i}.num_batches_tracked"] = ()
    if spec.rescale:
        shapes |= {"output_shift": (spec.n_outputs,), "output_scale": (spec.n_outputs,)}
    return shapes


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
    # TorchScript compiles `forward` with these as constants, and leaves the property out
    rescale: Final[bool]
    log_link: Final[bool]
    __jit_unused_properties__ = ["numpy_dtype"]

    def __init__(self, spec: NetworkSpec, seed: int, dtype: torch.dtype = torch.float32):
        super().__init__()
        self.spec = spec
        self.rescale, self.log_link = spec.rescale, spec.log_link
        widths = (spec.n_features, *spec.hidden)
        make_linear = partial(nn.utils.skip_init, nn.Linear, dtype=dtype)
        self.hidden = nn.ModuleList(make_linear(*pair) for pair in pairwise(widths))
        norm = NORMALIZATIONS.get(spec.normalization)
        self.norms = nn.ModuleList(norm(width, dtype=dtype) if norm else nn.Identity() for width in spec.hidden)
        self.activation = ACTIVATIONS[spec.activation].module()
        self.dropouts = nn.ModuleList(Dropout(spec.dropout) for _ in spec.hidden)
        self.output = make_linear(widths[-1], spec.n_outputs)
        if spec.rescale:
            self.register_buffer("output_shift", torch.zeros(spec.n_outputs, dtype=dtype))
            self.register_buffer("output_scale", torch.ones(spec.n_outputs, dtype=dtype))
        self._initialize(seed)

    @property
    def numpy_dtype(self) -> np.dtype:
        """The type of array that the network takes."""
        return np.dtype(str(self.output.weight.dtype).removeprefix("torch."))

    @torch.no_grad()
    def _initialize(self, seed: int) -> None:
        for layer, weight in zip([*self.hidden, self.output], initial_matrices(self.spec, seed), strict=True):
            layer.weight.copy_(weight)
            layer.bias.zero_()

    def start_dropout(self, seed: int, n_rows: int) -> None:
        """Draw the masks from streams that begin at `seed`, for batches of at most `n_rows`."""
        generator = torch.Generator().manual_seed(seed)
        device = str(self.output.weight.device)
        for dropout, width in zip(self.dropouts, self.spec.hidden, strict=True):
            dropout.stream = MaskStream(n_rows * width, generator, device)

    def stop_dropout(self) -> None:
        """Draw the masks from torch's global generator again."""
        for dropout in self.dropouts:
            dropout.stream = None

    def forward(self, X: Tensor) -> Tensor:  # (n_samples, n_features) -> (n_samples, n_outputs)
        """Return the output of each row: scores of the classes, or the targets of a regression."""
        for linear, norm, dropout in zip(self.hidden, self.norms, self.dropouts):  # noqa: B905 - for TorchScript
            X = dropout(self.activation(norm(linear(X))))
        X = self.output(X)
        if not self.rescale:
            return X
        return self.output_shift + self.output_scale * (X.exp() if self.log_link else X)
