"""Training that can be paused: which estimators can, and how a piece of it is trained.

An estimator can be trained in pieces if it has, in this order of preference,

========================================================== ============================================================
``fit_until(X, y, n_epochs)`` and ``max_epochs``           goes on to the result of a single ``fit``, as networks of
                                                           sktune do
``partial_fit`` and ``max_iter`` or ``max_epochs``         an epoch is a call with all rows: scikit-learn's ``MLP*``,
                                                           ``SGD*``, ``Perceptron``, ...
``warm_start`` and ``n_estimators``, ``max_iter`` or       the parameter is the number in all where trees are counted
``max_epochs``                                             (gradient boosting, forests), and the number to add otherwise
========================================================== ============================================================

or if it is a pipeline that ends in such an estimator. Other than by ``fit_until``, the result may differ from that of a
single ``fit``: each call may draw its random numbers anew, and ``partial_fit`` stops at no tolerance.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import process_routing

from ._seeding import seeded_generators
from ._shared_steps import SharedSteps

#: way to train -> names under which an estimator may have its number of epochs
_PARAMETERS = {
    "fit_until": ("max_epochs", "max_iter"),
    "partial_fit": ("max_iter", "max_epochs"),
    "warm_start": ("n_estimators", "max_iter", "max_epochs"),
}


class Resource(NamedTuple):
    """How an estimator is trained in pieces: what it calls its epochs, and how many it has in all."""

    parameter: str
    n_epochs: int
    way: str


class Step(NamedTuple):
    """A piece of a training: the parameters, the seed of the generators, and the epoch after which it pauses.

    `changing` names those of the parameters that may be different from the piece before.
    """

    params: dict[str, Any]
    seed: int | None
    n_epochs: int | None
    changing: tuple[str, ...] = ()


def find_resource(estimator: BaseEstimator) -> Resource:
    """Return how to train an estimator, or the last step of a pipeline, in pieces.

    Raises
    ------
    ValueError
        If it cannot be; the message says what it would need.
    """
    last = last_step(estimator)
    params = last.get_params(deep=False) if hasattr(last, "get_params") else {}
    for way, names in _PARAMETERS.items():
        if way not in params and not hasattr(last, way):
            continue
        for name in names:
            if name in params:
                return Resource(name, _checked(last, name, params, way), way)
    raise ValueError(
        f"{type(last).__name__} cannot be trained in pieces: that takes fit_until and max_epochs, or partial_fit and "
        "max_iter, or warm_start and n_estimators or max_iter"
    )


def _checked(last, name, params, way):
    n_epochs = params[name]
    if not isinstance(n_epochs, (int, np.integer)) or isinstance(n_epochs, bool) or n_epochs < 1:
        raise ValueError(f"{name} of {type(last).__name__} must be an int of at least 1, got {n_epochs!r}")
    if way == "fit_until" and params.get("callbacks"):
        raise ValueError(f"{type(last).__name__} with skorch callbacks cannot be trained in pieces: set callbacks=None")
    if way == "partial_fit" and params.get("early_stopping"):
        raise ValueError(f"partial_fit of {type(last).__name__} has no early stopping: set early_stopping=False")
    return int(n_epochs)


def check_has_epochs(estimator: BaseEstimator, max_epochs_total: int) -> None:
    """Raise a ValueError if the epochs of an estimator cannot be counted."""
    try:
        find_resource(estimator)
    except ValueError as error:
        raise ValueError(f"max_epochs_total={max_epochs_total} needs an estimator that has epochs: {error}") from error


def epoch_costs(estimator: BaseEstimator, *, n_rows: int, n_features: int) -> tuple[float, float]:
    """Return about what an epoch of copies of an estimator costs, however many train together, and of each of them.

    In operations; NaN if the estimator does not tell.
    """
    last = last_step(estimator)
    return last._epoch_costs(n_rows, n_features) if hasattr(last, "_epoch_costs") else (math.nan, math.nan)


def last_step(estimator: BaseEstimator) -> BaseEstimator:
    """Return the estimator that a pipeline, perhaps of pipelines, ends in; any other estimator itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def train_until(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    n_epochs: int,
    *,
    trained: int = 0,
    fit_params: dict[str, Any],
    shared: SharedSteps,
    split: int,
) -> int:
    """Train up to an epoch.

    Parameters
    ----------
    estimator : estimator
        Fitted for `trained` epochs; changed in place. The other steps of a pipeline are fitted once, at the beginning.
    X, y : array-like
        The rows; the same for every piece.
    n_epochs : int
        Number of epochs after which to pause.
    trained : int, default=0
        Number of epochs of earlier calls.
    fit_params : dict
        As for the estimator's ``fit``.
    shared : SharedSteps
        Where the other steps of pipelines are kept for others.
    split : int
        Number of the split that the rows come from.

    Returns
    -------
    int
        Number of epochs trained in all: less than `n_epochs` where training has ended by itself.
    """
    way = find_resource(estimator).way
    if n_epochs <= trained:
        return trained
    estimator, X, fit_params = _reach_last(estimator, X, y, fit_params, shared, split, is_fitted=trained > 0)
    return _TRAIN[way](estimator, X, y, n_epochs, trained, fit_params)


