"""The losses of a stack's batches and their derivatives, written out; the same losses on rows as they are.

Notation
--------
o, t            outputs of the networks, and what they should be
p, q            probability of a class, and 1 - p
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..modules import BLOCK
from ._plan import FitPlan


class Losses:
    """The losses of a chunk's batches, and their derivatives.

    Parameters
    ----------
    chunk : Chunk
    plans : sequence of FitPlan
        Of the networks. Each has its own `loss_setting`.
    """

    def __init__(self, chunk, plans: Sequence[FitPlan]):
        self._chunk = chunk
        self._targets = chunk.target.unbind(1)
        n_batches = len(self._targets)
        self._factors = chunk.factor.expand(-1, n_batches, -1, -1).unbind(1)
        self._rows = torch.zeros_like(chunk.target)
        self._rows_of_batch = self._rows.unbind(1)
        settings = torch.tensor([plan.loss_setting for plan in plans], dtype=torch.float64)
        self._setting = settings.view(-1, 1, 1).to(chunk.target)

    def derivative(self, outputs: Tensor, batch: int) -> Tensor:
        """Return the derivative of the summed losses by the outputs (M, n_outputs, B), in their place."""
        raise NotImplementedError

    def per_batch(self) -> Tensor:
        """Return the loss of each batch, shape (M, n_batches), in float64; to be asked once."""
        factor = self._chunk.factor
        rows = self._of_rows().mul_(factor)
        # padding has the factor 0, but may have overflown where the network has
        return torch.where(factor == 0, 0.0, rows).double().sum((2, 3))

    def _of_rows(self) -> Tensor:
        """Return the loss of each row, shape (M, n_batches, 1, B)."""
        raise NotImplementedError

    @staticmethod
    def evaluate(outputs: Tensor, target: Tensor, setting: float) -> Tensor:
        """Return the loss of each row, given outputs of one network, shape (n_rows, n_outputs)."""
        raise NotImplementedError


# -- of one class among several ---------------------------------------------------------------------------------------


class CrossEntropy(Losses):
    """``-sum(t * log(p))`` per row, where the targets sum up to 1."""

    def __init__(self, chunk, plans):
        super().__init__(chunk, plans)
        n_models, n_batches, _, n_rows = chunk.target.shape
        self._shape = n_batches, 1, n_rows
        # filled up to whole vector registers, for the sake of the logarithm: see `row_unit`
        self._sums = self._rows.new_ones(n_models, -(-math.prod(self._shape) // BLOCK) * BLOCK)
        self._sums_of_batch = self._in_shape(self._sums).unbind(1)

    def _in_shape(self, sums):
        return sums[:, : math.prod(self._shape)].unflatten(1, self._shape)

    def derivative(self, outputs, batch):
        # torch's own softmax takes four times as long where classes are few
        shifted = torch.sub(outputs, outputs.amax(1, keepdim=True), out=self._rows_of_batch[batch])
        exponentials = torch.exp(shifted, out=outputs)
        sums = torch.sum(exponentials, 1, keepdim=True, out=self._sums_of_batch[batch])
        return exponentials.div_(sums).sub_(self._targets[batch]).mul_(self._factors[batch])

    def _of_rows(self):
        return self._in_shape(self._sums.log()) - self._rows.mul_(self._chunk.target).sum(2, keepdim=True)

    @staticmethod
    def evaluate(outputs, target, setting):
        return -torch.log_softmax(outputs, 1).gather(1, target.unsqueeze(1))[:, 0]


class FocalLoss(Losses):
    """``-sum(t * q**setting * log(p))`` per row (Lin et al., "Focal Loss for Dense Object Detection", 2017)."""

    def derivative(self, outputs, batch):
        shifted = outputs.sub_(outputs.amax(1, keepdim=True))
        sums = shifted.exp().sum(1, keepdim=True)
        log_p = shifted.sub_(sums.expand_as(shifted).contiguous().log_())  # of whole vector registers: see `row_unit`
        loss, slope = _focal(log_p, self._setting)
        torch.mul(loss, self._targets[batch], out=self._rows_of_batch[batch])
        slope.mul_(self._targets[batch])
        return slope.sub_(log_p.exp_().mul_(slope.sum(1, keepdim=True))).mul_(self._factors[batch])

    def _of_rows(self):
        return self._rows.sum(2, keepdim=True)

    @staticmethod
    def evaluate(outputs, target, setting):
        return _focal(-CrossEntropy.evaluate(outputs, target, 0.0), setting)[0]


def _focal(log_p: Tensor, gamma: Tensor | float) -> tuple[Tensor, Tensor]:
    """Return ``-q**gamma * log(p)`` and its derivative by log(p), also where p is 1 by rounding."""
    q = log_p.expm1().neg_()
    power = q.log().mul_(gamma).exp_()
    ratio = torch.where(q == 0, -1.0, log_p / q)  # its limit
    return (power * log_p).neg_(), ratio.mul_(log_p.exp()).mul_(gamma).sub_(1.0).mul_(power)


# -- of each output for itself ----------------------------------------------------------------------------------------


class _OfEachOutput(Losses):
    """The mean over the outputs of a loss of each."""

    #: what is left out of `slope`
    _FACTOR = 1.0

    def derivative(self, outputs, batch):
        self._rows_of_batch[batch].copy_(outputs)
        slope = self.slope(outputs, self._targets[batch], self._setting)
        return slope.mul_(self._factors[batch]).mul_(self._FACTOR / outputs.shape[1])

    def _of_rows(self):
        return self.values(self._rows, self._chunk.target, self._setting.unsqueeze(1)).mean(2, keepdim=True)

    @classmethod
    def evaluate(cls, outputs, target, setting):
        return cls.values(outputs, target, setting).mean(1)

    @staticmethod
    def values(o: Tensor, t: Tensor, setting: Tensor | float) -> Tensor:
        """Return the loss of each output."""
        raise NotImplementedError

    @staticmethod
    def slope(o: Tensor, t: Tensor, setting: Tensor) -> Tensor:
        """Return the derivative of `values` by the outputs, which may be overwritten."""
        raise NotImplementedError


class SquaredError(_OfEachOutput):
    """``(o - t)**2``."""

    _FACTOR = 2.0

    @staticmethod
    def values(o, t, setting):
        return (o - t).square_()

    @staticmethod
    def slope(o, t, setting):
        return o.sub_(t)


class AbsoluteError(_OfEachOutput):
    """``|o - t|``; its derivative is 0 where the two are equal."""

    @staticmethod
    def values(o, t, setting):
        return (o - t).abs_()

    @staticmethod
    def slope(o, t, setting):
        return o.sub_(t).sign_()


class HuberLoss(_OfEachOutput):
    """``(o - t)**2 / 2`` up to a distance of `setting`, and its tangent beyond."""

    @staticmethod
    def values(o, t, setting):
        distance = (o - t).abs_()
        near = distance.clamp(max=setting)
        return near * (distance - 0.5 * near)

    @staticmethod
    def slope(o, t, setting):
        difference = o.sub_(t)
        sign = difference.sign()
        return difference.abs_().clamp_(max=setting).mul_(sign)


class PinballLoss(_OfEachOutput):
    """``max(setting * (t - o), (1 - setting) * (o - t))``: the expectation is least at the quantile `setting`."""

    @staticmethod
    def values(o, t, setting):
        distance = t - o
        return torch.maximum(distance * setting, distance * (setting - 1.0))

    @staticmethod
    def slope(o, t, setting):
        return (o > t).to(o.dtype).sub_(setting)


class PoissonDeviance(_OfEachOutput):
    """``2 * (t * log(t / m) - t + m)`` for the prediction ``m = exp(o)``."""

    _FACTOR = 2.0

    @staticmethod
    def values(o, t, setting):
        excess = o - t.log()  # log(m / t)
        return torch.where(t > 0, t * (excess.expm1() - excess), o.exp()).mul_(2.0)

    @staticmethod
    def slope(o, t, setting):
        return o.exp_().sub_(t)


class GammaDeviance(_OfEachOutput):
    """``2 * (log(m / t) + t / m - 1)`` for the prediction ``m = exp(o)``."""

    _FACTOR = 2.0

    @staticmethod
    def values(o, t, setting):
        excess = o - t.log()
        return excess.neg().expm1_().add_(excess).mul_(2.0)

    @staticmethod
    def slope(o, t, setting):
        return o.neg_().exp_().mul_(t).neg_().add_(1.0)


class BinaryCrossEntropy(_OfEachOutput):
    """``-t * log(p) - (1 - t) * log(1 - p)`` for each of several labels, where ``p = 1 / (1 + exp(-o))``."""

    @staticmethod
    def values(o, t, setting):
        return o.clamp(min=0.0).sub_(o * t).add_(o.abs().neg_().exp_().log1p_())

    @staticmethod
    def slope(o, t, setting):
        return o.sigmoid_().sub_(t)


class BinaryFocalLoss(_OfEachOutput):
    """`BinaryCrossEntropy` whose two terms are multiplied with ``(1 - p)**setting`` and ``p**setting``."""

    @staticmethod
    def values(o, t, setting):
        loss_of_1, loss_of_0 = (_focal(_log_sigmoid(side), setting)[0] for side in (o, -o))
        return t * loss_of_1 + (1.0 - t) * loss_of_0

    @staticmethod
    def slope(o, t, setting):
        log_p, log_q = _log_sigmoid(o), _log_sigmoid(-o)
        of_1 = _focal(log_p, setting)[1].mul_(log_q.exp())
        of_0 = _focal(log_q, setting)[1].mul_(log_p.exp())
        return of_1.mul_(t).sub_(of_0.mul_(1.0 - t))


def _log_sigmoid(o):
    return o.clamp(max=0.0).sub_(o.abs().neg_().exp_().log1p_())


#: by the names of `FitPlan.loss`
LOSSES: dict[str, type[Losses]] = {
    "log_loss": CrossEntropy,
    "focal": FocalLoss,
    "binary_log_loss": BinaryCrossEntropy,
    "binary_focal": BinaryFocalLoss,
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": HuberLoss,
    "quantile": PinballLoss,
    "poisson": PoissonDeviance,
    "gamma": GammaDeviance,
}
