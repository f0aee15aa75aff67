"""An estimator as plain parts, and an estimator made of such parts, which nobody vouches for."""

import inspect
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from .._sklearn_compat import metadata_requests, set_metadata_requests, validate_params
from ..exceptions import FileFormatError

#: Attributes that are not saved: what listens to a fit, requests, which have a part of their own, and what a search of
#: scikit-learn leaves behind from its fit.
_BESIDE = {"_skl_callbacks", "_metadata_request", "_skl_parent_callback_ctx", "_checked_cv_orig"}


def require(condition: Any, message: str) -> None:
    """Raise FileFormatError with `message` unless the condition holds."""
    if not condition:
        raise FileFormatError(message)


def require_keys(value: Any, what: str, needed: Iterable[str], optional: Iterable[str] = ()) -> None:
    """Raise FileFormatError unless `value` is a dict that has the needed keys, and no others but the optional ones."""
    needed, allowed = set(needed), {*needed, *optional}
    require(type(value) is dict, f"{what} should be a dict, not {type(value).__name__}")
    require(needed <= set(value), f"{what} lacks {sorted(map(str, needed - set(value)))}")
    require(set(value) <= allowed, f"{what} has the unknown {sorted(map(str, set(value) - allowed))}")


def estimator_state(estimator: Any, fitted: Iterable[str]) -> dict[str, Any]:
    """Return the parts of an estimator: its parameters, the attributes `fitted` that it has, and metadata requests.

    Raises
    ------
    TypeError
        If it has other attributes: they would be lost.
    """
    params = {name: getattr(estimator, name) for name in parameter_names(type(estimator))}
    attributes = vars(estimator)
    unknown = set(attributes) - set(params) - set(fitted) - _BESIDE
    if unknown:
        raise TypeError(
            f"the attribute {min(unknown)!r} of {type(estimator).__name__} cannot be saved, as it is not one of the "
            "class: delete it first, or save it beside"
        )
    present = {name: attributes[name] for name in fitted if name in attributes}
    return {"params": params, "fitted": present, "requests": metadata_requests(estimator)}


def new_estimator(kind: type, state: Any, fitted: Iterable[str] = ()) -> Any:
    """Return a new estimator with the parameters and the metadata requests of a state.

    Raises
    ------
    FileFormatError
        If the state has other parts, parameters that the class does not know, or values that it does not allow.
    """
    name = kind.__name__
    require_keys(state, name, ("params", "fitted", "requests"))
    require_keys(state["params"], f"the parameters of {name}", (), parameter_names(kind))
    require_keys(state["fitted"], f"the attributes of {name}", (), fitted)
    estimator = kind(**state["params"])
    try:
        validate_params(estimator)
        set_metadata_requests(estimator, state["requests"])
    except (ValueError, TypeError, AttributeError) as error:
        raise FileFormatError(str(error)) from error
    return estimator


@lru_cache
def parameter_names(kind: type) -> tuple[str, ...]:
    """Return the names of the parameters of a constructor."""
    return tuple(name for name in inspect.signature(kind.__init__).parameters if name != "self")


def check_feature_names(names: Any, n_features: Any) -> None:
    """Raise FileFormatError for what cannot be ``feature_names_in_`` of so many features."""
    fits = type(names) is np.ndarray and names.dtype == object and names.shape == (n_features,)
    require(fits and all(type(name) is str for name in names), "feature_names_in_ does not fit the features")
