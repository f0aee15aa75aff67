"""How networks are trained: plans in, results out. It knows no estimator."""

from ._batches import BatchStream
from ._early_stopping import EarlyStopping
from ._plan import FitPlan, FitResult, Rows

__all__ = ["BatchStream", "EarlyStopping", "FitPlan", "FitResult", "Rows"]
