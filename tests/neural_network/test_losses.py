"""Losses of the estimators: a linear network comes to the optimum of scikit-learn's linear models, and the rest."""

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.special import huber
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import GammaRegressor, PoissonRegressor, QuantileRegressor
from sklearn.metrics import mean_gamma_deviance, mean_pinball_loss, mean_poisson_deviance

from sktune import NetRegressor
from sktune.exceptions import DivergedError

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 3))
y = np.exp(X @ [0.5, -0.3, 0.2]) * rng.gamma(2.0, size=80)
WEIGHT = rng.uniform(0.5, 2.0, size=80)
#: plain gradients of all rows, ever smaller steps
LINEAR = {
    "n_layers": 0, "weight_decay": 0.0, "batch_size": 80, "dtype": "float64", "random_state": 0, "lr": 0.05,
    "max_epochs": 1500, "lr_schedule": "cosine",
}  # fmt: skip


def best_huber(delta):
    """The least mean of Huber's loss over linear models."""
    design = np.column_stack([X, np.ones(80)])
    found = minimize(lambda w: np.average(huber(delta, y - design @ w), weights=WEIGHT), np.zeros(4), method="BFGS")
    return design @ found.x


def peer(model):
    return lambda net: model.fit(X, y, sample_weight=WEIGHT).predict(X)


#: loss -> its setting, the best predictions, and what they are best for
PEERS = {
    "quantile": (
        {"quantile": 0.8},
        peer(QuantileRegressor(quantile=0.8, alpha=0.0)),
        lambda p: mean_pinball_loss(y, p, sample_weight=WEIGHT, alpha=0.8),
    ),
    "absolute_error": (
        {},
        peer(QuantileRegressor(quantile=0.5, alpha=0.0)),
        lambda p: mean_pinball_loss(y, p, sample_weight=WEIGHT),
    ),
    "poisson": (
        {},
        peer(PoissonRegressor(alpha=0.0, tol=1e-8)),
        lambda p: mean_poisson_deviance(y, p, sample_weight=WEIGHT),
    ),
    "gamma": (
        {},
        peer(GammaRegressor(alpha=0.0, tol=1e-8)),
        lambda p: mean_gamma_deviance(y, p, sample_weight=WEIGHT),
    ),
    "huber": (
        {"huber_delta": 0.7},
        lambda net: best_huber(0.7 * net._target_scale[0]),
        lambda p: np.average(huber(0.7 * mean_distance(), y - p), weights=WEIGHT),
    ),
}


def mean_distance():
    median = np.quantile(y, 0.5, weights=WEIGHT, method="inverted_cdf")
    return np.average(np.abs(y - median), weights=WEIGHT)


@pytest.mark.parametrize("loss", PEERS)
def test_linear_networks_reach_the_optimum(loss):
    setting, best, objective = PEERS[loss]
    net = NetRegressor(**LINEAR, loss=loss, **setting).fit(X, y, WEIGHT)
    start = NetRegressor(**{**LINEAR, "lr": 1e-30, "max_epochs": 1}, loss=loss, **setting).fit(X, y, WEIGHT)
    lowest = objective(best(net))
    # objectives without curvature are met as nearly as the last steps are small
    assert 0 <= objective(net.predict(X)) - lowest + 1e-9 < 1e-3 * (objective(start.predict(X)) - lowest)


@pytest.mark.parametrize("loss", ["quantile", "huber"])
def test_networks_of_a_bagging_train_as_they_do_alone(loss):
    name = {"quantile": "quantile", "huber": "huber_delta"}[loss]
    nets = [NetRegressor(loss=loss, **{name: value}, n_neurons=8, max_epochs=3, random_state=0) for value in (0.2, 0.7)]

    def fitted():
        return [BaggingRegressor(net, n_estimators=2, random_state=0).fit(X, y).predict(X) for net in nets]

    alone = fitted()
    with joblib.parallel_config("sktune", n_jobs=2):
        together = joblib.Parallel()(joblib.delayed(net.fit)(X, y) for net in nets)
        assert_array_equal(fitted(), alone)
    for net, other in zip(nets, together, strict=True):
        assert_array_equal(net.fit(X, y).predict(X), other.predict(X))


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_predictions_beyond_all_numbers_are_an_error(loss):
    net = NetRegressor(loss=loss, n_layers=0, max_epochs=5, random_state=0)
    with pytest.raises(DivergedError, match=r"the train loss is (inf|nan)"):
        net.set_params(lr=1e6).fit(X, y)
    net.set_params(lr=1e-3).fit(X, y)
    with pytest.raises(DivergedError, match="output is not finite for 1 of 2 rows"):
        net.predict([[0.0] * 3, (1e6 * np.sign(net.net_.module_.output.weight.detach().numpy()[0])).tolist()])


def test_training_does_not_go_on_with_the_logarithm_of_what_it_was():
    net = NetRegressor(max_epochs=2, warm_start=True, random_state=0).fit(X, y)
    net.set_params(loss="huber").fit(X, y)
    with pytest.raises(ValueError, match="former network, whose loss is 'huber': it cannot change to 'poisson'"):
        net.set_params(loss="poisson").fit(X, y)


def test_rows_of_weight_two_are_two_rows():
    weight = np.arange(80) % 3
    twice = np.repeat(np.arange(80), weight)
    for loss in ("absolute_error", "quantile", "poisson"):
        net = NetRegressor(**{**LINEAR, "max_epochs": 20, "batch_size": 200}, loss=loss)
        weighted, repeated = net.fit(X, y, weight).predict(X), net.fit(X[twice], y[twice]).predict(X)
        assert_allclose(weighted, repeated, rtol=1e-9)
