"""Where a network is trained."""

import torch


def resolve_device(device: str) -> str:
    """Return the torch device that `device` names; "auto" is the first CUDA device, or the CPU where there is none.

    Raises
    ------
    ValueError
        If torch does not know the name, or this machine has no such device.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device).cpu()  # there and back: "meta" tensors have no data
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here ({str(error).splitlines()[0]}). "
            "Allowed are 'auto', 'cpu' and the accelerators that torch finds here, such as 'cuda' or 'cuda:1'."
        ) from error
    return device
