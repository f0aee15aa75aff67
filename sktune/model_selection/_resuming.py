"""Training that can be paused: one candidate on one split, trained piece by piece.

An estimator is trained in pieces only if that comes to what its own ``fit`` does: see `_ways` for those that it is
known of. They may stand at the end of pipelines and in transformed targets, one in another, see `_containers`. Every
other estimator is trained as a whole as soon as it is trained at all.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, NamedTuple

from sklearn.base import BaseEstimator, clone

from ._containers import Given, check_containers, last_step, params_of_last, set_params_inside
from ._seeding import Streams, continue_streams, read_streams, seeded_generators
from ._shared_steps import KeptRows, SharedSteps
from ._ways import Progress, Resource, most_epochs, takes, train, way_of


class Step(NamedTuple):
    """A piece of a training: the parameters, the seed of the generators, and the epoch after which it pauses.

    `changing` names those of the parameters that may be different from the piece before.
    """

    params: dict[str, Any]
    seed: int | None
    n_epochs: int | None
    changing: tuple[str, ...] = ()


@dataclass
class Carried:
    """What goes from piece to piece besides the estimator.

    The rows that its last step is trained on, where its other steps would not make them again; where the global
    generators were; and what the way of training keeps.
    """

    rows: KeptRows | None = field(default=None, repr=False)
    streams: Streams | None = field(default=None, repr=False)
    own: Any = field(default=None, repr=False)


def find_resource(estimator: BaseEstimator) -> Resource:
    """Return how to train an estimator, or the last step of a pipeline, in pieces.

    Raises
    ------
    ValueError
        If it cannot be; the message says why.
    """
    resource = way_of(last_step(estimator))
    check_containers(estimator)
    return resource


def has_pieces(estimator: BaseEstimator) -> bool:
    """Whether an estimator can be trained in pieces."""
    try:
        find_resource(estimator)
    except ValueError:
        return False
    return True


def count_most_epochs(estimator: BaseEstimator) -> int:
    """Return how many epochs a whole training has at most; a ValueError says if an estimator has no epochs."""
    return most_epochs(last_step(estimator))


def count_epochs(estimator: BaseEstimator) -> float:
    """Return how many epochs a fitted estimator, or the last step of a pipeline, was trained; NaN if it has none."""
    last = last_step(estimator)
    history = getattr(last, "history_", None)
    for n_epochs in (getattr(last, "n_iter_", None), getattr(last, "n_estimators_", None)):
        if isinstance(n_epochs, Integral):
            return float(n_epochs)
    if isinstance(history, list):  # of skorch
        return float(len(history))
    return float(len(last.estimators_)) if hasattr(last, "n_estimators") and hasattr(last, "estimators_") else math.nan


def check_has_epochs(estimator: BaseEstimator, max_epochs_total: int) -> None:
    """Raise a ValueError if the epochs of an estimator cannot be counted."""
    try:
        count_most_epochs(estimator)
    except ValueError as error:
        raise ValueError(f"max_epochs_total={max_epochs_total} needs an estimator that has epochs: {error}") from error


def epoch_costs(estimator: BaseEstimator, *, n_rows: int, n_features: int) -> tuple[float, float]:
    """Return about what an epoch of copies of an estimator costs, however many train together, and of each of them.

    In operations; NaN if the estimator does not tell.
    """
    last = last_step(estimator)
    return last._epoch_costs(n_rows, n_features) if hasattr(last, "_epoch_costs") else (math.nan, math.nan)


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
    seed: int | None = None,
    carried: Carried | None = None,
) -> Progress:
    """Train up to an epoch; to the end, by its own ``fit``, what cannot be trained in pieces.

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
    seed : int or None, default=None
        Of the global generators in this piece.
    carried : Carried or None, default=None
        What goes from piece to piece, changed in place; None for the only piece.

    Returns
    -------
    Progress
        Number of epochs trained in all, less than `n_epochs` where training has ended by itself, NaN where an estimator
        does not tell; and whether there is nothing more to train.
    """
    carried = Carried() if carried is None else carried
    resource = _resource_with(estimator, fit_params, trained)
    if resource is None:
        estimator.fit(*_arguments(X, y), **fit_params)
        return Progress(count_epochs(estimator), is_over=True)
    n_epochs = min(n_epochs, resource.n_epochs)
    if n_epochs <= trained:
        return Progress(trained, trained >= resource.n_epochs)
    given = Given(X, y, fit_params)
    if trained == 0:
        last, given, carried.rows = shared.fit(estimator, given, split)
    else:
        last, given = shared.transform(estimator, given, split, carried.rows)
        continue_streams(carried.streams, seed)
    progress, carried.own = train(resource.way, last, given, n_epochs, trained, carried.own)
    carried.streams = read_streams(seed)
    is_over = progress.is_over or not n_epochs <= progress.n_epochs < resource.n_epochs
    return Progress(progress.n_epochs, is_over)


def _resource_with(estimator, fit_params, trained) -> Resource | None:
    """Return how to resume a training in pieces, None for one that must run as a whole."""
    try:
        resource = find_resource(estimator)
    except ValueError:
        if trained > 0:  # new parameters do not allow it
            raise
        return None
    _, params = params_of_last(estimator, fit_params, is_fitted=False)
    return resource if trained > 0 or takes(resource.way, params) else None


def _arguments(X, y):
    return (X,) if y is None else (X, y)


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
) -> Carried:
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

    Returns
    -------
    Carried
        What goes on to the piece to come.
    """
    *done, coming = trail
    if state is None:
        carried = follow(estimator, X, y, done, fit_params=fit_params, shared=shared, split=split)
    else:
        for step in done:
            change_params(estimator, step.params, step.changing)
        with seeded_generators(done[0].seed):
            last, given, rows = shared.fit(estimator, Given(X, y, fit_params), split)
        last._set_training_state(given.X, given.y, state, **given.params)
        carried = Carried(rows)
    change_params(estimator, coming.params, coming.changing)
    return carried


def follow(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    steps: Iterable[Step],
    *,
    fit_params: dict[str, Any],
    shared: SharedSteps,
    split: int,
) -> Carried:
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

    Returns
    -------
    Carried
        What goes on to a further piece.
    """
    carried, progress = Carried(), Progress(0, is_over=False)
    for step in steps:
        change_params(estimator, step.params, step.changing)
        if progress.is_over:
            continue
        with seeded_generators(step.seed):
            given = {"fit_params": fit_params, "shared": shared, "split": split}
            progress = train_until(
                estimator, X, y, step.n_epochs, trained=progress.n_epochs, seed=step.seed, carried=carried, **given
            )
    return carried


def training_state(estimator: BaseEstimator) -> Any:
    """Return what another process needs to go on with a training, None if an estimator does not tell it."""
    last = last_step(estimator)
    return last._get_training_state() if hasattr(last, "_get_training_state") else None


def change_params(estimator: BaseEstimator, params: Mapping[str, Any], names: Collection[str]) -> None:
    """Give those of `params` that `names` lists to an estimator in training; the others may be its fitted steps."""
    set_params_inside(estimator, clone({name: value for name, value in params.items() if name in names}, safe=False))
