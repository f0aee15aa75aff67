"""Trees of values and arrays as bytes: exact round trips, clear refusals, no trust in what is read."""

import json
import math
import os
import pickle
import struct
import sys
import tracemalloc
from collections import OrderedDict

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sktune._utils import codec
from sktune._utils.codec import decode, encode
from sktune.exceptions import FileFormatError

plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**200), 2**200)
    | st.floats()
    | st.text(st.characters(), max_size=8)  # halves of characters included
    | st.binary(max_size=8)
)
number_types = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes(endianness="?")
    | hnp.unsigned_integer_dtypes(endianness="?")
    | hnp.floating_dtypes(sizes=(16, 32, 64), endianness="?")
    | hnp.complex_number_dtypes(sizes=(64, 128), endianness="?")
)
text_types = hnp.unicode_string_dtypes(max_len=5) | hnp.byte_string_dtypes(max_len=5)
time_types = hnp.datetime64_dtypes(max_period="D", min_period="ns") | hnp.timedelta64_dtypes()
dtypes = number_types | text_types | time_types
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=3))
scalars = dtypes.flatmap(hnp.from_dtype)
tensors = st.builds(
    lambda array, kind: torch.from_numpy(array).to(kind),
    hnp.arrays(np.int8, hnp.array_shapes(min_dims=0, min_side=0)),
    st.sampled_from(sorted(codec._TORCH_TYPES.values(), key=str)),
)
masked = st.builds(
    lambda array, seed, whole: np.ma.MaskedArray(
        array, np.random.default_rng(seed).random(array.shape) < 0.5 if whole else np.ma.nomask
    ),
    hnp.arrays(number_types, hnp.array_shapes(max_dims=2, max_side=3)),
    st.integers(0, 99),
    st.booleans(),
)
leaves = plain | arrays | scalars | tensors | masked
keys = st.recursive(
    plain | scalars.filter(lambda s: s.dtype.kind in "biuSU"), lambda key: st.tuples(key, key), max_leaves=3
)


def object_array(items):
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array


trees = st.recursive(
    leaves,
    lambda tree: (
        st.lists(tree, max_size=4)
        | st.lists(tree, max_size=4).map(tuple)
        | st.lists(tree, max_size=4).map(object_array)
        | st.dictionaries(st.text(max_size=4), tree, max_size=4)
        | st.dictionaries(keys, tree, max_size=4)
    ),
    max_leaves=12,
)


def assert_same(a, b):
    """Equal in type, number type, memory order and every bit."""
    assert type(a) is type(b)
    if isinstance(a, np.ma.MaskedArray):
        assert_same(a.data, b.data)
        assert (a.mask is np.ma.nomask) == (b.mask is np.ma.nomask)
        assert_same(np.asarray(a.mask), np.asarray(b.mask))
        assert_same(np.asarray(a.copy().fill_value), np.asarray(b.copy().fill_value))
        assert a.hardmask == b.hardmask
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        assert a.dtype.str == b.dtype.str
        assert a.shape == b.shape
        if a.flags.c_contiguous or a.flags.f_contiguous:
            assert a.flags.c_contiguous == b.flags.c_contiguous
            assert a.flags.f_contiguous == b.flags.f_contiguous
        assert b.flags.writeable
        if a.dtype == object:
            for one, other in zip(a.ravel(), b.ravel(), strict=True):
                assert_same(one, other)
        else:
            assert a.tobytes() == b.tobytes()
    elif isinstance(a, torch.Tensor):
        assert (a.dtype, a.shape, b.device.type) == (b.dtype, b.shape, "cpu")
        if a.numel():
            a, b = (tensor.reshape(-1).view(torch.uint8) for tensor in (a, b))
            assert a.tolist() == b.tolist()
    elif isinstance(a, np.generic):
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes()
    elif isinstance(a, list | tuple):
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    elif isinstance(a, dict):
        assert_same(list(a), list(b))
        assert_same(list(a.values()), list(b.values()))
    elif isinstance(a, float):
        assert struct.pack(">d", a) == struct.pack(">d", b)
    else:
        assert a == b


@settings(deadline=None, max_examples=400)
@given(tree=trees)
def test_round_trip_is_exact_and_equal_trees_give_equal_bytes(tree):
    data = encode(tree)
    back = decode(data)
    assert_same(tree, back)
    assert encode(back) == data


