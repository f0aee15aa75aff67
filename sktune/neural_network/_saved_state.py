"""A fitted network as plain parts, and a network made of parts that nobody vouches for.

The parts are numbers, strings, arrays and tensors in dicts and lists. What is read is checked all through: a network
that is made of it predicts, or it is not made.
"""

import math
import warnings
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import torch

from .._utils.estimator_state import require, require_keys
from ..engine import MOMENTS, EarlyStopping, FitPlan, TrainingState
from ..exceptions import SktuneWarning
from ..modules import NetworkSpec, state_shapes
from ..schedules import PlateauRule
from ._device import resolve_device
from ._multilabel import numbers_of_labels
from ._plan import LOG_LINK, LOSS_SETTINGS, LOSSES_OF_LABELS, LOSSES_OF_NUMBERS

#: fields of a plan that are data, have parts of their own, or have no part in what the network is
_LEFT_OUT = {"train", "valid", "early_stopping", "network", "eval_train_loss"}
#: what the rules remember
_PLATEAU = ("decay", "patience", "tol", "factor", "_best", "_n_bad")
_STOPPING = ("patience", "tol", "best_epoch", "_best_loss", "_reference", "_n_bad")
#: parts of a network's state that a training may be without
_OPTIONAL = ("num_batches_tracked", "output_shift", "output_scale")


def plan_parts(plan: FitPlan) -> dict[str, Any]:
    """Return the settings of a plan without its rows."""
    parts = {field.name: getattr(plan, field.name) for field in fields(plan) if field.name not in _LEFT_OUT}
    return {**parts, "network": asdict(plan.network)}


def plan_from(parts: Any, constraints: dict, validate: Any) -> FitPlan:
    """Return a plan of its parts.

    Parameters
    ----------
    parts : dict
        What `plan_parts` returned.
    constraints : dict
        What the estimator's class says of the parameters that are fields of plans as well.
    validate : callable
        ``validate(constraints, values)`` raises ValueError for a value that is not allowed.
    """
    names = {field.name for field in fields(FitPlan)} - _LEFT_OUT
    require_keys(parts, "the plan of a network", {*names, "network"})
    settings = {name: parts[name] for name in names}
    spec = parts["network"]
    require_keys(spec, "the shape of a network", [field.name for field in fields(NetworkSpec)])
    hidden = spec["hidden"]
    require(type(hidden) is tuple, "the hidden layers of a network should be a tuple")
    for width in (spec["n_features"], spec["n_outputs"], *hidden):
        require(type(width) is int and width >= 1, f"a layer of a network cannot have {width!r} units")
    require(type(spec["rescale"]) is bool, "rescale of a network should be a bool")
    _require_types(FitPlan, settings)
    values = {**spec, **settings}
    shared = {name: constraints[name] for name in constraints if name in values}
    shared["patience"] = [*constraints["patience"], None]
    shared.pop("loss", None)  # of several labels it has a name of its own
    validate(shared, {name: values[name] for name in shared})
    for name in ("first_epoch", "n_epochs", "schedule_start", "planned_epochs", "seed"):
        require(settings[name] >= 0, f"{name} of a plan cannot be {settings[name]}")
    _check_targets(settings, spec)
    _check_loss(settings, spec, constraints, validate)
    settings["device"] = _device_here(settings["device"])
    return FitPlan(network=NetworkSpec(**spec), **settings)


def _require_types(kind: type, values: dict) -> None:
    for field in fields(kind):
        if field.name in values:
            value = values[field.name]
            fits = isinstance(value, field.type) or (type(value) is int and isinstance(0.0, field.type))
            require(fits and type(value) is not bool, f"{field.name} of a plan cannot be {value!r:.80}")
            require(type(value) is not float or math.isfinite(value), f"{field.name} of a plan cannot be {value}")


def _check_targets(settings: dict, spec: dict) -> None:
    for name in ("target_shift", "target_scale"):
        value = settings[name]
        require((value is not None) == spec["rescale"], f"{name} does not fit the network")
        if value is not None:
            fits = type(value) is np.ndarray and value.shape == (spec["n_outputs"],)
            require(fits and value.dtype == settings["dtype"], f"{name} does not fit the network")
            require(np.isfinite(value).all(), f"{name} is not finite")


def _check_loss(settings: dict, spec: dict, constraints: dict, validate: Any) -> None:
    loss = settings["loss"]
    require(loss in (LOSSES_OF_NUMBERS if spec["rescale"] else LOSSES_OF_LABELS), f"loss of a plan cannot be {loss!r}")
    require(spec["log_link"] is (loss in LOG_LINK), "log_link does not fit the loss")
    name = LOSS_SETTINGS.get(loss)
    if name is not None:
        validate({name: constraints[name]}, {name: settings["loss_setting"]})


def _device_here(device: str) -> str:
    try:
        return resolve_device(device)
    except ValueError:
        warnings.warn(
            f"the network was trained on device={device!r}, which is not here: it predicts on the CPU",
            SktuneWarning,
            stacklevel=2,
        )
        return "cpu"


def training_parts(state: TrainingState) -> dict[str, Any]:
    """Return all that a training would go on with."""
    return {
        "weights": dict(state.weights),
        "best": None if state.best is None else dict(state.best),
        "optimizer": state.optimizer,
        "moments": {name: dict(values) for name, values in state.moments.items()},
        "n_steps": int(state.n_steps),
        "plateau": state.plateau and {name: getattr(state.plateau, name) for name in _PLATEAU},
        "stopping": state.stopping and {name: getattr(state.stopping, name) for name in _STOPPING},
    }


