"""Trees of plain values and arrays as bytes, and back, without pickle.

    bytes        a safetensors file: the arrays by their place in the tree, and one entry with the tree itself
    that entry   magic, digest of what follows, JSON
    JSON         None, bool, str, small ints and finite floats as they are; a dict of str keys as an object;
                 all else as a list [tag, ...], arrays by the name of their entry and its digest

The digests chain: whatever changes in the file is noticed. Each entry belongs to one place of the tree, so that the
tree takes no more memory than the file justifies.
"""

import hashlib
import json
import math
import re
import struct
from typing import Any, NoReturn

import numpy as np
import safetensors
import safetensors.torch
import torch

from .._numpy_compat import own_fill_value
from ..exceptions import FileFormatError
from .torch_state import plain_torch

_MAGIC = b"\x89sktune\n"
#: number of the layout that this file writes; another one needs another reader
_LAYOUT = 1
_TREE = "sktune.tree"
_MAX_DEPTH = 100
_DIGEST_BYTES = 16
_SMALL_INT = 2**63

#: safetensors' names of the number types that it stores as such
_TORCH_TYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}
#: numpy's names of those; arrays of other types are stored as their bytes
_NUMPY_TYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}
_NAMES_OF_NUMPY_TYPES = {numpy_type: name for name, numpy_type in _NUMPY_TYPES.items()}
_ARRAY_TYPE = re.compile(r"\|b1|[|<>][iu][1248]|[<>]f[248]|[<>]c(8|16)|[<>]U\d{1,9}|\|S\d{1,9}|[<>][mM]8(\[\w+\])?")


@plain_torch()
def encode(tree: Any) -> bytes:
    """Return `tree` as bytes; equal trees give equal bytes.

    Parameters
    ----------
    tree : object
        None, bool, int, float, str, bytes, lists, tuples, dicts, numpy arrays (also masked ones, and object arrays of
        such values), numpy scalars and torch tensors, nested as you like. Subclasses of them do not count as such.

    Returns
    -------
    data : bytes
        A safetensors file.

    Raises
    ------
    TypeError
        If something else is in the tree; the message says what and where.
    ValueError
        If the tree is more than 100 levels deep, or contains itself.
    """
    return _Encoder().encode(tree)


@plain_torch()
def decode(data: bytes) -> Any:
    """Return the tree that `encode` made `data` of.

    Never runs code, and never takes more memory than a small multiple of the size of `data`.

    Parameters
    ----------
    data : bytes
        What `encode` returned.

    Returns
    -------
    tree : object
        Equal to the encoded one in values, types, number types and the order of dicts; arrays are new, writable and
        keep their memory order, tensors are on the CPU.

    Raises
    ------
    FileFormatError
        If `data` is anything else.
    """
    return _Decoder(data).decode()


def _digest(data) -> str:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()


