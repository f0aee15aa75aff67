"""Which estimators can be trained in pieces, and how: only where the pieces come to what a single ``fit`` does.

============================================== =========================================================================
``fit_until(X, y, n_epochs)`` and              goes on to the result of a single ``fit``: networks of sktune, and
``max_epochs`` or ``max_iter``                 whatever else keeps this promise
``MLPClassifier``, ``MLPRegressor``            an epoch is a call of ``partial_fit``, with the random numbers and the
                                               order of the rows that ``fit`` would have; ends by ``tol`` as ``fit``
                                               does. Not with ``solver="lbfgs"`` or ``early_stopping=True``
``GradientBoosting*``                          ``warm_start``, which goes on exactly. Not with ``n_iter_no_change``
``HistGradientBoosting*``                      ``warm_start``, with early stopping as well
``RandomForest*``, ``ExtraTrees*``,            ``warm_start``, which draws the seeds that ``fit`` would draw. Not
``Bagging*``, ``IsolationForest``              ``Bagging*`` with ``oob_score``
skorch's nets                                  ``partial_fit``, with the global generators where the piece before has
                                               left them. Not with callbacks that remember, nor with a ``train_split``
                                               that draws
============================================== =========================================================================

Classes that come from these count as long as they define nothing anew that has a part in training. Other estimators
with ``partial_fit`` or ``warm_start`` come to something else than their ``fit``: another order of rows, no stopping by
``tol``, optimizers that begin again.
"""

import warnings
from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, is_classifier
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.multiclass import unique_labels

from .._sklearn_compat import has_no_more_to_learn, take_rows, will_stop_early
from ._containers import Given
from ._overriding import overridden

_MLP = (MLPClassifier, MLPRegressor)
_BOOSTING = (GradientBoostingClassifier, GradientBoostingRegressor)
_HIST_BOOSTING = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
_FORESTS = (RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor)
_BAGGING = (BaggingClassifier, BaggingRegressor, IsolationForest)

#: Callbacks of skorch that keep nothing from one epoch to the next but for the history.
_FORGETFUL = {
    "EpochScoring", "BatchScoring", "PassthroughScoring", "PrintLog", "EpochTimer", "ProgressBar",
    "GradientNormClipping",
}  # fmt: skip
#: Methods of skorch's nets that are called for a batch, or once before the first: a net may have its own.
_OF_BATCHES = {
    "get_loss", "infer", "train_step", "train_step_single", "validation_step", "evaluation_step", "initialize_module",
    "initialize_criterion", "initialize_optimizer", "initialized_instance", "predict", "predict_proba", "score",
    "predict_nonlinearity", "forward", "forward_iter", "get_params", "set_params", "save_params", "load_params",
}  # fmt: skip
#: Names under which an estimator may have its number of epochs, by what tells that it is one.
_NUMBERS = {
    "fit_until": ("max_epochs", "max_iter"),
    "partial_fit": ("max_iter", "max_epochs"),
    "warm_start": ("n_estimators", "max_iter", "max_epochs"),
}


class Resource(NamedTuple):
    """How an estimator is trained in pieces: what it calls its epochs, how many it has in all, and the way."""

    parameter: str
    n_epochs: int
    way: str


class Progress(NamedTuple):
    """How many epochs of a training are done, and whether that is all of it."""

    n_epochs: float
    is_over: bool


@dataclass
class RowOrder:
    """The random numbers of scikit-learn's networks, and the order in which the last epoch went through the rows."""

    random_state: np.random.RandomState
    order: np.ndarray | None = None


def way_of(last: Any) -> Resource:
    """Return how to train an estimator that is no container in pieces.

    Raises
    ------
    ValueError
        If it cannot be; the message says why.
    """
    params = last.get_params(deep=False) if hasattr(last, "get_params") else {}
    for way, (applies, why_not) in _WAYS.items():
        if applies(last):
            if reason := why_not(last, params):
                raise ValueError(f"{type(last).__name__} cannot be trained in pieces: {reason}")
            name = next(name for name in _PARAMETERS[way] if name in params)
            return Resource(name, _checked_number(last, name, params[name]), way)
    raise ValueError(
        f"{type(last).__name__} cannot be trained in pieces: that takes fit_until and max_epochs, or a class of which "
        "it is known that pieces come to what its fit does (MLP*, gradient boosting, forests, bagging, skorch's nets)"
    )


def most_epochs(last: Any) -> int:
    """Return how many epochs a training of an estimator that is no container has at most, in pieces or not.

    Raises
    ------
    ValueError
        If it has no epochs.
    """
    params = last.get_params(deep=False) if hasattr(last, "get_params") else {}
    for sign, names in _NUMBERS.items():
        if sign not in params and not hasattr(type(last), sign):
            continue
        for name in names:
            if name in params:
                return _checked_number(last, name, params[name])
    raise ValueError(f"{type(last).__name__} has no max_epochs, max_iter or n_estimators that counts epochs")


