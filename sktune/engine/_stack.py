"""The training loop: one stack of networks, epoch by epoch."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from .._utils.random import derive_seed
from ..modules import StackedMLP, row_unit
from ._batches import rows_at_once, tensors_of_rows
from ._divergence import diverged
from ._losses import LOSSES
from ._plan import FitPlan, FitResult, Rows, TrainingState
from ._stacked_batches import StackedBatches, network_targets
from ._stacked_optimizers import StackedOptimizer

#: rows of one forward pass without gradients: bounds the memory of the activations
_EVAL_ROWS = 1024


def padded(n_rows: int, unit: int) -> int:
    """Return `n_rows`, rounded up to a multiple of `unit`."""
    return -(-n_rows // unit) * unit


def capacities(plan: FitPlan) -> tuple[int, int]:
    """Return the rows of a padded batch of `plan`, and of the last batch of an epoch."""
    unit = row_unit(plan.network)
    return tuple(padded(n_rows, unit) for n_rows in plan.batch_rows)


class Member:
    """What one network of a stack has for itself.

    Parameters
    ----------
    plan : FitPlan
    reporter : Reporter or None
        Is told of each epoch.
    state : TrainingState or None
        Where to go on from.
    """

    def __init__(self, plan: FitPlan, reporter=None, state: TrainingState | None = None):
        self.plan, self.reporter, self.state = plan, reporter, state
        self._factors = _Factors(plan)
        self.seconds = 0.0  # its share of the time of its stacks
        self._told: dict[tuple[str, int], bool] = {}  # whether all was well when the reporter was told what
        self.restart()

    def restart(self) -> None:
        """Stand where the training begins. What the reporter has been told it is not told again."""
        plan, state = self.plan, self.state or TrainingState()
        self.result = FitResult(best_epoch=plan.first_epoch)
        self.plateau = plan.plateau_rule(state.plateau)
        self.stopping = plan.stopping_rule(state.stopping)
        self.best = None if self.stopping is None else state.best
        self.epoch = plan.first_epoch

    @property
    def has_ended(self) -> bool:
        """Whether the training is at its end, or has failed."""
        return self.result.state is not None or self.result.error is not None

    def tell(self, event: str, action: Callable[[object], object]) -> bool:
        """Tell the reporter of an event of this epoch; return whether all is well: it neither failed nor wants to stop.

        Parameters
        ----------
        event : str
            Its name.
        action : callable
            Given the reporter, tells it, and returns whether it wants to stop.
        """
        if self.reporter is None:
            return True
        key = event, self.epoch
        if key not in self._told:
            try:
                self._told[key] = not action(self.reporter)
            except Exception as error:  # it ends this network's training, and no other's
                self.result.error = error
                self._told[key] = False
        return self._told[key]

    def rates(self) -> list[float]:
        """Return the learning rate of each step of this epoch."""
        lr = self.plan.lr * (1.0 if self.plateau is None else self.plateau.factor)
        return [lr * factor for factor in self._factors.of_epoch(self.epoch)]


@contextmanager
def shared_time(members: Sequence[Member]) -> Iterator[None]:
    """Give each network its share of the seconds that the enclosed work for all of them takes."""
    members = list(members)
    start = time.perf_counter()
    try:
        yield
    finally:
        share = (time.perf_counter() - start) / len(members)
        for member in members:
            member.seconds += share


class _Factors:
    """The schedule's factors of an epoch's steps; computed once where they never change."""

    def __init__(self, plan):
        self._schedule, self._n_batches, self._start = plan.schedule(), plan.n_batches, plan.schedule_start
        is_constant = plan.lr_schedule in ("constant", "plateau") and plan.lr_warmup == 0
        self._constant = [1.0] * plan.n_batches if is_constant else None

    def of_epoch(self, epoch):
        if self._constant is not None:
            return self._constant
        first = (epoch - self._start) * self._n_batches
        return [self._schedule.factor(step) for step in range(first, first + self._n_batches)]


class Stack:
    """Networks that train together; see `fit_plans` for what they have in common.

    Parameters
    ----------
    members : sequence of Member
    """

    def __init__(self, members: Sequence[Member]):
        self.members = list(members)
        first = self.members[0].plan
        self._capacities = capacities(first)
        plans = self._plans()
        self._networks = StackedMLP([plan.network for plan in plans], getattr(torch, first.dtype), first.device)
        self._optimizer = StackedOptimizer(self._networks, plans)
        self._batches = StackedBatches(plans, self._capacities)
        self._losses = {}
        for index, member in enumerate(self.members):
            self._networks.initialize(index, derive_seed(member.plan.seed, "init"))
            if member.state is not None:
                self._restore(index, member.state)
        known = {}  # rows that several plans share are held once
        self._valid_eval = _Evaluation(self._networks, self._plans(), lambda plan: plan.valid, known)
        self._train_eval = _Evaluation(
            self._networks, self._plans(), lambda plan: plan.train if plan.eval_train_loss else None, known
        )

    def _plans(self):
        return [member.plan for member in self.members]

    def train(self, check: Callable[[], None]) -> None:
        """Train all networks to their ends, which are noted in their members' results.

        Parameters
        ----------
        check : callable
            Called every few batches; what it raises ends the training.
        """
        with torch.no_grad():
            while self.members:
                with shared_time(self.members):
                    self._train_epoch(check)

    def _train_epoch(self, check):
        begun = [member.tell("begin", lambda reporter: reporter.begin()) for member in self.members]
        rates = list(zip(*(member.rates() for member in self.members), strict=True))
        train_losses = self._train_batches(rates, check).tolist()
        rows = self._history_rows(train_losses, rates[-1])
        ends = [not ok or self._end_epoch(index, row) for index, (ok, row) in enumerate(zip(begun, rows, strict=True))]
        self._leave(ends)

    def _train_batches(self, rates, check) -> Tensor:
        """Train one epoch; return the mean loss of each network. Nothing here waits for the device."""
        plans = self._plans()
        epochs = [member.epoch for member in self.members]
        if self._networks.has_dropout:
            seeds = [derive_seed(plan.seed, "dropout", epoch) for plan, epoch in zip(plans, epochs, strict=True)]
            self._networks.start_dropout(seeds, [plan.max_batch_rows for plan in plans], max(self._capacities))
        total = torch.zeros(len(plans), dtype=torch.float64, device=plans[0].device)
        step = 0
        for chunk in self._batches.epoch(epochs):
            check()
            losses = self._losses_of(chunk)
            for batch, X in enumerate(chunk.X):
                outputs = self._networks.forward(X, chunk.rows)
                self._networks.backward(losses.derivative(outputs, batch), chunk.rows)
                self._optimizer.step(rates[step])
                step += 1
            total += (losses.per_batch() * chunk.n_rows).sum(1)
        n_rows = torch.tensor([len(plan.train) for plan in plans], dtype=torch.float64, device=total.device)
        return total / n_rows

    def _losses_of(self, chunk):
        if chunk not in self._losses:
            self._losses[chunk] = LOSSES[self.members[0].plan.loss](chunk, self._plans())
        return self._losses[chunk]

    def _history_rows(self, train_losses, rates) -> list[dict]:
        """Return each network's row of the history for the epoch that has just been trained."""
        evaluated, valid = self._train_eval.losses(), self._valid_eval.losses()
        return [
            {
                "epoch": member.epoch + 1,
                "train_loss": train_losses[index],
                **({"eval_train_loss": evaluated[index]} if index in evaluated else {}),
                **({"valid_loss": valid[index]} if index in valid else {}),
                "lr": rates[index],
            }
            for index, member in enumerate(self.members)
        ]

    def _end_epoch(self, index, row) -> bool:
        """Note what one network has come to; return whether it leaves the stack."""
        member, plan = self.members[index], self.members[index].plan
        member.epoch += 1
        for name in ("train_loss", "valid_loss"):
            if not math.isfinite(row.get(name, 0.0)):
                kind = name.removesuffix("_loss")
                member.result.error = diverged(f"the {kind} loss is {row[name]}", member.epoch, row["lr"])
                return True
        member.result.history.append(row)
        member.result.best_epoch = member.epoch
        monitored = plan.monitored(row)
        if member.plateau is not None:
            member.plateau.update(monitored)
        if member.stopping is not None:
            if member.stopping.update(member.epoch, monitored):
                member.best = self._networks.read(index)
            member.result.best_epoch = member.stopping.best_epoch
        goes_on = member.tell("end", lambda reporter: reporter.end(row, lambda: self._networks.read(index)))
        is_last = member.epoch == plan.first_epoch + plan.n_epochs
        return not goes_on or is_last or (member.stopping is not None and member.stopping.should_stop)

    def _leave(self, ends: list[bool]) -> None:
        """Let networks that have ended leave the stack."""
        if not any(ends):
            return
        for index, ended in enumerate(ends):
            if ended and self.members[index].result.error is None:
                self._finish(index)
        index = torch.tensor([i for i, ended in enumerate(ends) if not ended], dtype=torch.int64)
        self.members = [self.members[i] for i in index.tolist()]
        if self.members:
            self._networks.keep(index)
            self._batches.keep(index)
            self._losses = {}
            self._optimizer.keep(index, self._plans())
            self._valid_eval.keep(index)
            self._train_eval.keep(index)

    def _finish(self, index):
        member = self.members[index]
        weights = self._networks.read(index)
        if not all(value.isfinite().all() for value in weights.values()):
            member.result.error = diverged("its weights are not finite", member.epoch, member.plan.lr)
            return
        member.result.state = TrainingState(
            weights=weights,
            best=member.best,
            moments=self._read_moments(index),
            n_steps=int(self._optimizer.n_steps[index]),
            optimizer=member.plan.optimizer,
            plateau=member.plateau,
            stopping=member.stopping,
        )

    def _read_moments(self, index):
        return {
            name: {
                key: value.clone(memory_format=torch.contiguous_format)
                for key, value in self._moment_views(index, name).items()
            }
            for name in self._optimizer.moments
        }

    def _moment_views(self, index, name) -> dict[str, Tensor]:
        matrices, vectors = self._optimizer.moments[name]
        return self._networks.views(index, matrices=matrices, vectors=vectors, running=False)

    def _restore(self, index, state):
        self._networks.write(index, state.weights)
        if state.optimizer != self._optimizer.name:
            return  # moments of another optimizer say nothing here
        self._optimizer.begin_at(index, state.n_steps)
        for name, saved in state.moments.items():
            for key, view in self._moment_views(index, name).items():
                view.copy_(saved[key])


