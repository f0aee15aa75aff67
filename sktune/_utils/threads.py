"""How torch computes in this thread: with how many others, and with which numbers."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import Any

import torch

from .thread_pools import thread_pools

_DENORMAL = math.ulp(0.0)


@contextmanager
def torch_threads(n_threads: int) -> Iterator[None]:
    """Let torch use `n_threads` threads for one operation, and restore the former number at the end.

    The library of matrix products has a number of its own, which torch does not tell: `threadpoolctl`, for one, changes
    the one and not the other. In a forked process more than one thread would then wait for ever for those that the fork
    has left behind.
    """
    before, products_before = torch.get_num_threads(), _n_product_threads()
    if before == products_before == n_threads:
        yield
        return
    # torch sets both numbers at once: where they were different, its own is set once more at the end
    differ = before != products_before
    with thread_pools().select(user_api="openmp").limit(limits=None) if differ else nullcontext():
        torch.set_num_threads(n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(products_before)


def _n_product_threads() -> int:
    """Return the number of threads of matrix products; torch's own where the library has no other."""
    own = re.search(r"mkl_get_max_threads\(\) : (\d+)", torch.__config__.parallel_info())
    return int(own[1]) if own else torch.get_num_threads()


@contextmanager
def flushed_denormals(flush: bool) -> Iterator[None]:
    """Say whether this thread, and those that it starts, take numbers below the smallest normal one (1e-38) for 0.

    Processors are many times slower at such numbers, and the gradients of a network that is sure of its training rows
    are full of them. Where the processor cannot be told to, nothing changes.

    Parameters
    ----------
    flush : bool
        Whether such numbers count as 0.
    """
    before = _DENORMAL + 0.0 == 0.0  # torch sets this, but does not tell it
    torch.set_flush_denormal(flush)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def map_in_threads(function: Callable[[Any], Any], items: Sequence) -> list:
    """Return the results of `function` for all items, computed in as many threads as torch may use here."""
    n_threads = min(torch.get_num_threads(), len(items))
    if n_threads <= 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(function, items))
