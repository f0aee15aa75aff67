"""One seed for a whole search: seeds of the tasks, of the estimators in them, and of the generators nobody owns.

With ``random_state=None`` nothing here is called: the estimators draw as they would alone.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator

from .._utils.random import derive_seed


def set_random_states(estimator: BaseEstimator, seed: int) -> BaseEstimator:
    """Give every ``random_state`` parameter that is None, however nested, an int of its own.

    The int follows from `seed` and from the parameter's name alone, so that adding a step to a pipeline does not
    change the random numbers of the others. What the user has set stays.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.svm import SVC
    >>> pipeline = set_random_states(make_pipeline(PCA(), SVC(random_state=7)), seed=0)
    >>> pipeline["pca"].random_state is None, pipeline["svc"].random_state
    (False, 7)
    """
    unset = {
        name: derive_seed(seed, name) & 0x7FFFFFFF  # what check_random_state and torch both take
        for name, value in sorted(estimator.get_params(deep=True).items())
        if value is None and (name == "random_state" or name.endswith("__random_state"))
    }
    return estimator.set_params(**unset) if unset else estimator


class Streams(NamedTuple):
    """Where the global generators were when a piece of a training ended, which had begun with a seed."""

    seed: int
    numpy: tuple[Any, ...]
    torch: Any


@contextmanager
def seeded_generators(seed: int | None) -> Iterator[None]:
    """Seed the global generators of numpy and torch (on the CPU) while the block runs, then restore them.

    Plain skorch nets and many estimators draw from them: this is what makes a search over such estimators
    reproducible, whichever process runs a task. The generators belong to the whole process, and other threads may be
    drawing from them: hence nothing is done outside of the main thread, nor if `seed` is None.
    """
    if seed is None or not _in_main_thread():
        yield
        return
    with untouched_generators():
        np.random.seed(seed & 0xFFFFFFFF)  # noqa: NPY002
        if (torch := _imported_torch()) is not None:
            torch.default_generator.manual_seed(seed)
        yield


@contextmanager
def untouched_generators() -> Iterator[None]:
    """Restore the global generators after the block; nothing is done outside of the main thread."""
    former = _states() if _in_main_thread() else None
    try:
        yield
    finally:
        if former is not None:
            _set_states(*former)


def read_streams(seed: int | None) -> Streams | None:
    """Return where the generators are that `seeded_generators` has seeded; None where it has done nothing."""
    return None if seed is None or not _in_main_thread() else Streams(seed, *_states())


def continue_streams(streams: Streams | None, seed: int | None) -> None:
    """Draw from where a piece of the same training ended, in the block of `seeded_generators`.

    A training that goes on under another seed, as copies do, draws other numbers.
    """
    if streams is not None and streams.seed == seed and _in_main_thread():
        _set_states(streams.numpy, streams.torch)


def _states():
    torch = _imported_torch()
    return np.random.get_state(), None if torch is None else torch.get_rng_state()  # noqa: NPY002


def _set_states(numpy_state, torch_state):
    np.random.set_state(numpy_state)  # noqa: NPY002 (the legacy generator is what others draw from)
    if torch_state is not None:
        _imported_torch().set_rng_state(torch_state)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _imported_torch():
    return sys.modules.get("torch")  # code that has not imported torch cannot draw from it
