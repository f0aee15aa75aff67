"""What cannot be saved, and what must not be loaded, with the reasons in words."""

import os
import sys
import threading

import numpy as np
import pytest
import torch
from saved_models import PACED, X, fitted, net, y
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from skorch.callbacks import Callback, EpochScoring

import sktune
from sktune._utils.codec import decode, encode
from sktune.exceptions import FileFormatError, UntrustedTypesError, VersionMismatchWarning
from sktune.persistence._file import from_bytes, to_bytes


class Own(BaseEstimator):
    """An estimator of the user's."""

    def __init__(self, value=1):
        self.value = value

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


class LambdaCallback(Callback):
    def __init__(self, function=None):
        self.function = function


def own_score(estimator, X, y):
    return 1.0


def own_metric(y_true, y_pred):
    return float(np.mean(y_true == y_pred))


def own_values(X):
    return 2 * X


def own_columns(X):
    return [0, 1]


OWN_COLUMNS = f"{own_columns.__module__}.own_columns"


def with_attribute():
    model = net()
    model.note = "mine"
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: net(callbacks=[LambdaCallback(lambda: 1)]), "item 0 of parameter 'callbacks' of NetClassifier"),
        (lambda: GridSearchCV(net(), {}, scoring=lambda *a: 1), "'scoring' of GridSearchCV.*lambda.*is code"),
        (lambda: make_pipeline(FunctionTransformer(lambda X: X), net()), "'steps' of Pipeline.*FunctionTransformer"),
        (
            lambda: sktune.BayesSearchCV(net(), sktune.Space(PACED, constraint=lambda params: True)),
            "'constraint' of Space, a function, cannot be saved",
        ),
        (lambda: net(class_weight={0: threading.Lock()}), "0 of parameter 'class_weight' of NetClassifier"),
        (with_attribute, "the attribute 'note' of NetClassifier cannot be saved"),
        (lambda: fitted("net").net_, "cannot be saved"),
        (lambda: torch.nn.Linear(1, 1), "must be an estimator"),
        (lambda: GridSearchCV(net(), {}, cv=iter([])), "'cv' of GridSearchCV"),
    ],
)
def test_what_cannot_be_saved_is_named_before_anything_is_written(make, message, tmp_path):
    with pytest.raises(TypeError, match=message):
        sktune.save(make(), tmp_path / "model")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: make_pipeline(Own(3), net()), ["test_refusals.Own"]),
        (lambda: GridSearchCV(net(), {"lr": [0.1]}, scoring=own_score, cv=2), ["test_refusals.own_score"]),
        (lambda: make_pipeline(FunctionTransformer(own_values), net()), ["test_refusals.own_values"]),
        (lambda: make_pipeline(make_column_transformer((MinMaxScaler(), own_columns)), net()), [OWN_COLUMNS]),
        (lambda: net(callbacks=[EpochScoring("accuracy")]), ["skorch.callbacks.scoring.EpochScoring"]),
        (
            lambda: make_pipeline(Own(), FunctionTransformer(own_values), Own(), net()),
            ["test_refusals.Own", "test_refusals.own_values"],
        ),
    ],
)
def test_what_load_needs_is_said_before_anything_is_written(make, names, tmp_path):
    model = make().fit(X, y)
    with pytest.raises(UntrustedTypesError, match=r"pass trusted=\[.*\] to save, and to load") as raised:
        sktune.save(model, tmp_path / "model")
    needed = raised.value.names
    assert set(names) <= set(needed)
    assert repr(needed) in str(raised.value)
    assert os.listdir(tmp_path) == []
    for lacking in needed:
        with pytest.raises(UntrustedTypesError, match=lacking):
            sktune.save(model, tmp_path / "model", trusted=[name for name in needed if name != lacking])
    sktune.save(model, tmp_path / "model", trusted=needed)
    with pytest.raises(UntrustedTypesError, match=r"pass trusted=\[.*\] to load") as raised:
        sktune.load(tmp_path / "model")
    assert raised.value.names == needed
    loaded = sktune.load(tmp_path / "model", trusted=needed)
    assert np.array_equal(loaded.predict(X), model.predict(X))


def test_values_that_are_not_allowed_are_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"'lr' parameter of NetClassifier must be .*Got -1"):
        sktune.save(net(lr=-1), tmp_path / "model")
    assert os.listdir(tmp_path) == []


def test_types_of_others_need_trust():
    data = to_bytes(make_pipeline(Own(3), net()).fit(X, y))
    with pytest.raises(UntrustedTypesError, match=r"not trusted: \['test_refusals.Own'\].*pass trusted="):
        from_bytes(data, trusted=())
    loaded = from_bytes(data, trusted=["test_refusals.Own"])
    assert type(loaded[0]) is Own
    assert loaded[0].value == 3
    with pytest.raises(UntrustedTypesError):
        from_bytes(data, trusted=["test_refusals.Other"])


def test_trusted_is_a_list_of_names(tmp_path):
    sktune.save(net(), tmp_path / "model")
    with pytest.raises(TypeError, match="trusted must be a sequence of str"):
        sktune.load(tmp_path / "model", trusted="sklearn")
    with pytest.raises(TypeError, match="trusted must be a sequence of str"):
        sktune.save(net(), tmp_path / "other", trusted=[MinMaxScaler])
    assert os.listdir(tmp_path) == ["model"]


