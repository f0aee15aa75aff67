"""Whether tasks can be sent to other processes, asked before anything is trained."""

import pickle
from typing import Any

from sklearn.base import BaseEstimator

from .._joblib_compat import LokyBackend, MultiprocessingBackend, get_active_backend
from .._utils.portable import ByValue, pickling_error


def _dumps_as_loky(value: Any) -> bytes:
    return pickle.dumps(ByValue(value))


#: How the backends that run in processes pickle their tasks; loky's way takes lambdas and local functions too.
_DUMPS = {LokyBackend: _dumps_as_loky, MultiprocessingBackend: pickle.dumps}


def check_picklable(estimator: BaseEstimator, scorer: Any, n_jobs: int | None) -> None:
    """Raise TypeError if joblib would run tasks in processes, and the estimator or the scorer cannot be sent there.

    Parameters
    ----------
    estimator : estimator
        What the tasks fit.
    scorer : callable or dict
        What they are scored with.
    n_jobs : int or None
        Of the search.
    """
    backend, n_jobs_in_context = get_active_backend()
    dumps = _DUMPS.get(type(backend))
    n_processes = backend.effective_n_jobs(n_jobs or n_jobs_in_context or 1)
    if dumps is None or n_processes == 1:
        return
    for name, value in (("estimator", estimator), ("scoring", scorer)):
        error = pickling_error(value, dumps)
        if error is not None:
            what, error = _culprit(dumps, value, error) if name == "estimator" else (f"scoring={value!r}", error)
            raise TypeError(
                f"{what} cannot be pickled: {error}. Tasks run in {n_processes} processes here, which need it; "
                "define functions at the top level of a module, or train in threads with "
                "joblib.parallel_config('threading')"
            ) from error


def _culprit(dumps, estimator, error) -> tuple[str, Exception]:
    """Name the parameter that cannot be pickled, and why: as deep as it is, ``net__callbacks`` before ``net``."""
    values = estimator.get_params(deep=True)
    errors = {name: own for name, value in values.items() if (own := pickling_error(value, dumps)) is not None}
    if not errors:
        return f"estimator={estimator!r}", error
    deepest = max(errors, key=lambda name: name.count("__"))
    owner, _, parameter = deepest.rpartition("__")
    return f"{parameter} of {type(values[owner] if owner else estimator).__name__}", errors[deepest]
