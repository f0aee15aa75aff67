"""The batches of a training: order, noise and mixtures, each from a stream of its own.

    rows of an epoch   a permutation drawn from (seed, "batches", epoch)
    input noise        x <- x + input_noise * N(0, 1), from (seed, "noise", epoch)
    mixup              x <- m x + (1 - m) x[p], m ~ Beta(mixup, mixup) and p a permutation, from (seed, "mixup", epoch)

A stream depends on the epoch's number only: a training can stop and continue anywhere between two epochs.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import torch
from scipy.sparse import issparse
from torch import Tensor

from .._utils.random import derive_seed
from ._plan import FitPlan, Rows
from ._sparse_rows import SparseRows, as_tensor

#: values of the inputs of one evaluation at most
_EVAL_VALUES = 1 << 21


class WeightedBatch(tuple):
    """A pair ``(X, y)`` of tensors that also has the `weight` of its rows (None: all 1)."""

    weight: Tensor | None

    def __new__(cls, X: Tensor, y: Tensor, weight: Tensor | None):
        batch = super().__new__(cls, (X, y))
        batch.weight = weight
        return batch


class BatchStream:
    """The batches of one plan, as tensors on its device: to train on, to validate on, to evaluate on.

    Parameters
    ----------
    plan : FitPlan
        The training that they belong to.
    """

    #: rows of one forward pass without gradients: bounds the memory of the activations
    EVAL_BATCH_SIZE = 4096

    def __init__(self, plan: FitPlan):
        self._plan = plan
        self._train = tensors_of_rows(plan.train, plan.device)
        self._valid = None if plan.valid is None else tensors_of_rows(plan.valid, plan.device)

    def train(self, epoch: int) -> Iterator[WeightedBatch]:
        """Yield the batches of epoch `epoch` (0-based), shuffled and augmented."""
        plan = self._plan
        augment = [
            *([_InputNoise(plan, epoch)] if plan.input_noise else []),
            *([_Mixup(plan, epoch)] if plan.mixup else []),
        ]
        order = torch.randperm(len(plan.train), generator=_generator(plan.seed, "batches", epoch))
        starts = [i * plan.batch_size for i in range(plan.n_batches)] + [len(order)]
        for start, stop in pairwise(starts):
            batch = _take(self._train, order[start:stop].to(self._train[0].device))
            for step in augment:
                batch = step(*batch)
            yield WeightedBatch(*batch)

    def valid(self) -> Iterable[WeightedBatch] | None:
        """Return the validation batches, or None without validation rows."""
        return None if self._valid is None else self._in_order(self._valid)

    def evaluated(self) -> Iterable[WeightedBatch]:
        """Return the training rows as they are."""
        return self._in_order(self._train)

    def _in_order(self, tensors):
        n_rows = rows_at_once(self.EVAL_BATCH_SIZE, self._plan.network.n_features)
        parts = (slice(start, start + n_rows) for start in range(0, len(tensors[0]), n_rows))
        return (WeightedBatch(*_take(tensors, part)) for part in parts)  # one by one: sparse rows become dense in them


class _InputNoise:
    """Add Gaussian noise to the inputs of a batch."""

    def __init__(self, plan: FitPlan, epoch: int):
        self._scale = plan.input_noise
        self._generator = _generator(plan.seed, "noise", epoch)

    def __call__(self, X, y, weight):
        noise = torch.randn(X.shape, generator=self._generator, dtype=X.dtype)
        return X + self._scale * noise.to(X.device), y, weight


class _Mixup:
    """Replace the rows of a batch by mixtures of two (Zhang et al., "mixup: beyond empirical risk minimization", 2018).

    Of two weighted rows the mixture has weight ``w = m w1 + (1 - m) w2`` and target ``(m w1 y1 + (1 - m) w2 y2) / w``:
    for a loss that is linear in the target, such as the cross-entropy, that is the mixture of the weighted losses.
    """

    def __init__(self, plan: FitPlan, epoch: int):
        seed = derive_seed(plan.seed, "mixup", epoch)
        self._rng = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)
        self._alpha = plan.mixup
        self._n_classes = plan.network.n_outputs if plan.has_class_numbers else None

    def __call__(self, X, y, weight):
        share = float(self._rng.beta(self._alpha, self._alpha))
        partner = torch.randperm(len(X), generator=self._generator).to(X.device)
        if self._n_classes is not None:
            y = torch.nn.functional.one_hot(y, self._n_classes).to(X.dtype)
        X = torch.lerp(X[partner], X, share)
        if weight is None:
            return X, torch.lerp(y[partner], y, share), None
        own, other = share * weight, (1 - share) * weight[partner]
        column = (-1, *[1] * (y.ndim - 1))
        mixed = (own.view(column) * y + other.view(column) * y[partner]) / (own + other).view(column)
        return X, mixed, own + other


def rows_at_once(most: int, n_features: int) -> int:
    """Return how many rows are evaluated at a time: `most`, or fewer of many features, which need not fit as a whole.

    The same for sparse rows and for dense ones: other numbers of rows round in other ways.
    """
    return max(1, min(most, _EVAL_VALUES // max(1, n_features)))


def tensors_of_rows(
    rows: Rows, device: str, known: dict[int, Tensor | SparseRows] | None = None
) -> tuple[Tensor | SparseRows, Tensor, Tensor | None]:
    """Return inputs, targets and weights on `device`: tensors, or `SparseRows` of sparse inputs.

    Parameters
    ----------
    rows : Rows
    device : str
    known : dict of int to Tensor or SparseRows, or None
        What was made of arrays, by the arrays' ids; is added to. An array that several plans share is copied once.
    """
    known = {} if known is None else known
    return tuple(None if array is None else _tensor(array, device, known) for array in (rows.X, rows.y, rows.weight))


def _tensor(array, device, known):
    if id(array) not in known:
        known[id(array)] = SparseRows(array, device) if issparse(array) else as_tensor(array, device)
    return known[id(array)]


def _take(tensors, index):
    X, y, weight = tensors
    return X[index], y[index], None if weight is None else weight[index]


def _generator(seed: int, *keys: str | int) -> torch.Generator:
    return torch.Generator().manual_seed(derive_seed(seed, *keys))