def _reach_last(estimator, X, y, fit_params, shared, split, *, is_fitted):
    """Return the last step of a pipeline, with the rows and the parameters that its training gets."""
    while isinstance(estimator, Pipeline):
        params_of = _route(estimator, fit_params)
        X = shared.transform(estimator, X, y, params_of, is_fitted=is_fitted, split=split)
        name, estimator = estimator.steps[-1]
        fit_params = params_of[name]["fit"]
    return estimator, X, fit_params


def bring_back(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    trail: Sequence[Step],
    *,
    state: Any = None,
    fit_params: dict[str, Any],
    shared: SharedSteps,
    split: int,
) -> None:
    """Bring an estimator to where a training was paused that another process has begun.

    With what that process kept, if it did, and otherwise by training again, piece by piece: the result is the same.

    Parameters
    ----------
    estimator : estimator
        Not fitted, with the parameters of the first piece; changed in place.
    X, y : array-like
        The rows.
    trail : sequence of Step
        The pieces, and the one to come, whose parameters the estimator is given.
    state : object, default=None
        What `training_state` returned after the last of the pieces.
    fit_params, shared, split
        As for `train_until`.
    """
    *done, coming = trail
    if state is None:
        follow(estimator, X, y, done, fit_params=fit_params, shared=shared, split=split)
    else:
        for step in done:
            change_params(estimator, step.params, step.changing)
        with seeded_generators(done[0].seed):
            last, X, fit_params = _reach_last(estimator, X, y, fit_params, shared, split, is_fitted=False)
        last._set_training_state(X, y, state, **fit_params)
    change_params(estimator, coming.params, coming.changing)


def follow(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    steps: Iterable[Step],
    *,
    fit_params: dict[str, Any],
    shared: SharedSteps,
    split: int,
) -> None:
    """Train an estimator that is not fitted piece by piece, each with its own parameters and seed.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    X, y : array-like
        The rows.
    steps : iterable of Step
        The pieces.
    fit_params, shared, split
        As for `train_until`.
    """
    trained = 0
    for step in steps:
        change_params(estimator, step.params, step.changing)
        with seeded_generators(step.seed):
            given = {"fit_params": fit_params, "shared": shared, "split": split}
            trained = train_until(estimator, X, y, step.n_epochs, trained=trained, **given)


def training_state(estimator: BaseEstimator) -> Any:
    """Return what another process needs to go on with a training, None if an estimator does not tell it."""
    last = last_step(estimator)
    return last._get_training_state() if hasattr(last, "_get_training_state") else None


def change_params(estimator: BaseEstimator, params: Mapping[str, Any], names: Collection[str]) -> None:
    """Give those of `params` that `names` lists to an estimator in training; the others may be its fitted steps."""
    estimator.set_params(**clone({name: value for name, value in params.items() if name in names}, safe=False))


def _route(pipeline, fit_params) -> dict[str, dict[str, dict]]:
    """Return the parameters of each step's methods."""
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(pipeline, "fit", **fit_params)
        methods = ("fit", "fit_transform", "transform")
        return {name: {method: dict(routed[name].get(method, {})) for method in methods} for name, _ in pipeline.steps}
    params = {name: {} for name, _ in pipeline.steps}
    for full_name, value in fit_params.items():
        step, separator, name = full_name.partition("__")
        if not separator or step not in params:
            raise ValueError(f"Pipeline.fit does not accept the {full_name} parameter: name it <step>__{full_name}")
        params[step][name] = value
    return {step: {"fit": own, "fit_transform": own, "transform": {}} for step, own in params.items()}


def _fit_until(estimator, X, y, n_epochs, trained, fit_params):
    estimator.fit_until(X, y, n_epochs, **fit_params)
    return min(n_epochs, getattr(estimator, "n_iter_", n_epochs))


def _partial_fit(estimator, X, y, n_epochs, trained, fit_params):
    if hasattr(estimator, "fit_loop"):  # of skorch, whose partial_fit trains max_epochs unless it is told otherwise
        fit_params = {**fit_params, "epochs": 1}
    for epoch in range(trained, n_epochs):
        classes = {"classes": np.unique(y)} if epoch == 0 and is_classifier(estimator) else {}
        estimator.partial_fit(X, y, **classes, **fit_params)
    return n_epochs


def _warm_start(estimator, X, y, n_epochs, trained, fit_params):
    parameter = find_resource(estimator).parameter
    counts_all = parameter == "n_estimators" or isinstance(
        estimator, HistGradientBoostingClassifier | HistGradientBoostingRegressor
    )
    target = getattr(estimator, parameter)
    try:
        estimator.set_params(**{"warm_start": True, parameter: n_epochs if counts_all else n_epochs - trained})
        estimator.fit(X, y, **fit_params)
    finally:
        estimator.set_params(**{parameter: target})
    return n_epochs


_TRAIN = {"fit_until": _fit_until, "partial_fit": _partial_fit, "warm_start": _warm_start}