class _Evaluation:
    """The losses of a stack's networks on rows as they are, without dropout and the like, each computed alone.

    Parameters
    ----------
    networks : StackedMLP
    plans : sequence of FitPlan
    rows_of : callable
        Returns the rows of a plan, or None where it wants no loss.
    known : dict
        See `tensors_of_rows`.
    """

    def __init__(self, networks: StackedMLP, plans: Sequence[FitPlan], rows_of, known: dict):
        self._networks = networks
        all_rows = enumerate(map(rows_of, plans))
        self._rows = {index: _eval_rows(plans[index], rows, known) for index, rows in all_rows if rows is not None}

    def keep(self, index: Tensor) -> None:
        """Drop all networks but those of `index`."""
        self._rows = {new: self._rows[old] for new, old in enumerate(index.tolist()) if old in self._rows}

    def losses(self) -> dict[int, float]:
        """Return the loss of each network that has rows here, by its index."""
        return {index: self._loss(index, *rows) for index, rows in self._rows.items()}

    def _loss(self, index, X, target, weight, row_losses):
        total = 0.0
        n_rows = rows_at_once(_EVAL_ROWS, X.shape[1])
        for start in range(0, len(X), n_rows):
            rows = slice(start, start + n_rows)
            losses = row_losses(self._networks.evaluate(index, X[rows]), target[rows]).double()
            # not their inner product, which sums up in another order: weights of 1 are no weights
            total += float((losses if weight is None else losses * weight[rows].double()).sum())
        return total / len(X)


def _eval_rows(plan: FitPlan, rows: Rows, known: dict):
    X, y, weight = tensors_of_rows(rows, plan.device, known)
    y = network_targets(y, replace(plan, label_smoothing=0.0))
    return X, y, weight, partial(LOSSES[plan.loss].evaluate, setting=plan.loss_setting)
