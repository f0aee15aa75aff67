"""What the classifier and the regressor share: from parameters and data to a trained network.

    fit         check everything -> rows -> plan -> train
    predict     check X -> forward in chunks

A subclass says how targets become numbers (`_fit_target`, `_encode_target`) and outputs become predictions.
"""

import math
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .._sklearn_compat import (
    RANDOM_STATE,
    HintedParams,
    Interval,
    StrOptions,
    _fit_context,
)
from .._utils.random import derive_seed, root_seed
from .._utils.threads import map_in_threads, torch_threads
from .._utils.torch_state import plain_torch
from ..engine import FitPlan, FitResult, Rows, TrainingState, train_plan
from ..exceptions import DivergedError
from ..modules import ACTIVATIONS, NORMALIZATIONS, StackedMLP
from ..schedules import SCHEDULES
from ._data_checks import check_weights, names_of_arrays
from ._default_space import default_search_space
from ._plan import check_parameters, estimate_costs, make_plan
from ._reporting import EpochReporter, fitted_attributes
from ._saved_state import training_from, training_parts
from ._saving import SavedNet
from ._skorch import OPTIMIZERS, check_callbacks, read_state, rebuild_net, train
from ._validation_split import validation_split

#: rows of one forward pass in predict, whose activations then stay in the cache
_PREDICT_ROWS = 1024


