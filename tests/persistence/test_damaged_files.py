"""Thousands of damaged and forged files: each ends in one error class, or in a model that works."""

import builtins
import collections
import datetime
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import warnings
import zipfile

import joblib
import numpy as np
import pytest
import safetensors.torch
import skops.io
import sympy  # noqa: F401 - torch imports it at some first use, and it calls eval then
import torch
from saved_models import XR, X, regressor, y, yr
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import sktune
from sktune._utils import codec
from sktune.exceptions import FileFormatError
from sktune.persistence._file import from_bytes, to_bytes
from sktune.persistence._skops import untrusted_names

NET = {"max_epochs": 1, "n_neurons": 2, "n_layers": 1, "random_state": 0}
TINY = sktune.NetClassifier(**NET)
ROWS, LABELS = X[:24, :2], y[:24] % 2
SPACE = {"lr": sktune.Real(1e-3, 0.1, "log-uniform"), "optimizer": ["sgd", "adam"]}
MAKERS = {
    "net": lambda: sktune.NetClassifier(early_stopping=True, normalization="batch", **NET).fit(ROWS, LABELS),
    "regressor": lambda: regressor(n_neurons=2, max_epochs=1).fit(XR[:24, :2], yr[:24]),
    "pipeline": lambda: make_pipeline(StandardScaler(), TINY).fit(ROWS, LABELS),
    "skops": lambda: make_pipeline(MinMaxScaler(), TINY).fit(ROWS, LABELS),
    "search": lambda: sktune.BayesSearchCV(TINY, SPACE, n_iter=2, cv=2, random_state=0).fit(ROWS, LABELS),
    "grid": lambda: GridSearchCV(TINY, {"lr": [0.1, 0.2]}, cv=2).fit(ROWS, LABELS),
    "trees": lambda: RandomForestClassifier(2, max_depth=2, random_state=0).fit(ROWS, LABELS),
    "neighbours": lambda: KNeighborsClassifier(algorithm="kd_tree").fit(ROWS, LABELS),
    "unfitted": lambda: sktune.BayesSearchCV(TINY, sktune.Space(SPACE)),
}
VALUES = [
    None, True, False, 0, 1, -1, 2, 3, 2**31, 10**12, 2**70, 0.5, -1.5, float("nan"), float("inf"), 1e308, "", "cuda",
    "meta", "sgd", "NetClassifier", "NetRegressor", "Pipeline", "StandardScaler", "GridSearchCV", "Real", "type", "os",
    b"", b"PK", [], [1, 2], (), (3,), {}, {"a": 1}, {"__sktune__": "sktune"}, {"__sktune__": "dict", "items": [1]},
    np.arange(2), np.arange(3.0), np.zeros((2, 2), np.float32), np.array(["a", "b"]), np.array([None, "a"], object),
    torch.zeros(2), torch.full((2, 2), 3e38), torch.zeros(2, dtype=torch.int64), np.float64(1.0), np.int64(1),
]  # fmt: skip


@pytest.fixture(autouse=True)
def canary(monkeypatch):
    """Fail where anything is called that could run code from a file."""
    places = [(pickle, "loads"), (pickle, "load"), (os, "system"), (os, "popen"), (subprocess, "Popen")]
    places += [(builtins, "eval"), (joblib, "load"), (torch, "load")]
    called = []

    def watch(name, real):
        def watched(*args, **kwargs):
            if sys._getframe(1).f_code.co_filename != collections.__file__:  # which makes named tuples by eval
                called.append((name, args[:1]))
            return real(*args, **kwargs)

        return watched

    with monkeypatch.context() as context:
        for module, name in places:
            context.setattr(module, name, watch(name, getattr(module, name)))
        yield
    assert not called


@pytest.fixture(scope="module")
def files():
    return {name: to_bytes(make()) for name, make in MAKERS.items()}


