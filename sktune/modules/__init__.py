"""Torch networks, alone and stacked. They know how to compute, not how to train."""

from ._activations import ACTIVATIONS
from ._dropout import Dropout, MaskStream
from ._mlp import MLP, NORMALIZATIONS, NetworkSpec, state_shapes
from ._stacked import BLOCK, RealRows, StackedMLP, row_unit

__all__ = [
    "ACTIVATIONS",
    "BLOCK",
    "MLP",
    "NORMALIZATIONS",
    "Dropout",
    "MaskStream",
    "NetworkSpec",
    "RealRows",
    "StackedMLP",
    "row_unit",
    "state_shapes",
]
