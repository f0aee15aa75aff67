"""The curves that a search keeps are those that each of its fits has by itself."""

import numpy as np
import pandas as pd
import pytest
from interruptions import Cut, end_after
from list_search import ListSearchCV, Moody
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier
from torch import nn

import sktune
from sktune import (
    BayesSearchCV,
    HyperbandSearchCV,
    NetClassifier,
    NetClassifierCV,
    NetRegressorCV,
    PopulationSearchCV,
    ZoomSearchCV,
)
from sktune.exceptions import FileFormatError
from sktune.persistence._searches import make_search, search_parts

X, y = load_iris(return_X_y=True)
X, y = X[::2].astype(np.float32), y[::2]
NET = NetClassifier(max_epochs=9, n_neurons=6, lr=0.02, eval_valid_loss=True, random_state=0)
SPACE = {"lr": (1e-3, 1e-1, "log-uniform")}
COLUMNS = ["candidate", "split", "epoch", "train_loss", "valid_loss", "lr", "test_score"]
SEARCHES = {
    "whole": lambda **more: BayesSearchCV(NET, SPACE, n_iter=3, **more),
    "halving": lambda **more: BayesSearchCV(NET, SPACE, n_iter=5, pruning="halving", **more),
    "hyperband": lambda **more: HyperbandSearchCV(NET, SPACE, **more),
    "zoom": lambda **more: ZoomSearchCV(NET, SPACE, **more),
}


def make(name, **more):
    return SEARCHES[name](**{"cv": StratifiedKFold(3), "random_state": 0, "keep_curves": True, **more})


def assert_same_curves(one, other):
    assert list(one.curves_) == list(other.curves_)
    for name, column in one.curves_.items():
        assert_array_equal(column, other.curves_[name], err_msg=name)


@pytest.mark.parametrize("name", SEARCHES)
def test_they_are_the_history_of_each_fit(name):
    search = make(name).fit(X, y)
    table, results = pd.DataFrame(search.curves_), search.cv_results_
    assert list(table) == COLUMNS
    splits = list(StratifiedKFold(3).split(X, y))
    seen = set()
    for (candidate, split), rows in table.groupby(["candidate", "split"]):
        train, test = splits[split]
        net = NetClassifier(**{**NET.get_params(), **results["params"][candidate]})
        scores = dict.fromkeys(rows["epoch"], np.nan)
        for epoch in rows["epoch"][rows["test_score"].notna()]:
            scores[epoch] = net.fit_until(X[train], y[train], epoch).score(X[test], y[test])
        for column in ("epoch", "train_loss", "valid_loss", "lr"):
            assert_array_equal(rows[column], net.history_[column])
        assert_array_equal(rows["test_score"], list(scores.values()))
        assert rows["test_score"].iloc[-1] == results[f"split{split}_test_score"][candidate]
        seen.add(candidate)
    assert seen == set(range(len(results["params"])))  # the pruned ones too
    if name != "whole":
        assert "pruned" in results["status"]


def test_several_metrics():
    network = MLPClassifier((4,), tol=1e9, n_iter_no_change=2, random_state=0)  # ends after a few epochs
    search = ListSearchCV(network, {"alpha": [1e-3, 1.0]}, cv=2, scoring=["accuracy", "neg_log_loss"], refit="accuracy")
    search.keep_curves = True
    table = pd.DataFrame(search.fit(X, y).curves_)
    assert list(table) == [*COLUMNS[:-1], "test_accuracy", "test_neg_log_loss"]
    for (candidate, split), rows in table.groupby(["candidate", "split"]):
        train, _ = list(StratifiedKFold(2).split(X, y))[split]
        own = clone(network).set_params(alpha=[1e-3, 1.0][candidate]).fit(X[train], y[train])
        assert rows["train_loss"].tolist() == own.loss_curve_
        expected = search.cv_results_[f"split{split}_test_neg_log_loss"][candidate]
        assert rows["test_neg_log_loss"].isna().tolist() == [True] * (own.n_iter_ - 1) + [False]
        assert rows["test_neg_log_loss"].iloc[-1] == expected


def test_copies_in_a_population_have_the_epochs_of_the_networks_that_they_took_over():
    search = PopulationSearchCV(
        NET, SPACE, population_size=4, n_generations=3, cv=2, random_state=0, keep_curves=True
    ).fit(X, y)
    table = pd.DataFrame(search.curves_)
    lengths = table.groupby(["candidate", "split"])["epoch"].agg(["size", "max"])
    assert (lengths["size"] == lengths["max"]).all()
    last = table[table["candidate"] == search.best_index_].groupby("split")["test_score"].last()
    assert last.mean() == search.best_score_


