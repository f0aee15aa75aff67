"""Predictions: the same for a row alone and among others, and what their names say."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax, softmax
from sklearn.datasets import make_classification

from sktune import NetClassifier, NetRegressor
from sktune._utils.threads import torch_threads
from sktune.neural_network import _base

X, y = make_classification(n_samples=150, n_features=7, n_informative=5, n_classes=3, random_state=0)
SMALL = {"n_neurons": 32, "max_epochs": 2, "random_state": 0}
NETS = {
    "classifier": NetClassifier(**SMALL),
    "regressor": NetRegressor(**SMALL),
    "batch norm": NetRegressor(**SMALL, normalization="batch", dropout=0.2),
    "layer norm": NetClassifier(**SMALL, normalization="layer"),
    "wide": NetRegressor(**{**SMALL, "n_neurons": 300}, n_layers=1),
}


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("rows", [slice(0, 1), slice(5, 8), slice(3, 64), slice(None, None, -1)], ids=str)
def test_prediction_of_a_row_does_not_depend_on_the_rows_beside_it(name, rows):
    """Matrix products of few and of many rows round differently, which float32 would show."""
    net = NETS[name].fit(X, y)
    predict = getattr(net, "predict_proba", net.predict)
    assert_allclose(predict(X[rows]), predict(X)[rows], rtol=1e-12)


@pytest.mark.parametrize("name", ["classifier", "regressor"])
def test_predicting_in_chunks_changes_nothing(name, monkeypatch):
    net = NETS[name].fit(X, y)
    whole = net.predict(X)
    monkeypatch.setattr(_base, "_PREDICT_ROWS", 17)
    assert_allclose(net.predict(X), whole, rtol=1e-12)


@pytest.mark.parametrize("name", ["regressor", "batch norm"])
def test_threads_change_no_bit_of_a_prediction(name, monkeypatch):
    net = NETS[name].fit(X, y)
    monkeypatch.setattr(_base, "_PREDICT_ROWS", 17)
    with torch_threads(1):
        expected = net.predict(X)
    with torch_threads(4):
        assert_array_equal(net.predict(X), expected)
        assert torch.get_num_threads() == 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_are_the_softmax_of_the_scores(dtype):
    net = NetClassifier(**SMALL, dtype=dtype).fit(X, y)
    scores = net.net_.forward(X.astype(dtype)).numpy()
    rtol = {"float32": 1e-5, "float64": 1e-12}[dtype]
    assert_allclose(net.predict_proba(X), softmax(scores, axis=1), rtol=rtol)
    assert_allclose(net.predict_log_proba(X), log_softmax(scores, axis=1), rtol=rtol, atol=rtol)
    assert_allclose(net.predict_proba(X).sum(axis=1), 1, rtol=1e-12)
    assert_allclose(np.exp(net.predict_log_proba(X)), net.predict_proba(X), rtol=1e-12)
    assert_array_equal(net.predict(X), net.classes_[scores.argmax(axis=1)])


def test_log_probabilities_stay_exact_where_the_probability_is_too_small_to_be_a_number():
    net = NetClassifier(**SMALL, n_layers=0).fit(X, y)
    far = X * 1e4
    log_probabilities = net.predict_log_proba(far)
    assert net.predict_proba(far).min() == 0
    assert np.isfinite(log_probabilities).all()
    assert log_probabilities.min() < -200


def test_predicting_leaves_the_network_as_it_was():
    net = NETS["batch norm"].fit(X, y)
    before = {name: value.clone() for name, value in net.net_.module_.state_dict().items()}
    net.predict(X)
    for name, value in net.net_.module_.state_dict().items():
        assert value.dtype == before[name].dtype
        assert_array_equal(value, before[name])
