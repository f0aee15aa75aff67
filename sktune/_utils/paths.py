"""Names of files."""

import os
from typing import Any


def check_path(path: Any, name: str = "path") -> None:
    """Raise TypeError for what cannot be the name of a file.

    Parameters
    ----------
    path : object
        What was given.
    name : str, default="path"
        The parameter that it was given for.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{name} must be a str or path-like, got {path!r}")
