"""Torch networks. They know how to compute, not how to train."""

from ._dropout import Dropout, MaskStream
from ._mlp import ACTIVATIONS, MLP, NORMALIZATIONS, NetworkSpec

__all__ = ["ACTIVATIONS", "MLP", "NORMALIZATIONS", "Dropout", "MaskStream", "NetworkSpec"]
