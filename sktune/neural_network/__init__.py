"""Networks as scikit-learn estimators."""

from ._classifier import NetClassifier
from ._regressor import NetRegressor

__all__ = ["NetClassifier", "NetRegressor"]
