"""Products of stacks of matrices, of which each slice is the same, bit for bit, whatever stands beside it.

The library's product is so with two exceptions. It computes a single matrix with an axis of length one otherwise than
many: those are sums of elementwise products here. And on some processors (seen with MKL 2024.2 on Zen 4) it chooses the
order of its sums by the alignment of the matrices, which differs from slice to slice where their sizes are no multiples
of 16 bytes: there zeros fill them up.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

_ALIGNMENT = 16  # bytes


def choose_product(
    n_left: int, n_inner: int, n_right: int, itemsize: int
) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Return the function that multiplies stacks of (n_left, n_inner) and of (n_inner, n_right) matrices.

    Parameters
    ----------
    n_left, n_inner, n_right : int
        Sizes of the axes. For the rows of a batch, which are a multiple of 8 where networks train, any such number.
    itemsize : int
        Bytes of a number.

    Returns
    -------
    callable
        ``product(left, right, out)`` writes to `out` and returns it.
    """
    if n_inner == 1:
        return _outer_product
    if n_right == 1:
        return _product_with_column
    if n_left == 1:
        return _row_product
    if n_left * n_inner * itemsize % _ALIGNMENT:
        return _product_of_more_rows
    if n_left * n_right * itemsize % _ALIGNMENT or n_inner * n_right * itemsize % _ALIGNMENT:
        return _product_of_more_columns
    return _product


def _product(left, right, out):
    return torch.bmm(left, right, out=out)


def _product_of_more_columns(left, right, out):
    n_columns = right.shape[2]
    filled = pad(right, (0, _n_missing(right, n_columns)))
    return out.copy_(torch.bmm(left, filled)[:, :, :n_columns])


def _product_of_more_rows(left, right, out):
    n_rows = left.shape[1]
    filled = pad(left, (0, 0, 0, _n_missing(left, n_rows)))
    return out.copy_(torch.bmm(filled, right)[:, :n_rows])


def _n_missing(matrices, n):
    """How many there must be beside `n` rows or columns for their sizes to be aligned."""
    return -n % (_ALIGNMENT // matrices.element_size())


def _outer_product(left, right, out):
    return torch.mul(left, right, out=out)


def _product_with_column(left, right, out):
    return torch.sum(left * right.mT, 2, keepdim=True, out=out)


def _row_product(left, right, out):
    return torch.sum(left.mT * right, 1, keepdim=True, out=out)