def train(way: str, last: BaseEstimator, given: Given, n_epochs: int, trained: int, own: Any) -> tuple[Progress, Any]:
    """Train an estimator that is no container up to an epoch.

    Parameters
    ----------
    way : str
        As `way_of` tells it.
    last : estimator
        Fitted for `trained` epochs; changed in place.
    given : Given
        Rows, targets and parameters of ``fit``, equal in all pieces.
    n_epochs, trained : int
        The epoch after which to pause, and the one from which to go on.
    own : object
        What the call before has returned besides its progress; None at first.
    """
    return _TRAIN[way](last, given, n_epochs, trained, own)


def takes(way: str, params: Collection[str]) -> bool:
    """Whether parameters of ``fit`` leave it at what `way_of` says: a ``monitor`` may end the training of boosting."""
    if way == "skorch":  # whose partial_fit has metadata requests of its own
        return not params or not get_config()["enable_metadata_routing"]
    return way == "fit_until" or set(params) <= {"sample_weight"}


def _checked_number(last, name, n_epochs) -> int:
    if not isinstance(n_epochs, (int, np.integer)) or isinstance(n_epochs, bool) or n_epochs < 1:
        raise ValueError(f"{name} of {type(last).__name__} must be an int of at least 1, got {n_epochs!r}")
    return int(n_epochs)


# -- what can ----------------------------------------------------------------------------------------------------------


def _is_a(*classes: type) -> Callable[[Any], bool]:
    return lambda last: isinstance(last, classes)


def _keeps_promise(last) -> bool:
    params = last.get_params(deep=False) if hasattr(last, "get_params") else {}
    return hasattr(type(last), "fit_until") and any(name in params for name in _PARAMETERS["fit_until"])


def _is_skorch(last) -> bool:
    return _skorch_class(last) is not None


def _skorch_class(last) -> type | None:
    names = ("NeuralNetClassifier", "NeuralNetBinaryClassifier", "NeuralNetRegressor", "NeuralNet")
    lineage = type(last).__mro__
    return next((one for one in lineage if one.__module__.startswith("skorch.") and one.__name__ in names), None)


def _unless_overridden(classes: Sequence[type], why_not: Callable[[dict[str, Any]], str]) -> Callable[[Any, dict], str]:
    """Return what returns the reason why an estimator of some classes cannot be trained in pieces, if there is one."""

    def reason(last, params):
        return _own_training(overridden(last, classes)) or why_not(params)

    return reason


def _own_training(changed: set[str]) -> str:
    return f"it has its own {', '.join(sorted(changed))}" if changed else ""


def _why_no_promise(last, params):
    lineage = type(last).__mro__
    first = {name: next((i for i, one in enumerate(lineage) if name in vars(one)), 0) for name in ("fit", "fit_until")}
    if first["fit"] < first["fit_until"]:
        return "it has its own fit, and the fit_until of a class that it comes from"
    return "set callbacks=None, skorch's callbacks cannot be paused" if params.get("callbacks") else ""


def _why_not_mlp(params):
    if params["solver"] not in ("sgd", "adam"):
        return f"solver={params['solver']!r} has no epochs, set solver='adam' or 'sgd'"
    return "its partial_fit has no early stopping, set early_stopping=False" if params["early_stopping"] else ""


def _why_not_boosting(params):
    return "" if params["n_iter_no_change"] is None else "set n_iter_no_change=None"


def _why_not_bagging(params):
    return "its warm_start has no oob_score, set oob_score=False" if params.get("oob_score") else ""


def _why_not_skorch(last, params):
    changed = overridden(last, [_skorch_class(last)], _OF_BATCHES)
    return _own_training(changed) or _what_remembers(params["callbacks"]) or _what_draws(params["train_split"])


def _what_remembers(callbacks) -> str:
    for item in callbacks if isinstance(callbacks, list | tuple) else ():
        callback = item[1] if isinstance(item, list | tuple) else item
        kind = callback if isinstance(callback, type) else type(callback)
        if not (kind.__module__.startswith("skorch.") and kind.__name__ in _FORGETFUL):
            return f"the callback {kind.__name__} may begin anew with each piece"
    return ""


def _what_draws(train_split) -> str:
    """Return what is wrong with a split that may be another one for each piece."""
    function = getattr(train_split, "func", train_split)  # of predefined_split
    if train_split is None or getattr(function, "__module__", "").startswith("skorch.helper"):
        return ""
    cv, seed = getattr(train_split, "cv", None), getattr(train_split, "random_state", None)
    is_known = type(train_split).__module__ == "skorch.dataset"
    if is_known and (isinstance(cv, (int, np.integer)) or (isinstance(cv, float) and isinstance(seed, int))):
        return ""
    return "its train_split may be another one for each piece, set train_split=None or an int random_state"


