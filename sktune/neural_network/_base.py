"""What the classifier and the regressor share: from parameters and data to a trained network.

    fit         check everything -> rows -> plan -> train
    predict     check X -> forward in chunks

A subclass says how targets become numbers (`_fit_target`, `_encode_target`) and outputs become predictions.
"""

import math
import warnings
from abc import ABCMeta
from dataclasses import replace
from functools import partial
from numbers import Integral, Real

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .._sklearn_compat import (
    RANDOM_STATE,
    Documented,
    HintedParams,
    Interval,
    StrOptions,
    _fit_context,
)
from .._utils.hints import explains_names
from .._utils.threads import map_in_threads, torch_threads
from .._utils.torch_state import plain_torch
from ..engine import FitPlan, FitResult, TrainingState, as_tensor, rows_at_once, train_plan
from ..exceptions import DivergedError, SktuneWarning
from ..modules import ACTIVATIONS, NORMALIZATIONS
from ..schedules import SCHEDULES
from ._data_checks import names_of_arrays, without_duplicates
from ._default_space import default_search_space
from ._fit_data import FitData, check_same_validation_data, in_weight_unit
from ._other_names import OF_OTHER_NETWORKS
from ._plan import check_parameters, estimate_costs, make_plan
from ._preparation import Preparation
from ._ready import equal_weights
from ._reporting import EpochReporter, fitted_attributes, warn_unless_learned
from ._saved_state import training_from, training_parts
from ._saving import SavedNet
from ._skorch import OPTIMIZERS, check_callbacks, read_state, rebuild_net, train

#: rows of one forward pass in predict, whose activations then stay in the cache
_PREDICT_ROWS = 1024