def outcome(data):
    """Load, and predict if that went well; return which way it ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = from_bytes(data, trusted=())
        except FileFormatError:
            return "refused"
        try:
            for rows in (ROWS, XR[:24, :2]) if hasattr(model, "predict") else ():
                model.predict(rows)
        except ValueError:
            return "loaded, then a ValueError"
        return "loaded"


def bytes_damaged(data, rng):
    """Yield copies of `data` with bits flipped, parts cut, put in, swapped, repeated, and with another length."""
    at, other, third = sorted(rng.integers(len(data), size=3).tolist())
    yield data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :]
    yield data[:at] + rng.bytes(4) + data[at + 4 :]
    yield data[:at]
    yield data[:at] + data[other:]
    yield data[:at] + rng.bytes(int(rng.integers(1, 20))) + data[at:]
    yield data[:at] + data[other:third] + data[at:other] + data[third:]
    yield data + data[at:other]
    yield struct.pack("<Q", int(rng.integers(2**63))) + data[8:]


def places_of(tree, path=()):
    """Yield the path of every value of a tree."""
    items = ()
    if isinstance(tree, dict):
        items = tree.items()
    elif isinstance(tree, list | tuple):
        items = enumerate(tree)
    for key, value in items:
        yield (*path, key)
        yield from places_of(value, (*path, key))


def replaced(tree, path, change):
    """Return a copy of a tree, in which `change` has changed the container at the end of the path."""
    if len(path) == 1:
        copied = dict(tree) if isinstance(tree, dict) else list(tree)
        change(copied, path[0])
    else:
        copied = dict(tree) if isinstance(tree, dict) else list(tree)
        copied[path[0]] = replaced(tree[path[0]], path[1:], change)
    return tuple(copied) if isinstance(tree, tuple) else copied


def forged(tree, paths, rng):
    """Return a file with valid digests in which one value is another, is missing, or stands elsewhere."""
    path = paths[rng.integers(len(paths))]
    value = VALUES[rng.integers(len(VALUES))]
    way = rng.integers(6)

    def change(container, key):
        if way == 0:
            del container[key]
        elif way == 1 and isinstance(container, dict):
            container[f"{key}x"] = container.pop(key)
        elif way == 2 and isinstance(container, list):
            container.insert(key, container[key])
        elif way == 3 and isinstance(container[key], np.ndarray | torch.Tensor) and container[key].size:
            container[key] = container[key][:-1] if container[key].ndim else value
        elif way == 3 and type(container[key]) in (int, float):
            container[key] = -container[key] * int(rng.integers(1, 100))
        else:
            container[key] = value

    return codec.encode(replaced(tree, path, change))


def test_damaged_bytes(files):
    rng, outcomes = np.random.default_rng(0), {}
    for data in files.values():
        for _ in range(150):
            for damaged in bytes_damaged(data, rng):
                end = outcome(damaged)
                outcomes[end] = outcomes.get(end, 0) + 1
    assert sum(outcomes.values()) > 8_000
    assert outcomes["refused"] > 0.98 * sum(outcomes.values())


def test_forged_text_with_valid_digests(files):
    rng, refused, n = np.random.default_rng(1), 0, 0
    skip = len(codec._MAGIC) + codec._DIGEST_BYTES
    for data in files.values():
        entries = safetensors.torch.load(data)
        body = bytes(entries.pop(codec._TREE).numpy())[skip:]
        for _ in range(15):
            for text in bytes_damaged(body, rng):
                head = codec._MAGIC + bytes.fromhex(codec._digest(text))
                entries[codec._TREE] = torch.frombuffer(bytearray(head + text), dtype=torch.uint8)
                refused += outcome(safetensors.torch.save(entries)) == "refused"
                n += 1
    assert n > 800
    assert refused > 0.8 * n


@pytest.mark.parametrize("name", MAKERS)
def test_forged_values_with_valid_digests(files, name):
    rng = np.random.default_rng(2)
    tree = codec.decode(files[name])
    paths = [path for path in places_of(tree) if path[0] == "estimator"]
    outcomes = {}
    for _ in range(250):
        end = outcome(forged(tree, paths, rng))
        outcomes[end] = outcomes.get(end, 0) + 1
    assert outcomes["refused"] > 60
    if name not in ("unfitted", "trees"):  # each part of a tree must fit the others: no forged one is loaded
        assert outcomes["loaded"] > 5


def test_forged_objects_of_skops(files):
    rng, tree = np.random.default_rng(3), codec.decode(files["skops"])
    steps = tree["estimator"]["state"]["params"]["steps"]
    place = ("estimator", "state", "params", "steps", 0, 1, "data")
    data = steps[0][1]["data"]
    names = [b"sklearn.preprocessing._data", b"MinMaxScaler", b"ObjectNode", b"NdArrayNode", b"numpy", b"builtins"]
    evil = [b"os", b"system", b"builtins.eval", b"FunctionNode", b"posix", b"subprocess", b"TypeNode"]
    for _ in range(40):
        changed = [data.replace(names[rng.integers(len(names))], evil[rng.integers(len(evil))])]
        for damaged in [*bytes_damaged(data, rng), *changed]:
            outcome(codec.encode(replaced(tree, place, lambda parts, key, new=damaged: parts.update({key: new}))))


def test_whole_files_are_loaded(files):
    assert {name: outcome(data) for name, data in files.items()} == {
        name: "loaded, then a ValueError" if name == "unfitted" else "loaded" for name in files
    }


# -- names that skops may make -----------------------------------------------------------------------------------------


def with_schema(data, change):
    """Return an archive of skops in which `change` has changed every node of the tree of objects."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["schema.json"] = json.dumps(changed_schema(json.loads(files["schema.json"]), change)).encode()
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def changed_schema(node, change):
    if isinstance(node, list):
        return [changed_schema(item, change) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: changed_schema(item, change) for key, item in node.items()}
    return change(node) if "__loader__" in node else node


