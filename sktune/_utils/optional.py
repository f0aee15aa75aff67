"""Packages that some features need and the library does not."""

import importlib
from types import ModuleType


def import_optional(name: str, *, extra: str, purpose: str) -> ModuleType:
    """Import the package `name`, or say which extra of sktune brings it.

    Raises
    ------
    ImportError
        If the package is not installed; the message names the extra to install and what it is needed for.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"{purpose} needs {name}: pip install 'sktune[{extra}]'") from error
