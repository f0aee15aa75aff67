"""Labels and numbers of every kind, and what is refused."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.datasets import make_classification, make_regression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktune import NetClassifier, NetRegressor

X, y = make_classification(n_samples=80, n_features=5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
X_reg, y_reg = make_regression(n_samples=80, n_features=5, noise=5.0, random_state=0)
SMALL = {"n_neurons": 16, "max_epochs": 25, "lr": 0.01, "random_state": 0}


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["cat", "dog", "eel"]),
        np.array(["cat", "dog", "eel"], dtype=object),
        np.array([-7, 0, 1000]),
        np.array([1.0, 2.0, 5.0]),
        np.array([3, 5, 9], dtype=np.uint8),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_come_back_as_they_are(labels):
    net = NetClassifier(**SMALL).fit(X, labels[y])
    np.testing.assert_array_equal(net.classes_, labels)
    predicted = net.predict(X)
    assert predicted.dtype == labels.dtype
    assert set(predicted) <= set(labels)
    np.testing.assert_array_equal(predicted, labels[NetClassifier(**SMALL).fit(X, y).predict(X)])
    assert net.score(X, labels[y]) > 0.7


def test_bools_series_and_categories():
    net = NetClassifier(**SMALL).fit(X, y == 1)
    assert net.predict(X).dtype == bool
    names = pd.Series(np.array(["a", "b", "c"])[y])
    for series in (names, names.astype("category")):
        assert NetClassifier(**SMALL).fit(X, series).score(X, names) > 0.7


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_every_type(dtype, order):
    data = np.asarray(np.round(np.abs(X) * 3), dtype=dtype, order=order)
    expected = NetClassifier(**SMALL).fit(data.astype(float), y).predict_proba(data.astype(float))
    np.testing.assert_array_equal(NetClassifier(**SMALL).fit(data, y).predict_proba(data), expected)


def test_read_only_memory_maps(tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, X.astype("float32"))
    mapped = np.load(path, mmap_mode="r")
    net = NetClassifier(**SMALL).fit(mapped, y)
    np.testing.assert_array_equal(net.predict(mapped), NetClassifier(**SMALL).fit(X, y).predict(X))


@pytest.mark.parametrize("how", ["set_output", "config"])
def test_data_frames_in_pipelines(how):
    frame = pd.DataFrame(X, columns=list("abcde"))
    pipeline = make_pipeline(StandardScaler(), NetClassifier(**SMALL))
    with config_context(transform_output="pandas" if how == "config" else "default"):
        if how == "set_output":
            pipeline.set_output(transform="pandas")
        predicted = pipeline.fit(frame, y).predict(frame)
    assert pipeline[-1].feature_names_in_.tolist() == list("abcde")
    plain = make_pipeline(StandardScaler(), NetClassifier(**SMALL)).fit(X, y)
    np.testing.assert_array_equal(plain.predict(X), predicted)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_several_targets(n_outputs):
    targets = np.column_stack([y_reg * 10.0**k for k in range(n_outputs)])
    net = NetRegressor(**SMALL).fit(X_reg, targets)
    assert net.predict(X_reg).shape == targets.shape
    assert net.score(X_reg, targets) > 0.8
    with pytest.raises(ValueError, match=r"y has shape \(80,\), but the first fit saw"):
        net.partial_fit(X_reg, y_reg)


@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0), (1e6, 0), (1, 1e4), (1e-3, -50)])
def test_targets_in_any_unit(scale, shift):
    plain = NetRegressor(**SMALL, dtype="float64").fit(X_reg, y_reg)
    other = NetRegressor(**SMALL, dtype="float64").fit(X_reg, y_reg * scale + shift)
    np.testing.assert_allclose(other.predict(X_reg), plain.predict(X_reg) * scale + shift, rtol=1e-4, atol=1e-4 * scale)


def test_constant_targets():
    for value in (0.0, 3.7, -1e6):
        predicted = NetRegressor(**SMALL).fit(X_reg, np.full(80, value)).predict(X_reg)
        np.testing.assert_allclose(predicted, value, rtol=1e-2, atol=0.5)


def test_one_row_and_one_feature():
    assert NetRegressor(**SMALL).fit([[1.0]], [2.0]).predict([[1.0]]).shape == (1,)
    assert NetClassifier(**SMALL).fit(X[:, :1], y).predict(X[:, :1]).shape == (80,)
    with pytest.raises(ValueError, match="needs at least 2 rows, got 1"):
        NetRegressor(early_stopping=True).fit([[1.0]], [2.0])


def test_rows_of_weight_zero_are_left_out():
    weight = np.ones(80)
    weight[60:] = 0
    for options in ({}, {"early_stopping": True}):
        ours = NetClassifier(**SMALL, **options).fit(X, y, weight).predict_proba(X)
        np.testing.assert_array_equal(ours, NetClassifier(**SMALL, **options).fit(X[:60], y[:60]).predict_proba(X))


def test_the_scale_of_the_weights_does_not_matter():
    weight = np.random.default_rng(0).uniform(0.5, 2, 80)
    one, other = (NetRegressor(**SMALL, dtype="float64").fit(X_reg, y_reg, weight * factor) for factor in (1, 1e3))
    np.testing.assert_allclose(one.predict(X_reg), other.predict(X_reg), rtol=1e-6)


BAD = {
    "nan": (np.where(np.eye(80, 5), np.nan, X), y, "contains NaN"),
    "inf": (np.where(np.eye(80, 5), np.inf, X), y, "contains infinity"),
    "too large": (np.where(np.eye(80, 5), 1e300, X), y, "infinity or a value too large for dtype('float32')"),
    "sparse inf": (sparse.csr_array(np.where(np.eye(80, 5), np.inf, X)), y, "contains infinity"),
    "sparse complex": (sparse.csr_array(X + 1j), y, "Complex data not supported"),
    "one class": (X, np.ones(80), "needs at least 2 classes, got 1 class: [1.0]"),
    "continuous labels": (X, y_reg, "Unknown label type: continuous"),
    "lengths": (X, y[:-1], "inconsistent numbers of samples"),
    "one column": (X[:, 0], y, "Expected 2D array, got 1D array"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # numpy's, before scikit-learn's error
def test_bad_data_is_refused(case):
    data, target, message = BAD[case]
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        NetClassifier(**SMALL).fit(data, target)


def test_bad_targets_and_weights_are_refused():
    with pytest.raises(ValueError, match="y has values that are too large for dtype='float32'"):
        NetRegressor(**SMALL).fit(X_reg, np.where(np.arange(80) == 3, 1e200, y_reg))
    with pytest.raises(ValueError, match="contains NaN"):
        NetRegressor(**SMALL).fit(X_reg, np.where(np.arange(80) == 3, np.nan, y_reg))
    for weight, message in [(-np.ones(80), "Negative values"), (np.zeros(80), "zero"), (np.ones(3), "shape")]:
        with pytest.raises(ValueError, match=message):
            NetClassifier(**SMALL).fit(X, y, weight)


CONSTRAINED = {
    "n_layers": (-1, 1.5, "two"), "n_neurons": (0, 2.5, "many"), "activation": ("swish", None), "dropout": (1.0, -0.1),
    "normalization": ("group",), "weight_decay": (-1, np.nan), "l1": (-1,), "label_smoothing": (1.0,), "mixup": (-1,),
    "input_noise": (-1,), "optimizer": ("lion",), "lr": (0, -1, np.inf), "momentum": (1.0,), "clip_norm": (0,),
    "lr_schedule": ("cosin",), "lr_decay": (0, 1.1), "lr_step": (0,), "lr_warmup": (1.0,), "batch_size": (0, 3.5),
    "max_epochs": (0,), "early_stopping": ("yes",), "validation_fraction": (0, 1.0), "patience": (0,), "tol": (-1,),
    "eval_train_loss": ("yes",), "eval_valid_loss": ("yes",), "validation_split": ("even",),
    "loss": ("hinge",), "focal_gamma": (-1,), "class_weight": ("even",), "device": (1,), "dtype": ("float16",),
    "callbacks": (3,), "warm_start": ("no",), "random_state": ("seed",), "verbose": (-1,),
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in CONSTRAINED.items() for value in values])
def test_bad_parameters_are_named(name, value):
    message = f"'{name}' parameter of NetClassifier must be .* Got {re.escape(repr(value))}"
    with pytest.raises(ValueError, match=message):
        NetClassifier(**{name: value}).fit(X, y)


def test_every_parameter_is_constrained():
    assert set(CONSTRAINED) == set(NetClassifier().get_params())