@pytest.mark.parametrize(
    "tree",
    [
        [math.nan, math.inf, -math.inf, -0.0, 5e-324, struct.unpack(">d", bytes.fromhex("fff8000000000123"))[0]],
        [2**63, -(2**63), 2**64, 10**5000],
        ["\ud83d\ude00", "\U0001f600", "\ud800", "\x00", ""],
        {"\ud83d\ude00": 1, "\U0001f600": 2},
        {1: "b", "1": "a", None: 0, (1, (2, "x")): [], False: ()},
        {np.int64(1): 1.0, np.str_("a"): np.float32(1), b"x": np.bool_(True)},
        [np.str_(""), np.str_("a\x00"), np.bytes_(b""), np.bytes_(b"b\x00"), np.datetime64("NaT", "s")],
        [np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(12).reshape(3, 4)[::2, ::3], np.zeros((0, 3))],
        [np.array(["a", "bcd"]), np.array([b"a", b"b\x00"]), np.array(["2020-01-01"], "M8[ns]"), np.array(1.5)],
        object_array([{"lr": 0.1}, None, np.arange(3), object_array([(1, 2)])]),
        np.ma.MaskedArray(object_array([0.1, "relu", None]), mask=[True, False, False]),
        np.ma.MaskedArray(np.arange(3), mask=[True, False, False], fill_value=7, hard_mask=True),
        torch.tensor([1.0, math.nan, -0.0], dtype=torch.bfloat16),
        torch.arange(6).reshape(2, 3).T,
    ],
    ids=lambda tree: type(tree).__name__,
)  # fmt: skip
def test_round_trip_of_what_is_easily_lost(tree):
    data = encode(tree)
    assert_same(tree, decode(data))
    assert encode(decode(data)) == data


def test_object_arrays_keep_their_shape_and_order():
    array = np.array([[None, 1], ["a", 2.5], [(), []]], dtype=object)
    assert_same(array, decode(encode(array)))
    assert_same(np.asfortranarray(array), decode(encode(np.asfortranarray(array))))
    assert_same(array[:0], decode(encode(array[:0])))


def test_an_array_that_stands_at_two_places_is_stored_twice():
    array = np.arange(3)
    back = decode(encode([array, array, torch.from_numpy(array)]))
    back[0][0] = 9
    assert back[1].tolist() == back[2].tolist() == [0, 1, 2]


def test_to_encode_changes_nothing():
    array = np.ma.MaskedArray([1.0, 2.0], mask=[True, False])
    weight = torch.ones(2, requires_grad=True)
    encode([array, weight])
    assert array._fill_value is None  # numpy sets it when somebody asks for it
    assert weight.requires_grad
    assert not decode(encode(weight)).requires_grad


def test_the_arrays_are_those_of_a_safetensors_file():
    tree = {"net": {"hidden.0.weight": torch.ones(2, 3, dtype=torch.bfloat16), "history": [np.arange(4.0)]}}
    loaded = safetensors.torch.load(encode(tree))
    assert loaded["net/hidden.0.weight"].dtype == torch.bfloat16
    assert loaded["net/history/0"].tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (len, "builtin_function_or_method"),
        ({1}, "set"),
        (1j, "complex"),
        (OrderedDict(), "collections.OrderedDict"),
        (np.zeros(2, dtype=[("a", int)]), "numpy.ndarray of"),
        (np.random.default_rng(0), "numpy.random._generator.Generator"),
        (torch.nn.Parameter(torch.zeros(1)), "torch.nn.parameter.Parameter"),
        (torch.zeros(2, dtype=torch.complex64), "complex64"),
        (torch.zeros(2).to_sparse(), "sparse_coo"),
        (torch.zeros(2, device="meta"), "a tensor of"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_encoded_is_named_with_its_place(value, kind):
    with pytest.raises(TypeError, match=rf"{kind}.* cannot be saved: in \['a'\]\[1\]\[\('b', 2\)\]"):
        encode({"a": [0, {("b", 2): value}]})
    with pytest.raises(TypeError, match="cannot be saved: at the top"):
        encode(value)


def test_keys_that_cannot_be_encoded_are_named():
    with pytest.raises(TypeError, match=r"a key of type frozenset cannot be saved: in \['a'\]"):
        encode({"a": {(1, frozenset()): 1}})


def test_depth_is_limited_on_both_ways():
    cycle = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="more than 100 levels deep, or contains itself"):
        encode(cycle)
    deep = 0
    for _ in range(100):
        deep = {None: (np.ma.MaskedArray(object_array([deep]), [False]),)}
        if len(str(deep)) > 2000:
            break
    nested = 0
    for _ in range(99):
        nested = [nested]
    assert decode(encode(nested)) == nested
    assert_same(deep, decode(encode(deep)))
    for text in (nest('["list",[', "]]", 102), nest('["list",[', "]]", 5000), nest("[", "]", 100_000)):
        with pytest.raises(FileFormatError):
            decode(file_of(text))


