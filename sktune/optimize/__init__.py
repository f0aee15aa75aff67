"""Bayesian optimisation by ask and tell: a Gaussian process proposes the points of a space to evaluate."""

from ._acquisition import log_expected_improvement
from ._encoding import FeatureEncoder
from ._fit import fit_gaussian_process
from ._gp import GaussianProcess, Hyperparameters
from ._hyperposterior import draw_hyperparameters
from ._kernel import Layout
from ._leave_out import leave_out_predictions
from ._optimizer import Optimizer
from ._paths import FunctionDraws
from ._threads import one_blas_thread
from ._transform import ScoreTransform

__all__ = [
    "FeatureEncoder",
    "FunctionDraws",
    "GaussianProcess",
    "Hyperparameters",
    "Layout",
    "Optimizer",
    "ScoreTransform",
    "draw_hyperparameters",
    "fit_gaussian_process",
    "leave_out_predictions",
    "log_expected_improvement",
    "one_blas_thread",
]
