"""A training as data: everything that decides its result, and nothing else."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from torch import Tensor

from ..modules import NetworkSpec
from ..schedules import LRSchedule, PlateauRule
from ._early_stopping import EarlyStopping
from ._sparse_rows import arrays_of


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to learn from or to be judged on.

    Parameters
    ----------
    X : ndarray, csr_matrix or csr_array of shape (n_rows, n_features)
        Finite inputs, in the type of the network. Sparse ones become dense batch by batch.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Class numbers (int64), or targets in the type of the network: numbers, or 0 and 1 for each of several labels.
    weight : ndarray of shape (n_rows,) or None
        Positive weights of mean 1; None is 1 for each row.
    """

    X: Any
    y: np.ndarray
    weight: np.ndarray | None = None

    def __len__(self) -> int:
        return self.X.shape[0]

    @property
    def n_bytes(self) -> int:
        """Size of inputs and targets."""
        return sum(array.nbytes for array in (*arrays_of(self.X), self.y))


@dataclass(frozen=True, eq=False, kw_only=True)
class FitPlan:
    """One training. The fields named as parameters of the estimators mean what they mean there.

    Parameters
    ----------
    train : Rows or None
        What the gradients come from; None where the plan only describes a network that has been trained.
    valid : Rows or None
        Rows whose loss is recorded after each epoch.
    early_stopping : bool
        Whether the loss on `valid` chooses the epoch whose weights are kept, and is what `patience` and the plateau
        schedule refer to. Without it, or without `valid`, the plateau schedule refers to the training loss.
    loss : str
        What is minimised: "log_loss" or "focal" of class numbers, "binary_log_loss" or "binary_focal" of several
        labels, or a loss of `NetRegressor`.
    loss_setting : float
        The number that goes with it: `focal_gamma`, `huber_delta` or `quantile`.
    target_scale : ndarray of shape (n_outputs,) or None
        Unit in which the errors of a regression are measured, per output; None for a classification.
    target_shift : ndarray of shape (n_outputs,) or None
        Where the outputs of a regression start.
    first_epoch, n_epochs : int
        The epochs first_epoch, ..., first_epoch + n_epochs - 1 are trained. Epoch numbers key the random streams, so
        that a training in pieces draws what one in a single piece draws.
    schedule_start, planned_epochs : int
        Epoch in which the learning-rate schedule begins, and the number of epochs that it is made for.
    patience : int or None
        Epochs without improvement of the validation loss after which training stops; None never stops.
    seed : int
        Root of all random streams.
    """

    network: NetworkSpec
    train: Rows | None = None
    valid: Rows | None = None
    early_stopping: bool = True
    loss: str = "log_loss"
    loss_setting: float = 0.0
    target_shift: np.ndarray | None = None
    target_scale: np.ndarray | None = None
    optimizer: str = "adamw"
    lr: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 0.0
    l1: float = 0.0
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    mixup: float = 0.0
    input_noise: float = 0.0
    lr_schedule: str = "constant"
    lr_decay: float = 0.5
    lr_step: int = 10
    lr_warmup: float = 0.0
    batch_size: int = 64
    first_epoch: int = 0
    n_epochs: int = 1
    schedule_start: int = 0
    planned_epochs: int = 1
    patience: int | None = None
    tol: float = 0.0
    eval_train_loss: bool = False
    seed: int = 0
    device: str = "cpu"
    dtype: str = "float32"

    @property
    def is_classification(self) -> bool:
        """Whether outputs are scores of classes or of labels."""
        return self.target_scale is None

    @property
    def has_class_numbers(self) -> bool:
        """Whether the targets are numbers of classes, of which each row has one."""
        return self.loss in ("log_loss", "focal")

    @property
    def n_batches(self) -> int:
        """Optimizer steps of one epoch."""
        return n_batches(len(self.train), self.batch_size)

    @property
    def batch_rows(self) -> tuple[int, int]:
        """Rows of the first batch of an epoch, and of the last."""
        last = len(self.train) - (self.n_batches - 1) * self.batch_size
        return (self.batch_size if self.n_batches > 1 else last), last

    @property
    def max_batch_rows(self) -> int:
        """Rows of the largest batch."""
        return max(self.batch_rows)

    def without_rows(self) -> "FitPlan":
        """Return the plan without its data."""
        return replace(self, train=None, valid=None)

    def schedule(self) -> LRSchedule:
        """Return the learning-rate schedule of the whole training."""
        return LRSchedule(
            self.lr_schedule,
            n_epochs=self.planned_epochs,
            steps_per_epoch=self.n_batches,
            decay=self.lr_decay,
            step_size=self.lr_step,
            warmup=self.lr_warmup,
        )

    def plateau_rule(self, former: PlateauRule | None = None) -> PlateauRule | None:
        """Return the rule of the schedule "plateau", which remembers what `former` does; other schedules have none."""
        if self.lr_schedule != "plateau":
            return None
        rule = PlateauRule(self.lr_decay, self.lr_step, self.tol)
        if former is not None:
            rule.resume(former)
        return rule

    def monitored(self, row: dict) -> float:
        """Return the loss of an epoch that early stopping and the schedule "plateau" refer to."""
        return row["train_loss" if self.valid is None or not self.early_stopping else "valid_loss"]

    def stopping_rule(self, former: EarlyStopping | None = None) -> EarlyStopping | None:
        """Return the rule of early stopping, which remembers what `former` does; None where nothing stops."""
        if self.valid is None or not self.early_stopping:
            return None
        rule = EarlyStopping(self.patience, self.tol)
        if former is not None:
            rule.resume(former)
        return rule


