"""Names of files."""

import os
import re
from pathlib import Path
from typing import Any

#: A scheme of several letters, as in "sqlite:///a.db"; `Path` makes one slash of several. "C:/a.db" is a file.
_URL = re.compile(r"[a-z][a-z0-9+.-]+:/|file:", re.IGNORECASE)


def as_path(path: Any, name: str = "path") -> Path:
    """Return the absolute path of a file, with "~" expanded.

    Parameters
    ----------
    path : str or path-like
        The name of the file, as a user has given it.
    name : str, default="path"
        The parameter that it was given for.

    Returns
    -------
    Path
        Whether there is such a file, or may be, is not asked.

    Raises
    ------
    TypeError
        If it is of another type.
    ValueError
        If it cannot be the name of a file: a URL, ":memory:", an empty string.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise TypeError(f"{name} must be a str or path-like, got {path!r}")
    text = os.fspath(path)
    if not text.strip() or "\0" in text or ":memory:" in text:
        raise ValueError(f"{name} must be the name of a file, got {path!r}")
    if _URL.match(text):
        raise ValueError(f"{name} must be the name of a file and not a URL, got {path!r}")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(f"{name}={path!r} begins with a home folder that is not known") from error


def check_place(path: Path, name: str = "path", error: type[OSError] | None = None) -> None:
    """Raise an error if there is no folder to hold a file of this name, or something else than a file is there."""
    if not path.parent.is_dir():
        raise (error or FileNotFoundError)(f"{name}={str(path)!r}: there is no folder {str(path.parent)!r}")
    if path.exists() and not path.is_file():
        raise (error or OSError)(f"{name}={str(path)!r} is not a file")
