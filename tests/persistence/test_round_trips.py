"""What is loaded is what was saved: it predicts the same, bit for bit, and goes on as the saved one would have."""

import copy
import io
import os
import pickle
import stat

import joblib
import numpy as np
import pytest
from saved_models import (
    CLASSIFIERS,
    PACED,
    REGRESSORS,
    SPACE,
    XR,
    X,
    assert_alike,
    fitted,
    names_of,
    net,
    regressor,
    rows,
    y,
    yr,
)
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import sktune
from sktune.space import Categorical, Distribution, Integer, Real, Space

MODELS = [*CLASSIFIERS, *REGRESSORS]


@pytest.fixture
def through_file(tmp_path):
    def save_and_load(model, **kwargs):
        sktune.save(model, tmp_path / "model.sktune")
        return sktune.load(tmp_path / "model.sktune", **kwargs)

    return save_and_load


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_model_is_the_saved_one(name, through_file):
    model = fitted(name)
    loaded = through_file(model)
    assert_alike(model, loaded)
    for method in ("predict", "predict_proba"):
        assert hasattr(model, method) == hasattr(loaded, method)
        if hasattr(model, method):
            assert_alike(getattr(model, method)(rows(name)), getattr(loaded, method)(rows(name)))
    derived = {"net_", "best_estimator_", "scorer_", "estimators_", "named_estimators_", "le_", "search_"}
    public = {key for key in vars(model) if key.endswith("_") and not key.startswith("_")}
    assert public == {key for key in vars(loaded) if key.endswith("_") and not key.startswith("_")}
    for attribute in public - derived:
        assert_alike(getattr(model, attribute), getattr(loaded, attribute))
    assert_alike(clone(model), clone(loaded))


@pytest.mark.parametrize("name", ["net", "net, batch norm", "net, early stopping", "net, changed", "regressor"])
def test_the_loaded_net_is_an_initialised_one_with_its_weights_and_history(name, through_file):
    model = copy.deepcopy(fitted(name))
    loaded = through_file(model)
    assert type(loaded.net_) is type(model.net_)
    assert loaded.net_.initialized_
    assert_alike(dict(model.net_.module_.state_dict()), dict(loaded.net_.module_.state_dict()))
    assert_alike(list(model.net_.history), list(loaded.net_.history))
    assert_alike(model.net_.predict(rows(name).astype(np.float32)), loaded.net_.predict(rows(name).astype(np.float32)))


@pytest.mark.parametrize("name", ["net", "net, linear", "pipeline", "bayes", "self-tuning", "regressor"])
def test_refitting_a_loaded_model_gives_what_refitting_the_saved_one_gives(name, through_file):
    model = fitted(name)
    target = yr if name in REGRESSORS else y
    loaded = through_file(model)
    one, other = (clone(estimator).fit(rows(name)[::-1], target[::-1]) for estimator in (model, loaded))
    assert_alike(one.predict(rows(name)), other.predict(rows(name)))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"optimizer": "sgd", "lr_schedule": "cosine", "lr_warmup": 0.2},
        {"early_stopping": True, "lr_schedule": "plateau", "lr_step": 1, "patience": 3, "normalization": "batch"},
        {"optimizer": "rmsprop", "dropout": 0.2, "mixup": 0.3, "input_noise": 0.1, "n_layers": 2},
    ],
)
def test_a_paused_training_goes_on_as_if_there_had_been_no_file(params, through_file):
    whole = net(max_epochs=7, **params).fit(X, y)
    paused = net(max_epochs=7, **params).fit_until(X, y, 3)
    loaded = through_file(paused)
    for model in (paused, loaded):
        model.fit_until(X, y, 7)
        assert_alike(model.predict_proba(X), whole.predict_proba(X))
        assert_alike(model.history_, whole.history_)


def test_pieces_and_warm_starts_go_on(through_file):
    model = net().partial_fit(X[:60], y[:60], classes=np.arange(10))
    loaded = through_file(model)
    for estimator in (model, loaded):
        estimator.partial_fit(X[60:], y[60:])
    assert_alike(model.predict_proba(X), loaded.predict_proba(X))
    warm = regressor(warm_start=True).fit(XR, yr)
    again = through_file(warm)
    assert_alike(warm.fit(XR, yr).predict(XR), again.fit(XR, yr).predict(XR))
    assert again.n_iter_ == 6