def test_callbacks_of_skorch_need_trust_and_come_back():
    model = net(callbacks=[("score", EpochScoring("accuracy", name="mine", on_train=True))]).fit(X, y)
    data = to_bytes(model)
    with pytest.raises(UntrustedTypesError, match=r"skorch\.callbacks\.scoring\.EpochScoring") as raised:
        from_bytes(data, trusted=())
    loaded = from_bytes(data, trusted=raised.value.names)
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert [row["mine"] for row in loaded.net_.history] == [row["mine"] for row in model.net_.history]


def test_metrics_of_the_user_need_trust_those_of_scikit_learn_do_not():
    def searched(scorer):
        return GridSearchCV(net(), {"lr": [0.1]}, scoring=scorer, cv=2).fit(X, y)

    own, known = searched(make_scorer(own_metric)), searched(make_scorer(accuracy_score, normalize=False))
    with pytest.raises(UntrustedTypesError, match=r"\['test_refusals.own_metric'\]"):
        from_bytes(to_bytes(own), trusted=())
    assert from_bytes(to_bytes(own), trusted=["test_refusals.own_metric"]).score(X, y) == own.score(X, y)
    assert from_bytes(to_bytes(known), trusted=()).score(X, y) == known.score(X, y)


def test_without_skops_the_message_says_what_to_install(monkeypatch, tmp_path):
    data = to_bytes(make_pipeline(MinMaxScaler(), net()))
    for name in [name for name in sys.modules if name.split(".")[0] == "skops"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "skops", None)
    with pytest.raises(ImportError, match=r"a MinMaxScaler, needs skops.io: pip install 'sktune\[skops\]'"):
        sktune.save(make_pipeline(MinMaxScaler(), net()), tmp_path / "model")
    with pytest.raises(ImportError, match=r"objects of other libraries needs skops.io: pip install 'sktune\[skops\]'"):
        from_bytes(data, trusted=())
    sktune.save(make_pipeline(StandardScaler(), net()).fit(X, y), tmp_path / "model")
    assert sktune.load(tmp_path / "model").predict(X).shape == y.shape


def changed(model, **parts):
    return encode({**decode(to_bytes(model)), **parts})


def test_a_newer_format_is_refused_and_an_unknown_one():
    with pytest.raises(FileFormatError, match=r"written by sktune '9.0' in format 2; this one, .* up to 1: update"):
        from_bytes(changed(net(), format=2, versions={"sktune": "9.0"}, news=1), trusted=())
    for number in (0, -1, "1", 1.0, None, True):
        with pytest.raises(FileFormatError):
            from_bytes(changed(net(), format=number and "x"), trusted=())


def test_other_versions_are_a_warning():
    versions = decode(to_bytes(net()))["versions"]
    assert set(versions) == {"sktune", "torch", "scikit-learn", "skorch", "numpy"}
    with pytest.warns(VersionMismatchWarning, match="torch 1.0 \\(here "):
        loaded = from_bytes(changed(net(), versions={**versions, "torch": "1.0"}), trusted=())
    assert loaded.lr == 0.01


def test_other_files_and_folders(tmp_path):
    (tmp_path / "text").write_text("hello")
    with pytest.raises(FileFormatError, match="not a file of sktune"):
        sktune.load(tmp_path / "text")
    with pytest.raises(FileFormatError, match="not a file of an estimator"):
        from_bytes(encode({"a": 1}), trusted=())
    with pytest.raises(FileNotFoundError):
        sktune.load(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError):
        sktune.save(net(), tmp_path / "no folder" / "model")


def set_in(tree, path, value):
    for key in path[:-1]:
        tree = tree[key]
    tree[path[-1]] = value


TRAINING = ("estimator", "state", "fitted", "training")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*TRAINING, "weights", "output.weight"), torch.zeros(5, 10), "output.weight.* has shape"),
        ((*TRAINING, "weights", "output.bias"), torch.full((10,), float("nan")), "not finite"),
        ((*TRAINING, "weights", "output.bias"), torch.zeros(10, dtype=torch.float64), "float64"),
        ((*TRAINING, "weights", "more"), torch.zeros(1), "unknown \\['more'\\]"),
        ((*TRAINING, "moments"), {"exp_avg": {}}, "moments 'exp_avg' lacks"),
        (("estimator", "state", "fitted", "plan", "network", "hidden"), (6,), "has shape"),
        (("estimator", "state", "fitted", "plan", "network", "hidden"), (10**12,), "has shape"),
        (("estimator", "state", "fitted", "plan", "network", "activation"), "evil", "activation"),
        (("estimator", "state", "fitted", "plan", "lr"), float("inf"), "lr of a plan"),
        (("estimator", "state", "fitted", "classes_"), np.arange(9), "classes_ does not fit"),
        (("estimator", "state", "fitted", "classes_"), np.arange(10)[::-1], "not sorted"),
        (("estimator", "state", "fitted", "n_features_in_"), 11, "n_features_in_ does not fit"),
        (("estimator", "state", "fitted", "feature_names_in_"), np.array(["a"], object), "feature_names_in_"),
        (("estimator", "state", "fitted", "predict"), 1, "unknown \\['predict'\\]"),
        (("estimator", "state", "params", "lr"), "high", "'lr' parameter"),
        (("estimator", "state", "params", "bad"), 1, "unknown \\['bad'\\]"),
        (("estimator", "class"), "NetRegressor", "."),
        (("estimator", "class"), "os.system", "unknown class"),
        (("estimator", "class"), "BaseNet", "unknown class"),
        (("estimator", "__sktune__"), "pickle", "unknown kind"),
    ],
)
def test_changed_parts_are_found(path, value, message):
    content = decode(to_bytes(fitted("net")))
    set_in(content, path, value)
    with pytest.raises(FileFormatError, match=message):
        from_bytes(encode(content), trusted=())
