"""Functions that pickle refuses, lambdas above all, travel by value: what holds one can be pickled all the same."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from operator import itemgetter
from typing import Any

from joblib import wrap_non_picklable_objects

_training_left_out: ContextVar[bool] = ContextVar("training_left_out", default=False)


@contextmanager
def training_left_out() -> Iterator[None]:
    """Let networks that are pickled or copied here leave out what only a training to come would need."""
    token = _training_left_out.set(True)
    try:
        yield
    finally:
        _training_left_out.reset(token)


def leaves_training_out() -> bool:
    """Whether `training_left_out` surrounds the call."""
    return _training_left_out.get()


class ByValue:
    """Stands for `value` in a state; pickled as joblib pickles for its processes, functions by their code.

    Parameters
    ----------
    value : object
    """

    def __init__(self, value: Any):
        self.value = value

    def __reduce__(self):
        # in a list: of a bare class, joblib makes a class of its own
        return itemgetter(0), (wrap_non_picklable_objects([self.value], keep_wrapper=False),)


class Portable:
    """Mixin of what may hold functions of the user, in the attributes that `_may_hold_functions` names.

    Raises
    ------
    TypeError
        On pickling, before anything is written, if one of these cannot be pickled in any way: it may hold a lock or an
        open file.
    """

    _may_hold_functions: tuple[str, ...] = ()

    def __getstate__(self):
        state = dict(super().__getstate__())
        for name in self._may_hold_functions:
            if state.get(name) is not None:
                state[name] = _portable(self, name, state[name])
        return state

    def __copy__(self):  # a shallow copy shares whatever there is
        new = object.__new__(type(self))
        vars(new).update(vars(self))
        return new


def _portable(owner, name, value):
    if pickling_error(value) is None:
        return value
    stand_in = ByValue(value)
    error = pickling_error(stand_in)
    if error is not None:
        name = name.strip("_")
        raise TypeError(f"{name} of {type(owner).__name__} cannot be pickled: {error}; got {name}={value!r}") from error
    return stand_in


def pickling_error(value: Any, dumps: Callable[[Any], bytes] = pickle.dumps) -> Exception | None:
    """Return what pickling `value` fails with, None if it does not."""
    try:
        dumps(value)
    except Exception as error:  # pickling runs whatever the objects define
        return error
    return None
