"""The libraries that compute in threads of their own."""

import functools

from threadpoolctl import ThreadpoolController


@functools.cache
def thread_pools() -> ThreadpoolController:
    """Return what tells and limits the threads of all of them."""
    return ThreadpoolController()  # looks through all loaded libraries: milliseconds, so once
