"""Bayesian optimisation by ask and tell: a Gaussian process proposes the points of a space to evaluate."""

from ._fit import fit_gaussian_process
from ._gp import GaussianProcess, Hyperparameters
from ._kernel import Layout
from ._optimizer import Optimizer

__all__ = ["GaussianProcess", "Hyperparameters", "Layout", "Optimizer", "fit_gaussian_process"]
