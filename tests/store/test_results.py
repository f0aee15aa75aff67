"""What searches have evaluated, read from the file."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from sktune import BayesSearchCV, Categorical, HyperbandSearchCV, NetClassifier
from sktune.exceptions import StoreError
from sktune.store import CachedEstimator, load_results

X, y = load_iris(return_X_y=True)


def test_the_table_is_that_of_the_search(tmp_path):
    search = HyperbandSearchCV(
        NetClassifier(max_epochs=9, n_neurons=8), {"lr": (1e-4, 1e-1, "log-uniform")}, cv=3, random_state=0,
        storage=tmp_path / "search.db",
    ).fit(X, y)  # fmt: skip
    found, truth = load_results(tmp_path / "search.db"), search.cv_results_
    assert found["params"].tolist() == truth["params"]
    assert found["param_lr"].tolist() == truth["param_lr"].tolist()
    for name in ("split0_test_score", "split2_test_score"):
        np.testing.assert_array_equal(found[name], truth[name])
    whole = truth["status"] == "ok"
    for name in ("mean_test_score", "std_test_score", "n_epochs"):
        np.testing.assert_array_equal(found[name][whole], truth[name][whole])
    assert (found["n_splits"] == np.isfinite([truth[f"split{k}_test_score"] for k in range(3)]).sum(axis=0)).all()
    assert len(set(found["search"])) == len(set(found["problem"])) == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
def test_several_searches_several_metrics_and_failures(tmp_path):
    path = tmp_path / "search.db"
    space = {"C": (0.1, 10.0), "kernel": Categorical(["rbf", "wrong"]), "class_weight": Categorical([None, "balanced"])}
    first = BayesSearchCV(SVC(), space, n_iter=6, cv=2, random_state=0, storage=path).fit(X, y)
    second = BayesSearchCV(
        SVC(), {"C": (0.1, 10.0)}, n_iter=3, cv=3, scoring=["accuracy", "f1_macro"], refit="f1_macro", storage=path,
        random_state=0,
    ).fit(X, y)  # fmt: skip
    found = load_results(path, as_frame=True)
    assert isinstance(found, pd.DataFrame)
    assert len(found) == 9
    assert found["status"].tolist() == [*first.cv_results_["status"], *["ok"] * 3]
    assert {"ok", "failed"} == set(found["status"])
    assert found["error"].notna().tolist() == (found["status"] == "failed").tolist()
    np.testing.assert_array_equal(found["mean_test_f1_macro"][6:], second.cv_results_["mean_test_f1_macro"])
    np.testing.assert_array_equal(found["mean_test_score"][:6], first.cv_results_["mean_test_score"])
    assert found["param_kernel"].isna().tolist() == [False] * 6 + [True] * 3


def test_a_store_without_searches_has_no_rows(tmp_path):
    CachedEstimator(SVC(), tmp_path / "search.db").fit(X, y)
    assert load_results(tmp_path / "search.db") == {}


def test_there_must_be_a_file(tmp_path):
    with pytest.raises(StoreError, match="there is no file"):
        load_results(tmp_path / "search.db")
    assert not (tmp_path / "search.db").exists()


def test_without_pandas_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    CachedEstimator(SVC(), tmp_path / "search.db").fit(X, y)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'sktune\[dataframe\]'"):
        load_results(tmp_path / "search.db", as_frame=True)