class _Encoder:
    """One call of `encode`: a method per type, and the entries so far."""

    def __init__(self):
        self._entries = {_TREE: None}

    def encode(self, tree) -> bytes:
        text = json.dumps({"layout": _LAYOUT, "tree": self._node(tree, ())}, separators=(",", ":"), allow_nan=False)
        body = text.encode("ascii")
        head = _MAGIC + hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
        self._entries[_TREE] = torch.frombuffer(bytearray(head + body), dtype=torch.uint8)
        return safetensors.torch.save(self._entries)

    def _node(self, value, path):
        if len(path) > _MAX_DEPTH:
            raise ValueError(f"the tree is more than {_MAX_DEPTH} levels deep, or contains itself: {_place(path[:5])}")
        if value is None or type(value) is bool:
            return value
        if isinstance(value, np.generic):
            return self._scalar(value, path)
        method = self._METHODS.get(type(value))
        if method is None:
            _refuse(value, path)
        return method(self, value, path)

    def _int(self, value, path):
        return value if -_SMALL_INT <= value < _SMALL_INT else ["int", hex(value)]

    def _float(self, value, path):
        return value if math.isfinite(value) else ["float", struct.pack(">d", value).hex()]

    def _str(self, value, path):
        try:
            value.encode()
        except UnicodeEncodeError:  # JSON would join two halves of a character
            return ["str", value.encode("utf-8", "surrogatepass").hex()]
        return value

    def _bytes(self, value, path):
        return ["bytes", *self._entry(_to_uint8(value), path)]

    def _list(self, value, path):
        return ["list", [self._node(item, (*path, i)) for i, item in enumerate(value)]]

    def _tuple(self, value, path):
        return ["tuple", [self._node(item, (*path, i)) for i, item in enumerate(value)]]

    def _dict(self, value, path):
        if all(type(key) is str and type(self._str(key, path)) is str for key in value):
            return {key: self._node(item, (*path, key)) for key, item in value.items()}
        for key in value:
            _check_key(key, path)
        return ["dict", [[self._node(key, path), self._node(item, (*path, key))] for key, item in value.items()]]

    def _scalar(self, value, path):
        if type(value) in (np.str_, np.bytes_):
            # numpy's own conversion drops trailing zeros
            plain = str.__str__(value) if type(value) is np.str_ else bytes.__getitem__(value, slice(None))
            return ["scalar", value.dtype.kind, self._node(plain, path)]
        if not _ARRAY_TYPE.fullmatch(value.dtype.str):
            _refuse(value, path)
        return ["scalar", value.dtype.str, value.tobytes().hex()]

    def _array(self, value, path):
        order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        flat = value.reshape(-1, order=order)
        if value.dtype == object:
            items = [self._node(item, (*path, i)) for i, item in enumerate(flat)]
            return ["objects", list(value.shape), order, items]
        kind = value.dtype.str
        if not _ARRAY_TYPE.fullmatch(kind) or value.dtype.itemsize == 0:
            _refuse(value, path)
        stored = torch.from_numpy(flat.copy()) if kind in _NAMES_OF_NUMPY_TYPES else _to_uint8(flat.tobytes())
        if kind in _NAMES_OF_NUMPY_TYPES and order == "C":
            stored = stored.reshape(value.shape)  # for those who open the file with other tools
        return ["array", *self._entry(stored, path), kind, list(value.shape), order]

    def _masked(self, value, path):
        mask = None if value.mask is np.ma.nomask else np.asarray(value.mask)
        fill = own_fill_value(value)
        fill = None if fill is None else np.asarray(fill, dtype=value.dtype)
        parts = [self._node(part, path) for part in (np.asarray(value.data), mask, fill)]
        return ["masked", *parts, bool(value.hardmask)]

    def _tensor(self, value, path):
        if value.layout != torch.strided or value.dtype not in _TORCH_TYPES.values() or value.is_meta:
            raise TypeError(f"a tensor of {value.dtype}, {value.layout}, cannot be saved: {_place(path)}")
        stored = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return ["tensor", *self._entry(stored, path), str(stored.dtype), list(stored.shape)]

    def _entry(self, tensor, path):
        name = "/".join(str(key) for key in path).encode("ascii", "backslashreplace").decode() or "root"
        while name in self._entries:
            name += "'"
        self._entries[name] = tensor
        return name, _digest(tensor.reshape(-1).view(torch.uint8).numpy() if tensor.numel() else b"")

    _METHODS = {
        int: _int, float: _float, str: _str, bytes: _bytes, list: _list, tuple: _tuple, dict: _dict,
        np.ndarray: _array, np.ma.MaskedArray: _masked, torch.Tensor: _tensor,
    }  # fmt: skip