class BaseNet(SavedNet, HintedParams, CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta):
    """Base of the network estimators; see `NetClassifier` and `NetRegressor`."""

    _parameter_constraints = {
        "n_layers": [Interval(Integral, 0, None, closed="left"), None],
        "n_neurons": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "normalization": [StrOptions(set(NORMALIZATIONS)), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "l1": [Interval(Real, 0, None, closed="left")],
        "mixup": [Interval(Real, 0, None, closed="left")],
        "input_noise": [Interval(Real, 0, None, closed="left")],
        "optimizer": [StrOptions(set(OPTIMIZERS))],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
        "lr_schedule": [StrOptions(set(SCHEDULES))],
        "lr_decay": [Interval(Real, 0, 1, closed="right")],
        "lr_step": [Interval(Integral, 1, None, closed="left")],
        "lr_warmup": [Interval(Real, 0, 1, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "eval_train_loss": ["boolean"],
        "device": [str],
        "dtype": [StrOptions({"float32", "float64"})],
        "callbacks": [list, tuple, None],
        "warm_start": ["boolean"],
        "random_state": RANDOM_STATE,
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        n_layers=2,
        n_neurons=128,
        activation="relu",
        normalization=None,
        dropout=0.0,
        weight_decay=1e-4,
        l1=0.0,
        mixup=0.0,
        input_noise=0.0,
        optimizer="adamw",
        lr=1e-3,
        momentum=0.9,
        clip_norm=None,
        lr_schedule="constant",
        lr_decay=0.5,
        lr_step=10,
        lr_warmup=0.0,
        batch_size=64,
        max_epochs=100,
        early_stopping=False,
        validation_fraction=0.1,
        patience=10,
        tol=1e-4,
        eval_train_loss=False,
        device="cpu",
        dtype="float32",
        callbacks=None,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.n_layers = n_layers
        self.n_neurons = n_neurons
        self.activation = activation
        self.normalization = normalization
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.l1 = l1
        self.mixup = mixup
        self.input_noise = input_noise
        self.optimizer = optimizer
        self.lr = lr
        self.momentum = momentum
        self.clip_norm = clip_norm
        self.lr_schedule = lr_schedule
        self.lr_decay = lr_decay
        self.lr_step = lr_step
        self.lr_warmup = lr_warmup
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.tol = tol
        self.eval_train_loss = eval_train_loss
        self.device = device
        self.dtype = dtype
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    default_search_space = staticmethod(default_search_space)

    # -- what a subclass says of its targets --------------------------------------------------------------------------

    #: how scikit-learn's `validate_data` checks the targets
    _TARGET_CHECKS: dict = {}

    def _check_target(self, y):
        """Raise ValueError for targets that the estimator cannot learn."""

    @abstractmethod
    def _fit_target(self, y, sample_weight, classes=None, more_to_come=False):
        """Learn from the first targets what stays: the classes, or the place and scale of the targets.

        `more_to_come` says whether other targets may follow, which will be measured on the same scale.
        """

    @abstractmethod
    def _encode_target(self, y):
        """Return `y` as the network's targets; raise ValueError for targets that `_fit_target` has not seen."""

    @abstractmethod
    def _target_fields(self):
        """Return the fields of the plan that depend on the targets: n_outputs, loss and its settings."""

    def _row_weight(self, y, sample_weight):
        """Return the weight of each row, or None when all are equal."""
        return sample_weight

    # -- training -----------------------------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    @plain_torch()
    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers. Networks learn best from features of mean 0 and variance 1.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of any type for a classifier, which takes one column; numbers for a regressor.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; 2 beside 1 counts as two equal rows, and rows of weight 0 are left out. Only their
            ratios matter: they are divided by their mean, so that `lr` means the same. None is 1 for each.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        DivergedError
            If the loss or a weight is no longer finite.
        ValueError
            If a parameter or the data is invalid.
        """
        check_parameters(self)
        self._check_callbacks()
        going_on = self.warm_start and self.__sklearn_is_fitted__()
        data = self._check_rows(X, y, sample_weight, reset=not going_on)
        if not going_on:
            self._start(*data[1:])
        plan = self._plan_epochs(data, self.max_epochs, schedule_start=self.n_iter_)
        state = TrainingState(self._state_to_go_on_from(plan).network) if going_on else None
        return self._train(plan, data, state)

    @_fit_context(prefer_skip_nested_validation=True)
    @plain_torch()
    def fit_until(self, X, y, n_epochs, sample_weight=None):
        """Train as `fit` does, but pause after some of its epochs; the next call goes on.

        However the epochs are divided among calls, the result is that of a single `fit`: learning-rate schedules refer
        to `max_epochs`, early stopping remembers. Between calls the estimator can predict, be pickled, and be given
        other parameters, which the epochs to come then obey.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As in `fit`; the same in every call.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            As in `fit`; the same in every call.
        n_epochs : int
            Number of epochs after which to pause, those of earlier calls included; at most `max_epochs`. Nothing
            happens if so many have been trained already, or if early stopping has ended the training.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`; the same in every call.

        Returns
        -------
        self : object
            The estimator, fitted so far.

        Raises
        ------
        DivergedError
            If the loss or a weight is no longer finite.
        ValueError
            If a parameter or the data is invalid, or there are skorch `callbacks`, which cannot be paused.
        """
        check_parameters(self)
        self._check_pausable(n_epochs)
        going_on = self.__sklearn_is_fitted__()
        data = self._check_rows(X, y, sample_weight, reset=not going_on)
        if not going_on:
            self._start(*data[1:])
        elif n_epochs <= self.n_iter_:
            return self
        plan = self._plan_epochs(data, n_epochs - self.n_iter_, schedule_start=0)
        if going_on and _has_stopped(plan, self._state):
            return self
        return self._train(plan, data, self._state_to_go_on_from(plan) if going_on else None)

    def _check_callbacks(self):
        check_callbacks(self.callbacks or (), keeps_lr=self.lr_schedule == "constant" and self.lr_warmup == 0)

    def _check_pausable(self, n_epochs):
        if self.callbacks:
            raise ValueError("fit_until trains without skorch: set callbacks=None, or call fit")
        if not isinstance(n_epochs, Integral) or isinstance(n_epochs, bool) or not 1 <= n_epochs <= self.max_epochs:
            raise ValueError(f"n_epochs must be an int from 1 to max_epochs={self.max_epochs}, got {n_epochs!r}")

    def _epoch_costs(self, n_rows: int, n_features: int) -> tuple[float, float]:
        """Return about what an epoch of networks with these parameters costs, in operations: of all, and of each."""
        return estimate_costs(self, n_rows, n_features)

    def _plan_epochs(self, data, n_epochs, schedule_start):
        train_rows, valid_rows = self._split_rows(self._make_rows(*data))
        return make_plan(
            self,
            train_rows,
            valid_rows,
            first_epoch=self.n_iter_,
            n_epochs=n_epochs,
            schedule_start=schedule_start,
            patience=self.patience if self.early_stopping else None,
            **self._target_fields(),
        )

    @_fit_context(prefer_skip_nested_validation=True)
    @plain_torch()
    def _partial_fit(self, X, y, classes, sample_weight):
        """Train one epoch on the rows given; `fit` and `partial_fit` differ in nothing else but the split."""
        check_parameters(self)
        self._check_callbacks()
        if self.early_stopping:
            raise ValueError("partial_fit sees the data in pieces and cannot set rows aside: set early_stopping=False")
        first_call = not self.__sklearn_is_fitted__()
        data = self._check_rows(X, y, sample_weight, reset=first_call)
        if first_call:
            self._start(*data[1:], classes, more_to_come=True)
        rows = _in_weight_unit(self._make_rows(*data), 1.0)  # pieces of unlike weight stay unlike
        plan = make_plan(self, rows, None, first_epoch=self.n_iter_, **self._target_fields())
        if first_call:
            return self._train(plan, data, None)
        state = self._state_to_go_on_from(plan)
        return self._train(plan, data, replace(state, weights=state.network, best=None, stopping=None))

    def _get_training_state(self):
        """Return where `fit_until` has come to, in terms of dicts, numbers and tensors."""
        names = ("_seed", "n_iter_", "best_epoch_", "history_")
        return {"training": training_parts(self._current_state()), **{name: vars(self)[name] for name in names}}

    @plain_torch()
    def _set_training_state(self, X, y, tree, sample_weight=None):
        """Go back to where another estimator of the same parameters, on the same rows, has come to."""
        data = self._check_rows(X, y, sample_weight, reset=True)
        self._start(*data[1:])
        vars(self).update({name: value for name, value in tree.items() if name != "training"})
        plan = self._plan_epochs(data, 1, schedule_start=0)
        vars(self).update(fitted_attributes(plan, training_from(tree["training"], plan)))

    def _check_rows(self, X, y, sample_weight, *, reset):
        """Return checked arrays, without the rows of weight zero."""
        with names_of_arrays(X=X, y=y):
            X, y = validate_data(self, X, y, reset=reset, dtype=np.dtype(self.dtype), order="C", **self._TARGET_CHECKS)
        self._check_target(y)
        if sample_weight is None:
            return X, y, None
        sample_weight = check_weights(sample_weight, X)
        counts = sample_weight > 0
        if counts.all():
            return X, y, sample_weight
        return X[counts], y[counts], sample_weight[counts]

    def _start(self, y, sample_weight, classes=None, more_to_come=False):
        """Forget an earlier fit and learn what the targets are like."""
        self.n_iter_ = 0
        self.history_ = {}
        self._seed = root_seed(self.random_state)
        self._fit_target(y, sample_weight, classes, more_to_come or self.warm_start)
        for name in ("_state", "_net"):
            vars(self).pop(name, None)

    def _make_rows(self, X, y, sample_weight):
        rows = Rows(X, self._encode_target(y), self._row_weight(y, sample_weight))
        if rows.weight is None or rows.weight.all():
            return rows
        if not rows.weight.any():
            raise ValueError(f"class_weight={self.class_weight!r} leaves no row with a weight above 0")
        return _take_rows(rows, np.flatnonzero(rows.weight))

    def _split_rows(self, rows):
        """Return training and validation rows; the latter only for early stopping."""
        if not self.early_stopping:
            return _with_mean_weight_1(rows), None
        seed = derive_seed(self._seed, "validation")
        strata = rows.y if rows.y.dtype.kind == "i" else None
        train_index, valid_index = validation_split(len(rows), self.validation_fraction, seed, strata)
        return tuple(_with_mean_weight_1(_take_rows(rows, index)) for index in (train_index, valid_index))

    def _train(self, plan: FitPlan, data: tuple, state: TrainingState | None):
        X, y, sample_weight = data
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        data = {"X": X, "y": y, "metadata": metadata}
        context = self._init_callback_context(max_subtasks=plan.n_epochs)
        context.call_on_fit_task_begin(estimator=self, **data)
        reporter = EpochReporter(self, context, plan, data)
        if self.callbacks:  # of skorch: only its own loop calls them
            settings = {"callbacks": self.callbacks, "classes": getattr(self, "classes_", None)}
            net, result = train(plan, reporter, state=state, history=self._net_history(), **settings)
            vars(self).update(fitted_attributes(plan, result.state), _net=net)
        else:
            result = train_plan(plan, reporter, state)
            if result.error is not None:
                raise result.error
            vars(self).update(fitted_attributes(plan, result.state))
            vars(self).pop("_net", None)
        self._record(result)
        context.call_on_fit_task_end(estimator=self, **data, reconstruction_attributes={})
        return self

    def _state_to_go_on_from(self, plan):
        former = self._blueprint.network
        for name in ("hidden", "normalization"):
            old, new = getattr(former, name), getattr(plan.network, name)
            if old != new:
                raise ValueError(
                    f"training goes on with the former network, whose {name} is {old!r}: it cannot change to {new!r}. "
                    "Set warm_start=False and call fit for a new network."
                )
        return self._current_state()

    @plain_torch()
    def _current_state(self):
        """Return where the training stands, with the weights that the net has now."""
        if "_net" not in vars(self):
            return self._state
        known, state = self._state, read_state(self._net, self._blueprint)
        if all(torch.equal(value, state.network[name]) for name, value in known.network.items()):
            return known
        # somebody had the net in hand, and has changed its weights
        return replace(state, plateau=known.plateau, stopping=known.stopping)

    @property
    @plain_torch()
    def net_(self):
        """The trained network as an initialised skorch net."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"this {type(self).__name__} is not fitted yet, so it has no net_")
        if "_net" not in vars(self):  # made when somebody asks: most of a search's networks are only ever scored
            classes = getattr(self, "classes_", None)
            self._net = rebuild_net(self._blueprint, self._state, self._net_history(), classes)
        return self._net

    def _net_history(self):
        if "_net" in vars(self):
            return list(self._net.history)
        names = list(self.history_)
        return [
            {"batches": [], **dict(zip(names, row, strict=True))} for row in zip(*self.history_.values(), strict=True)
        ]

    def _record(self, result: FitResult):
        for row in result.history:
            for name in row:
                self.history_.setdefault(name, [math.nan] * self.n_iter_)  # earlier epochs did not record it
            for name, column in self.history_.items():
                column.append(row.get(name, math.nan))
            self.n_iter_ += 1
        self.best_epoch_ = result.best_epoch

    # -- prediction ---------------------------------------------------------------------------------------------------

    @plain_torch()
    def _outputs(self, X, transform=None):
        """Return the network's outputs, passed through `transform`, as floats of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        with names_of_arrays(X=X):
            X = validate_data(self, X, reset=False, dtype=np.dtype(self._blueprint.dtype), order="C")
        forward = self._forward()

        def outputs_of(start):
            with torch_threads(1), torch.inference_mode():
                chunk = np.require(X[start : start + _PREDICT_ROWS], requirements="W")
                output = forward(torch.as_tensor(chunk)).cpu().double()
                return (output if transform is None else transform(output)).numpy()

        outputs = np.concatenate(map_in_threads(outputs_of, range(0, len(X), _PREDICT_ROWS)))
        if not np.isfinite(outputs).all():
            n_bad = int((~np.isfinite(outputs).all(axis=1)).sum())
            raise DivergedError(f"the network's output is not finite for {n_bad} of {len(X)} rows")
        return outputs

    def _forward(self):
        """Return the network's forward pass, computed in float64 where it is on the CPU.

        Matrix products of few and of many rows round differently. In float64 that is far below what metrics can tell:
        the prediction of a row does not depend on the rows beside it. GPUs are slow at it, and some lack it.
        """
        plan, device = self._blueprint, self._blueprint.device
        weights = self._net.module_.state_dict() if "_net" in vars(self) else self._state.network
        dtype = torch.float64 if torch.device(device).type == "cpu" else getattr(torch, plan.dtype)
        network = StackedMLP([plan.network], dtype, device)
        network.write(0, weights)
        shift, scale = 0.0, 1.0
        if plan.network.rescale:
            shift, scale = (torch.as_tensor(a).to(device, dtype) for a in (plan.target_shift, plan.target_scale))
        return lambda X: shift + scale * network.evaluate(0, X.to(device, dtype))

    def __sklearn_is_fitted__(self):
        return "_state" in vars(self)


def _has_stopped(plan: FitPlan, state: TrainingState) -> bool:
    """Whether early stopping has ended the training."""
    rule = plan.stopping_rule(state.stopping)
    return rule is not None and rule.should_stop


def _take_rows(rows: Rows, index: np.ndarray) -> Rows:
    return Rows(rows.X[index], rows.y[index], None if rows.weight is None else rows.weight[index])


def _with_mean_weight_1(rows: Rows) -> Rows:
    """Scale the weights to mean 1, so that the learning rate means the same with and without them."""
    return rows if rows.weight is None else _in_weight_unit(rows, rows.weight.mean())


def _in_weight_unit(rows: Rows, unit: float) -> Rows:
    """Divide the weights, in the precision that they came with, before they take the network's."""
    return Rows(rows.X, rows.y, None if rows.weight is None else (rows.weight / unit).astype(rows.X.dtype))
