"""Targets in any unit, as far as the numbers of the network's type reach; and a word where they do not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import huber
from sklearn.datasets import make_regression
from sklearn.metrics import mean_absolute_error, mean_gamma_deviance, mean_pinball_loss, mean_poisson_deviance

from sktune import NetClassifier, NetRegressor
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
    for fit in (NetRegressor.fit, lambda net, X, y: net.fit_until(X, y, 2).fit_until(X, y, 60)):
        net = NetRegressor(**{**SMALL, "max_epochs": 60}, n_layers=1, dtype=dtype)
        fit(net, X, np.full(60, value))
        assert_allclose(net.predict(X), value, rtol=1e-7, atol=1e-30)
        assert_allclose(net.net_.predict(X.astype(dtype))[:, 0], value, rtol=1e-6, atol=1e-30)
        assert net.history_["train_loss"][-1] < 0.01


@pytest.mark.parametrize("constant", [0.0, 1e9, -1e-6])
def test_one_constant_target_of_several_leaves_the_others_alone(constant):
    target = np.column_stack([y, np.full(60, constant), -y])
    predicted = NetRegressor(**SMALL).fit(X, target).predict(X)
    assert_allclose(predicted[:, 1], constant, rtol=1e-7, atol=1e-30)
    other = NetRegressor(**SMALL).fit(X, target * [1, 2.0**30, 1]).predict(X)
    np.testing.assert_array_equal(other[:, [0, 2]], predicted[:, [0, 2]])


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20])
def test_targets_that_are_constant_at_first_only_are_learned_in_any_unit(unit):
    def in_pieces(unit):
        net = NetRegressor(**SMALL).partial_fit(X[:1], np.array([3.0 * unit]))
        for _ in range(20):
            net.partial_fit(X, unit * (3 + y))
        return net

    def warm(unit):
        net = NetRegressor(**SMALL, warm_start=True)
        return net.fit(X, np.full(60, 3.0 * unit)).fit(X, unit * (3 + y))

    for train in (in_pieces, warm):
        plain, other = train(1.0), train(unit)
        np.testing.assert_array_equal(other.predict(X), plain.predict(X) * unit)
        losses = plain.history_["train_loss"][-20:]  # of the targets that vary
        assert losses == other.history_["train_loss"][-20:]
        assert losses[-1] < losses[0] < 100  # not in units of a rounding error


# -- exactly -----------------------------------------------------------------------------------------------------------

NOISY = {"dropout": 0.2, "mixup": 0.2, "input_noise": 0.1, "l1": 1e-3, "clip_norm": 1.0, "early_stopping": True}
LOSSES = ["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"]
PARAMS = st.fixed_dictionaries(
    {
        "optimizer": st.sampled_from(["adamw", "sgd", "rmsprop"]),
        "lr_schedule": st.sampled_from(["constant", "plateau", "cosine"]),
        "normalization": st.sampled_from([None, "batch"]),
        "dtype": st.sampled_from(["float32", "float64"]),
        "random_state": st.integers(0, 3),
    },
    optional={name: st.just(value) for name, value in NOISY.items()},
)


def trained(target, params, **fit_params):
    return NetRegressor(n_neurons=5, max_epochs=4, **params).fit(X, target, **fit_params)


@settings(max_examples=25, deadline=None)
@given(
    params=PARAMS, loss=st.sampled_from(LOSSES), exponents=st.lists(st.integers(-40, 40), min_size=3, max_size=3),
    offset=st.sampled_from([4, 7]),
)  # fmt: skip
def test_powers_of_two_scale_the_predictions_and_nothing_else(params, loss, exponents, offset):
    params = {**params, "loss": loss, "quantile": 0.7}
    target = np.column_stack([y + offset, np.exp(y), np.full(60, 5.0)])  # the last is a constant
    units = 2.0 ** np.array(exponents)
    plain, other = trained(target, params), trained(target * units, params)
    np.testing.assert_array_equal(other.predict(X), plain.predict(X) * units)
    assert other.history_ == plain.history_
    assert other.best_epoch_ == plain.best_epoch_


@settings(max_examples=15, deadline=None)
@given(params=PARAMS, loss=st.sampled_from(LOSSES), exponent=st.integers(-20, 20))
def test_a_power_of_two_in_all_weights_changes_nothing(params, loss, exponent):
    weight, params = np.random.default_rng(0).uniform(0.5, 2.0, 60), {**params, "loss": loss}
    plain, other = (trained(np.exp(y), params, sample_weight=w) for w in (weight, weight * 2.0**exponent))
    np.testing.assert_array_equal(other.predict(X), plain.predict(X))
    assert other.history_ == plain.history_


@settings(max_examples=10, deadline=None)
@given(params=PARAMS)
def test_names_of_classes_that_keep_their_order_change_nothing(params):
    labels = np.digitize(y, [-0.5, 0.5])
    names = np.array(["a", "b", "c"]), np.array([-(10**9), 7, 10**18])
    plain = NetClassifier(n_neurons=5, max_epochs=3, **params).fit(X, labels)
    for name in names:
        other = NetClassifier(n_neurons=5, max_epochs=3, **params).fit(X, name[labels])
        np.testing.assert_array_equal(other.predict_proba(X), plain.predict_proba(X))
        np.testing.assert_array_equal(other.predict(X), name[plain.predict(X)])
        assert other.history_ == plain.history_


@pytest.mark.parametrize("loss", LOSSES)
def test_an_output_of_0_is_the_best_constant(loss):
    """Constants nearby are worse; so are those at a distance for Huber's loss, which starts from the median."""
    target, weight = np.exp(y), np.random.default_rng(0).uniform(0.5, 2.0, 60)
    settings = {"n_layers": 0, "lr": 1e-30, "max_epochs": 1, "quantile": 0.8, "dtype": "float64", "loss": loss}
    no_features = np.zeros((60, 1))
    net = NetRegressor(**settings, eval_train_loss=True, random_state=0).fit(no_features, target, weight)
    (constant,) = np.unique(net.predict(no_features))
    scale = net._target_scale[0]
    measure = {
        "squared_error": lambda o: np.average((target - o) ** 2, weights=weight) / scale**2,
        "absolute_error": lambda o: mean_absolute_error(target, o, sample_weight=weight) / scale,
        "quantile": lambda o: mean_pinball_loss(target, o, sample_weight=weight, alpha=0.8) / scale,
        "poisson": lambda o: mean_poisson_deviance(target, o, sample_weight=weight) / scale,
        "gamma": lambda o: mean_gamma_deviance(target, o, sample_weight=weight),
        "huber": lambda o: np.average(huber(1.0, (target - o) / scale), weights=weight),
    }[loss]
    at = measure(np.full(60, constant))
    assert_allclose(net.history_["eval_train_loss"], at, rtol=1e-12)
    for factor in (0.5, 0.999, 1.001, 2) if loss != "huber" else (0.5, 2):
        assert measure(np.full(60, constant * factor)) >= at


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
