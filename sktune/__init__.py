"""sktune: PyTorch networks as ordinary scikit-learn estimators, and searches that tune them well."""

from importlib.metadata import version

from .neural_network import NetClassifier, NetRegressor

__version__ = version("sktune")
__all__ = ["NetClassifier", "NetRegressor"]
