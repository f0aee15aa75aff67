"""sktune: PyTorch networks as ordinary scikit-learn estimators, and searches that tune them well."""

from importlib.metadata import version

from .model_selection import (
    BayesSearchCV,
    HyperbandSearchCV,
    NetClassifierCV,
    NetRegressorCV,
    PopulationSearchCV,
    ZoomSearchCV,
    default_search_space,
    parameter_importance,
)
from .neural_network import NetClassifier, NetRegressor
from .parallel import SktuneBackend  # noqa: F401 - the import registers the joblib backend "sktune"
from .persistence import for_prediction, load, save
from .space import Categorical, Integer, Real, Space

__version__ = version("sktune")
__all__ = [
    "BayesSearchCV",
    "Categorical",
    "HyperbandSearchCV",
    "Integer",
    "NetClassifier",
    "NetClassifierCV",
    "NetRegressor",
    "NetRegressorCV",
    "PopulationSearchCV",
    "Real",
    "Space",
    "ZoomSearchCV",
    "default_search_space",
    "for_prediction",
    "load",
    "parameter_importance",
    "save",
]
