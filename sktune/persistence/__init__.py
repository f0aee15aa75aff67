"""Fitted estimators and searches as single files, without pickle."""

from ._file import load, save
from ._for_prediction import for_prediction

__all__ = ["for_prediction", "load", "save"]
