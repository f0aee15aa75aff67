"""Scores of probabilities where a fold lacks a class, against sums that are written out here."""

import numpy as np
import pytest
from list_search import ListSearchCV
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import GridSearchCV

from sktune import BayesSearchCV, NetClassifier

rng = np.random.default_rng(0)
X = rng.normal(size=(48, 3))
KINDS = {
    "two": np.array([0, 1]),
    "two from 1": np.array([1, 2]),
    "two strings": np.array(["no", "yes"]),
    "three": np.array([0, 1, 2]),
    "three strings": np.array(["a", "b", "c"]),
}
GRID = {"C": [0.1, 1.0]}


def table(labels):
    """Targets of 48 rows, and splits whose test rows lack the last class, have one class only, and lack nothing."""
    codes = np.arange(48) % len(labels)
    tests = [np.flatnonzero(codes[:24] < max(1, len(labels) - 1)), np.flatnonzero(codes == 0)[:6], np.arange(30, 48)]
    return labels[codes], [(np.setdiff1d(np.arange(48), test), test) for test in tests]


def log_score(P, hit):
    return np.log(P[np.arange(len(P)), hit]).mean()


def brier_score(P, hit):
    sums = ((np.eye(P.shape[1])[hit] - P) ** 2).sum(axis=1).mean()
    return -sums / 2 if P.shape[1] == 2 else -sums


def top_2(P, hit):
    return np.mean([label in np.argsort(row)[-2:] for row, label in zip(P, hit, strict=True)])


def own_loss(y_true, y_proba, labels=None):
    return log_loss(y_true, y_proba, labels=labels)


SCORES = {
    "neg_log_loss": log_score,
    "neg_brier_score": brier_score,
    make_scorer(own_loss, greater_is_better=False, response_method="predict_proba"): log_score,
    make_scorer(log_loss, greater_is_better=False, response_method="predict_proba"): log_score,
    "top_k_accuracy": top_2,
}


def by_hand(score, y, splits, C):
    for train, test in splits:
        model = LogisticRegression(C=C).fit(X[train], y[train])
        yield score(model.predict_proba(X[test]), np.searchsorted(model.classes_, y[test]))


@pytest.mark.filterwarnings("ignore:'k' .* greater than or equal:sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scoring", SCORES, ids=str)
def test_scores_are_right_where_test_rows_lack_a_class(scoring, kind):
    y, splits = table(KINDS[kind])
    search = ListSearchCV(LogisticRegression(), GRID, scoring=scoring, cv=splits).fit(X, y)
    for index, C in enumerate(GRID["C"]):
        found = [search.cv_results_[f"split{split}_test_score"][index] for split in range(3)]
        assert_allclose(found, list(by_hand(SCORES[scoring], y, splits, C)), rtol=1e-12)
    few = y != KINDS[kind][-1]  # the search scores new rows by the same rule
    best = search.best_estimator_
    expected = SCORES[scoring](best.predict_proba(X[few]), np.searchsorted(best.classes_, y[few]))
    assert_allclose(search.score(X[few], y[few]), expected, rtol=1e-12)


def test_several_metrics_at_once_and_networks():
    y, splits = table(KINDS["three"])
    several = {"loss": "neg_log_loss", "brier": "neg_brier_score", "hits": "accuracy"}
    search = ListSearchCV(LogisticRegression(), GRID, scoring=several, refit="loss", cv=splits).fit(X, y)
    for name, score in (("loss", log_score), ("brier", brier_score)):
        found = [search.cv_results_[f"split{split}_test_{name}"][1] for split in range(3)]
        assert_allclose(found, list(by_hand(score, y, splits, 1.0)), rtol=1e-12)


def test_networks_that_train_together():
    y, splits = table(KINDS["three"])
    net = NetClassifier(n_neurons=4, max_epochs=2, random_state=0, lr=0.01)
    tuned = BayesSearchCV(net, {"lr": [0.01]}, n_iter=1, scoring="neg_log_loss", cv=splits, n_jobs=1).fit(X, y)
    for split, (train, test) in enumerate(splits):
        expected = log_score(net.fit(X[train], y[train]).predict_proba(X[test]), y[test])
        assert_allclose(tuned.cv_results_[f"split{split}_test_score"][0], expected, rtol=1e-12)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "neg_brier_score", "roc_auc_ovr", "d2_log_loss_score"])
def test_where_no_class_is_missing_scores_are_scikit_learns_to_the_last_bit(scoring):
    y, splits = table(KINDS["three"])
    ours, theirs = (
        kind(LogisticRegression(), GRID, scoring=scoring, cv=splits[2:]).fit(X, y).cv_results_
        for kind in (ListSearchCV, GridSearchCV)
    )
    assert_array_equal(ours["split0_test_score"], theirs["split0_test_score"])


def test_training_rows_that_lack_a_class_too_score_what_they_know():
    """A class that a split neither trains nor tests has no column, and no part in the score."""
    y, _ = table(KINDS["three"])
    known = np.flatnonzero(y < 2)
    splits = [(known[:20], known[20:])]
    search = ListSearchCV(LogisticRegression(), GRID, scoring="neg_log_loss", cv=splits).fit(X, y)
    expected = [next(by_hand(log_score, y, splits, C)) for C in GRID["C"]]
    assert_allclose(search.cv_results_["split0_test_score"], expected, rtol=1e-12)


@pytest.mark.parametrize("scoring", ["roc_auc_ovr", "roc_auc_ovo", "d2_log_loss_score"])
def test_what_does_not_exist_without_a_class_is_still_no_score(scoring):
    y, splits = table(KINDS["three"])
    with pytest.raises(ValueError, match="fits failed"):
        ListSearchCV(LogisticRegression(), GRID, scoring=scoring, cv=splits[1:2]).fit(X, y)


def test_labels_that_the_user_gives_to_a_scorer_stand():
    y, splits = table(KINDS["three"])
    own = make_scorer(log_loss, greater_is_better=False, response_method="predict_proba", labels=[0, 1, 2])
    search = ListSearchCV(LogisticRegression(), GRID, scoring=own, cv=splits).fit(X, y)
    assert_allclose(search.cv_results_["split0_test_score"][1], next(by_hand(log_score, y, splits, 1.0)), rtol=1e-12)
