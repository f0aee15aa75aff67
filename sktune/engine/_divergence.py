"""The error of a network that is lost."""

from ..exceptions import DivergedError


def diverged(what: str, epoch: int, lr: float) -> DivergedError:
    """Return the error for a network that is lost, with what usually helps."""
    error = DivergedError(
        f"the network diverged in epoch {epoch} (lr={lr:.3g}): {what}. A lower lr, clip_norm=1.0 or inputs of mean 0 "
        "and variance 1 usually help."
    )
    error.epoch = epoch
    return error
