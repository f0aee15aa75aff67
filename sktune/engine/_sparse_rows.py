"""Rows that are mostly zeros: kept as they came, dense only for the batch that is asked for.

The values of row i of a sparse matrix lie in ``values[indptr[i]:indptr[i + 1]]``, and `columns` says where they belong.
"""

from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from torch import Tensor


class SparseRows:
    """The rows of a CSR matrix on a device, which give dense tensors when they are indexed.

    Parameters
    ----------
    X : csr_matrix or csr_array of shape (n_rows, n_features)
        No place occurs twice.
    device : str
        Where they are kept.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> rows = SparseRows(csr_array([[0.0, 1.0, 2.0], [0.0, 0.0, 0.0], [3.0, 0.0, 0.0]]), "cpu")
    >>> rows[1:]
    tensor([[0., 0., 0.],
            [3., 0., 0.]], dtype=torch.float64)
    """

    def __init__(self, X: Any, device: str):
        self.shape = X.shape
        self._values, self._columns, self._indptr = (as_tensor(part, device) for part in (X.data, X.indices, X.indptr))

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def device(self) -> torch.device:
        """Where the rows are."""
        return self._values.device

    def __getitem__(self, index: Tensor | slice) -> Tensor:
        """Return the rows of `index` as a dense tensor of shape (n, n_features)."""
        if isinstance(index, slice):
            index = torch.arange(len(self), device=self.device)[index]
        return self.take(index, self._values.new_empty(len(index), self.shape[1]))

    def take(self, index: Tensor, out: Tensor) -> Tensor:
        """Write the rows with the numbers `index` into `out`, shape (n, n_features), and return it."""
        starts = self._indptr[index].long()
        counts = self._indptr[index + 1].long() - starts
        row = torch.repeat_interleave(torch.arange(len(index), device=self.device), counts)
        # the place of each value among those of its row, and so in the matrix
        place = torch.arange(len(row), device=self.device) - (counts.cumsum(0) - counts)[row] + starts[row]
        out.zero_()
        out[row, self._columns[place].long()] = self._values[place]
        return out


def arrays_of(X: Any) -> tuple[np.ndarray, ...]:
    """Return the arrays that an array, or a CSR matrix, consists of."""
    return (X.data, X.indices, X.indptr) if issparse(X) else (X,)


def as_tensor(array: np.ndarray, device: str) -> Tensor:
    """Return an array as a tensor on `device`."""
    # torch warns of arrays that it may not write to, such as the memory maps of joblib's workers: those are copied
    return torch.as_tensor(np.require(array, requirements="W"), device=device)
