"""Training through skorch: the one file that knows it.

A plan becomes a genuine skorch net, which skorch's own steps then train. Only the loop around them is ours, because
skorch's loop draws its batches from the global random stream, swallows Ctrl-C and goes on when the loss is NaN.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from fnmatch import fnmatch
from typing import Protocol

import numpy as np
import torch
from skorch import NeuralNet, NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import Callback, LRScheduler
from skorch.dataset import Dataset
from torch import Tensor, nn

from .._utils.interrupts import interrupts
from .._utils.random import derive_seed
from .._utils.threads import flushed_denormals, torch_threads
from ..engine import MOMENTS, BatchStream, FitPlan, FitResult, TrainingState, diverged
from ..modules import MLP
from ..schedules import PlateauRule
from ._criteria import criterion_of

#: name -> (class, its arguments for a momentum); a fused kernel does the whole step in one pass over the weights
OPTIMIZERS: dict[str, tuple[type[torch.optim.Optimizer], Callable[[float], dict]]] = {
    "adamw": (torch.optim.AdamW, lambda momentum: {"betas": (momentum, 0.999), "fused": True}),
    "adam": (torch.optim.Adam, lambda momentum: {"betas": (momentum, 0.999), "fused": True}),
    "sgd": (torch.optim.SGD, lambda momentum: {"momentum": momentum, "nesterov": momentum > 0, "fused": True}),
    "rmsprop": (torch.optim.RMSprop, lambda momentum: {"momentum": momentum}),
}


class Reporter(Protocol):
    """What the trainer tells an estimator of each epoch."""

    def begin(self) -> None:
        """Say that an epoch begins."""

    def end(self, row: dict, weights: Callable[[], dict[str, Tensor]]) -> bool:
        """Take the epoch's row of the history; return whether training should stop here."""


class _StepCallback(Callback):
    """What each optimizer step of a plan needs beyond skorch's own.

    Attributes
    ----------
    lr : float
        Learning rate of the last step.
    """

    def __init__(self, plan: FitPlan, plateau: PlateauRule | None):
        self.plan = plan
        self.plateau = plateau
        self.lr = plan.lr
        # a constant rate is the net's own, which the user's callbacks may change
        self._schedule = None if plan.lr_schedule == "constant" and plan.lr_warmup == 0 else plan.schedule()
        self._step = (plan.first_epoch - plan.schedule_start) * plan.n_batches

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        """Set the learning rate of this step and the weights of its rows."""
        net.criterion_.row_weight = batch.weight
        if not training or self._schedule is None:
            return
        lr = self.plan.lr * self._schedule.factor(self._step) * (1.0 if self.plateau is None else self.plateau.factor)
        self._step += 1
        for group in net.optimizer_.param_groups:
            group["lr"] = lr

    def on_grad_computed(self, net, named_parameters, **kwargs):
        """Add the L1 penalty's gradient, then clip the sum."""
        if self.plan.l1:
            for parameter in _penalized(net.module_):
                parameter.grad.add_(parameter.detach().sign(), alpha=self.plan.l1)
        if self.plan.clip_norm is not None:
            nn.utils.clip_grad_norm_(net.module_.parameters(), self.plan.clip_norm)

    def on_batch_end(self, net, training=None, **kwargs):
        """Note the learning rate of the step; stop at the first loss that is not finite."""
        if training:
            self.lr = float(net.optimizer_.param_groups[0]["lr"])
        kind = "train" if training else "valid"
        loss = net.history[-1, "batches", -1, f"{kind}_loss"]
        if not math.isfinite(loss):
            raise diverged(f"the {kind} loss is {loss}", len(net.history), self.lr)


def _penalized(module: MLP) -> list[nn.Parameter]:
    return [parameter for name, parameter in module.named_parameters() if fnmatch(name, MLP.PENALIZED)]


