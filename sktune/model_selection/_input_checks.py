"""What can be known to be wrong with data, networks and metrics before a search trains anything."""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import torch
from sklearn.base import BaseEstimator, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from .._sklearn_compat import is_scorer, named_scorer_of_metric
from .._utils.torch_state import plain_torch
from ..neural_network import NetClassifier, NetRegressor
from ..neural_network._columns import columns_without_numbers
from ..neural_network._device import resolve_device
from ..neural_network._multilabel import dense
from ..neural_network._plain_labels import plain_labels
from ._containers import last_step
from ._dispatch import stays_on_this_machine
from ._search_spaces import searched_names

#: transformers that take numbers only, and numbers written as strings; dates become numbers in them
_SCALERS = (
    StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, QuantileTransformer, PowerTransformer, Normalizer,
)  # fmt: skip


def check_scoring(scoring: Any, *, with_targets: bool) -> None:
    """Raise a ValueError if a metric was given in the place of a scorer, on its own or in a dict.

    Parameters
    ----------
    scoring : object
        As the search was given it.
    with_targets : bool
        Whether scorers are called with targets too.
    """
    for one in scoring.values() if isinstance(scoring, Mapping) else [scoring]:
        if callable(one) and not is_scorer(one) and _is_metric(one, with_targets):
            raise ValueError(_explain_metric(one))


def _is_metric(function: Callable, with_targets: bool) -> bool:
    module = getattr(function, "__module__", None) or ""
    if module.startswith("sklearn.metrics.") and not module.startswith("sklearn.metrics._scorer"):
        return True
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of compiled code
        return False
    names = list(signature.parameters)
    if names and (names[0] == "y" or names[0].startswith("y_")):
        return True
    return with_targets and _takes(signature, 2) and not _takes(signature, 3)


def _takes(signature: inspect.Signature, n_arguments: int) -> bool:
    try:
        signature.bind(*range(n_arguments))
    except TypeError:
        return False
    return True


def _explain_metric(metric: Callable) -> str:
    name = getattr(metric, "__name__", repr(metric))
    known = named_scorer_of_metric(metric)
    advice = f"scoring=make_scorer({name})" + ("" if known is None else f" or scoring={known[0]!r}")
    if known is None:
        advice += f", or make_scorer({name}, greater_is_better=False) where less is better"
    elif not known[1]:
        advice = f"scoring={known[0]!r} or scoring=make_scorer({name}, greater_is_better=False)"
    return f"scoring takes a scorer, which is called with (estimator, X, y), and {name} is a metric: write {advice}"


def check_inputs(search: BaseEstimator, X: Any, y: Any) -> Any:
    """Check data and networks, as far as this can be done for all candidates; return plain targets.

    Parameters
    ----------
    search : BaseTuneSearchCV
    X, y : array-like
        As they were given to its ``fit``.

    Raises
    ------
    ValueError
        Naming the data, or the parameter of the network.
    """
    if X is None:
        raise ValueError("X must be an array-like of shape (n_samples, n_features), got None")
    check_scoring(search.scoring, with_targets=y is not None)
    searched = searched_names(getattr(search, "search_spaces", None))
    if search.refit or stays_on_this_machine():  # the devices of other machines are not known
        check_devices(search.estimator, searched)
    check_columns(search.estimator, X, searched)
    return check_targets_given(search.estimator, y)


def check_targets_given(estimator: BaseEstimator, y: Any) -> Any:
    """Return targets as they go to the splits: labels of a plain type.

    Raises
    ------
    ValueError
        If the estimator's ``fit`` needs targets and there are none, or if labels are missing.
    """
    last = last_step(estimator)
    if y is not None:
        # some of scikit-learn's scorers take no sparse indicator of labels, and for a network it becomes dense anyway
        y = dense(y) if isinstance(last, NetClassifier | NetRegressor) else y
        return plain_labels(y) if is_classifier(estimator) else y
    parameter = inspect.signature(last.fit).parameters.get("y")
    if parameter is not None and parameter.default is parameter.empty:
        raise ValueError(f"{type(last).__name__} requires y to be passed, but the target y is None: call fit(X, y)")
    return y


def check_columns(estimator: BaseEstimator, X: Any, searched: Collection[str]) -> None:
    """Raise a ValueError for columns of `X` that the estimator is known to refuse in every fit.

    A network takes numbers only, and a scaler no words. What other first steps of a pipeline take, encoders of strings
    or dates among them, is not known here: these pass, and so does what the search replaces.

    Parameters
    ----------
    estimator : estimator
    X : array-like
    searched : collection of str
        Names of the parameters that the search sets.
    """
    receiver = _receiver(estimator, searched)
    if not isinstance(receiver, (NetClassifier, NetRegressor, *_SCALERS)):
        return
    for column in columns_without_numbers(X):
        if column.is_word or isinstance(receiver, NetClassifier | NetRegressor):
            raise ValueError(str(column))


def _receiver(estimator: Any, searched: Collection[str]) -> Any:
    """Return the estimator that gets `X` as it is; None if the search may replace it."""
    prefix = ""
    while True:
        if type(estimator) is Pipeline:
            steps = [(name, step) for name, step in estimator.steps if step is not None and step != "passthrough"]
            name, inner = steps[0] if steps else ("", None)
            if any(f"{prefix}{other}" in searched for other, _ in estimator.steps):
                return None
        elif type(estimator) is TransformedTargetRegressor:
            name, inner = "regressor", estimator.regressor
        else:
            return estimator
        estimator, prefix = inner, f"{prefix}{name}__"
        if prefix.removesuffix("__") in searched:
            return None


@plain_torch()
def check_devices(estimator: BaseEstimator, searched: Collection[str]) -> None:
    """Raise a ValueError if a network in an estimator is to be trained on a device that is not here."""
    for device in _devices(estimator, searched):
        resolve_device(device)


def _devices(estimator: BaseEstimator, searched: Collection[str]) -> Iterator[str | torch.device]:
    """Yield the devices of all networks that the search does not replace, and whose device it does not choose."""
    for name, part in {"": estimator, **estimator.get_params(deep=True)}.items():
        if not isinstance(part, NetClassifier | NetRegressor) or not isinstance(part.device, str | torch.device):
            continue
        path = name.split("__") if name else []
        above = {"__".join(path[: depth + 1]) for depth in range(len(path))}
        if not (above | {"__".join([*path, "device"])}) & set(searched):
            yield part.device
