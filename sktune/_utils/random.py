"""Seeds that depend on what they are for, never on who asks first."""

import zlib
from functools import lru_cache

import numpy as np
from numpy.random import RandomState


@lru_cache(maxsize=4096)  # candidates and folds of a search ask for the same ones
def derive_seed(seed: int, *keys: str | int) -> int:
    """Return the 63-bit seed of the stream that `keys` name below `seed`.

    Different keys give independent streams (numpy's ``SeedSequence``), and the same keys the same stream in every
    process, whatever was drawn before.

    Parameters
    ----------
    seed : int
        Non-negative root seed.
    *keys : str or int
        The path of the stream, for example ``("candidate", 3, "split", 0)``.

    Returns
    -------
    int
        A seed that both numpy and torch accept.

    Examples
    --------
    >>> derive_seed(0, "batches", 1) == derive_seed(0, "batches", 1)
    True
    >>> derive_seed(0, "batches", 1) == derive_seed(0, "batches", 2)
    False
    """
    words = [zlib.crc32(key.encode()) if isinstance(key, str) else int(key) for key in keys]
    high, low = np.random.SeedSequence(entropy=int(seed), spawn_key=tuple(words)).generate_state(2, np.uint32)
    return (int(high) << 31) ^ int(low)


def root_seed(random_state: int | RandomState | None) -> int:
    """Return an int seed for a scikit-learn `random_state`: itself, or a draw from it.

    An int stands for itself, so that equal ints mean equal results; a ``RandomState`` advances, so that two calls
    differ as scikit-learn users expect; None draws from numpy's global generator.
    """
    if random_state is None:
        return int(np.random.randint(2**31 - 1))  # noqa: NPY002  the generator that `np.random.seed` seeds
    if isinstance(random_state, RandomState):
        return int(random_state.randint(2**31 - 1))
    return int(random_state)