def check_callbacks(callbacks: Sequence, *, keeps_lr: bool = True, has_valid: bool = True) -> None:
    """Check the user's callbacks.

    Parameters
    ----------
    callbacks : sequence
        What the user has given.
    keeps_lr : bool, default=True
        Whether the training leaves the learning rate as it is, so that a callback may change it.
    has_valid : bool, default=True
        Whether there are rows to validate on.

    Raises
    ------
    TypeError
        For what is neither a skorch callback nor a ``(name, callback)`` pair.
    ValueError
        For skorch's scheduler of the learning rate beside one of our schedules, which would overrule it, and for a
        callback that monitors a validation loss although there are no validation rows.
    """
    for given in callbacks:
        named = isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str)
        callback = given[1] if named else given
        is_class = isinstance(callback, type) and issubclass(callback, Callback)  # skorch makes an instance of it
        if not is_class and not isinstance(callback, Callback):
            raise TypeError(f"callbacks must be skorch callbacks or (name, callback) pairs, got {given!r} among them")
        if not has_valid and (monitor := _monitor(callback)) in ("valid_loss", "valid_loss_best"):
            name = (callback if is_class else type(callback)).__name__
            raise ValueError(
                f"callbacks has {name}, which watches {monitor!r}, but there are no rows to validate on: set "
                "eval_valid_loss=True or early_stopping=True, give fit X_val and y_val, or set "
                f"{name}(monitor={monitor.replace('valid', 'train')!r})"
            )
        if not keeps_lr and issubclass(callback if is_class else type(callback), LRScheduler):
            raise ValueError(
                "callbacks has a skorch LRScheduler, but the learning rate follows lr_schedule and lr_warmup: "
                "set lr_schedule='constant' and lr_warmup=0, or leave the LRScheduler out"
            )


def _monitor(callback: Callback | type[Callback]) -> object:
    """Return what a callback watches."""
    if isinstance(callback, type):
        parameter = inspect.signature(callback).parameters.get("monitor")
        return None if parameter is None else parameter.default
    return getattr(callback, "monitor", None)


def build_net(plan: FitPlan, callbacks: Sequence, classes: np.ndarray | None) -> NeuralNet:
    """Return an initialised skorch net for `plan`, without a sample of training."""
    optimizer, arguments = OPTIMIZERS[plan.optimizer]
    common = dict(
        module=MLP,
        module__spec=plan.network,
        module__seed=derive_seed(plan.seed, "init"),
        module__dtype=getattr(torch, plan.dtype),
        optimizer=optimizer,
        optimizer__weight_decay=0.0,
        optimizer__param_groups=[(MLP.PENALIZED, {"weight_decay": plan.weight_decay})],
        **{f"optimizer__{name}": value for name, value in arguments(plan.momentum).items()},
        lr=plan.lr,
        batch_size=plan.batch_size,
        max_epochs=plan.planned_epochs,
        train_split=None,
        callbacks=deepcopy(list(callbacks)),  # their state belongs to this net, not to the estimator's parameter
        callbacks__print_log=None,
        device=plan.device,
        verbose=0,
        **criterion_of(plan),
    )
    if plan.has_class_numbers:
        net = NeuralNetClassifier(**common, classes=classes, callbacks__valid_acc=None)
    elif plan.is_classification:  # skorch's own classifiers are for one label
        net = NeuralNet(**common, predict_nonlinearity=torch.sigmoid)
    else:
        net = NeuralNetRegressor(**common)
    net.initialize()
    if plan.network.rescale:
        net.module_.output_shift.copy_(torch.as_tensor(plan.target_shift))
        net.module_.output_scale.copy_(torch.as_tensor(plan.target_scale))
    return net


