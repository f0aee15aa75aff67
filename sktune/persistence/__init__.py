"""Fitted estimators and searches as single files, without pickle."""

from ._file import load, save

__all__ = ["load", "save"]
