"""Whether a network has learned anything: it predicts its training rows better than a constant does."""

from dataclasses import replace

import numpy as np
import torch

from ..modules import StackedMLP
from ._batches import rows_at_once, tensors_of_rows
from ._losses import LOSSES
from ._plan import FitPlan, Rows, TrainingState
from ._stacked_batches import network_targets

#: rows that are looked at, at most
_MOST_ROWS = 10_000
#: A loss is no better unless it is lower by this share.
_MARGIN = 1e-4
#: Below this share of the constant's loss, the recorded one leaves no doubt.
_NO_DOUBT = 0.5


def has_learned(plan: FitPlan, state: TrainingState, train_loss: float) -> bool:
    """Return whether a trained network predicts its training rows better than the best constant.

    Parameters
    ----------
    plan : FitPlan
        Of the training, with its rows.
    state : TrainingState
        Where it has come to.
    train_loss : float
        Loss of the epoch at whose end the network was as it is, as recorded while training: with noise, and while the
        weights changed. Where it is far below the constant's, nothing needs to be computed.
    """
    step = -(-len(plan.train) // _MOST_ROWS)
    weight = plan.train.weight
    rows = Rows(plan.train.X[::step], plan.train.y[::step], None if weight is None else weight[::step])
    X, y, weight = tensors_of_rows(rows, "cpu")
    target = network_targets(y, replace(plan, label_smoothing=0.0))
    weight = torch.ones(len(rows), dtype=torch.float64) if weight is None else weight.double()
    constant = _mean_loss(plan, _best_constant(plan, target, weight).expand(len(rows), -1), target, weight)
    worst = (1.0 - _MARGIN) * constant
    nothing_to_learn = constant <= np.finfo(plan.dtype).tiny  # a constant target
    if nothing_to_learn or train_loss < _NO_DOUBT * constant:
        return True
    return _mean_loss(plan, _outputs(plan, state, X), target, weight) < worst


def _best_constant(plan, target, weight):
    """Return the constant outputs that are best, or nearly so, shape (1, n_outputs)."""
    if not plan.is_classification:
        return torch.zeros(1, plan.network.n_outputs, dtype=target.dtype)  # by the choice of the targets' unit
    if plan.has_class_numbers:
        target = torch.nn.functional.one_hot(target, plan.network.n_outputs)
    share = (target.double() * weight.unsqueeze(1)).sum(0, keepdim=True) / weight.sum()
    share = share.clamp(1e-6, 1.0 - 1e-6)
    return share.log() if plan.has_class_numbers else share.logit()


def _mean_loss(plan, outputs, target, weight) -> float:
    losses = LOSSES[plan.loss].evaluate(outputs.clone(), target, plan.loss_setting).double()
    return float((losses * weight).sum() / weight.sum())


def _outputs(plan, state, X):
    network = StackedMLP([plan.network], getattr(torch, plan.dtype), "cpu")
    network.write(0, {name: value.cpu() for name, value in state.network.items()})
    n_rows = rows_at_once(1024, plan.network.n_features)
    parts = [network.evaluate(0, X[start : start + n_rows]) for start in range(0, len(X), n_rows)]
    return torch.cat(parts)
