"""The losses of the networks as modules of torch, as skorch's nets have them.

Rows may have weights, which do not travel with the targets: skorch's callbacks want those alone. Labels are smoothed in
training only.
"""

import numpy as np
import torch
from torch import Tensor, nn

from ..engine import FitPlan


class _WeightedRows(nn.Module):
    """Mixin of losses: the mean over rows of ``row_weight * loss``.

    Attributes
    ----------
    row_weight : Tensor of shape (n_rows,) or None
        Weights of the rows that come next.
    """

    row_weight: Tensor | None = None

    def _weighted(self, loss: Tensor) -> Tensor:
        return (loss if self.row_weight is None else self.row_weight * loss).mean()


class WeightedCrossEntropyLoss(_WeightedRows, nn.CrossEntropyLoss):
    """Cross-entropy of classes."""

    def forward(self, scores: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `scores` (n_rows, n_classes) for class numbers or class probabilities."""
        smoothing = self.label_smoothing if self.training else 0.0
        loss = nn.functional.cross_entropy(scores, target, reduction="none", label_smoothing=smoothing)
        return self._weighted(loss)


class FocalLoss(_WeightedRows, nn.CrossEntropyLoss):
    """Focal loss of classes: ``-sum(target * (1 - p)**gamma * log(p))``.

    Parameters
    ----------
    gamma : float
    label_smoothing : float, default=0.0
    """

    def __init__(self, gamma: float, label_smoothing: float = 0.0):
        super().__init__(label_smoothing=label_smoothing)
        self.gamma = gamma

    def forward(self, scores: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `scores` (n_rows, n_classes) for class numbers or class probabilities."""
        n_classes = scores.shape[1]
        if target.dtype == torch.int64:
            target = nn.functional.one_hot(target, n_classes).to(scores.dtype)
        if self.training:
            target = target * (1.0 - self.label_smoothing) + self.label_smoothing / n_classes
        return self._weighted((target * _focal(torch.log_softmax(scores, dim=1), self.gamma)).sum(dim=1))


class MultilabelLoss(_WeightedRows):
    """Mean over the labels of the cross-entropy, or of the focal loss, of each.

    Parameters
    ----------
    gamma : float
        That of the focal loss; 0 is the cross-entropy.
    label_smoothing : float, default=0.0
    """

    def __init__(self, gamma: float, label_smoothing: float = 0.0):
        super().__init__()
        self.gamma, self.label_smoothing = gamma, label_smoothing

    def forward(self, scores: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `scores` for probabilities, both of shape (n_rows, n_labels)."""
        if self.training:
            target = target * (1.0 - self.label_smoothing) + self.label_smoothing / 2
        if self.gamma == 0.0:
            loss = nn.functional.binary_cross_entropy_with_logits(scores, target, reduction="none")
        else:
            of_1, of_0 = (_focal(nn.functional.logsigmoid(side), self.gamma) for side in (scores, -scores))
            loss = target * of_1 + (1.0 - target) * of_0
        return self._weighted(loss.mean(dim=1))


def _focal(log_p: Tensor, gamma: float) -> Tensor:
    smallest = torch.finfo(log_p.dtype).tiny  # where p is 1 by rounding, powers below 1 have no derivative
    return -((-torch.expm1(log_p)).clamp(min=smallest) ** gamma) * log_p


class RegressionLoss(_WeightedRows):
    """Mean over the outputs of a loss in units of `scale`.

    Parameters
    ----------
    loss : str
        A loss of `NetRegressor`.
    setting : float
        Its `huber_delta` or `quantile`.
    scale : ndarray of shape (n_outputs,)
        Unit of each target.
    """

    def __init__(self, loss: str, setting: float, scale: np.ndarray):
        super().__init__()
        self.loss, self.setting = loss, setting
        self.register_buffer("scale", torch.as_tensor(scale))

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Return the loss of predictions for targets, both of shape (n_rows, n_outputs)."""
        return self._weighted(self._of_each(prediction, target.view_as(prediction)).mean(dim=1))

    def _of_each(self, prediction, target):
        error = (prediction - target) / self.scale
        match self.loss:
            case "squared_error":
                return error.square()
            case "absolute_error":
                return error.abs()
            case "huber":
                return nn.functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=self.setting)
            case "quantile":
                return torch.where(error > 0, (1.0 - self.setting) * error, -self.setting * error)
            case "poisson":
                return 2.0 * (torch.xlogy(target, target / prediction) / self.scale + error)
            case "gamma":
                return 2.0 * (target / prediction - torch.log(target / prediction) - 1.0)


def criterion_of(plan: FitPlan) -> dict:
    """Return skorch's arguments for the loss of a plan."""
    if not plan.is_classification:
        kind, settings = RegressionLoss, {"loss": plan.loss, "setting": plan.loss_setting, "scale": plan.target_scale}
    elif plan.loss == "log_loss":
        kind, settings = WeightedCrossEntropyLoss, {}
    else:
        kind = FocalLoss if plan.has_class_numbers else MultilabelLoss
        settings = {"gamma": plan.loss_setting}
    if plan.is_classification:
        settings["label_smoothing"] = plan.label_smoothing
    return {"criterion": kind, **{f"criterion__{name}": value for name, value in settings.items()}}