def _to_uint8(data: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(0, dtype=torch.uint8)


def _check_key(key, path):
    if type(key) is tuple:
        for part in key:
            _check_key(part, path)
    elif not (key is None or type(key) in (bool, int, float, str, bytes) or isinstance(key, np.generic)):
        raise TypeError(f"a dict with a key of type {_type_name(key)} cannot be saved: {_place(path)}, key {key!r}")


def _refuse(value, path) -> NoReturn:
    kind = f" of {value.dtype}" if isinstance(value, np.ndarray | np.generic) else ""
    raise TypeError(f"{_type_name(value)}{kind} cannot be saved: {_place(path)}")


def _type_name(value) -> str:
    module = type(value).__module__
    return type(value).__qualname__ if module == "builtins" else f"{module}.{type(value).__qualname__}"


def _place(path) -> str:
    return "at the top" if not path else "in " + "".join(f"[{key!r}]" for key in path)


class _Decoder:
    """One call of `decode`: a method per tag, and the entries that no place of the tree has taken yet."""

    def __init__(self, data):
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data must be bytes, got {type(data).__name__}")
        self._data = bytes(data)

    def decode(self):
        try:
            entries = safetensors.deserialize(self._data)
        except safetensors.SafetensorError as error:
            raise FileFormatError(f"not a file of sktune, or a damaged one: {error}") from error
        self._entries = dict(entries)
        if len(self._entries) != len(entries):
            raise FileFormatError("two entries of the file have the same name")
        if _TREE not in self._entries:
            raise FileFormatError(f"not a file of sktune: it has no entry {_TREE!r}")
        try:
            tree = self._node(_read_json(bytes(self._entries.pop(_TREE)["data"])), 0)
        except FileFormatError:
            raise
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError, MemoryError, RuntimeError) as error:
            raise FileFormatError(f"the file is damaged: {type(error).__name__}: {error}") from error
        if self._entries:
            raise FileFormatError(f"the tree does not know the entries {sorted(self._entries)[:5]}")
        return tree

    def _node(self, node, depth):
        if depth > _MAX_DEPTH:
            raise FileFormatError(f"the tree is more than {_MAX_DEPTH} levels deep")
        if type(node) is dict:
            return {key: self._node(item, depth + 1) for key, item in node.items()}
        if type(node) is not list:
            return node
        if not node or type(node[0]) is not str or node[0] not in self._METHODS:
            raise FileFormatError(f"unknown tag {str(node[:1])[:80]}")
        method, types = self._METHODS[node[0]]
        if len(node) != 1 + len(types) or not all(map(isinstance, node[1:], types)):
            raise FileFormatError(f"the parts of {node[0]!r} are not what they should be: {str(node[1:])[:80]}")
        return method(self, depth, *node[1:])

    def _int(self, depth, text):
        return int(text, 16)

    def _float(self, depth, text):
        return float(np.frombuffer(bytes.fromhex(text), ">f8").item())

    def _str(self, depth, text):
        return bytes.fromhex(text).decode("utf-8", "surrogatepass")

    def _bytes(self, depth, name, digest):
        return bytes(self._take(name, digest)["data"])

    def _list(self, depth, items):
        return [self._node(item, depth + 1) for item in items]

    def _tuple(self, depth, items):
        return tuple(self._list(depth, items))

    def _dict(self, depth, items):
        result = {}
        for key, value in items:
            key = self._node(key, depth)
            _check_key(key, ())
            if key in result:
                raise FileFormatError(f"a dict has the key {key!r} twice")
            result[key] = self._node(value, depth + 1)
        return result

    def _scalar(self, depth, kind, value):
        if kind in ("U", "S"):
            text = self._node(value, depth)
            if type(text) is not (str if kind == "U" else bytes):
                raise FileFormatError(f"a scalar of type {kind!r} is a {type(text).__name__}")
            return np.str_(text) if kind == "U" else np.bytes_(text)
        return _array_of(bytes.fromhex(value), kind, [], "C")[()]

    def _objects(self, depth, shape, order, items):
        array = np.empty(len(items), dtype=object)
        for i, item in enumerate(items):
            array[i] = self._node(item, depth + 1)
        return array.reshape(_check_shape(shape, len(items)), order=_check_order(order))

    def _array(self, depth, name, digest, kind, shape, order):
        entry = self._take(name, digest)
        is_number = kind in _NAMES_OF_NUMPY_TYPES
        if entry["dtype"] != (_NAMES_OF_NUMPY_TYPES[kind] if is_number else "U8"):
            raise FileFormatError(f"the entry {name!r} of numpy's type {kind!r} has type {entry['dtype']}")
        if is_number and order == "C" and list(entry["shape"]) != shape:
            raise FileFormatError(f"the entry {name!r} of shape {entry['shape']} should have {shape}")
        return _array_of(entry["data"], kind, shape, order)

    def _masked(self, depth, data, mask, fill, hard):
        data, mask, fill = (self._node(part, depth) for part in (data, mask, fill))
        is_mask = mask is None or (type(mask) is np.ndarray and mask.dtype.kind == "b")
        if type(data) is not np.ndarray or not is_mask or (mask is not None and mask.shape != data.shape):
            raise FileFormatError("a masked array has no data, or a mask that does not fit them")
        return np.ma.MaskedArray(data, np.ma.nomask if mask is None else mask, fill_value=fill, hard_mask=hard)

    def _tensor(self, depth, name, digest, kind, shape):
        entry = self._take(name, digest)
        number_type = _TORCH_TYPES.get(entry["dtype"])
        if str(number_type) != kind or list(entry["shape"]) != shape:
            raise FileFormatError(f"the entry {name!r} is {entry['shape']} of {number_type}, not {shape} of {kind}")
        if not entry["data"]:
            return torch.empty(shape, dtype=number_type)
        _check_bools(entry["data"], entry["dtype"] == "BOOL")
        return torch.frombuffer(bytearray(entry["data"]), dtype=number_type).reshape(shape).clone()

    def _take(self, name, digest):
        if name not in self._entries:
            raise FileFormatError(f"the entry {name!r} is missing, or stands at two places of the tree")
        entry = self._entries.pop(name)
        if _digest(entry["data"]) != digest:
            raise FileFormatError(f"the entry {name!r} is damaged: its digest is another one")
        return entry

    #: tag -> method, types of what follows the tag
    _METHODS = {
        "int": (_int, (str,)),
        "float": (_float, (str,)),
        "str": (_str, (str,)),
        "bytes": (_bytes, (str, str)),
        "list": (_list, (list,)),
        "tuple": (_tuple, (list,)),
        "dict": (_dict, (list,)),
        "scalar": (_scalar, (str, object)),
        "objects": (_objects, (list, str, list)),
        "array": (_array, (str, str, str, list, str)),
        "masked": (_masked, (object, object, object, bool)),
        "tensor": (_tensor, (str, str, str, list)),
    }