@pytest.mark.parametrize("name", ["whole", "halving"])
def test_a_search_that_goes_on_has_those_of_one_that_was_not_interrupted(name, tmp_path, monkeypatch):
    whole = make(name, refit=False).fit(X, y)
    with monkeypatch.context() as patch, pytest.raises(Cut):
        end_after(patch, 5)
        make(name, refit=False, storage=tmp_path / "a.db").fit(X, y)
    resumed = make(name, refit=False, storage=tmp_path / "a.db").fit(X, y)
    assert_same_curves(resumed, whole)
    again = make(name, refit=False, storage=tmp_path / "a.db").fit(X, y)
    assert_same_curves(again, whole)
    without = make(name, refit=False, storage=tmp_path / "a.db", keep_curves=False).fit(X, y)
    assert not hasattr(without, "curves_")
    assert_array_equal(without.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"])


@pytest.mark.parametrize("Tuner", [NetClassifierCV, NetRegressorCV])
def test_self_tuning_networks_keep_and_save_them(Tuner, tmp_path):
    net = Tuner._NET(n_neurons=4, max_epochs=2)
    settings = {"search_space": {"lr": [0.01, 0.02]}, "n_iter": 2, "cv": 2, "random_state": 0}
    model = Tuner(estimator=net, keep_curves=True, **settings).fit(X, y)
    assert_array_equal(np.unique(model.curves_["candidate"]), [0, 1])
    sktune.save(model, tmp_path / "a")
    assert_same_curves(sktune.load(tmp_path / "a"), model)
    assert_same_curves(sktune.load(tmp_path / "a").search_, model)
    assert not hasattr(model.set_params(keep_curves=False).fit(X, y), "curves_")


def skorch_net():
    layers = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=-1))
    return NeuralNetClassifier(layers, max_epochs=4, lr=0.1, verbose=0)


@pytest.mark.parametrize(
    ("estimator", "column", "expected"),
    [
        (MLPClassifier((4,), max_iter=4, random_state=0), "train_loss", lambda net: net.loss_curve_),
        (
            MLPClassifier((4,), max_iter=4, random_state=0, early_stopping=True),
            "valid_score",
            lambda net: net.validation_scores_,
        ),
        (GradientBoostingClassifier(n_estimators=4, random_state=0), "train_score", lambda trees: trees.train_score_),
        (
            HistGradientBoostingClassifier(max_iter=4, early_stopping=True, random_state=0),
            "valid_score",
            lambda trees: trees.validation_score_[1:],
        ),
    ],
    ids=["network", "network, early stopping", "boosting", "histogram boosting"],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning")
def test_other_estimators(estimator, column, expected):
    search = BayesSearchCV(estimator, {"random_state": [0]}, n_iter=1, cv=2, keep_curves=True).fit(X, y)
    for split, (train, _) in enumerate(StratifiedKFold(2).split(X, y)):
        own = expected(estimator.fit(X[train], y[train]))
        rows = search.curves_["split"] == split
        assert_array_equal(search.curves_[column][rows], own)
        assert_array_equal(search.curves_["epoch"][rows], 1 + np.arange(len(own)))


def test_skorchs_nets_and_estimators_that_tell_nothing():
    search = BayesSearchCV(skorch_net(), {"lr": [0.1]}, n_iter=1, cv=2, keep_curves=True).fit(X, y)
    assert set(search.curves_) == {*COLUMNS, "valid_acc"}
    assert search.curves_["epoch"].tolist() == [1, 2, 3, 4] * 2
    assert np.isfinite(search.curves_["train_loss"]).all()
    nothing = ListSearchCV(Moody(), {"quality": [0.0, 1.0]}, cv=2)
    nothing.keep_curves = True
    assert {name: len(column) for name, column in nothing.fit(X, y).curves_.items()} == dict.fromkeys(COLUMNS, 0)


@pytest.mark.parametrize("damaged", [np.zeros((2, 2)), np.array(["a"]), [1.0], np.zeros(3)], ids=str)
def test_damaged_columns_are_refused(damaged):
    search = BayesSearchCV(clone(NET).set_params(max_epochs=1), {"lr": [0.1]}, n_iter=1, cv=2, keep_curves=True)
    state = search_parts(search.fit(X, y))
    assert_same_curves(make_search(BayesSearchCV, state), search)
    state["fitted"]["curves_"] = {**search.curves_, "lr": damaged}
    with pytest.raises(FileFormatError, match="curves_"):
        make_search(BayesSearchCV, state)
