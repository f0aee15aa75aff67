"""The batches of a stack: what `BatchStream` gives each of its networks, side by side and padded alike.

Rows are gathered for several batches at a time. Padding repeats the first row and has no weight, so that it changes
nothing. Every network's batches are those that it has alone.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .._utils.random import derive_seed
from ..modules import RealRows
from ._batches import BatchStream, tensors_of_rows
from ._plan import FitPlan
from ._sparse_rows import SparseRows

#: bytes of the gathered inputs of one network
_CHUNK_BYTES = 1 << 18


@dataclass(eq=False)
class Chunk:
    """Several batches of all networks; overwritten, not replaced, by later ones of its shape.

    Parameters
    ----------
    X : list of Tensor of shape (M, B, n_features)
        One per batch.
    target : Tensor of shape (M, n_batches, n_outputs, B)
        Probabilities of the classes, or targets in units of their scale.
    factor : Tensor of shape (M, n_batches or 1, 1, B)
        What the derivative of each row's loss is multiplied with: weight / number of rows in the batch, 0 for padding.
    n_rows : Tensor of shape (M, 1)
        Rows in each batch of each network.
    rows : RealRows or None
        Which rows are real; None if all are.
    """

    X: list[Tensor]
    target: Tensor
    factor: Tensor
    n_rows: Tensor
    rows: RealRows | None


class StackedBatches:
    """The training batches of a stack.

    Parameters
    ----------
    plans : sequence of FitPlan
        Of the networks: with equal numbers of batches, and of rows in all batches but the last.
    capacities : tuple of int
        Rows of a padded batch, and of the last one of an epoch.
    """

    def __init__(self, plans: Sequence[FitPlan], capacities: tuple[int, int]):
        self.plans = list(plans)
        self._capacities = capacities
        known = {}
        self._sources = [_source(plan, capacities, known) for plan in self.plans]
        self._chunks = {}

    def keep(self, index: Tensor) -> None:
        """Drop all networks but those of `index`."""
        self.plans = [self.plans[i] for i in index.tolist()]
        self._sources = [self._sources[i] for i in index.tolist()]
        self._chunks = {}

    def epoch(self, epochs: Sequence[int]) -> Iterator[Chunk]:
        """Yield the batches of one epoch, given the number of the epoch that each network is in."""
        first = self.plans[0]
        orders = {}  # of networks with equal seeds, as candidates of a search have them
        streams = [source.epoch(epoch, orders) for source, epoch in zip(self._sources, epochs, strict=True)]
        capacity, last_capacity = self._capacities
        row_bytes = first.train.X.shape[1] * first.train.X.dtype.itemsize
        at_once = max(1, _CHUNK_BYTES // max(1, capacity * row_bytes))
        n_full = first.n_batches - 1
        at_once = max(1, math.ceil(n_full / max(1, round(n_full / at_once))))  # equally many, rather than a small rest
        for start in range(0, n_full, at_once):
            yield self._fill(streams, start, min(at_once, n_full - start), capacity)
        yield self._fill(streams, n_full, 1, last_capacity)

    def _fill(self, streams, start, n_batches, capacity):
        key = n_batches, capacity, start == self.plans[0].n_batches - 1
        if key not in self._chunks:
            self._chunks[key] = _ChunkBuffers(self.plans, *key)
        return self._chunks[key].fill(streams, start)


class _ChunkBuffers:
    """A chunk's tensors, and what of them stays the same."""

    def __init__(self, plans: Sequence[FitPlan], n_batches: int, capacity: int, last: bool):
        first = plans[0]
        self.n_batches, self.n_rows = n_batches, n_batches * capacity
        n_models, n_classes = len(plans), first.network.n_outputs
        shape, per_row = (n_models, n_batches, capacity), (n_models, n_batches, 1, capacity)
        new = {"dtype": getattr(torch, first.dtype), "device": first.device}
        self._X = torch.zeros(*shape, first.network.n_features, **new)
        self._target = torch.zeros(n_models, n_batches, n_classes, capacity, **new)
        self._labels = torch.zeros(*shape, dtype=torch.int64, device=first.device)
        # what of them each network has, as lists of rows
        self._X_rows = [X.view(-1, X.shape[-1]) for X in self._X]
        self._label_rows = self._labels.view(n_models, -1).unbind()
        counts = torch.tensor([plan.batch_rows[last] for plan in plans])
        mask = (torch.arange(capacity) < counts.unsqueeze(1)).view(n_models, 1, 1, capacity).to(**new)
        count = counts.view(n_models, 1, 1).to(**new)
        n_rows = counts.view(n_models, 1).to(**new)
        rows = None if (counts == capacity).all() else RealRows(mask[:, 0].mT, count)
        self._base_factor = mask / count.unsqueeze(3)
        self._weighted = any(plan.train.weight is not None for plan in plans)
        self._weights = torch.ones(*per_row, **new) if self._weighted else None
        factor = torch.empty_like(self._weights) if self._weighted else self._base_factor
        self._chunk = Chunk(list(self._X.unbind(1)), self._target, factor, n_rows, rows)
        if first.has_class_numbers:
            smoothing = torch.tensor([plan.label_smoothing for plan in plans], dtype=torch.float64)
            smoothing = smoothing.view(n_models, 1, 1, 1)
            self._off = (smoothing / n_classes).to(**new)
            self._on = (1.0 - smoothing + smoothing / n_classes).to(**new).expand(*per_row)

    def fill(self, streams, start) -> Chunk:
        by_label = [stream.fill(self, index, start) for index, stream in enumerate(streams)]
        if any(by_label):
            self._fill_probabilities(by_label)
        if self._weighted:
            torch.mul(self._base_factor, self._weights, out=self._chunk.factor)
        return self._chunk

    def _fill_probabilities(self, by_label):
        """Smooth the labels, of all networks at once where none has other targets."""
        if all(by_label):
            self._target.copy_(self._off.expand_as(self._target))
            self._target.scatter_(2, self._labels.unsqueeze(2), self._on)
            return
        for index in itertools.compress(range(len(by_label)), by_label):
            self._target[index] = self._off[index]
            self._target[index].scatter_(1, self._labels[index].unsqueeze(1), self._on[index])

    def take_rows(self, index, rows, X, y, weight) -> bool:
        """Gather the rows with the numbers `rows`, padding included; return whether targets are labels so far."""
        if isinstance(X, SparseRows):
            X.take(rows, self._X_rows[index])
        else:
            torch.index_select(X, 0, rows, out=self._X_rows[index])
        if weight is not None:
            torch.index_select(weight, 0, rows, out=self._weights[index].view(-1))
        if y.dtype == torch.int64:
            torch.index_select(y, 0, rows, out=self._label_rows[index])
            return True
        self._target[index].mT.copy_(torch.index_select(y, 0, rows).unflatten(0, (self.n_batches, -1)))
        return False

    def take_batch(self, index, batch, X, target, weight) -> None:
        """Take a single batch as it is."""
        n_rows = len(X)
        self._X[index, batch, :n_rows] = X
        self._target[index, batch, :, :n_rows] = target.T
        if self._weighted:
            self._weights[index, batch, 0, :n_rows] = 1.0 if weight is None else weight


