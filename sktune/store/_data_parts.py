"""What data consists of, for its key: the values, and how they are represented; not where they lie in memory."""

import sys
from typing import Any

import numpy as np
import torch

from ._parts import Part, Parts, View, item_parts, plain, tag


def dict_parts(value: dict, view: View) -> Parts:
    """Describe a dict, whose order may have an influence."""
    yield tag("dict")
    yield from item_parts([plain(name) for name in value], view, " key {!r}")
    for name, item in value.items():
        yield Part(item, view, "[{!r}]", name)


def sequence_parts(value: list | tuple, view: View) -> Parts:
    """Describe a list or a tuple."""
    yield tag(type(value).__name__)
    yield from item_parts(list(value), view)


# -- numpy ------------------------------------------------------------------------------------------------------------


def array_parts(value: np.ndarray, view: View) -> Parts:
    """Describe an array: one in a file is like any other."""
    yield tag("array")
    if isinstance(value, np.ma.MaskedArray):
        yield Part(np.ma.getmaskarray(value), view)
        yield Part(value.fill_value, view)
    if type(value) not in (np.ndarray, np.memmap):
        yield Part(type(value), view, ".__class__")
    yield from _buffer_parts(np.asarray(np.ma.getdata(value)), view)


def _buffer_parts(array, view):
    dtype = array.dtype
    yield tag("dtype", f"{dtype.str}{array.shape}")
    if dtype.names:  # one by one, for the bytes between them are arbitrary
        for name in dtype.names:
            yield tag("field", name)
            yield Part(array[name], view, "[{!r}]", name)
    elif dtype.hasobject:
        yield tag("objects", repr(dtype))
        yield from item_parts(array.ravel().tolist(), view)
    elif dtype.kind in "fc" and np.finfo(dtype).nmant not in (10, 23, 52):  # these have arbitrary bytes inside
        yield tag("extended", str([repr(number) for number in array.ravel()]))
    elif array.nbytes:
        yield from _raw_parts(array)


def _raw_parts(array):
    yield tag("data", str(array.nbytes))
    yield memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def scalar_parts(value: np.generic, view: View) -> Parts:
    """Describe a scalar of numpy that is no number of Python."""
    yield tag("scalar")
    yield Part(np.asarray(value), view)


# -- sparse matrices, tensors -----------------------------------------------------------------------------------------


def sparse_parts(value: Any, view: View) -> Parts:
    """Describe a sparse matrix or array of scipy: what it has found out about its indices is left out."""
    yield Part(type(value), view, ".__class__")
    yield tag("shape", str(tuple(map(int, value.shape))))
    is_compressed = value.format in ("csr", "csc")
    stored = value if is_compressed else value.tocoo()
    indices = (stored.indptr, stored.indices) if is_compressed else stored.coords
    for numbers in indices:
        yield Part(np.asarray(numbers, np.int64), view)
    yield Part(stored.data, view)


def tensor_parts(value: torch.Tensor, view: View) -> Parts:
    """Describe a tensor, without its gradient."""
    if type(value) is not torch.Tensor:
        yield Part(type(value), view, ".__class__")
    yield tag("tensor", f"{value.dtype} {value.device.type} {value.layout} {tuple(value.shape)} {value.requires_grad}")
    value = value.detach().cpu()
    if value.layout is torch.sparse_coo:
        value = value.coalesce()
        yield from (Part(part, view) for part in (value.indices(), value.values()))
    elif value.layout is torch.strided and not value.is_quantized:
        dense = value.resolve_conj().resolve_neg().contiguous().reshape(-1)
        yield from _raw_parts(dense.view(torch.uint8).numpy() if dense.numel() else np.zeros(0))
    else:
        yield Part(value.__reduce_ex__(4), view)


# -- data frames ------------------------------------------------------------------------------------------------------


def is_pandas(value: Any) -> bool:
    """Whether a value is a frame, a series, an index, or an array of pandas."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "api"):  # only just being imported, by another thread
        return False
    kinds = (pandas.DataFrame, pandas.Series, pandas.Index, pandas.api.extensions.ExtensionArray)
    return isinstance(value, kinds)


def pandas_parts(value: Any, view: View) -> Parts:
    """Describe a frame, a series, an index, or an array of pandas."""
    pandas = sys.modules["pandas"]
    if isinstance(value, pandas.DataFrame):
        yield Part(type(value), view, ".__class__")
        yield from _axis_parts(value, view)
        yield Part(value.columns, view, ".columns")
        for position in range(value.shape[1]):
            yield Part(value.iloc[:, position].array, view, ".iloc[:, {}]", position)
    elif isinstance(value, pandas.Series):
        yield Part(type(value), view, ".__class__")
        yield from _axis_parts(value, view)
        yield Part(value.name, view, ".name")
        yield Part(value.array, view, ".array")
    elif isinstance(value, pandas.Index):
        yield tag("index", str(value.nlevels))
        yield Part(list(value.names), view, ".names")
        yield Part(getattr(value, "freqstr", None), view, ".freqstr")
        levels = [value.get_level_values(level).array for level in range(value.nlevels)]
        yield from (Part(level, view, ".levels[{}]", number) for number, level in enumerate(levels))
    else:
        yield from _extension_parts(value, view)


def _axis_parts(value, view):
    yield Part(value.index, view, ".index")
    if value.attrs:
        yield Part(value.attrs, view, ".attrs")


def _extension_parts(array, view):
    if isinstance(array, sys.modules["pandas"].arrays.NumpyExtensionArray) or isinstance(array.dtype, np.dtype):
        yield Part(np.asarray(array), view)
        return
    yield tag("extension array", str(array.dtype))
    if hasattr(array, "categories") and hasattr(array, "codes"):
        yield Part(array.ordered, view)
        yield Part(array.categories, view, ".categories")
        yield Part(np.asarray(array.codes, np.int64), view, ".codes")
    elif hasattr(array, "asi8"):  # dates and periods
        yield Part(np.asarray(array.asi8), view)
    else:  # what stands below a missing value is arbitrary
        missing = np.asarray(array.isna())
        yield Part(missing, view)
        yield from item_parts(np.asarray(array.astype(object), object)[~missing].tolist(), view)


def plain_targets(y: Any) -> Any:
    """Return targets in the form that stands for all those that mean the same to an estimator.

    Lists, arrays, and series whose index only counts the rows: every estimator makes arrays of them.
    """
    if isinstance(y, list | tuple):
        try:
            return np.asarray(y)
        except ValueError:  # rows of different lengths
            return y
    pandas = sys.modules.get("pandas")
    if is_pandas(y) and isinstance(y, pandas.Series) and isinstance(y.dtype, np.dtype):
        return y.to_numpy() if y.index.equals(pandas.RangeIndex(len(y))) else y
    return y


def is_frame(value: Any) -> bool:
    """Whether a value is a data frame, of any library."""
    return hasattr(value, "columns") and hasattr(value, "dtypes") and not isinstance(value, type)


def frame_parts(value: Any, view: View) -> Parts:
    """Describe a data frame of any library but pandas."""
    yield Part(type(value), view, ".__class__")
    yield Part([(str(dtype), name) for name, dtype in zip(value.columns, list(value.dtypes), strict=True)], view)
    for name in value.columns:
        yield Part(np.asarray(value[name]), view, "[{!r}]", name)