def _read_json(data: bytes):
    head, body = data[: len(_MAGIC) + _DIGEST_BYTES], data[len(_MAGIC) + _DIGEST_BYTES :]
    if not head.startswith(_MAGIC):
        raise FileFormatError("not a file of sktune: its tree begins with other bytes")
    if hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() != head[len(_MAGIC) :]:
        raise FileFormatError("the file is damaged: the digest of its tree is another one")
    content = json.loads(body.decode("ascii"), object_pairs_hook=_unique, parse_constant=_no_constant)
    if type(content) is not dict or set(content) != {"layout", "tree"}:
        raise FileFormatError("the file is damaged: it has no layout or no tree")
    if content["layout"] != _LAYOUT:
        raise FileFormatError(f"this sktune reads layout {_LAYOUT} of its files, not {content['layout']!r}: update it")
    return content["tree"]


def _unique(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise FileFormatError("a dict has the same key twice")
    return result


def _no_constant(name):
    raise FileFormatError(f"{name} is not JSON")


def _check_shape(shape, n_items):
    if not all(type(n) is int and n >= 0 for n in shape) or math.prod(shape) != n_items:
        raise FileFormatError(f"an array of shape {str(shape)[:80]} cannot have {n_items} items")
    return tuple(shape)


def _check_order(order):
    if order not in ("C", "F"):
        raise FileFormatError(f"unknown memory order {order!r}")
    return order


def _check_bools(data, is_bool):
    if is_bool and np.frombuffer(data, np.uint8).max(initial=0) > 1:
        raise FileFormatError("a bool is neither 0 nor 1")


def _array_of(data, kind, shape, order):
    """Return a new array of bytes that are checked to be values of its type."""
    if not _ARRAY_TYPE.fullmatch(kind):
        raise FileFormatError(f"unknown array type {kind!r}")
    dtype = np.dtype(kind)
    if dtype.itemsize == 0 or len(data) % dtype.itemsize:
        raise FileFormatError(f"{len(data)} bytes are no array of type {kind!r}")
    shape = _check_shape(shape, len(data) // dtype.itemsize)
    if not data:
        return np.empty(shape, dtype, order=_check_order(order))
    _check_bools(data, dtype.kind == "b")
    if dtype.kind == "U" and np.frombuffer(data, f"{kind[0]}u4").max() > 0x10FFFF:
        raise FileFormatError("a text has a character that does not exist")
    return np.frombuffer(bytearray(data), dtype).reshape(shape, order=_check_order(order))
