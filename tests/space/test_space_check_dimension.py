"""What users write, and what it means."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.svm import SVC

from sktune.space import Categorical, Distribution, Integer, Real, Space, check_dimension


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ((1e-6, 1e6, "log-uniform"), Real(1e-6, 1e6, "log-uniform")),
        ((1e-6, 1e6, "log-uniform", 2), Real(1e-6, 1e6, "log-uniform", 2)),
        ((0.0, 1.0), Real(0.0, 1.0)),
        ((0, 1.0), Real(0.0, 1.0)),
        ((0.0, 1), Real(0.0, 1.0)),
        ((0.0, 1.0, "uniform"), Real(0.0, 1.0)),
        ((np.float64(0), np.float32(1)), Real(0, 1)),
        ((1, 8), Integer(1, 8)),
        ((1, 8, "uniform"), Integer(1, 8)),
        ((1, 8, "log-uniform"), Integer(1, 8, "log-uniform")),
        ((16, 512, "power-of-two"), Integer(16, 512, "power-of-two")),
        ((np.int64(1), 8), Integer(1, 8)),
        (["linear", "poly"], Categorical(["linear", "poly"])),
        ([3], Categorical([3])),
        ([64, 128], Categorical([64, 128])),
        ([0.1, 0.5], Categorical([0.1, 0.5])),
        ([1e-6, 1e6, "log-uniform"], Categorical([1e-6, 1e6, "log-uniform"])),
        ([None, 1], Categorical([None, 1])),
        ([True, False], Categorical([True, False])),
        ([(64,), (64, 32)], Categorical([(64,), (64, 32)])),
        (np.array([64, 128]), Categorical([64, 128])),
        (np.array(["a", "b"]), Categorical(["a", "b"])),
        (("relu", "tanh"), Categorical(["relu", "tanh"])),
        ((True, False), Categorical([True, False])),
        ((None, "balanced"), Categorical([None, "balanced"])),
        (("relu",), Categorical(["relu"])),
        (((64,), (64, 64)), Categorical([(64,), (64, 64)])),
        (((1, 1), (1, 2)), Categorical([(1, 1), (1, 2)])),
        (range(1, 5), Integer(1, 4)),
        (range(32, 129, 32), Integer(32, 128, step=32)),
        (range(9, 0, -2), Integer(1, 9, step=2)),
        (range(3, 4), Categorical([3])),
        (np.logspace(-2, 2, 5), Categorical([0.01, 0.1, 1.0, 10.0, 100.0])),
        (pd.Series([64, 128]), Categorical([64, 128])),
        (pd.Series(["a", None], dtype=object), Categorical(["a", None])),
        (pd.Index(["a", "b"]), Categorical(["a", "b"])),
        (pd.RangeIndex(3), Categorical([0, 1, 2])),
        (stats.randint(1, 9), Distribution(stats.randint(1, 9))),
        (stats.loguniform(1e-3, 1), Distribution(stats.loguniform(1e-3, 1))),
        (stats.norm(0, 1), Distribution(stats.norm(0, 1))),
    ],
    ids=lambda part: repr(part) if type(part).__repr__ is not object.__repr__ else None,  # no addresses
)
def test_specs(spec, expected):
    dimension = check_dimension(spec, "x")
    assert type(dimension) is type(expected)
    assert dimension == expected
    assert dimension.name == "x"
    assert check_dimension(spec).name is None


def test_a_dimension_stands_for_itself_and_keeps_its_name():
    dimension = Real(0, 1, name="lr")
    assert check_dimension(dimension) is dimension
    assert check_dimension(dimension, "lr") is dimension
    renamed = check_dimension(dimension, "net__lr")
    assert renamed == dimension
    assert (renamed.name, dimension.name) == ("net__lr", "lr")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("23", r"Invalid dimension '23': it has to be a list, tuple.* write \['23'\] for a constant"),
        (3, r"write \[3\] for a constant"),
        (0.5, r"write \[0.5\] for a constant"),
        (None, r"write \[None\] for a constant"),
        (True, r"write \[True\] for a constant"),
        (np.int64(3), r"write \[np.int64\(3\)\] for a constant"),
        ((1, "r"), r"write \[1, 'r'\] for a choice"),
        ((1,), r"write \[1\] for a choice"),
        ((1, 2, 3), r"write \[1, 2, 3\] for a choice"),
        ((1, 2, "uniform", "x"), "a tuple with numbers is a range"),
        ((1, 2, "uniform", 10, 3), "a tuple with numbers is a range"),
        ((None, 1), r"write \[None, 1\] for a choice"),
        ((), "at least one choice"),
        ((1, 2, "normal"), "prior should be .*, got 'normal'"),
        ((3, 1), "the lower bound 3 has to be less than the upper bound 1"),
        ((2, 2), "has to be less than the upper bound"),
        ((0.0, 1.0, "log-uniform"), "should not contain 0 or less"),
        ((0.0, float("nan")), "high must be a finite number"),
        ([], "at least one choice"),
        ([1, 1], "categories must differ"),
        (range(3, 3), "at least one choice"),
        (pd.DataFrame({"a": [1, 2]}), "write a list of choices"),
        ({"a", "b"}, "write a list of choices"),
        ({"a": 1}, "write a list of choices"),
        (pd.Series([1, 1]), "categories must differ"),
        (SVC(), "write a list of choices"),
        (stats.norm, None),
        (stats.multivariate_normal([0, 0]), "it has to be a list, tuple"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_everything_else_is_refused_by_name(spec, message):
    if message is None:
        assert check_dimension(spec) == Distribution(stats.norm)
        return
    with pytest.raises(ValueError, match=message):
        check_dimension(spec)
    with pytest.raises(ValueError, match="parameter 'net__lr': "):
        check_dimension(spec, "net__lr")
    with pytest.raises(ValueError, match="parameter 'net__lr': "):
        Space({"net__lr": spec})


def test_rows_of_an_array_are_choices():
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    dimension = check_dimension(rows)
    assert dimension.n_values == 2
    assert [value.tolist() for value in dimension.from_unit([0.0, 1.0])] == rows.tolist()
