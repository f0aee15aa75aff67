"""Bayesian optimisation by ask and tell: a Gaussian process proposes the points of a space to evaluate."""

from ._fit import fit_gaussian_process
from ._gp import GaussianProcess, Hyperparameters
from ._kernel import Layout

__all__ = ["GaussianProcess", "Hyperparameters", "Layout", "fit_gaussian_process"]
