"""Units in which numbers can be squared and compared without rounding, overflow or underflow."""

import math

import numpy as np


def power_of_two(values: np.ndarray) -> float:
    """Return the greatest power of two that is at most the largest absolute value; 1 for zeros, and for no values.

    To divide by it rounds nothing, so that what is computed from the quotients does not depend on the unit of the
    values.

    Examples
    --------
    >>> power_of_two([-5.0, 3.0]), power_of_two([0.3]), power_of_two([0.0])
    (4.0, 0.25, 1.0)
    """
    largest = float(np.max(np.abs(values), initial=0.0))
    return math.ldexp(1.0, math.frexp(largest)[1] - 1) if largest > 0.0 else 1.0