def _source(plan: FitPlan, capacities, known):
    return _ChangedRows(plan) if plan.mixup or plan.input_noise else _PlainRows(plan, capacities, known)


class _PlainRows:
    """Batches that are rows of the data."""

    def __init__(self, plan: FitPlan, capacities, known):
        self._plan = plan
        self._X, y, self._weight = tensors_of_rows(plan.train, plan.device, known)
        self._y = network_targets(y, plan)
        self._capacity = capacities[0]
        self._places = None if capacities == plan.batch_rows else _places(plan, capacities)

    def epoch(self, epoch, orders):
        plan = self._plan
        key = plan.seed, epoch, len(self._X)
        if key not in orders:
            generator = torch.Generator().manual_seed(derive_seed(plan.seed, "batches", epoch))
            order = torch.randperm(len(self._X), generator=generator)
            orders[key] = (order if self._places is None else order[self._places]).to(self._X.device)
        self._rows = orders[key]
        return self

    def fill(self, chunk, index, start):
        first = start * self._capacity
        rows = self._rows[first : first + chunk.n_rows]
        return chunk.take_rows(index, rows, self._X, self._y, self._weight)


def _places(plan, capacities):
    """Return which row of an epoch's order stands where in the padded batches."""
    sizes = [(plan.batch_rows[0], capacities[0])] * (plan.n_batches - 1) + [(plan.batch_rows[1], capacities[1])]
    first, places = 0, []
    for n_rows, capacity in sizes:
        places.append(torch.arange(capacity).where(torch.arange(capacity) < n_rows, 0) + first)
        first += n_rows
    return torch.cat(places)


class _ChangedRows:
    """Batches of noisy or mixed rows, from the stream that makes them."""

    def __init__(self, plan: FitPlan):
        self._plan = plan
        self._stream = BatchStream(plan)

    def epoch(self, epoch, orders):
        self._batches = self._stream.train(epoch)
        return self

    def fill(self, chunk, index, start):
        for number in range(chunk.n_batches):
            batch = next(self._batches)
            X, y = batch
            chunk.take_batch(index, number, X, self._targets(y), batch.weight)
        return False

    def _targets(self, y):
        if y.dtype == torch.int64:
            y = torch.nn.functional.one_hot(y, self._plan.network.n_outputs).to(getattr(torch, self._plan.dtype))
        return network_targets(y, self._plan)


def network_targets(y: Tensor, plan: FitPlan) -> Tensor:
    """Return targets as the loss compares the network's outputs with them.

    Targets of a regression in the unit that the network has before its rescaling, probabilities smoothed, shape
    (n_rows, n_outputs) both; class numbers as they are.
    """
    if y.dtype == torch.int64 or (plan.is_classification and plan.label_smoothing == 0.0):
        return y
    if plan.is_classification:
        n_classes = plan.network.n_outputs if plan.has_class_numbers else 2
        return y * (1.0 - plan.label_smoothing) + plan.label_smoothing / n_classes
    shift, scale = (torch.as_tensor(np.asarray(a), device=y.device) for a in (plan.target_shift, plan.target_scale))
    return (y.view(len(y), -1) - shift) / scale
