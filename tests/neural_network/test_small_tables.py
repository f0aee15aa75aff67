"""Tables and batches of very few rows, devices, and other corners of the parameters."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_classification
from sklearn.exceptions import DataConversionWarning, NotFittedError

from sktune import NetClassifier, NetRegressor

X, y = make_classification(n_samples=41, n_features=4, random_state=0)
SMALL = {"n_neurons": 4, "max_epochs": 3, "random_state": 0}


@pytest.mark.parametrize("Net", [NetClassifier, NetRegressor])
@pytest.mark.parametrize(
    ("normalization", "batch_size"),
    [(None, 1), ("layer", 1), *itertools.product([None, "layer", "batch"], [2, 20, 40, 41, 10**9])],
)
def test_every_batch_size_trains(Net, batch_size, normalization):
    """41 rows in batches of 2, 20 or 40 would end with a batch of one row."""
    net = Net(**SMALL, batch_size=batch_size, normalization=normalization).fit(X, y)
    untrained = Net(**{**SMALL, "lr": 1e-30, "weight_decay": 0.0, "normalization": normalization}).fit(X, y)
    n_batches = net._state.n_steps // net.n_iter_
    assert n_batches == {1: 41, 2: 20, 20: 2, 40: 1, 41: 1, 10**9: 1}[batch_size]
    moved = net.net_.module_.output.weight - untrained.net_.module_.output.weight
    assert moved.abs().max() > 1e-4


def test_two_rows_are_enough_for_everything():
    net = NetClassifier(**SMALL, normalization="batch").fit([[0.0], [1.0]], ["a", "b"])
    assert set(net.predict([[0.0], [1.0]])) <= {"a", "b"}
    early = NetClassifier(**SMALL, early_stopping=True).fit([[0.0], [1.0]], ["a", "b"])
    assert len(early.history_["valid_loss"]) == early.n_iter_
    assert NetRegressor(**SMALL, early_stopping=True).fit([[0.0], [1.0]], [0, 1]).predict([[3.0]]).shape == (1,)


def test_one_row_is_too_few_for_batch_normalization():
    message = "normalization='batch' needs at least 2 rows to train on, got 1"
    with pytest.raises(ValueError, match=message):
        NetRegressor(**SMALL, normalization="batch").fit([[1.0]], [2.0])
    with pytest.raises(ValueError, match=message):  # one of the two rows is set aside
        NetRegressor(**SMALL, normalization="batch", early_stopping=True).fit([[1.0], [2.0]], [2.0, 3.0])
    with pytest.raises(ValueError, match=message):
        NetClassifier(**SMALL, normalization="batch").partial_fit(X[:1], y[:1], classes=[0, 1])
    assert NetRegressor(**SMALL, normalization="layer").fit([[1.0]], [2.0]).n_iter_ == 3


def test_partial_fit_takes_one_row_at_a_time():
    """One plain gradient step a row, from a linear model's own formulas."""
    lr = 0.05
    net = NetRegressor(
        n_layers=0, dtype="float64", optimizer="sgd", momentum=0.0, weight_decay=0.0, lr=lr, random_state=0
    ).partial_fit(X, y)  # these rows fix the unit of the targets
    shift, scale = y.mean(), y.std()
    weight = net.net_.module_.output.weight.detach().numpy()[0].copy()
    bias = net.net_.module_.output.bias.detach().numpy()[0]
    for x, target in zip(X[:6], y[:6], strict=True):
        net.partial_fit(x[None], [target])
        error = weight @ x + bias - (target - shift) / scale
        weight, bias = weight - lr * 2 * error * x, bias - lr * 2 * error
    assert_allclose(net.predict(X), shift + scale * (X @ weight + bias), rtol=1e-10)
    assert net.n_iter_ == 7


def test_too_few_rows_to_set_any_aside():
    with pytest.raises(ValueError, match="early_stopping=True sets rows aside and needs at least 2 rows, got 1"):
        NetRegressor(**SMALL, early_stopping=True).fit([[1.0]], [2.0])


def test_no_column_or_no_row_is_refused():
    with pytest.raises(ValueError, match=r"0 feature\(s\)"):
        NetRegressor(**SMALL).fit(np.empty((5, 0)), np.arange(5.0))
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        NetRegressor(**SMALL).fit(X, y).predict(X[:0])