def test_feature_names_come_back_and_are_checked(through_file):
    pytest.importorskip("pandas")
    table = names_of(6)
    model = make_pipeline(StandardScaler().set_output(transform="pandas"), net()).fit(table, y)
    loaded = through_file(model)
    assert loaded.feature_names_in_.tolist() == list(table.columns)
    assert loaded[-1].feature_names_in_.tolist() == list(table.columns)
    assert_alike(model.predict_proba(table), loaded.predict_proba(table))
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(table[table.columns[::-1]])


def test_metadata_requests_come_back(through_file):
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        model = net().set_fit_request(sample_weight=True).set_score_request(sample_weight="w")
        loaded = through_file(model)
        assert repr(loaded.get_metadata_routing()) == repr(model.get_metadata_routing())


@pytest.mark.parametrize(
    "value",
    [
        *list(SPACE.values())[:4],
        Real(1, 8, "log-uniform", base=2, transform="normalize", name="a", dtype=np.float32),
        Integer(1, 64, "power-of-two", dtype="int32"),
        Categorical([(64, 32), None, 1, True, np.array([1, 2]), net()], transform="label"),
        Space(SPACE),
        Space([Integer(1, 2, name="b"), Real(0, 1, name="a", when={"b": 1})]),
    ],
    ids=str,
)
def test_spaces_come_back(value, through_file):
    loaded = through_file(sktune.BayesSearchCV(net(), {"lr": value})).search_spaces["lr"]
    assert loaded == value
    assert repr(loaded) == repr(value)
    assert vars(loaded).keys() == vars(value).keys()


def test_distributions_come_back(through_file):
    from scipy.stats import randint

    for value in (Distribution(randint(1, 9)), Distribution(randint(low=1, high=9), when={"b": [1, 2]})):
        assert through_file(sktune.BayesSearchCV(net(), {"lr": value})).search_spaces["lr"] == value


def test_search_that_has_not_been_fitted(through_file):
    model = sktune.ZoomSearchCV(net(), PACED, n_candidates=[3, 2], n_rounds=2, initial_params=[{"lr": 0.01}])
    loaded = through_file(model)
    assert_alike(model, loaded)
    assert not hasattr(loaded, "cv_results_")


def test_an_older_file_is_replaced_in_one_step_with_ordinary_permissions(tmp_path, monkeypatch):
    path, beside = tmp_path / "model.sktune", tmp_path / "other"
    sktune.save(net(), path)
    beside.write_bytes(b"")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(beside.stat().st_mode)
    sktune.save(net(lr=0.5), path)
    assert sktune.load(path).lr == 0.5

    def fails(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="disk is full"):
        sktune.save(net(lr=0.7), path)
    monkeypatch.undo()
    assert sktune.load(path).lr == 0.5
    assert sorted(os.listdir(tmp_path)) == ["model.sktune", "other"]


# -- pickle and its relatives ------------------------------------------------------------------------------------------


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize("name", MODELS)
def test_pickle_joblib_and_deepcopy_keep_predictions(name):
    model = fitted(name)
    expected = model.predict(rows(name))
    for copied in (pickle.loads(pickle.dumps(model)), through_joblib(model), copy.deepcopy(model)):
        assert_alike(copied.predict(rows(name)), expected)


def test_spaces_optimizers_and_results_can_be_pickled():
    from sktune.optimize import Optimizer

    space = Space(SPACE)
    optimizer = Optimizer(space, random_state=0, n_initial_points=3)
    for score in (0.1, 0.5, 0.3, 0.2):
        optimizer.tell(optimizer.ask(), score)
    grid = GridSearchCV(SVC(), {"C": [0.01, 0.1, 1, 10], "gamma": [0.001, 0.01, 0.1]}, cv=2).fit(X, y)
    importance = sktune.parameter_importance(grid)
    for way in (lambda value: pickle.loads(pickle.dumps(value)), through_joblib, copy.deepcopy):
        assert way(space) == space
        assert way(optimizer).ask() == way(optimizer).ask() == copy.deepcopy(optimizer).ask()
        assert str(way(importance)) == str(importance)
        result = way(fitted("bayes").optimizer_results_[0])
        assert result.x == fitted("bayes").optimizer_results_[0].x
