"""The file: one tree of plain values, with the versions of what wrote it."""

import os
import secrets
import warnings
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .._utils.codec import decode, encode
from .._utils.estimator_state import require, require_keys
from .._utils.paths import as_path, check_place
from ..exceptions import FileFormatError, UntrustedTypesError, VersionMismatchWarning
from ._for_prediction import check_estimator
from ._for_prediction import for_prediction as without_training
from ._objects import Reader, Writer, of_skops
from ._skops import untrusted_names

#: number of the format of what is in the tree: raised when a new sktune writes what an older one cannot read
_FORMAT = 1
_PACKAGES = ("sktune", "torch", "scikit-learn", "skorch", "numpy")


def save(estimator: Any, path: str | os.PathLike, *, trusted: Sequence[str] = (), for_prediction: bool = False) -> None:
    """Write an estimator or a search, fitted or not, to a file that `load` reads.

    The file has no pickle in it, and reading it runs no code. It holds the parameters, what was learnt, histories and
    ``cv_results_``, and where a training stands, so that it can go on. The weights are stored as safetensors: other
    tools for that format can open the file too. What is written was read back before, and replaces an older file in
    one step: there is never half a file under that name.

    Parameters
    ----------
    estimator : estimator object
        A network, a self-tuning network, a search, a pipeline, or any other estimator of scikit-learn with or without
        networks in it. Estimators other than networks, searches, `Pipeline` and `StandardScaler` need the package
        skops (``pip install 'sktune[skops]'``).
    path : str or path-like
        Where to write; the folder must exist.
    trusted : sequence of str, default=()
        Full names of types and functions that `load` shall be given as its `trusted`. Only objects of libraries other
        than sktune, scikit-learn, numpy and scipy need it, and functions of your own.
    for_prediction : bool, default=False
        Whether to leave out what only a training to come would need, above all the state of the optimizers: the file is
        two to three times smaller. What is loaded predicts alike, bit for bit; `fit_until` and `partial_fit` then raise
        ValueError, and a warm start, which needs the weights alone, warns. Pickles are made as small by
        ``pickle.dump(sktune.for_prediction(estimator), file)``.

    Raises
    ------
    TypeError
        If a parameter or an attribute cannot be saved, such as a lambda; the message names it. Nothing is written.
    UntrustedTypesError
        If `load` needs more names in `trusted` than are given here; the message names them. Nothing is written.
    ImportError
        If skops is needed and not installed.

    See Also
    --------
    load : Reads the file.
    for_prediction : Returns the estimator without its training, for pickles.

    Notes
    -----
    Callbacks of scikit-learn (``set_callbacks``) are not saved, nor is what callbacks of skorch keep between trainings.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import sktune
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = sktune.NetClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "iris.sktune")
    ...     sktune.save(model, path)
    ...     again = sktune.load(path)
    >>> np.array_equal(again.predict_proba(X), model.predict_proba(X))
    True
    """
    check_estimator(estimator)
    if not isinstance(for_prediction, bool):
        raise TypeError(f"for_prediction must be True or False, got {for_prediction!r:.200}")
    file = as_path(path)
    check_place(file)
    _check_trusted(trusted)
    data = to_bytes(without_training(estimator) if for_prediction else estimator)
    try:
        from_bytes(data, trusted)  # what cannot be read must not be written
    except UntrustedTypesError as error:
        raise UntrustedTypesError(
            f"load does not trust {error.names}, which are in the estimator. Nothing was written. If whoever reads the "
            f"file can trust them, pass trusted={error.names} to save, and to load",
            error.names,
        ) from None
    _write(Path(os.path.realpath(file)), data)


