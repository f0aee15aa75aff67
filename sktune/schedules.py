"""Learning-rate schedules: from the progress of a training to the factor on its learning rate.

One definition serves every training loop. Notation:

    step              optimizer steps done so far, 0-based
    steps_per_epoch   optimizer steps of one epoch
    n_steps           steps_per_epoch * n_epochs, the whole training as it was planned
    n_warm            the first steps, in which the rate rises linearly: round(warmup * n_steps)

After the warm-up a schedule runs over the remaining steps. All depend on `step` alone, except "plateau", which also
listens to the loss (`PlateauRule`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from ._utils.hints import did_you_mean

SCHEDULES = ("constant", "step", "exponential", "linear", "cosine", "onecycle", "plateau")

#: Smith & Topin's one-cycle policy as torch.optim.lr_scheduler.OneCycleLR has it by default.
_ONECYCLE_RISE, _ONECYCLE_START, _ONECYCLE_END = 0.3, 1 / 25, 1 / 25e4


@dataclass(frozen=True)
class LRSchedule:
    """The learning rate's factor as a function of the optimizer step.

    Parameters
    ----------
    name : {"constant", "step", "exponential", "linear", "cosine", "onecycle", "plateau"}
        ``step`` multiplies by `decay` every `step_size` epochs; ``exponential`` does the same continuously;
        ``linear`` and ``cosine`` fall to zero at the end of the training; ``onecycle`` rises from 1/25 along a cosine
        and falls to nearly zero; ``constant`` and ``plateau`` stay at 1 here (see `PlateauRule`).
    n_epochs : int
        Epochs of the whole training as it was planned, whether or not it stops earlier.
    steps_per_epoch : int
        Optimizer steps in one epoch.
    decay : float, default=0.5
        Factor of ``step`` and ``exponential``.
    step_size : int, default=10
        Epochs in which the rate falls by `decay`.
    warmup : float, default=0.0
        Share of the training in which the rate first rises linearly; for ``onecycle`` the share of its rising phase,
        where 0 stands for 0.3.

    Raises
    ------
    ValueError
        If a parameter is not allowed.

    Examples
    --------
    >>> schedule = LRSchedule("cosine", n_epochs=2, steps_per_epoch=2)
    >>> [round(schedule.factor(step), 3) for step in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """

    name: str
    n_epochs: int
    steps_per_epoch: int
    decay: float = 0.5
    step_size: int = 10
    warmup: float = 0.0

    def __post_init__(self):
        if self.name not in SCHEDULES:
            hint = did_you_mean(self.name, SCHEDULES)
            raise ValueError(f"name must be one of {', '.join(SCHEDULES)}, got {self.name!r}.{hint}")
        for name in ("n_epochs", "steps_per_epoch", "step_size"):
            _check_count(name, getattr(self, name))
        _check_number("decay", self.decay, "above 0 and at most 1", lambda value: 0 < value <= 1)
        _check_number("warmup", self.warmup, "of at least 0 and below 1", lambda value: 0 <= value < 1)

    def factor(self, step: int) -> float:
        """Return the factor of optimizer step `step`; steps past the planned end keep the last factor."""
        n_steps = self.n_epochs * self.steps_per_epoch
        step = min(step, n_steps - 1)
        if self.name == "onecycle":
            return _onecycle(step, n_steps, self.warmup or _ONECYCLE_RISE)
        n_warm = round(self.warmup * n_steps)
        if step < n_warm:
            return (step + 1) / (n_warm + 1)
        return self._after_warmup(step - n_warm, n_steps - n_warm)

    def _after_warmup(self, step: int, n_steps: int) -> float:
        if self.name == "step":
            return self.decay ** (step // (self.step_size * self.steps_per_epoch))
        if self.name == "exponential":
            return self.decay ** (step / (self.step_size * self.steps_per_epoch))
        if self.name == "linear":
            return 1 - step / n_steps
        if self.name == "cosine":
            return 0.5 * (1 + math.cos(math.pi * step / n_steps))
        return 1.0


def _onecycle(step: int, n_steps: int, rise: float) -> float:
    """Return the factor of the one-cycle policy: up along a cosine for the share `rise`, then down."""
    if n_steps == 1:
        return 1.0  # torch's rule has the end of the cycle here, which would learn nothing
    peak, last = rise * n_steps - 1, n_steps - 1
    if n_steps == 2:
        peak = min(peak, 0.0)  # a later peak would lie between the two steps, which would be its foot and the end
    if step <= peak:
        return _cosine_between(_ONECYCLE_START, 1.0, step / peak if peak > 0 else 1.0)
    return _cosine_between(1.0, _ONECYCLE_END, (step - peak) / (last - peak))


def _cosine_between(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


@dataclass
class PlateauRule:
    """Lower the learning rate when the loss has stopped falling.

    Parameters
    ----------
    decay : float
        Factor applied each time.
    patience : int
        Epochs in a row without improvement that are accepted; the next one lowers the rate.
    tol : float
        A loss counts as better when it is lower than the best so far by more than this.

    Raises
    ------
    ValueError
        If a parameter is not allowed.

    Notes
    -----
    The rule of ``torch.optim.lr_scheduler.ReduceLROnPlateau`` with ``threshold_mode="abs"``.
    """

    decay: float
    patience: int
    tol: float
    factor: float = field(default=1.0, init=False)
    _best: float = field(default=math.inf, init=False)
    _n_bad: int = field(default=0, init=False)

    def __post_init__(self):
        _check_number("decay", self.decay, "above 0 and at most 1", lambda value: 0 < value <= 1)
        _check_count("patience", self.patience, least=0)
        _check_number("tol", self.tol, "of at least 0", lambda value: 0 <= value < math.inf)

    def resume(self, former: "PlateauRule") -> None:
        """Take over what another rule remembers, not its settings."""
        self.factor, self._best, self._n_bad = former.factor, former._best, former._n_bad

    def update(self, loss: float) -> float:
        """Take the loss of one more epoch and return the factor of the next."""
        if loss < self._best - self.tol:
            self._best, self._n_bad = loss, 0
        else:
            self._n_bad += 1
        if self._n_bad > self.patience:
            self.factor, self._n_bad = self.factor * self.decay, 0
        return self.factor


def _check_count(name: str, value: Any, least: int = 1) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be an int of at least {least}, got {value!r}")


def _check_number(name: str, value: Any, allowed: str, is_allowed: Callable[[float], bool]) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not is_allowed(value):
        raise ValueError(f"{name} must be a finite number {allowed}, got {value!r}")
