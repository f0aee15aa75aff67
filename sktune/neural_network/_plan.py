"""From an estimator's parameters to a plan that the training understands."""

import numbers

from ..engine import FitPlan, Rows, epoch_costs
from ..modules import NetworkSpec
from ._device import resolve_device

#: losses of predictions whose logarithm the network gives
LOG_LINK = ("poisson", "gamma")
LOSSES_OF_NUMBERS = ("squared_error", "absolute_error", "huber", "quantile", *LOG_LINK)
LOSSES_OF_LABELS = ("log_loss", "focal", "binary_log_loss", "binary_focal")
#: the parameter that is the number in a loss, of losses that have one
LOSS_SETTINGS = {
    "focal": "focal_gamma",
    "binary_focal": "focal_gamma",
    "huber": "huber_delta",
    "quantile": "quantile",
}
#: parameters that pass into a plan under their own names, as these types
_SAME_NAMES = {
    "lr": float,
    "momentum": float,
    "weight_decay": float,
    "l1": float,
    "mixup": float,
    "input_noise": float,
    "lr_decay": float,
    "lr_step": int,
    "lr_warmup": float,
    "batch_size": int,
    "tol": float,
    "eval_train_loss": bool,
}


def check_parameters(estimator) -> None:
    """Check what concerns several parameters, or the inside of one; types and ranges have been checked before.

    Raises
    ------
    ValueError
        Naming the parameters, their values and what is allowed.
    """
    hidden = hidden_widths(estimator.n_layers, estimator.n_neurons)
    resolve_device(estimator.device)
    if hidden and estimator.normalization == "batch" and estimator.batch_size == 1:
        raise ValueError(
            "normalization='batch' needs batches of at least 2 rows, got batch_size=1. "
            "Set a larger batch_size, or normalization='layer' or None."
        )


def hidden_widths(n_layers, n_neurons) -> tuple[int, ...]:
    """Return the number of units of each hidden layer.

    Parameters
    ----------
    n_layers : int or None
        Number of hidden layers; None is as many as `n_neurons` lists.
    n_neurons : int or sequence of int
        Units of all layers, or of each.

    Raises
    ------
    ValueError
        If the two do not fit together, or an entry is not a positive integer.
    """
    if isinstance(n_neurons, numbers.Integral):
        if n_layers is None:
            raise ValueError(f"n_layers=None needs one entry of n_neurons per layer, got n_neurons={n_neurons!r}")
        return (int(n_neurons),) * int(n_layers)
    for width in n_neurons:
        if not isinstance(width, numbers.Integral) or isinstance(width, bool) or width < 1:
            raise ValueError(f"each entry of n_neurons must be an int of at least 1, got {width!r} in {n_neurons!r}")
    if n_layers is not None and len(n_neurons) != n_layers:
        raise ValueError(
            f"n_neurons={n_neurons!r} has {len(n_neurons)} entries but n_layers={n_layers!r}: "
            "give one entry per layer, or n_layers=None to have as many layers as entries"
        )
    return tuple(int(width) for width in n_neurons)


def loss_fields(estimator, loss: str) -> dict:
    """Return a plan's fields for a loss, which is one of `FitPlan.loss`."""
    name = LOSS_SETTINGS.get(loss)
    return {"loss": loss, "loss_setting": 0.0 if name is None else float(getattr(estimator, name))}


def estimate_costs(estimator, n_rows: int, n_features: int) -> tuple[float, float]:
    """Return about what an epoch of networks like that of `estimator` costs; see `sktune.engine.epoch_costs`."""
    hidden = hidden_widths(estimator.n_layers, estimator.n_neurons)
    network = NetworkSpec(n_features=n_features, n_outputs=1, hidden=hidden)  # outputs are few
    return epoch_costs(network, n_rows, int(estimator.batch_size))


def make_plan(
    estimator,
    train: Rows,
    valid: Rows | None,
    *,
    n_outputs: int,
    first_epoch: int,
    n_epochs: int = 1,
    schedule_start: int = 0,
    patience: int | None = None,
    **target_fields,
) -> FitPlan:
    """Return the plan of one training of `estimator`, whose parameters have been checked."""
    hidden = hidden_widths(estimator.n_layers, estimator.n_neurons)
    if hidden and estimator.normalization == "batch" and len(train) == 1:
        raise ValueError(
            "normalization='batch' needs at least 2 rows to train on, got 1. Set normalization='layer' or None."
        )
    network = NetworkSpec(
        n_features=train.X.shape[1],
        n_outputs=n_outputs,
        hidden=hidden,
        activation=estimator.activation,
        normalization=estimator.normalization,
        dropout=float(estimator.dropout),
        rescale="target_scale" in target_fields,
        log_link=target_fields["loss"] in LOG_LINK,
    )
    return FitPlan(
        network=network,
        train=train,
        valid=valid,
        early_stopping=bool(estimator.early_stopping),
        optimizer=estimator.optimizer,
        lr_schedule=estimator.lr_schedule,
        clip_norm=None if estimator.clip_norm is None else float(estimator.clip_norm),
        **{name: kind(getattr(estimator, name)) for name, kind in _SAME_NAMES.items()},
        first_epoch=first_epoch,
        n_epochs=int(n_epochs),
        schedule_start=schedule_start,
        planned_epochs=int(estimator.max_epochs),
        patience=patience,
        seed=estimator._seed,
        device=resolve_device(estimator.device),
        dtype=estimator.dtype,
        **target_fields,
    )