def load(path: str | os.PathLike, *, trusted: Sequence[str] = ()) -> Any:
    """Read an estimator or a search from a file that `save` wrote.

    Everything is checked: what comes back is complete and works, or an error says what is wrong with the file.

    Parameters
    ----------
    path : str or path-like
        The file.
    trusted : sequence of str, default=()
        Full names of types and functions that may be used besides the data of sktune, scikit-learn, numpy and scipy
        and their functions of numbers, such as metrics. Only name what you know: making an object of a type runs the
        code of that type. `save` says which names a file needs.

    Returns
    -------
    estimator : estimator object
        As it was saved: with equal parameters and bit-equal predictions.

    Raises
    ------
    FileFormatError
        If the file is of another kind, was written by a newer version of sktune, is damaged, or was changed.
    UntrustedTypesError
        If there are objects in it of types that are not trusted; the message names the types.
    ImportError
        If the file needs skops, which is not installed.

    Warns
    -----
    VersionMismatchWarning
        If the file was written with other versions of sktune, torch, scikit-learn, skorch or numpy.

    See Also
    --------
    save : Writes the file.

    Examples
    --------
    >>> import os, tempfile
    >>> import sktune
    >>> space = {"lr": sktune.Real(1e-4, 1e-1, "log-uniform")}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "search.sktune")
    ...     sktune.save(sktune.BayesSearchCV(sktune.NetClassifier(), space), path)
    ...     search = sktune.load(path)
    >>> search.search_spaces
    {'lr': Real(low=0.0001, high=0.1, prior='log-uniform', transform='identity')}
    """
    file = as_path(path)
    _check_trusted(trusted)
    return from_bytes(file.read_bytes(), trusted)


def _check_trusted(trusted: Any) -> None:
    is_sequence = isinstance(trusted, Sequence) and not isinstance(trusted, str)
    if not is_sequence or not all(isinstance(name, str) for name in trusted):
        raise TypeError(f"trusted must be a sequence of str, got {trusted!r}")


def to_bytes(estimator: Any) -> bytes:
    """Return the content of the file of an estimator."""
    tree = Writer().tree(estimator, "the estimator")
    return encode({"format": _FORMAT, "versions": _versions(), "estimator": tree})


def from_bytes(data: bytes, trusted: Sequence[str]) -> Any:
    """Return the estimator of a file with this content."""
    content = decode(data)
    require(type(content) is dict and "format" in content, "not a file of an estimator")
    number, versions = content["format"], content.get("versions")
    require(type(number) is int and number >= 1, f"the file has the unknown format {number!r:.80}")
    if number > _FORMAT:
        writer = versions.get("sktune") if type(versions) is dict else None
        raise FileFormatError(
            f"the file was written by sktune {writer!r:.20} in format {number}; this one, {version('sktune')}, reads "
            f"formats up to {_FORMAT}: update sktune"
        )
    require_keys(content, "the file", ("format", "versions", "estimator"))
    require_keys(versions, "the versions", (), _PACKAGES)
    _check_names(content["estimator"], trusted)
    try:
        estimator = Reader().value(content["estimator"])
    except (FileFormatError, ImportError):
        raise
    except Exception as error:  # of libraries that were given nonsense
        raise FileFormatError(f"the file is damaged: {type(error).__name__}: {error}") from error
    require(hasattr(estimator, "get_params"), "the file has no estimator in it")
    _compare(versions)
    return estimator


def _check_names(tree: Any, trusted: Sequence[str]) -> None:
    """Raise UntrustedTypesError for names in a tree that are not trusted, all of them."""
    names = sorted({name for data in of_skops(tree) for name in untrusted_names(data)} - set(trusted))
    if names:
        raise UntrustedTypesError(
            f"the file has objects of types, or functions, that are not trusted: {names}. If you know where it comes "
            f"from, pass trusted={names} to load",
            names,
        )


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def _compare(versions: dict) -> None:
    here = _versions()
    others = [f"{name} {given} (here {here.get(name)})" for name, given in versions.items() if given != here.get(name)]
    if others:
        warnings.warn(
            f"the file was written with {', '.join(others)}: results may differ from those of then",
            VersionMismatchWarning,
            stacklevel=4,
        )


def _write(path: Path, data: bytes) -> None:
    """Write all of `data` to `path`, or leave what was there."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(beside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
