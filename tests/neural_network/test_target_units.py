"""Targets in any unit, as far as the numbers of the network's type reach; and a word where they do not."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import make_regression

from sktune import NetRegressor
from sktune.exceptions import SktuneWarning

X, y = make_regression(n_samples=60, n_features=4, random_state=0)
y = (y - y.mean()) / y.std()
SMALL = {"n_neurons": 8, "max_epochs": 20, "lr": 0.02, "random_state": 0}


@pytest.mark.parametrize("unit", [1e-30, 1e-19, 1e-6, 1.0, 1e6, 1e18])
def test_float32_predicts_alike_in_any_unit_that_it_reaches(unit):
    plain = NetRegressor(**SMALL).fit(X, y)
    other = NetRegressor(**SMALL).fit(X, y * unit)
    assert_allclose(other.predict(X), plain.predict(X) * unit, rtol=1e-2, atol=1e-3 * unit)
    assert_allclose(other.history_["train_loss"], plain.history_["train_loss"], rtol=1e-3)


@pytest.mark.parametrize("unit", [1e-290, 1e-100, 1e100, 1e153])
def test_float64_reaches_further(unit):
    plain, other = (NetRegressor(**SMALL, dtype="float64").fit(X, y * factor) for factor in (1, unit))
    assert_allclose(other.predict(X) / unit, plain.predict(X), rtol=1e-6)


@pytest.mark.parametrize(("dtype", "unit"), [("float32", 1e-33), ("float32", 1e-200), ("float64", 1e-300)])
def test_targets_too_small_for_the_type_are_refused(dtype, unit):
    with pytest.raises(ValueError, match=rf"y has a standard deviation of 1e-\d+, too small for dtype='{dtype}'"):
        NetRegressor(**SMALL, dtype=dtype).fit(X, y * unit)


@pytest.mark.parametrize(("dtype", "unit"), [("float32", 1e25), ("float32", 1e200), ("float64", 1e200)])
def test_targets_too_large_for_the_type_are_refused(dtype, unit):
    with pytest.raises(ValueError, match=f"too large for dtype='{dtype}'"):
        NetRegressor(**SMALL, dtype=dtype).fit(X, y * unit)


def test_targets_that_vary_too_little_around_an_offset_are_a_warning():
    with pytest.warns(SktuneWarning, match=r"standard deviation of 1 around 1e\+09, which dtype='float32'"):
        NetRegressor(**SMALL).fit(X, y + 1e9)
    for dtype, offset in (("float64", 1e9), ("float32", 1e5)):
        near, far = (NetRegressor(**SMALL, dtype=dtype).fit(X, y + shift) for shift in (0, offset))
        assert far.score(X, y + offset) == pytest.approx(near.score(X, y), abs=1e-2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", [0.0, 1e-35, 0.1, -7e15])
def test_constant_targets_are_learned_as_the_network_starts_from_them(dtype, value):
    net = NetRegressor(**{**SMALL, "max_epochs": 60}, n_layers=1, dtype=dtype).fit(X, np.full(60, value))
    assert_allclose(net.predict(X), value, rtol=1e-3, atol=0.3)
    assert net.history_["train_loss"][-1] < 0.01


def test_each_target_has_its_own_unit():
    alone = NetRegressor(**SMALL, n_layers=0, dtype="float64").fit(X, np.column_stack([y, -y]))
    mixed = NetRegressor(**SMALL, n_layers=0, dtype="float64").fit(X, np.column_stack([1e-9 * y + 3, -1e9 * y]))
    assert_allclose((mixed.predict(X) - [3, 0]) / [1e-9, 1e9], alone.predict(X), atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64", "bool", "float16", "float32", "object"])
def test_targets_of_any_numeric_type(dtype):
    target = np.round(np.clip(y, 0, 2)).astype(bool if dtype == "bool" else float)
    expected = NetRegressor(**SMALL).fit(X, target.astype(float)).predict(X)
    predicted = NetRegressor(**SMALL).fit(X, target.astype(dtype)).predict(X)
    assert predicted.dtype == np.float64
    np.testing.assert_array_equal(predicted, expected)


def test_targets_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="y must be numbers, got dtype=<U1"):
        NetRegressor(**SMALL).fit(X, np.where(y > 0, "a", "b"))
    with pytest.raises(ValueError, match="omplex"):
        NetRegressor(**SMALL).fit(X, y + 1j)