def renamed(old, new, loader=None):
    def change(node):
        if f"{node['__module__']}.{node['__class__']}" == old:
            node["__module__"], _, node["__class__"] = new.rpartition(".")
            node["__loader__"] = loader or node["__loader__"]
        return node

    return change


ACCURACY = "sklearn.metrics._classification.accuracy_score"
SCORER = "sklearn.metrics._scorer._Scorer"


@pytest.mark.parametrize(
    ("old", "new", "loader"),
    [
        (ACCURACY, "os.system", None),
        (ACCURACY, "builtins.eval", None),
        (ACCURACY, "joblib.numpy_pickle.load", None),
        (ACCURACY, "sklearn.datasets._base.load_files", None),
        (ACCURACY, "sklearn.utils._testing.create_memmap_backed_data", None),
        (ACCURACY, "numpy.lib._npyio_impl.load", None),
        (ACCURACY, "numpy.save", None),
        (ACCURACY, "skops.io._persist.load", None),
        (ACCURACY, "sktune.persistence._file.save", None),
        (ACCURACY, ACCURACY, "TypeNode"),
        (SCORER, "subprocess.Popen", None),
        (SCORER, "sklearn.utils._testing.TempMemmap", None),
        (SCORER, "sklearn.tree._tree.Tree", None),
        (SCORER, "joblib.memory.Memory", None),
    ],
)
def test_names_that_could_do_harm_are_not_trusted(old, new, loader):
    data = skops.io.dumps(make_scorer(accuracy_score))
    assert untrusted_names(data) == []
    forged = with_schema(data, renamed(old, new, loader))
    assert untrusted_names(forged) == [new]


@pytest.mark.parametrize("name", ["numpy.mean", ACCURACY, SCORER, "functools.partial", "sklearn.utils._bunch.Bunch"])
def test_a_harmless_name_is_not_trusted_where_it_is_called(name):
    """skops calls what such a node names with arguments from the file."""
    data = skops.io.dumps({"value": datetime.timezone(datetime.timedelta(hours=1))})
    if b"ConstructorFromReduceNode" not in zipfile.ZipFile(io.BytesIO(data)).read("schema.json"):
        pytest.skip("this version of skops has no node that calls what it names")

    def change(node):
        return renamed("datetime.timezone", name)(node) if node["__loader__"] == "ConstructorFromReduceNode" else node

    assert name in untrusted_names(with_schema(data, change))


def test_methods_are_not_trusted_whatever_they_belong_to():
    data = skops.io.dumps(make_scorer(accuracy_score).set_score_request)
    assert SCORER in untrusted_names(data)
