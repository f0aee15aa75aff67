"""Plans of small trainings, of every kind."""

import numpy as np
from hypothesis import strategies as st

from sktune.engine import FitPlan, Rows
from sktune.modules import ACTIVATIONS, NetworkSpec
from sktune.schedules import SCHEDULES

N_FEATURES, N_CLASSES, N_TARGETS = 3, 3, 2


LABEL_LOSSES = ("binary_log_loss", "binary_focal")
NUMBER_LOSSES = ("squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma")


def make_rows(n_rows, seed, *, loss="log_loss", weighted=False, dtype="float32", n_targets=N_TARGETS):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, N_FEATURES)).astype(dtype)
    if loss in NUMBER_LOSSES:
        y = (5 + 3 * np.sin(X[:, :1] + np.arange(n_targets))).astype(dtype)
    elif loss in LABEL_LOSSES:
        y = (X[:, :1] > np.arange(n_targets)).astype(dtype)
    else:
        y = (np.abs(X).argmax(axis=1) % N_CLASSES).astype(np.int64)
    weight = rng.uniform(0.5, 1.5, n_rows).astype(dtype) if weighted else None
    return Rows(X, y, weight)


def make_plan(
    *,
    n_rows=50,
    data_seed=0,
    regression=False,
    loss=None,
    weighted=False,
    validate=False,
    n_targets=N_TARGETS,
    **fields,
):
    """Return a plan of three epochs; fields of the network's shape may stand among the plan's."""
    dtype = fields.get("dtype", "float32")
    loss = loss or ("squared_error" if regression else "log_loss")
    regression, log_link = loss in NUMBER_LOSSES, loss in ("poisson", "gamma")
    kind = {"loss": loss, "weighted": weighted, "dtype": dtype, "n_targets": n_targets}
    shape = {name: fields.pop(name) for name in ("activation", "normalization", "dropout") if name in fields}
    n_outputs = n_targets if loss in NUMBER_LOSSES + LABEL_LOSSES else N_CLASSES
    hidden = fields.pop("hidden", (9, 6))
    network = NetworkSpec(N_FEATURES, n_outputs, hidden, rescale=regression, log_link=log_link, **shape)
    if regression:
        fields["target_shift"] = np.full(n_targets, 0.0 if log_link else 5.0, dtype)
        fields["target_scale"] = np.linspace(2.0, 3.0, n_targets).astype(dtype)
    if validate:
        fields = {"valid": make_rows(17, data_seed + 100, **kind), "patience": 2, **fields}
    fields = {"n_epochs": 3, "planned_epochs": 3, "batch_size": 16, "lr": 3e-3, **fields}
    return FitPlan(network=network, loss=loss, train=make_rows(n_rows, data_seed, **kind), **fields)


#: what networks of a stack may differ in
VARIED = {
    "n_rows": st.integers(45, 48),
    "data_seed": st.integers(0, 2),
    "seed": st.integers(0, 10),
    "weighted": st.booleans(),
    "validate": st.booleans(),
    "eval_train_loss": st.booleans(),
    "dropout": st.sampled_from([0.0, 0.1, 0.5]),
    "lr": st.sampled_from([1e-3, 1e-2]),
    "momentum": st.sampled_from([0.0, 0.5, 0.9]),
    "weight_decay": st.sampled_from([0.0, 0.1]),
    "l1": st.sampled_from([0.0, 1e-3]),
    "loss_setting": st.sampled_from([0.1, 0.5, 0.9]),
    "clip_norm": st.sampled_from([None, 0.1, 10.0]),
    "mixup": st.sampled_from([0.0, 0.0, 0.4]),
    "input_noise": st.sampled_from([0.0, 0.0, 0.2]),
    "lr_schedule": st.sampled_from(SCHEDULES),
    "lr_warmup": st.sampled_from([0.0, 0.3]),
    "n_epochs": st.integers(1, 4),
}
#: what they have in common
SHARED = {
    "loss": st.sampled_from(["log_loss", "focal", *LABEL_LOSSES, *NUMBER_LOSSES]),
    "hidden": st.sampled_from([(), (1,), (9, 6), (32,), (5, 1, 7)]),
    "activation": st.sampled_from(sorted(ACTIVATIONS)),
    "normalization": st.sampled_from([None, "batch", "layer"]),
    "optimizer": st.sampled_from(["adamw", "adam", "sgd", "rmsprop"]),
    "batch_size": st.sampled_from([5, 16, 44, 100]),
    "n_targets": st.sampled_from([1, 2]),
}


@st.composite
def stacks_of_plans(draw, max_size=5):
    """Plans that could train as one stack, up to the numbers of rows in their last batches."""
    shared = {name: draw(strategy) for name, strategy in SHARED.items()}
    if shared["loss"] not in NUMBER_LOSSES:
        shared["label_smoothing"] = draw(st.sampled_from([0.0, 0.1]))
    n_plans = draw(st.integers(2, max_size))
    return [make_plan(**shared, **{name: draw(strategy) for name, strategy in VARIED.items()}) for _ in range(n_plans)]
