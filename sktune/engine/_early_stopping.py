"""When the validation loss says that training is over."""

import math


class EarlyStopping:
    """Remember the best epoch, and stop when it lies too far back.

    Parameters
    ----------
    patience : int or None
        Epochs in a row without improvement that stop the training; None never stops it.
    tol : float
        Only a loss that beats the reference by more than this counts as an improvement for `patience`.

    Attributes
    ----------
    best_epoch : int
        Epoch of the lowest loss, whether or not it beat the reference by `tol`.
    """

    def __init__(self, patience: int | None, tol: float):
        self.patience = patience
        self.tol = tol
        self.best_epoch = 0
        self._best_loss = math.inf
        self._reference = math.inf
        self._n_bad = 0

    def resume(self, former: "EarlyStopping") -> None:
        """Take over what another rule remembers, not its settings."""
        self.best_epoch, self._best_loss = former.best_epoch, former._best_loss
        self._reference, self._n_bad = former._reference, former._n_bad

    def update(self, epoch: int, loss: float) -> bool:
        """Take the loss of an epoch and return whether it is the lowest so far."""
        if loss < self._reference - self.tol:
            self._reference, self._n_bad = loss, 0
        else:
            self._n_bad += 1
        if is_best := loss < self._best_loss:
            self._best_loss, self.best_epoch = loss, epoch
        return is_best

    @property
    def should_stop(self) -> bool:
        """Whether the loss has not improved for `patience` epochs."""
        return self.patience is not None and self._n_bad >= self.patience
