"""Weights of rows and of classes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_classification
from sklearn.utils.class_weight import compute_sample_weight

from sktune import NetClassifier, NetRegressor

X, y = make_classification(n_samples=60, n_features=5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
NAMES = np.array(["ant", "bee", "cat"])
SMALL = {"n_neurons": 8, "max_epochs": 4, "lr": 0.01, "dtype": "float64", "random_state": 0}
#: one batch with all rows, so that leaving rows out or doubling them cannot change the order of the others
ONE_BATCH = {**SMALL, "batch_size": 1000}


def outputs(net):
    return net.predict_proba(X) if hasattr(net, "predict_proba") else net.predict(X)


@pytest.mark.parametrize("Net", [NetClassifier, NetRegressor])
@pytest.mark.parametrize("normalization", [None, "layer"])
def test_weight_2_is_the_row_twice_and_weight_0_the_row_left_out(Net, normalization):
    counts = np.arange(60) % 3
    weighted = Net(**ONE_BATCH, normalization=normalization).fit(X, y, counts)
    repeated = Net(**ONE_BATCH, normalization=normalization).fit(np.repeat(X, counts, 0), np.repeat(y, counts))
    assert_allclose(outputs(weighted), outputs(repeated), rtol=1e-9)
    assert_allclose(weighted.history_["train_loss"], repeated.history_["train_loss"], rtol=1e-9)


@pytest.mark.parametrize("batch_size", [7, 1000])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_balanced_classes_are_balanced_sample_weights(early_stopping, batch_size):
    """Those of the rows to train on, which rows that are set aside have as well."""
    options = {**SMALL, "batch_size": batch_size, "early_stopping": early_stopping}
    valid = {"X_val": X[45:], "y_val": y[45:]} if early_stopping else {}
    by_class = NetClassifier(**options, class_weight="balanced").fit(X[:45], y[:45], **valid)
    weight = compute_sample_weight("balanced", y[:45])
    if early_stopping:
        valid["sample_weight_val"] = [weight[np.flatnonzero(y[:45] == label)[0]] for label in y[45:]]
    by_row = NetClassifier(**options).fit(X[:45], y[:45], weight, **valid)
    assert_array_equal(outputs(by_class), outputs(by_row))
    assert by_class.history_ == by_row.history_


def test_class_weights_are_named_by_label():
    of_class = {"ant": 1.0, "bee": 5.0, "cat": 0.2}
    by_class = NetClassifier(**SMALL, class_weight=of_class).fit(X, NAMES[y])
    by_row = NetClassifier(**SMALL).fit(X, NAMES[y], compute_sample_weight(of_class, NAMES[y]))
    assert_array_equal(outputs(by_class), outputs(by_row))


def test_class_weight_moves_the_predictions():
    options = {**SMALL, "max_epochs": 30}
    plain, favoured = (NetClassifier(**options, class_weight=weight).fit(X, y) for weight in (None, {1: 20.0}))
    assert favoured.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.1


@pytest.mark.parametrize("early_stopping", [False, True])
def test_rows_of_a_class_of_weight_0_are_left_out(early_stopping):
    options = {**SMALL, "early_stopping": early_stopping, "validation_fraction": 0.05}
    net = NetClassifier(**options, class_weight={0: 0.0, 1: 1.0, 2: 1.0}).fit(X, y)
    assert_array_equal(net.classes_, [0, 1, 2])
    stays = y != 0
    ruined = np.where(stays[:, None], X, 1e6)  # what stands in rows that are left out does not matter
    assert_array_equal(outputs(NetClassifier(**net.get_params()).fit(ruined, y)), outputs(net))
    assert np.isfinite(net.history_["valid_loss" if early_stopping else "train_loss"]).all()


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({0: -1.0}, r"each class_weight must be a finite number of at least 0, got -1.0 for 0"),
        ({1: np.nan}, "got nan for 1"),
        ({1: np.inf}, "got inf for 1"),
        ({1: "heavy"}, "got 'heavy' for 1"),
        ({0: 0, 1: 0, 2: 0}, r"class_weight=\{0: 0, 1: 0, 2: 0\} leaves no row with a weight above 0"),
        ({7: 1.0, 0: 2.0}, "class_weight has the label 7, which y has not"),
    ],
    ids=str,
)
def test_bad_class_weights_are_refused(class_weight, message):
    with pytest.raises(ValueError, match=message):
        NetClassifier(**SMALL, class_weight=class_weight).fit(X, y)


@pytest.mark.parametrize("unit", [1e-300, 1e-42, 1e38, 1e300])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_may_have_any_unit(dtype, unit):
    weight = np.random.default_rng(0).uniform(0.5, 2, 60)
    options = {**SMALL, "dtype": dtype}
    one, other = (NetRegressor(**options).fit(X, y, weight * factor) for factor in (1.0, unit))
    assert_allclose(other.predict(X), one.predict(X), rtol=1e-4)


def test_history_is_the_weighted_loss():
    weight = np.random.default_rng(0).uniform(0.1, 3, 60)
    net = NetClassifier(**{**ONE_BATCH, "lr": 1e-12}).fit(X, y, weight)  # the network as it starts
    per_row = -net.predict_log_proba(X)[np.arange(60), y]
    assert_allclose(net.history_["train_loss"], np.average(per_row, weights=weight), rtol=1e-6)


def test_partial_fit_uses_weights_as_they_are():
    light, heavy = (
        NetRegressor(**SMALL, optimizer="sgd", momentum=0.0, weight_decay=0.0, batch_size=1000) for _ in range(2)
    )
    light.set_params(lr=0.02).partial_fit(X, y, np.full(60, 1.0))
    heavy.set_params(lr=0.01).partial_fit(X, y, np.full(60, 2.0))
    assert_allclose(heavy.predict(X), light.predict(X), rtol=1e-12)