# -- files that nobody encoded -----------------------------------------------------------------------------------------


def nest(left, right, depth):
    return left * depth + right * depth


def file_of(tree, layout="1", **entries):
    """A file with valid digests and this text as its tree."""
    body = f'{{"layout":{layout},"tree":{tree}}}'.encode()
    head = codec._MAGIC + bytes.fromhex(codec._digest(body))
    return safetensors.torch.save({**entries, codec._TREE: torch.frombuffer(bytearray(head + body), dtype=torch.uint8)})


X = torch.arange(6, dtype=torch.float64)
DIGEST = codec._digest(X.numpy().tobytes())


def test_file_of_makes_files_that_can_be_read():
    assert decode(file_of('[ "tuple", [1, {"a": 2}]]')) == (1, {"a": 2})
    assert decode(file_of(f'["array","x","{DIGEST}","<f8",[6],"C"]', x=X)).tolist() == X.tolist()


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ('["array","y","","<f8",[6],"C"]', "entry 'y' is missing"),
        ('["array","x","00","<f8",[6],"C"]', "digest"),
        (f'["array","x","{DIGEST}","<f8",[5],"C"]', "shape"),
        (f'["array","x","{DIGEST}","<f8",[2,3],"C"]', "shape"),
        (f'["array","x","{DIGEST}","<f8",[-6],"F"]', "shape"),
        (f'["array","x","{DIGEST}","<f8",[6.0],"F"]', "shape"),
        (f'["array","x","{DIGEST}","<f8",[6],"K"]', "memory order"),
        (f'["array","x","{DIGEST}","<i8",[6],"C"]', "type F64"),
        (f'["array","x","{DIGEST}","|O",[6],"C"]', "type F64"),
        (f'["array","x","{DIGEST}",1,[6],"C"]', "parts of 'array'"),
        (f'["tensor","x","{DIGEST}","torch.float32",[6]]', "not \\[6\\] of torch.float32"),
        (f'["tensor","x","{DIGEST}","torch.float64",[3,2]]', "not \\[3, 2\\]"),
        (f'["list",[["tensor","x","{DIGEST}","torch.float64",[6]],["bytes","x","{DIGEST}"]]]', "two places"),
        ("1", "does not know the entries \\['x'\\]"),
    ],
)
def test_references_that_do_not_fit_are_refused(tree, message):
    with pytest.raises(FileFormatError, match=message):
        decode(file_of(tree, x=X))


@pytest.mark.parametrize(
    "tree",
    [
        "",
        "{",
        "NaN",
        "Infinity",
        '{"a":1,"a":2}',
        '["dict",[[1,2],[1,3]]]',
        '["dict",[[1,2],[true,3]]]',
        '["dict",[[["list",[]],2]]]',
        '["dict",[[1]]]',
        '["eval","1"]',
        '["__class__",[]]',
        '["list"]',
        '["list",1]',
        "[]",
        "[[]]",
        '["int","1x"]',
        "9" * 5000,
        '["float","00"]',
        '["float","zz"]',
        '["str","ff"]',
        '["scalar","|O","00"]',
        '["scalar","<f8","00"]',
        '["scalar","<U9999999999","00"]',
        '["scalar","<U1","ffffffff"]',
        '["scalar","|b1","02"]',
        '["scalar","<M8[(1]","0000000000000000"]',
        '["scalar","U",1]',
        '["objects",[1000000000000],"C",[]]',
        '["objects",[2],"C",[1]]',
        '["masked",1,null,null,false]',
        '["masked",["objects",[1],"C",[1]],["objects",[1],"C",[1]],null,false]',
    ],
)
def test_malformed_trees_are_refused(tree):
    with pytest.raises(FileFormatError):
        decode(file_of(tree))