class BaseNet(SavedNet, Preparation, HintedParams, Documented, CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta):
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
        "validation_split": [StrOptions({"random", "last", "group"})],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "eval_train_loss": ["boolean"],
        "eval_valid_loss": ["boolean"],
        "device": [str, torch.device],
        "dtype": [StrOptions({"float32", "float64"})],
        "callbacks": [list, tuple, None],
        "warm_start": ["boolean"],
        "random_state": RANDOM_STATE,
        "verbose": ["verbose"],
    }

    _other_names = OF_OTHER_NETWORKS

    @explains_names
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
        validation_split="random",
        patience=10,
        tol=1e-4,
        eval_train_loss=False,
        eval_valid_loss=False,
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
        self.validation_split = validation_split
        self.patience = patience
        self.tol = tol
        self.eval_train_loss = eval_train_loss
        self.eval_valid_loss = eval_valid_loss
        self.device = device
        self.dtype = dtype
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    default_search_space = staticmethod(default_search_space)

    # -- training -----------------------------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    @plain_torch()
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None, groups=None):
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Finite numbers. Sparse ones become dense batch by batch, never as a whole. Networks learn best from
            features of mean 0 and variance 1.
        y : {array-like, sparse matrix} of shape (n_samples,) or (n_samples, n_outputs)
            Labels of any type for a classifier, or a column of 0 and 1 for each of several labels; numbers for a
            regressor.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; 2 beside 1 counts as two equal rows, and rows of weight 0 are left out. Only their
            ratios matter: they are divided by their mean, so that `lr` means the same. None is 1 for each.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Rows to validate on, instead of rows that are set aside: all of `X` is trained on. Their loss is recorded
            in any case, and used by `early_stopping`. They come as they are: in a pipeline, the steps before transform
            them with ``Pipeline(..., transform_input=["X_val"])`` and metadata routing. scikit-learn's searches take
            rows for rows of `X` if they are as many; those of sktune never divide them.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their labels, all of which `y` has too, or targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights; None is 1 for each.
        groups : array-like of shape (n_samples,), default=None
            What belongs together, for ``validation_split="group"``.

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
        self._check_callbacks(has_valid=self.early_stopping or self.eval_valid_loss or X_val is not None)
        going_on = self.warm_start and self.__sklearn_is_fitted__()
        given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val, "groups": groups}
        data = self._check_data(X, y, sample_weight, reset=not going_on, **given)
        if not going_on:
            self._start(data)
        self._n_given_valid = None if data.valid is None else len(data.valid)
        plan = self._plan_epochs(data, self.max_epochs, schedule_start=self.n_iter_)
        self._train(plan, data, self._state_to_start_from(plan) if going_on else None)
        warn_unless_learned(self, plan)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    @plain_torch()
    def fit_until(
        self, X, y, n_epochs, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None, groups=None
    ):
        """Train as `fit` does, but pause after some of its epochs; the next call goes on.

        However the epochs are divided among calls, the result is that of a single `fit`: learning-rate schedules refer
        to `max_epochs`, early stopping remembers. Between calls the estimator can predict, be pickled, and be given
        other parameters, which the epochs to come then obey.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            As in `fit`; the same in every call.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            As in `fit`; the same in every call.
        n_epochs : int
            Number of epochs after which to pause, those of earlier calls included; at most `max_epochs`. Nothing
            happens if so many have been trained already, or if early stopping has ended the training.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`; the same in every call.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            As in `fit`; the same in every call.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            As in `fit`; the same in every call.
        sample_weight_val : array-like of shape (n_val,), default=None
            As in `fit`; the same in every call.
        groups : array-like of shape (n_samples,), default=None
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
            If a parameter or the data is invalid, if there are not as many rows to validate on as before, or if there
            are skorch `callbacks`, which cannot be paused.
        """
        check_parameters(self)
        self._check_pausable(n_epochs)
        going_on = self.__sklearn_is_fitted__()
        given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val, "groups": groups}
        data = self._check_data(X, y, sample_weight, reset=not going_on, **given)
        if not going_on:
            self._start(data)
        else:
            check_same_validation_data(data.valid, self._n_given_valid)
        if going_on and n_epochs <= self.n_iter_:
            return self
        plan = self._plan_epochs(data, n_epochs - self.n_iter_, schedule_start=0)
        if going_on and _has_stopped(plan, self._state):
            return self
        self._train(plan, data, self._state_to_go_on_from(plan) if going_on else None)
        if self.n_iter_ == self.max_epochs or _has_stopped(plan, self._state):
            warn_unless_learned(self, plan)
        return self

    def _check_callbacks(self, *, has_valid):
        keeps_lr = self.lr_schedule == "constant" and self.lr_warmup == 0
        check_callbacks(self.callbacks or (), keeps_lr=keeps_lr, has_valid=has_valid)

    def _check_pausable(self, n_epochs):
        if self.callbacks:
            raise ValueError("fit_until trains without skorch: set callbacks=None, or call fit")
        if not isinstance(n_epochs, Integral) or isinstance(n_epochs, bool) or not 1 <= n_epochs <= self.max_epochs:
            raise ValueError(f"n_epochs must be an int from 1 to max_epochs={self.max_epochs}, got {n_epochs!r}")

    def _epoch_costs(self, n_rows: int, n_features: int) -> tuple[float, float]:
        """Return about what an epoch of networks with these parameters costs, in operations: of all, and of each."""
        return estimate_costs(self, n_rows, n_features)

    def _plan_epochs(self, data, n_epochs, schedule_start):
        return make_plan(
            self,
            *self._rows_to_fit(data),
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
        self._check_callbacks(has_valid=False)
        for name in ("early_stopping", "eval_valid_loss"):
            if getattr(self, name):
                raise ValueError(f"partial_fit sees the data in pieces and cannot set rows aside: set {name}=False")
        first_call = not self.__sklearn_is_fitted__()
        data = self._check_data(X, y, sample_weight, reset=first_call)
        if first_call:
            self._start(data, classes, more_to_come=True)
        rows = in_weight_unit(self._make_rows(data, data), 1.0)  # pieces of unlike weight stay unlike
        plan = make_plan(self, rows, None, first_epoch=self.n_iter_, **self._target_fields())
        if first_call:
            return self._train(plan, data, None)
        state = self._state_to_go_on_from(plan)
        return self._train(plan, data, replace(state, weights=state.network, best=None, stopping=None))

    def _get_training_state(self):
        """Return where `fit_until` has come to, in terms of dicts, numbers and tensors."""
        names = ("_seed", "_n_given_valid", "n_iter_", "best_epoch_", "history_")
        return {"training": training_parts(self._current_state()), **{name: vars(self)[name] for name in names}}

    @plain_torch()
    def _set_training_state(self, X, y, tree, sample_weight=None, **given):
        """Go back to where another estimator of the same parameters, on the same rows, has come to."""
        data = self._check_data(X, y, sample_weight, reset=True, **given)
        check_same_validation_data(data.valid, tree["_n_given_valid"])
        self._start(data, seed=tree["_seed"])
        vars(self).update({name: value for name, value in tree.items() if name != "training"})
        plan = self._plan_epochs(data, 1, schedule_start=0)
        vars(self).update(fitted_attributes(plan, training_from(tree["training"], plan)))

    def _train(self, plan: FitPlan, data: FitData, state: TrainingState | None):
        data = {"X": data.X, "y": data.y, "metadata": data.metadata()}
        context = self._init_callback_context(max_subtasks=plan.n_epochs)
        context.call_on_fit_task_begin(estimator=self, **data)
        reporter = EpochReporter(self, context, plan, data)
        if self.callbacks:  # of skorch: only its own loop calls them
            settings = {"callbacks": self.callbacks, "classes": getattr(self, "classes_", None)}
            net, result = train(plan, reporter, state=state, history=self._net_history(), **settings)
            vars(self).update(fitted_attributes(plan, result.state, net))
        else:
            result = train_plan(plan, reporter, state)
            if result.error is not None:
                raise result.error
            vars(self).update(fitted_attributes(plan, result.state))
        self._record(result)
        context.call_on_fit_task_end(estimator=self, **data, reconstruction_attributes={})
        return self

    def _state_to_start_from(self, plan):
        """Return the weights alone, with which a warm start begins a new training."""
        if not self._state.is_complete:
            warnings.warn(
                f"this {type(self).__name__} was kept for prediction and its training state was left out: the warm "
                "start begins with its weights and a new optimizer, as any other warm start does",
                SktuneWarning,
                stacklevel=5,
            )
        self._check_same_network(plan)
        return TrainingState(self._current_state().network)

    def _state_to_go_on_from(self, plan):
        self._check_same_network(plan)
        if not self._state.is_complete:
            raise ValueError(
                f"this {type(self).__name__} was kept for prediction and its training state was left out: it cannot "
                "go on. Use the estimator that it was made of, or a file saved without for_prediction=True; or call "
                "fit, which begins anew, and with warm_start=True from its weights."
            )
        return self._current_state()

    def _check_same_network(self, plan):
        former = self._blueprint.network
        changes = [(name, getattr(former, name), getattr(plan.network, name)) for name in ("hidden", "normalization")]
        if former.log_link != plan.network.log_link:  # one gives the predictions, the other their logarithm
            changes.append(("loss", self._blueprint.loss, plan.loss))
        for name, old, new in changes:
            if old != new:
                raise ValueError(
                    f"training goes on with the former network, whose {name} is {old!r}: it cannot change to {new!r}. "
                    "Set warm_start=False and call fit for a new network."
                )

    @plain_torch()
    def _current_state(self):
        """Return where the training stands, with the weights that the net has now."""
        known, net = self._state, self._net.present_net()
        if net is None or equal_weights(known.network, net.module_.state_dict()):
            return known
        # the user had the net in hand, and has changed its weights
        state = read_state(net, self._blueprint)
        if not known.is_complete:
            return state.for_prediction()
        return replace(state, plateau=known.plateau, stopping=known.stopping)

    @property
    @plain_torch()
    def net_(self):
        """The trained network as an initialised skorch net."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"this {type(self).__name__} is not fitted yet, so it has no net_")
        # made at the first access: most of a search's networks are only ever scored
        make = partial(rebuild_net, self._blueprint, self._state, self._net_history(), getattr(self, "classes_", None))
        return self._net.net(make, self._state.network)

    def _net_history(self):
        net = self._net.present_net() if "_net" in vars(self) else None
        if net is not None:
            return list(net.history)
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
            settings = {"accept_sparse": "csr", "dtype": np.dtype(self._blueprint.dtype), "order": "C"}
            X = validate_data(self, without_duplicates(X), reset=False, **settings)
        forward = self._net.forward(self._blueprint, self._state)

        def write_outputs_of(start):
            with torch_threads(1), torch.inference_mode():
                chunk = X[start : start + n_rows]
                chunk = as_tensor(chunk.toarray() if issparse(chunk) else chunk, "cpu")
                output = forward(chunk).cpu().double()
                outputs[start : start + n_rows] = (output if transform is None else transform(output)).numpy()

        n_rows = rows_at_once(_PREDICT_ROWS, X.shape[1])
        # one array: many small ones between the large chunks would keep the memory of these from being used again
        outputs = np.empty((X.shape[0], self._blueprint.network.n_outputs))
        map_in_threads(write_outputs_of, range(0, X.shape[0], n_rows))
        if not np.isfinite(outputs).all():
            n_bad = int((~np.isfinite(outputs).all(axis=1)).sum())
            raise DivergedError(f"the network's output is not finite for {n_bad} of {X.shape[0]} rows")
        return outputs

    def __sklearn_is_fitted__(self):
        return "_state" in vars(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _has_stopped(plan: FitPlan, state: TrainingState) -> bool:
    """Whether early stopping has ended the training."""
    rule = plan.stopping_rule(state.stopping)
    return rule is not None and rule.should_stop