def test_predicting_before_fitting_is_refused():
    for net in (NetClassifier(), NetRegressor()):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            net.predict(X)


@pytest.mark.parametrize("device", ["meta", "cuda:99", "gpu", "", "cpu:"])
def test_unusable_devices_are_refused_by_name(device):
    with pytest.raises(ValueError, match=f"device='{device}' cannot be used here"):
        NetClassifier(**SMALL, device=device).fit(X, y)


def test_numbers_may_be_numpys():
    net = NetRegressor(
        n_layers=np.int32(1), n_neurons=np.int64(4), lr=np.float32(0.01), dropout=np.float32(0.1), l1=np.float64(0.0),
        batch_size=np.int64(7), max_epochs=np.int16(2), clip_norm=np.float32(1), random_state=np.int64(0),
    ).fit(X, y)  # fmt: skip
    assert net.n_iter_ == 2


def test_a_column_of_labels_is_taken_with_a_warning():
    with pytest.warns(DataConversionWarning):
        net = NetClassifier(**SMALL).fit(X, y[:, None])
    assert_array_equal(net.predict(X), NetClassifier(**SMALL).fit(X, y).predict(X))


@pytest.mark.parametrize("shape", [(41,), (41, 1)])
def test_a_column_of_targets_keeps_its_shape(shape):
    net = NetRegressor(**SMALL).fit(X, y.reshape(shape))
    assert net.predict(X).shape == shape
    assert_array_equal(net.predict(X).ravel(), NetRegressor(**SMALL).fit(X, y).predict(X))


def test_names_of_features_are_kept_and_compared():
    frame = pd.DataFrame(X, columns=list("abcd"))
    net = NetRegressor(**SMALL).fit(frame, y)
    assert net.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        net.predict(frame[list("dcba")])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert_array_equal(net.predict(X), net.predict(frame))


def test_pandas_own_types_are_numbers_too():
    frame = pd.DataFrame(np.round(X * 4), columns=list("abcd"))
    nullable = frame.astype("Int64")
    target = pd.Series(y, dtype="Int64")
    assert_array_equal(
        NetRegressor(**SMALL).fit(nullable, target).predict(nullable),
        NetRegressor(**SMALL).fit(frame, y).predict(frame),
    )
    labels = pd.Series(np.array(["no", "yes"])[y], dtype="string")
    net = NetClassifier(**SMALL).fit(frame, labels)
    assert set(net.predict(frame)) <= {"no", "yes"}


def test_labels_of_another_type_are_refused_when_training_goes_on():
    names = np.array(["a", "b"])
    net = NetClassifier(**SMALL, warm_start=True).fit(X, names[y])
    with pytest.raises(ValueError, match=r"y has labels \[0, 1\] that are not in classes_ \['a' 'b'\]"):
        net.fit(X, y)
    with pytest.raises(ValueError, match=r"y has labels \['zebra'\]"):
        net.partial_fit(X, np.array(["a", "zebra"])[y])
    assert net.partial_fit(X, names.astype(object)[y]).n_iter_ == 4


def test_warm_start_takes_other_regularisation_and_refuses_another_normalization():
    net = NetRegressor(**SMALL, warm_start=True).fit(X, y)
    before = net.net_.module_.output.weight.detach().clone()
    net.set_params(dropout=0.5, activation="tanh", lr=1e-30, weight_decay=0.0).fit(X, y)
    assert_allclose(net.net_.module_.output.weight.detach(), before)
    assert [dropout.p for dropout in net.net_.module_.dropouts] == [0.5] * 2
    with pytest.raises(ValueError, match=r"whose normalization is None: it cannot change to 'layer'"):
        net.set_params(normalization="layer").fit(X, y)


def test_a_failed_fit_leaves_no_network_and_a_failed_warm_start_the_former():
    net = NetRegressor(**SMALL).fit(X, y)
    with pytest.raises(ArithmeticError):
        net.set_params(lr=1e30, optimizer="sgd").fit(X, y)
    with pytest.raises(NotFittedError):
        net.predict(X)
    warm = NetRegressor(**SMALL, warm_start=True).fit(X, y)
    expected = warm.predict(X)
    with pytest.raises(ArithmeticError):
        warm.set_params(lr=1e30, optimizer="sgd").fit(X, y)
    assert_array_equal(warm.predict(X), expected)
    assert warm.n_iter_ == 3