def n_batches(n_rows: int, batch_size: int) -> int:
    """Return the number of batches of an epoch.

    A last batch of a single row joins the one before it: one row has no variance for batch normalisation to divide
    by, and its gradient is mostly noise.
    """
    full, rest = divmod(n_rows, batch_size)
    return max(1, full + (rest > (1 if batch_size > 1 else 0)))


@dataclass
class TrainingState:
    """Where a training has come to: all that an uninterrupted one would go on with.

    Parameters
    ----------
    weights : dict of str to Tensor
        Weights by the names of an `MLP`'s state. Empty: the training begins with fresh ones.
    best : dict of str to Tensor, or None
        Those of the best epoch, with early stopping.
    optimizer : str or None
        Whose moments the next ones are.
    moments : dict of str to dict of str to Tensor
        By torch's names of the moments, then by the names of the weights.
    n_steps : int
        Optimizer steps so far.
    plateau, stopping : PlateauRule, EarlyStopping or None
        What these rules remember; their settings are those of the next plan. None: they begin afresh.
    """

    weights: dict[str, Tensor] = field(default_factory=dict)
    best: dict[str, Tensor] | None = None
    optimizer: str | None = None
    moments: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    n_steps: int = 0
    plateau: PlateauRule | None = None
    stopping: EarlyStopping | None = None

    @property
    def network(self) -> dict[str, Tensor]:
        """The weights to predict with: those of the best epoch, if there is one, otherwise the last."""
        return self.weights if self.best is None else self.best

    @property
    def is_complete(self) -> bool:
        """Whether a training can go on from it as if it had not paused."""
        return self.optimizer is not None

    def for_prediction(self) -> "TrainingState":
        """Return the weights to predict with, without what only a training needs."""
        return TrainingState(self.network)


@dataclass
class FitResult:
    """What a training has come to.

    Parameters
    ----------
    history : list of dict
        One row per epoch: ``epoch`` (1-based), ``train_loss``, ``eval_train_loss`` (if asked for), ``valid_loss``
        (with validation rows), ``lr`` (of the epoch's last step).
    best_epoch : int
        Number of the epoch whose weights the network has: the one of the lowest validation loss where training could
        stop early, otherwise the last.
    error : Exception or None
        Why the training failed; `state` is None then.
    state : TrainingState or None
        Where it has come to.
    seconds : float
        Its share of the time that its stack trained: the shares of all networks of a stack sum up to that.
    """

    history: list[dict] = field(default_factory=list)
    best_epoch: int = 0
    error: Exception | None = None
    state: TrainingState | None = None
    seconds: float = 0.0