def train(
    plan: FitPlan,
    reporter: Reporter,
    *,
    callbacks: Sequence = (),
    classes: np.ndarray | None = None,
    state: TrainingState | None = None,
    history: Sequence[dict] = (),
) -> tuple[NeuralNet, FitResult]:
    """Train the network of `plan` with skorch's steps.

    Parameters
    ----------
    plan : FitPlan
        What to train.
    reporter : Reporter
        Is told of every epoch.
    callbacks : sequence of skorch callbacks
        The user's own; one that raises KeyboardInterrupt ends the training in good order, as in skorch.
    classes : ndarray or None
        Labels of the classes.
    state : TrainingState or None
        Where to go on from.
    history : sequence of dict
        Rows of the net's history so far.

    Returns
    -------
    net : skorch.NeuralNetClassifier, skorch.NeuralNetRegressor or, of several labels, skorch.NeuralNet
        Initialised and trained; its only callbacks are skorch's and the user's.
    result : FitResult
        What came of it.

    Raises
    ------
    DivergedError
        At the first loss or weight that is not finite.
    """
    # Matrix products round differently with another number of threads: one, so that the answer never depends on it.
    with torch_threads(1), flushed_denormals(True):
        net = build_net(plan, callbacks, classes)
        if state is not None:
            _write_state(net, plan, state)
        net.history.extend(history)
        step_callback = _StepCallback(plan, plan.plateau_rule(None if state is None else state.plateau))
        result = _run(net, plan, step_callback, reporter)
        result.state = replace(read_state(net, plan), plateau=step_callback.plateau)
        return net, result


def rebuild_net(plan: FitPlan, state: TrainingState, history: Sequence[dict], classes: np.ndarray | None) -> NeuralNet:
    """Return a net that stands where the training of `plan` has come to.

    Parameters
    ----------
    plan : FitPlan
        May be without its rows.
    state : TrainingState
    history : sequence of dict
        Rows of the history.
    classes : ndarray or None
        Labels of the classes.
    """
    net = build_net(plan, (), classes)
    _write_state(net, plan, state)
    net.history.extend(history)
    return net


def read_state(net: NeuralNet, plan: FitPlan) -> TrainingState:
    """Return where the training of a net has come to."""
    names = {parameter: name for name, parameter in net.module_.named_parameters()}
    state = TrainingState({name: value.clone() for name, value in net.module_.state_dict().items()})
    state.optimizer = plan.optimizer
    for parameter, saved in net.optimizer_.state.items():
        state.n_steps = int(saved.get("step", 0))
        for moment in MOMENTS[plan.optimizer]:
            if saved.get(moment) is not None:
                state.moments.setdefault(moment, {})[names[parameter]] = saved[moment].clone()
    return state


def _write_state(net: NeuralNet, plan: FitPlan, state: TrainingState) -> None:
    net.module_.load_state_dict({**net.module_.state_dict(), **state.network})
    if state.optimizer != plan.optimizer:
        return  # moments of another optimizer say nothing here
    for name, parameter in net.module_.named_parameters():
        saved = {moment: values[name].clone() for moment, values in state.moments.items()}
        if saved:
            net.optimizer_.state[parameter] = {"step": torch.tensor(state.n_steps, dtype=torch.float32), **saved}


def _run(net: NeuralNet, plan: FitPlan, step_callback: _StepCallback, reporter: Reporter) -> FitResult:
    """Train with our step callback in the net, and leave the net without it."""
    own, net.callbacks_ = net.callbacks_, [("sktune", step_callback), *net.callbacks_]
    try:
        net.notify("on_train_begin", X=plan.train.X, y=plan.train.y)
        result = _run_epochs(net, plan, step_callback, reporter)
        net.notify("on_train_end", X=plan.train.X, y=plan.train.y)
    finally:
        net.callbacks_ = own
        net.criterion_.row_weight = None
        net.module_.stop_dropout()
    if not all(parameter.isfinite().all() for parameter in net.module_.parameters()):
        raise diverged("its weights are not finite", len(net.history), step_callback.lr)
    return result


