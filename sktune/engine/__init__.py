"""How networks are trained: plans in, results out. It knows no estimator."""

from ._batches import BatchStream, rows_at_once
from ._constant import has_learned
from ._costs import epoch_costs
from ._divergence import diverged
from ._division import group_key
from ._early_stopping import EarlyStopping
from ._fit import OutOfMemoryWarning, fit_plans
from ._plan import FitPlan, FitResult, Rows, TrainingState
from ._slot import plans_go_to, train_plan
from ._sparse_rows import arrays_of, as_tensor
from ._stacked_optimizers import MOMENTS

__all__ = [
    "MOMENTS",
    "BatchStream",
    "EarlyStopping",
    "FitPlan",
    "FitResult",
    "OutOfMemoryWarning",
    "Rows",
    "TrainingState",
    "arrays_of",
    "as_tensor",
    "diverged",
    "epoch_costs",
    "fit_plans",
    "group_key",
    "has_learned",
    "plans_go_to",
    "rows_at_once",
    "train_plan",
]
