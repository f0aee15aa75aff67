"""The settings of torch that surround a call: none of them may change what a network computes.

Some belong to the thread: autograd and inference mode, autocast, the modes that see every call of torch (the default
device is one of them), and how small numbers are treated. Others belong to the process: the precision of matrix
products and the detection of anomalies. Threads and processes that torch or joblib start do not inherit those of the
first kind, and new processes none of them: a network that obeyed them would depend on where it is trained.

The default number type belongs to the process too, but need not be touched: our code names the type of every tensor
that it makes.
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from .._torch_compat import function_modes_set_aside
from .threads import flushed_denormals

_DEVICES_WITH_AUTOCAST = ("cpu", "cuda", "mps", "xpu")


class HeldSetting:
    """A setting of the whole process that stays plain as long as any thread needs it so.

    The first thread changes it and the last one restores it: threads that overlap do not take the value of each other
    for the user's. A value that was set in the meantime stays.

    Parameters
    ----------
    read : callable
        Returns the present value.
    write : callable
        Sets a value.
    *plain : hashable
        The values that are plain; the first is set where another one is found.

    Examples
    --------
    >>> setting = {"precision": "low"}
    >>> held = HeldSetting(lambda: setting["precision"], lambda value: setting.update(precision=value), "high")
    >>> with held:
    ...     print(setting["precision"])
    high
    >>> setting["precision"]
    'low'
    """

    def __init__(self, read: Callable[[], Hashable], write: Callable[[Any], object], *plain: Hashable):
        self._read, self._write, self._plain = read, write, plain
        self._lock = threading.Lock()
        self._n_holders = 0
        self._before = None

    def __enter__(self) -> None:
        with self._lock:
            present = self._read()
            if self._n_holders == 0:
                self._before = present
            if present not in self._plain:
                self._write(self._plain[0])
            self._n_holders += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._n_holders -= 1
            if self._n_holders == 0 and self._before not in self._plain and self._read() in self._plain:
                self._write(self._before)


def _precisions() -> list[HeldSetting]:
    """The precision of products of float32 matrices, on GPUs and on CPUs that have faster, rougher ones."""
    if not hasattr(torch.backends.cuda.matmul, "fp32_precision"):  # torch < 2.9
        return [HeldSetting(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest")]
    return [
        HeldSetting(
            lambda library=library: library.fp32_precision,
            lambda value, library=library: setattr(library, "fp32_precision", value),
            "ieee",
            "none",
        )
        for library in (torch.backends.cuda.matmul, torch.backends.mkldnn.matmul)
    ]


_OF_THE_PROCESS = [
    *_precisions(),
    HeldSetting(
        lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        lambda value: torch.autograd.set_detect_anomaly(*value),
        (False, True),
        (False, False),
    ),
]


@contextmanager
def plain_torch() -> Iterator[None]:
    """Let torch compute as it does where nobody has set anything, and restore what the caller has set.

    Also a decorator. What the enclosed code calls, callbacks of the user included, sees the plain settings: those of
    a training run in whatever thread trains, so that they could not rely on those of the caller anyway.
    """
    with ExitStack() as stack:
        stack.enter_context(function_modes_set_aside())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for device in _DEVICES_WITH_AUTOCAST:
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        stack.enter_context(flushed_denormals(False))
        for setting in _OF_THE_PROCESS:
            stack.enter_context(setting)
        yield