def _run_epochs(net: NeuralNet, plan: FitPlan, step_callback: _StepCallback, reporter: Reporter) -> FitResult:
    run_epoch = _EpochRunner(net, plan)
    stopping = plan.stopping_rule()
    best_weights = None
    result = FitResult(best_epoch=plan.first_epoch)
    losses = [
        "train_loss",
        *(["eval_train_loss"] if plan.eval_train_loss else []),
        *([] if plan.valid is None else ["valid_loss"]),
    ]
    for epoch in range(plan.first_epoch, plan.first_epoch + plan.n_epochs):
        reporter.begin()
        stop = run_epoch(epoch)
        if not all(name in net.history[-1] for name in losses):
            net.history.pop()  # a callback ended it before its first loss: this epoch does not count
            break
        row = _history_row(net, losses, step_callback.lr)
        result.history.append(row)
        result.best_epoch = epoch + 1
        monitored = plan.monitored(row)
        if step_callback.plateau is not None:
            step_callback.plateau.update(monitored)
        if stopping is not None:
            if stopping.update(epoch + 1, monitored):
                best_weights = {name: tensor.clone() for name, tensor in net.module_.state_dict().items()}
            result.best_epoch = stopping.best_epoch
        if reporter.end(row, net.module_.state_dict) or stop or (stopping is not None and stopping.should_stop):
            break
    if best_weights is not None:
        net.module_.load_state_dict(best_weights)
    return result


class _EpochRunner:
    """What one turn of skorch's ``fit_loop`` does, on our batches."""

    def __init__(self, net: NeuralNet, plan: FitPlan):
        self._net = net
        self._plan = plan
        self._stream = BatchStream(plan)
        self._datasets = {
            "dataset_train": Dataset(plan.train.X, plan.train.y),
            "dataset_valid": None if plan.valid is None else Dataset(plan.valid.X, plan.valid.y),
        }

    def __call__(self, epoch: int) -> bool:
        """Train one epoch; return whether a callback of the user wants it to be the last.

        A skorch callback says so by raising KeyboardInterrupt, which is not the user's Ctrl-C. Where it does so in the
        middle of an epoch, the batches end there and the epoch is closed as usual.
        """
        net = self._net
        net.module_.start_dropout(derive_seed(self._plan.seed, "dropout", epoch), self._plan.max_batch_rows)
        train = {"training": True, "prefix": "train", "step_fn": net.train_step}
        valid = {"training": False, "prefix": "valid", "step_fn": net.validation_step}
        parts = (
            lambda: net.notify("on_epoch_begin", **self._datasets),
            lambda: net.run_single_epoch(self._stream.train(epoch), **train),
            lambda: net.run_single_epoch(self._stream.valid(), **valid),
            self._evaluate,
            lambda: net.notify("on_epoch_end", **self._datasets),
        )
        answers = [_wants_to_stop(part) for part in parts]  # all parts run, whatever one of them says
        return any(answers)

    def _evaluate(self) -> None:
        """Record the loss on the training rows as they are, and leave no trace of that."""
        if not self._plan.eval_train_loss:
            return
        net = self._net
        module, criterion = net.module_, net.criterion_
        former = module.training, criterion.training, criterion.row_weight
        try:
            module.eval()
            criterion.eval()
            total = sum(self._loss_sum(*batch, batch.weight) for batch in self._stream.evaluated())
        finally:
            module.train(former[0])
            criterion.train(former[1])
            criterion.row_weight = former[2]
        net.history.record("eval_train_loss", total / len(self._plan.train))

    @torch.no_grad()
    def _loss_sum(self, X, y, weight) -> float:
        self._net.criterion_.row_weight = weight
        return float(self._net.criterion_(self._net.module_(X), y)) * len(X)


def _wants_to_stop(part: Callable[[], object]) -> bool:
    with interrupts() as ctrl_c_came:
        try:
            part()
        except KeyboardInterrupt:
            if ctrl_c_came():
                raise
            return True
    return False


def _history_row(net: NeuralNet, losses: Sequence[str], lr: float) -> dict:
    return {"epoch": len(net.history), **{name: float(net.history[-1, name]) for name in losses}, "lr": lr}