def training_from(parts: Any, plan: FitPlan) -> TrainingState:
    """Return the state that `parts` describe, if it is one of a training of `plan`."""
    require_keys(parts, "the state of a training", [field.name for field in fields(TrainingState)])
    shapes, dtype = state_shapes(plan.network), getattr(torch, plan.dtype)
    for name in ("weights", "best"):
        if name == "weights" or parts[name] is not None:
            _check_tensors(parts[name], f"the {name}", shapes, dtype)
    optimizer, moments = parts["optimizer"], parts["moments"]
    require(optimizer is None or (type(optimizer) is str and optimizer in MOMENTS), f"unknown optimizer {optimizer!r}")
    require_keys(moments, "the moments", (), MOMENTS.get(optimizer, ()))
    trained = {name: shape for name, shape in shapes.items() if name.endswith(("weight", "bias"))}
    for name, values in moments.items():
        _check_tensors(values, f"the moments {name!r}", trained, dtype)
    require(type(parts["n_steps"]) is int and parts["n_steps"] >= 0, "n_steps of a training is no number")
    plateau, stopping = parts["plateau"], parts["stopping"]
    if plateau is not None:
        plateau = _rule_from(PlateauRule(0.5, 1, 0.0), plateau, _PLATEAU)
    if stopping is not None:
        stopping = _rule_from(EarlyStopping(1, 0.0), stopping, _STOPPING)
    return TrainingState(**{**parts, "plateau": plateau, "stopping": stopping})


def _check_tensors(tensors: Any, what: str, shapes: dict, dtype: torch.dtype) -> None:
    require_keys(tensors, what, [name for name in shapes if not name.endswith(_OPTIONAL)], shapes)
    for name, tensor in tensors.items():
        kind = torch.int64 if name.endswith("num_batches_tracked") else dtype
        require(type(tensor) is torch.Tensor, f"{name!r} of {what} is no tensor")
        require(
            tuple(tensor.shape) == shapes[name] and tensor.dtype == kind,
            f"{name!r} of {what} has shape {tuple(tensor.shape)} and type {tensor.dtype}; the network has "
            f"{shapes[name]} and {kind}",
        )
        require(tensor.isfinite().all(), f"{name!r} of {what} is not finite")
        if name.endswith("running_var"):
            require((tensor >= 0).all(), f"{name!r} of {what} is negative")


def _rule_from(fresh: Any, parts: Any, names: tuple[str, ...]) -> Any:
    """Return `fresh` with the memory of another rule of its class."""
    require_keys(parts, f"a {type(fresh).__name__}", names)
    for name, value in parts.items():
        is_count = type(getattr(fresh, name)) is int
        fits = type(value) is int or (type(value) is float and not is_count and not math.isnan(value))
        require(fits or (name == "patience" and value is None), f"{name} of {type(fresh).__name__} is {value!r:.80}")
    vars(fresh).update(parts)
    return fresh


def check_history(history: Any, n_epochs: Any, best_epoch: Any) -> None:
    """Raise FileFormatError for what is no history of `n_epochs` epochs."""
    require(type(n_epochs) is int and n_epochs >= 1, f"a network cannot be trained for {n_epochs!r} epochs")
    require(type(best_epoch) is int and 0 <= best_epoch <= n_epochs, f"best_epoch_ cannot be {best_epoch!r}")
    require_keys(history, "history_", ("epoch", "train_loss", "lr"), ("eval_train_loss", "valid_loss"))
    for name, column in history.items():
        fits = type(column) is list and all(type(value) in (int, float) for value in column)
        require(fits and len(column) <= n_epochs, f"{name!r} of history_ is no list of {n_epochs} numbers")


def check_classes(classes: Any, n_dims: Any, plan: FitPlan) -> None:
    """Raise FileFormatError for what cannot be ``classes_`` of a network whose targets have so many dimensions."""
    n_classes = plan.network.n_outputs
    require(type(n_dims) is int and n_dims == (1 if plan.has_class_numbers else 2), "the loss does not fit the targets")
    if n_dims == 2:
        known = numbers_of_labels(n_classes)
        require(type(classes) is np.ndarray and np.array_equal(classes, known), "classes_ do not fit the labels")
        return
    require(type(classes) is np.ndarray and classes.shape == (n_classes,), "classes_ does not fit the network")
    require(n_classes >= 2, "a classifier needs at least 2 classes")
    try:
        is_sorted = np.array_equal(np.unique(classes), classes)
    except TypeError:
        is_sorted = False
    require(is_sorted, "classes_ are not sorted and different")


def check_targets(n_dims: Any, shift: Any, scale: Any, n_outputs: int) -> None:
    """Raise FileFormatError for what cannot be the place and scale of the targets of a network."""
    require(n_dims in (1, 2) and type(n_dims) is int, f"targets cannot have {n_dims!r} dimensions")
    require(n_dims == 2 or n_outputs == 1, "targets of one dimension are those of one output")
    for name, value in (("place", shift), ("scale", scale)):
        fits = type(value) is np.ndarray and value.shape == (n_outputs,) and value.dtype == np.float64
        require(fits and np.isfinite(value).all(), f"the {name} of the targets does not fit the network")
    require((scale > 0).all(), "the scale of the targets is not positive")
