"""Where a network is trained."""

import torch

from .._utils.workers import worker_number


def resolve_device(device: str | torch.device) -> str:
    """Return the name of the torch device that `device` is or names.

    "auto" is the CUDA device, or the CPU where there is none; of several, the processes on a machine and the workers
    of a search take one after the other.

    Raises
    ------
    ValueError
        If torch does not know the name, or this machine has no such device.
    """
    device = str(device)
    if device == "auto":
        if not torch.cuda.is_available():
            return "cpu"
        n_devices = torch.cuda.device_count()
        return "cuda" if n_devices == 1 else f"cuda:{worker_number() % n_devices}"
    try:
        torch.empty(0, device=device).cpu()  # there and back: "meta" tensors have no data
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here ({str(error).splitlines()[0]}). "
            "Allowed are 'auto', 'cpu' and the accelerators that torch finds here, such as 'cuda' or 'cuda:1'."
        ) from error
    return device
