"""A fit equals the same training written out in plain torch, in float64."""

import numpy as np
import pytest
from reference import assert_same_weights, train, weights_of
from sklearn.datasets import make_classification, make_regression
from sklearn.utils.class_weight import compute_sample_weight

from sktune import NetClassifier, NetRegressor

X, y = make_classification(n_samples=70, n_features=6, n_informative=4, n_classes=3, weights=[0.6, 0.3], random_state=0)
X_reg, y_reg = make_regression(n_samples=70, n_features=6, n_targets=2, noise=5.0, random_state=0)
WEIGHT = np.random.default_rng(0).uniform(0.2, 3, size=70)
COMMON = {"n_neurons": 8, "batch_size": 16, "max_epochs": 4, "dtype": "float64", "lr": 0.01, "random_state": 3}

SETTINGS = {
    "default": {},
    "adam": {"optimizer": "adam", "weight_decay": 0.1},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.5, "momentum": 0.5},
    "sgd": {"optimizer": "sgd", "weight_decay": 0.1, "momentum": 0.8},
    "sgd without momentum": {"optimizer": "sgd", "momentum": 0.0},
    "rmsprop": {"optimizer": "rmsprop", "weight_decay": 0.1, "momentum": 0.3},
    "l1": {"l1": 0.01},
    "clip": {"clip_norm": 0.05, "l1": 0.003, "optimizer": "sgd", "lr": 0.5},
    "batch norm": {"normalization": "batch", "weight_decay": 0.3},
    "layer norm": {"normalization": "layer", "weight_decay": 0.3},
    "linear": {"n_layers": 0},
    "widths": {"n_layers": 3, "n_neurons": (9, 5, 7)},
    **{name: {"activation": name} for name in ("leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "identity")},
}


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_regression(setting, weighted):
    weight = WEIGHT if weighted else None
    net = NetRegressor(**{**COMMON, **SETTINGS[setting]}).fit(X_reg, y_reg, weight)
    assert_same_weights(weights_of(net), train(net, X_reg, y_reg, weight))


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("setting", ["default", "sgd", "clip", "batch norm"])
def test_classification(setting, weighted):
    weight = WEIGHT if weighted else None
    net = NetClassifier(**{**COMMON, **SETTINGS[setting]}, label_smoothing=0.1).fit(X, y, weight)
    assert_same_weights(weights_of(net), train(net, X, y, weight))


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 3.0, 2: 0.5}, {1: 2.0}], ids=str)
def test_class_weight_is_a_sample_weight(class_weight):
    net = NetClassifier(**COMMON, class_weight=class_weight).fit(X, y, WEIGHT)
    if class_weight == "balanced":
        # each class ends with the same total of the weights
        totals = np.bincount(y, WEIGHT)
        of_row = totals.sum() / (3 * totals[y])
    else:
        of_row = compute_sample_weight({0: 1.0, 1: 1.0, 2: 1.0, **class_weight}, y)
    assert_same_weights(weights_of(net), train(net, X, y, of_row * WEIGHT))
    assert_same_weights(weights_of(net), weights_of(NetClassifier(**COMMON).fit(X, y, of_row * WEIGHT)))


def test_adamw_decay_is_decoupled_and_spares_the_biases():
    """With a gradient of zero a step shrinks the matrices by lr * weight_decay, whatever their size."""
    net = NetRegressor(
        n_layers=1, n_neurons=4, activation="tanh", lr=0.1, weight_decay=0.5, max_epochs=1, batch_size=99,
        random_state=0, dtype="float64",
    )  # fmt: skip
    inputs = np.zeros((5, 3))
    before = weights_of(NetRegressor(**{**net.get_params(), "lr": 1e-300}).fit(inputs, np.zeros(5)))
    after = weights_of(net.fit(inputs, np.zeros(5)))
    np.testing.assert_allclose(after["hidden.0.weight"], before["hidden.0.weight"] * (1 - 0.1 * 0.5))
    np.testing.assert_array_equal(after["hidden.0.bias"], 0.0)
