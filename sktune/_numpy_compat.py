"""The only file that touches numpy's private names."""

import numpy as np


def own_fill_value(array: np.ma.MaskedArray):
    """Return what a masked array shows in place of masked entries if somebody has said so, else None.

    The public attribute sets it to a default when it is asked for, so that the array is another one afterwards.
    """
    return array._fill_value