_PARAMETERS = {
    "fit_until": ("max_epochs", "max_iter"),
    "mlp": ("max_iter",),
    "boosting": ("n_estimators",),
    "hist_boosting": ("max_iter",),
    "forest": ("n_estimators",),
    "bagging": ("n_estimators",),
    "skorch": ("max_epochs",),
}
_WAYS = {
    "fit_until": (_keeps_promise, _why_no_promise),
    "mlp": (_is_a(*_MLP), _unless_overridden(_MLP, _why_not_mlp)),
    "boosting": (_is_a(*_BOOSTING), _unless_overridden(_BOOSTING, _why_not_boosting)),
    "hist_boosting": (_is_a(*_HIST_BOOSTING), _unless_overridden(_HIST_BOOSTING, lambda params: "")),
    "forest": (_is_a(*_FORESTS), _unless_overridden(_FORESTS, lambda params: "")),
    "bagging": (_is_a(*_BAGGING), _unless_overridden(_BAGGING, _why_not_bagging)),
    "skorch": (_is_skorch, _why_not_skorch),
}

# -- how ---------------------------------------------------------------------------------------------------------------


def _fit_until(last, given, n_epochs, trained, own):
    last.fit_until(given.X, given.y, n_epochs, **given.params)
    n_done = min(n_epochs, getattr(last, "n_iter_", n_epochs))
    return Progress(n_done, n_done < n_epochs), None


class _Noting(np.random.RandomState):
    """Notes the last array that it has shuffled."""

    shuffled: np.ndarray | None = None

    def shuffle(self, x):
        super().shuffle(x)
        self.shuffled = x.copy()


def _train_mlp(last, given, n_epochs, trained, own: RowOrder | None):
    """Train a network of scikit-learn.

    Its `fit` shuffles the order of the epoch before, its `partial_fit` the rows as they come: so they come in the order
    of the epoch before.
    """
    X, y, params = given
    own = own or RowOrder(_random_state_of(last))
    noting = _Noting()
    noting.set_state(own.random_state.get_state())
    given_state, order = last.random_state, own.order
    classes = {"classes": unique_labels(y)} if trained == 0 and is_classifier(last) else {}
    is_over = False
    try:
        last.random_state = noting
        while trained < n_epochs and not is_over:
            rows = {name: _ordered(value, order) for name, value in {"X": X, "y": y, **params}.items()}
            last.partial_fit(**rows, **classes)
            if noting.shuffled is not None:
                order = noting.shuffled if order is None else order[noting.shuffled]
            trained, classes, is_over = trained + 1, {}, has_no_more_to_learn(last)
    finally:
        last.random_state = given_state
    last.n_iter_ = trained
    own.random_state.set_state(noting.get_state())
    return Progress(trained, is_over), RowOrder(own.random_state, order)


def _ordered(rows, order):
    return rows if rows is None or order is None else take_rows(rows, order)


def _random_state_of(last) -> np.random.RandomState:
    seed = last.random_state
    if isinstance(seed, np.random.RandomState):
        return deepcopy(seed)
    return np.random.RandomState(np.random.randint(2**31 - 1) if seed is None else seed)  # noqa: NPY002 (as fit does)


def _train_warm(last, given, n_epochs, parameter):
    """Go on to `n_epochs` of what `parameter` counts; with a random state as it was when training began."""
    own = {"warm_start": last.warm_start, parameter: getattr(last, parameter), "random_state": last.random_state}
    seed = deepcopy(own["random_state"])  # an instance would have advanced, and pieces skip what is drawn already
    try:
        last.set_params(**{"warm_start": True, parameter: n_epochs, "random_state": seed})
        with warnings.catch_warnings():  # "balanced" weights are the same for all pieces: these have the same rows
            warnings.filterwarnings("ignore", message="class_weight presets", category=UserWarning)
            last.fit(given.X, given.y, **given.params)
    finally:
        last.set_params(**own)


def _train_trees(last, given, n_epochs, trained, own):
    _train_warm(last, given, n_epochs, "n_estimators")
    return Progress(n_epochs, False), None


def _train_hist_boosting(last, given, n_epochs, trained, own):
    _train_warm(last, given, n_epochs, "max_iter")
    return Progress(last.n_iter_, will_stop_early(last)), None


def _train_skorch(last, given, n_epochs, trained, own):
    last.partial_fit(given.X, given.y, epochs=n_epochs - trained, **given.params)
    return Progress(n_epochs, False), None


_TRAIN = {
    "fit_until": _fit_until,
    "mlp": _train_mlp,
    "boosting": _train_trees,
    "hist_boosting": _train_hist_boosting,
    "forest": _train_trees,
    "bagging": _train_trees,
    "skorch": _train_skorch,
}
