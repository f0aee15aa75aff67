"""Equal values, equal keys; another value, another bit of code, another key."""

import functools
import subprocess
import sys
import textwrap
import threading
import types

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, make_scorer
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktune import Categorical, NetClassifier, Real
from sktune.exceptions import FingerprintError
from sktune.store import fingerprint

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner) | st.sets(SCALARS),
    max_leaves=10,
)


def twin(value):
    """An equal value that shares nothing with it, and has the same text everywhere."""
    if isinstance(value, dict):
        return {twin(name): twin(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return type(value)(twin(inner) for inner in value)
    if isinstance(value, str):
        return "".join(list(value))
    return value


@given(TREES)
def test_equal_values_have_equal_keys(value):
    assert fingerprint(twin(value)) == fingerprint(value)


@given(TREES, TREES)
def test_different_values_have_different_keys(one, other):
    # repr tells apart what == does not: 1 and True, 0.0 and -0.0
    is_same = repr(one) == repr(other)
    if not any(isinstance(part, set) for part in (one, other)) and "{" not in repr(one) + repr(other):
        assert (fingerprint(one) == fingerprint(other)) == is_same


DIFFERENT = [
    1, 1.0, True, "1", b"1", None, [1], (1,), {1}, {1: 1}, [[1]], [1, 1], ["ab", "c"], ["a", "bc"], -0.0, 0.0,
    float("nan"), range(3), np.array([1]), np.array([1.0]), np.array([1], np.int32), np.array([[1]]), np.array(["a"]),
    np.array(["a", None], object), np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0]), np.zeros((0, 2)),
    np.zeros((0, 3)), np.datetime64("2020-01-01"), pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}),
    pd.DataFrame({"a": [1.0]}), pd.DataFrame({"a": [1]}, index=[7]), pd.Series([1]), scipy.sparse.csr_array(np.eye(2)),
    scipy.sparse.csc_array(np.eye(2)), torch.ones(1), torch.ones(1, dtype=torch.bfloat16), torch.zeros(1),
    np.random.RandomState(0), np.random.RandomState(1), np.random.default_rng(0), SVC(), SVC(C=2), SVC(C=1),
    make_pipeline(PCA(), SVC()), make_pipeline(PCA(2), SVC()), NetClassifier(), NetClassifier(dropout=0.1),
    FrozenEstimator(LogisticRegression().fit([[0], [1]], [0, 1])),
    FrozenEstimator(LogisticRegression().fit([[0], [2]], [0, 1])), get_scorer("accuracy"), get_scorer("f1"),
    get_scorer("roc_auc"), SVC, PCA, len, sorted, np.add, np.multiply, np.mean, functools.partial(np.mean, axis=0),
    functools.partial(np.mean, axis=1), functools.partial(np.add, 1), Real(0, 1), Real(0, 2), Categorical([0, 1]),
    sys, np, str.upper, [].append,
]  # fmt: skip


def test_values_of_all_kinds_differ():
    # C=1 and C=1.0 are the only two that differ in nothing but the type of a number
    assert len({fingerprint(value) for value in DIFFERENT}) == len(DIFFERENT)


def test_numbers_of_numpy_are_numbers():
    assert fingerprint([np.float64(0.5), np.int64(3), np.str_("a"), np.bool_(True)]) == fingerprint([0.5, 3, "a", True])


def test_views_and_memory_layouts_do_not_count():
    X = np.arange(12.0).reshape(3, 4)
    assert len({fingerprint(x) for x in (X, np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2])}) == 1


def test_order_in_which_attributes_were_set_does_not_count():
    one, other = SVC(), SVC()
    other.C, other.gamma = other.C, other.gamma
    vars(other)["C"] = vars(other).pop("C")
    assert fingerprint(one) == fingerprint(other)


def test_cycles_end():
    one, other = [1], [1]
    one.append(one)
    other.append(other)
    assert fingerprint(one) == fingerprint(other) != fingerprint([1, [1]])


@pytest.mark.parametrize("value", [threading.Lock(), open, (i for i in ())])
def test_what_cannot_be_told_apart_is_refused(value, tmp_path):
    if value is open:
        value = open(tmp_path / "file", "w")  # noqa: SIM115
    with pytest.raises(FingerprintError, match=r"^\['setting'\]\[0\] is of type .*, which cannot be pickled"):
        fingerprint({"setting": [value]})
    if hasattr(value, "close"):
        value.close()


def keys_of(body, name="users_code"):
    """Run code as that of a module of the user's, and return the keys of what it lists."""
    module = types.ModuleType(name)
    exec(compile(textwrap.dedent(body), name, "exec"), vars(module))
    return [fingerprint(value) for value in module.VALUES]


CODE = """
    import numpy as np
    from sklearn.base import BaseEstimator
    SHIFT = 1
    def helper(x): return other(x) + SHIFT
    def other(x): return np.mean(x) if x else helper(x)
    def metric(y, p): return [helper(v) for v in y]
    class Own(BaseEstimator):
        def __init__(self, a=1): self.a = a
        def fit(self, X, y): return helper(X)
    class Child(Own): pass
    def outer(n):
        return lambda x: x + n
    VALUES = [metric, Own(), Child(), outer(3), Own().fit, {"a", "b", "c"}]
"""


def test_keys_are_the_same_in_another_process():
    body = "import types\nfrom sktune.store import fingerprint\nmodule = types.ModuleType('users_code')\n"
    body += f"exec({textwrap.dedent(CODE)!r}, vars(module))\nfor value in module.VALUES: print(fingerprint(value))"
    done = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == keys_of(CODE)


def test_own_code_counts_down_to_what_it_refers_to():
    plain = keys_of(CODE)
    assert keys_of(CODE + "    unrelated = 3\n") == plain
    for change in (("SHIFT = 1", "SHIFT = 2"), ("np.mean(x)", "np.sum(x)"), ("np.mean(x) if", "np.mean(x[1:]) if")):
        changed = keys_of(CODE.replace(*change))
        assert [a == b for a, b in zip(plain, changed, strict=True)] == [False] * 3 + [True, False, True]
    changed = keys_of(CODE.replace("outer(3)", "outer(4)"))
    assert [a == b for a, b in zip(plain, changed, strict=True)] == [True] * 3 + [False] + [True] * 2
    changed = keys_of(CODE.replace("return helper(X)", "return self"))
    assert [a == b for a, b in zip(plain, changed, strict=True)] == [True, False, False, True, False, True]


def test_what_is_taken_from_own_modules_counts():
    helpers = types.ModuleType("users_helpers")
    body = "VALUES = [lambda x: helpers.mean(x)]"

    def key(code):
        exec(code, vars(helpers))
        module = types.ModuleType("users_code")
        module.helpers = helpers
        exec(body, vars(module))
        return fingerprint(module.VALUES)

    first = key("def mean(x): return sum(x) / len(x)")
    assert key("def mean(x): return sum(x) / len(x)\nother = 3") == first
    assert key("def mean(x): return sum(x) / (len(x) - 1)") != first


def test_a_scorer_made_of_a_local_function_counts_by_its_code():
    def scorer(power):
        return make_scorer(lambda y, p: -np.mean(np.abs(y - p) ** power))

    assert fingerprint(scorer(2)) == fingerprint(scorer(2)) != fingerprint(scorer(3))


def test_callbacks_that_report_do_not_count():
    class Silent(BaseEstimator):
        pass

    with_callback = Silent()
    with_callback._skl_callbacks = [object()]
    assert fingerprint(with_callback) == fingerprint(Silent())
