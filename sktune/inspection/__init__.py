"""What a finished search or training shows: arrays and callables in, dataclasses out."""

from ._importance import ParameterImportance
from ._variance_shares import VarianceShares, variance_shares

__all__ = ["ParameterImportance", "VarianceShares", "variance_shares"]
