"""Which candidates of other searches are points of this one: all that it does not search must be the same."""

from collections.abc import Collection, Mapping
from typing import Any

from sklearn.base import BaseEstimator

from ..store import fingerprint, from_plain, to_plain

#: Parameters, of whatever part of an estimator, that decide nothing about how good it is.
_WITHOUT_INFLUENCE = {"random_state", "n_jobs", "verbose", "memory"}
#: Stands for the estimator itself among the names of its parameters.
_SELF = ""


def describe_params(estimator: BaseEstimator) -> dict[str, dict[str, Any]]:
    """Return what tells an estimator from others, in terms of JSON.

    Returns
    -------
    dict
        For each parameter, those of its parts included, and for "", which is the estimator itself: its "key" and, if
        JSON has it, its "value". Of an estimator the class counts: its parameters have entries of their own.
    """
    values = {_SELF: estimator, **estimator.get_params(deep=True)}
    return {
        name: {"key": fingerprint(_structure(value)), **_value(value)}
        for name, value in values.items()
        if name.rpartition("__")[2] not in _WITHOUT_INFLUENCE
    }


def _structure(value):
    if hasattr(value, "get_params") and not isinstance(value, type):
        return type(value)
    if isinstance(value, list | tuple):
        return [_structure(item) for item in value]
    return value


def _value(value):
    plain = to_plain(value)
    try:
        from_plain(plain)
    except LookupError:
        return {}
    return {"value": plain}


def differing_params(
    params: Mapping[str, Any], known: Mapping[str, dict], own: Mapping[str, dict], searched: Collection[str]
) -> list[str]:
    """Return the parameters, of those that are not searched here, in which a candidate differs from this search.

    Parameters
    ----------
    params : dict
        What was searched for the candidate, as `to_plain` returns it.
    known, own : dict
        The descriptions of the candidate's estimator and of this search's.
    searched : collection of str
        The parameters that are searched here.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> known, own = describe_params(SVC()), describe_params(SVC(tol=0.1))
    >>> differing_params({"C": 2.0, "gamma": 0.1}, known, own, {"C", "gamma"})
    ['tol']
    >>> differing_params({"C": 2.0, "tol": 0.1}, known, own, {"C"})
    []
    """
    names = (known.keys() | own.keys()) - set(searched)
    return sorted(name for name in names if not _is_same(name, params, known.get(name), own.get(name)))


def _is_same(name, params, known, own):
    if own is None or (name not in params and known is None):
        return False
    return own.get("value", _SELF) == params[name] if name in params else known["key"] == own["key"]


def point_of(params: Mapping[str, Any], known: Mapping[str, dict], searched: Collection[str]) -> dict[str, Any]:
    """Return what a candidate has for the parameters that are searched here, as far as JSON could keep it."""
    plain = {name: known[name]["value"] for name in searched if "value" in known.get(name, {})}
    plain |= {name: value for name, value in params.items() if name in searched}
    point = {}
    for name, value in plain.items():
        try:
            point[name] = from_plain(value)
        except LookupError:  # a whole estimator, for example
            continue
    return point