def test_another_layout_is_named():
    with pytest.raises(FileFormatError, match="reads layout 1 of its files, not 2: update it"):
        decode(file_of("1", layout="2"))


def test_text_that_is_not_ascii_is_refused():
    with pytest.raises(FileFormatError):
        decode(file_of('"ä"'))


def test_other_files_are_refused():
    others = [b"", b"\x00", pickle.dumps([1]), safetensors.torch.save({"x": X}), b"PK\x03\x04" + bytes(100)]
    others += [b"\xff" * 8 + b"{}", struct.pack("<Q", 2**40) + b"{}", struct.pack("<Q", 2) + b"{}"]
    others += [safetensors.torch.save({codec._TREE: torch.zeros(50, dtype=torch.uint8)})]
    for data in others:
        with pytest.raises(FileFormatError, match="not a file of sktune"):
            decode(data)
    with pytest.raises(TypeError, match="must be bytes, got str"):
        decode("text")


def test_declared_sizes_allocate_nothing():
    header = json.dumps({"x": {"dtype": "F64", "shape": [10**12], "data_offsets": [0, 8 * 10**12]}}).encode()
    huge = [struct.pack("<Q", len(header)) + header + bytes(64)]
    huge += [file_of('["objects",[1000000000000,0],"C",[]]'), file_of('["objects",[99999999999999],"C",[1]]')]
    tracemalloc.start()
    for data in huge[:1] + huge[2:]:
        with pytest.raises(FileFormatError):
            decode(data)
    assert decode(huge[1]).shape == (10**12, 0)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


SAMPLE = {
    "a": np.arange(5.0), "b": [True, None, 1.5, "text", b"bytes"], ("c", 1): torch.ones(2, 2),
    "d": np.ma.MaskedArray([1, 2], [True, False]), "e": np.array(["x", "yz"]), "f": object_array([(1, 2**70)]),
}  # fmt: skip


def mutations(data, rng):
    at, other = rng.integers(len(data), size=2)
    low, high = sorted((int(at), int(other)))
    return {
        "bit": data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :],
        "byte": data[:at] + rng.bytes(1) + data[at + 1 :],
        "cut": data[:at],
        "hole": data[:low] + data[high:],
        "insert": data[:at] + rng.bytes(int(rng.integers(1, 9))) + data[at:],
        "swap": data[high:] + data[low:high] + data[:low],
        "length": struct.pack("<Q", int(rng.integers(2**63))) + data[8:],
        "repeat": data + data[low:high],
    }


def test_damaged_files_never_give_another_tree(monkeypatch):
    for module, name in ((pickle, "loads"), (pickle, "load"), (os, "system")):
        monkeypatch.setattr(module, name, lambda *args, **kwargs: pytest.fail("code was run"))
    data, rng = encode(SAMPLE), np.random.default_rng(0)
    n_refused = 0
    for _ in range(400):
        for mutated in mutations(data, rng).values():
            try:
                tree = decode(mutated)
            except FileFormatError:
                n_refused += 1
            else:
                assert_same(SAMPLE, tree)  # only what has no meaning differs, such as blanks in the header
    assert n_refused > 3000


def test_changed_trees_with_valid_digests_end_in_one_error_class():
    data, rng = encode(SAMPLE), np.random.default_rng(1)
    entries = safetensors.torch.load(data)
    skip = len(codec._MAGIC) + codec._DIGEST_BYTES
    body = bytes(entries.pop(codec._TREE).numpy())[skip:]
    n_refused = 0
    for _ in range(400):
        for mutated in mutations(body, rng).values():
            head = codec._MAGIC + bytes.fromhex(codec._digest(mutated))
            tree = torch.frombuffer(bytearray(head + mutated), dtype=torch.uint8)
            try:
                decode(safetensors.torch.save({**entries, codec._TREE: tree}))
            except FileFormatError:
                n_refused += 1
    assert n_refused > 2000


def test_decode_needs_little_of_the_stack():
    nested = 0
    for _ in range(99):
        nested = (nested,)
    before = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(1000)
        assert decode(encode(nested)) == nested
    finally:
        sys.setrecursionlimit(before)
