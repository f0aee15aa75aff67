"""Data that are no error, or become one only in some splits; and what comes after a good fit."""

import warnings

import numpy as np
import pandas as pd
import pytest
from calls_networks import X, y
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, KFold, PredefinedSplit, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktune import BayesSearchCV, NetClassifier, NetClassifierCV, NetRegressor, NetRegressorCV
from sktune.exceptions import SktuneWarning

pytest_plugins = "training_doors"

TARGET = X[:, 0] - X[:, 1]
NETWORKS = [(NetClassifier(max_epochs=3, random_state=0), y), (NetRegressor(max_epochs=3, random_state=0), TARGET)]
#: the last split tests label 2, which no other row has
LABELS = np.where(np.arange(24) >= 20, 2, y)
LAST_ROWS = PredefinedSplit(np.where(np.arange(24) >= 18, 0, -1))


# -- no errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        np.column_stack([X, np.full(24, 7.0)]),
        np.zeros((24, 2)),
        np.column_stack([X, X, X[:, 0]]),
        np.column_stack([X, X[:, 0] > 0]),
    ],
    ids=["constant", "only constants", "duplicates", "a column of bools"],
)
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize(("network", "target"), NETWORKS, ids=["classifier", "regressor"])
def test_constant_and_duplicate_columns_train(rows, normalization, network, target):
    network = clone(network).set_params(normalization=normalization)
    for model in (network, make_pipeline(StandardScaler(), clone(network))):
        model.fit(rows, target)
        outputs = model.predict_proba(rows) if target is y else model.predict(rows)
        assert np.isfinite(outputs).all()
        assert len(outputs) == 24


def test_self_tuning_networks_take_constant_columns():
    rows = np.column_stack([X, np.ones(24), X[:, 0]])
    for cls, net, target in ((NetClassifierCV, NETWORKS[0][0], y), (NetRegressorCV, NETWORKS[1][0], TARGET)):
        model = cls(estimator=net, search_space={"lr": [0.01]}, cv=2, n_iter=1, random_state=0).fit(rows, target)
        assert np.isfinite(model.best_score_)
        assert np.isfinite(model.predict(rows).astype(float)).all()


NUMBERS = {
    "n_layers": [np.int64(1), np.uint8(0)], "n_neurons": [np.int32(4), (np.int64(3), 4), [np.int16(2), 2]],
    "dropout": [np.float32(0.5), 0], "lr": [np.float64(0.1), np.float32(1e-3), 1, np.int64(1)],
    "weight_decay": [np.float16(0.5), np.int64(0)], "clip_norm": [np.int64(1)], "batch_size": [np.uint8(3)],
    "max_epochs": [np.int16(2)], "early_stopping": [np.True_], "random_state": [np.int64(3)],
    "verbose": [np.int64(0), False],
    "tol": [np.float16(0.1), 0], "patience": [np.int8(1)], "momentum": [np.float32(0)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in NUMBERS.items() for value in values], ids=str
)
def test_numpy_scalars_are_numbers(name, value):
    plain = value.item() if isinstance(value, np.generic) else value
    ours, same = (
        NetClassifier(**{"max_epochs": 2, "random_state": 0, name: one}).fit(X, y).predict_proba(X)
        for one in (value, plain)
    )
    np.testing.assert_array_equal(ours, same)


def test_numpy_scalars_are_numbers_in_searches():
    fits = [
        BayesSearchCV(SGDClassifier(), {"alpha": (low, high)}, n_iter=n, cv=cv, n_points=n, random_state=seed).fit(X, y)
        for low, high, n, cv, seed in [
            (np.float64(0.01), np.float32(0.5), np.int64(2), np.int64(2), np.int64(0)),
            (0.01, 0.5, 2, 2, 0),
        ]
    ]
    assert fits[0].cv_results_["params"] == fits[1].cv_results_["params"]


# -- the counters of the other tests see what they should see ----------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "target"),
    [
        *NETWORKS,
        (NetClassifier(callbacks=[]), y),
        (BayesSearchCV(NetClassifier(), {"lr": [0.1]}, cv=2), y),
        (BayesSearchCV(SGDClassifier(), {"alpha": [0.1]}, cv=2), y),
        (BayesSearchCV(SGDClassifier(), {"alpha": [0.1, 0.2]}, cv=2, pruning="halving"), y),
        (NetClassifierCV(cv=2), y),
        (NetRegressorCV(cv=2), TARGET),
    ],
    ids=str,
)
def test_good_calls_come_to_a_training(model, target, no_work):
    with pytest.raises(Exception, match=r"^(train|evaluate_fold)$"):
        model.fit(X, target)
    assert no_work


# -- splits ------------------------------------------------------------------------------------------------------------


def search(cv, scoring=None, estimator=None):
    return BayesSearchCV(
        LogisticRegression() if estimator is None else estimator, {"C": [1.0]}, n_iter=1, cv=cv, scoring=scoring
    )


@pytest.mark.parametrize("scoring", [None, "accuracy", "balanced_accuracy", make_scorer(accuracy_score)])
def test_labels_that_only_the_test_rows_have_are_told_of(scoring):
    """The score counts them as errors, as scikit-learn's does; the warning says that it cannot be otherwise."""
    message = (
        r"cv: the test rows of split 0 have the labels \[2\], which its training rows have not: no candidate can "
        "predict them there. Shuffle the rows"
    )
    with pytest.warns(SktuneWarning, match=message) as caught:
        ours = search(LAST_ROWS, scoring).fit(X, LABELS)
    assert [warning.category for warning in caught].count(SktuneWarning) == 1
    theirs = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=LAST_ROWS, scoring=scoring).fit(X, LABELS)
    assert ours.best_score_ == theirs.best_score_
    predicted = LogisticRegression().fit(X[:18], LABELS[:18]).predict(X[18:])
    if scoring != "balanced_accuracy":
        assert ours.best_score_ == np.mean(predicted == LABELS[18:])


#: the labels of training and of test rows are as many: scikit-learn takes the columns of the ones for the others
TRAP = np.where(np.arange(24) >= 18, 1 + y, y)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr", ["accuracy", "neg_log_loss"]], ids=str)
@pytest.mark.parametrize("labels", [LABELS, TRAP], ids=["more labels", "as many labels"])
def test_probabilities_of_labels_without_training_rows_are_not_scored(scoring, labels, no_work):
    name = "scoring" if isinstance(scoring, str) else "the score 'neg_log_loss' of scoring"
    tuner = search(LAST_ROWS, scoring).set_params(refit=True if isinstance(scoring, str) else "accuracy")
    message = rf"cv: the test rows of split 0 have the labels \[2\], .* no probabilities of them, which {name} asks for"
    with pytest.raises(ValueError, match=message):
        tuner.fit(X, labels)
    assert not no_work


def test_scikit_learn_scores_the_trap_wrongly():
    """Why probabilities are refused and not left to scikit-learn: the day this fails, the check may go."""
    theirs = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=LAST_ROWS, scoring="neg_log_loss").fit(X, TRAP)
    assert np.isfinite(theirs.best_score_)


def test_self_tuning_networks_tell_of_such_labels_too(no_engine):
    with pytest.raises(ValueError, match="no probabilities of them, which scoring asks for"):
        NetClassifierCV(cv=LAST_ROWS, scoring="neg_log_loss", n_iter=1).fit(X, LABELS)
    assert not no_engine


def test_sorted_labels_in_plain_folds_are_told_of():
    """The classic: folds of sorted rows, each with a class of its own."""
    with pytest.warns(SktuneWarning, match=r"test rows of split 0 have the labels \['a'\]"):
        tuned = search(KFold(3)).fit(X, np.repeat(["a", "b", "c"], 8))
    assert tuned.best_score_ == 0.0


def test_splits_that_train_what_they_test_are_not_told_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search(StratifiedKFold(2)).fit(X, y)
        search(KFold(2, shuffle=True, random_state=0)).fit(X, np.column_stack([y, y])[:, 0])


def test_bad_rows_inside_a_search_never_come_to_the_engine(no_engine):
    """What other estimators may be able to use is left to them: the error has the reasons of all fits."""
    rows = np.column_stack([X, np.full(24, np.nan)])
    tuner = BayesSearchCV(NetClassifier(), {"lr": (1e-3, 1e-1)}, n_iter=2, cv=2)
    with pytest.raises(ValueError, match=r"(?s)All the 4 fits failed.*Input X contains NaN"):
        tuner.fit(rows, y)
    with pytest.raises(ValueError, match=r"(?s)All the 4 fits failed.*y must hold class labels of one kind"):
        tuner.fit(X, TARGET)
    assert not no_engine


def test_rare_classes_and_small_fractions_still_train():
    rare = np.zeros(24, dtype=int)
    rare[0] = 1
    model = NetClassifier(early_stopping=True, max_epochs=2, random_state=0).fit(X, rare)
    assert model.predict_proba(X).shape == (24, 2)
    for fraction in (1e-9, 0.999):
        model = NetRegressor(early_stopping=True, validation_fraction=fraction, max_epochs=2, random_state=0)
        assert np.isfinite(model.fit(X[:5], TARGET[:5]).predict(X)).all()


# -- after a good fit --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    self_tuned = NetClassifierCV(estimator=NETWORKS[0][0], search_space={"lr": [0.01]}, n_iter=1, cv=2, random_state=0)
    return {
        "classifier": NetClassifier(max_epochs=1, random_state=0).fit(frame, y),
        "regressor": NetRegressor(max_epochs=1, random_state=0).fit(frame, TARGET),
        "self-tuned": self_tuned.fit(frame, y),
        "warm": NetClassifier(max_epochs=1, warm_start=True, random_state=0).fit(X, y),
        "pieces": NetClassifier(max_epochs=2, random_state=0).partial_fit(X, y, [0, 1]),
    }


@pytest.mark.parametrize("kind", ["classifier", "regressor", "self-tuned"])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pd.DataFrame(X[:, :2], columns=["a", "b"]), "feature names should match .*missing:\n- c"),
        (pd.DataFrame(X, columns=["a", "b", "d"]), "feature names should match .*unseen at fit time:\n- d"),
        (pd.DataFrame(X[:, ::-1], columns=["c", "b", "a"]), "must be in the same order as they were in fit"),
        (pd.DataFrame(np.where(np.eye(24, 3) > 0, np.nan, X), columns=["a", "b", "c"]), "Input X contains NaN"),
        (
            pd.DataFrame({"a": ["x"] * 24, "b": X[:, 1], "c": X[:, 2]}),
            "X must be real numbers, but its column 'a' has strings",
        ),
    ],
    ids=["fewer", "others", "order", "NaN", "words"],
)
def test_rows_to_predict_have_the_features_of_fit(fitted, kind, rows, message, no_work):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        fitted[kind].predict(rows)
    assert not no_work


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (X[:, :2], "X has 2 features, but NetClassifier is expecting 3 features as input"),
        (np.column_stack([X, X]), "X has 6 features, but NetClassifier is expecting 3 features as input"),
        (X[:0], "Found array with 0 sample"),
        (X[0], "Expected 2D array, got 1D array instead"),
        (X + 1j, "Complex data not supported: X must be real numbers"),
        (X.astype(str), "X must be real numbers, but its column 0 has numbers written as strings"),
        (np.where(np.eye(24, 3) > 0, np.inf, X), "Input X contains infinity"),
    ],
    ids=["fewer", "more", "none", "1-D", "complex", "strings", "inf"],
)
@pytest.mark.parametrize("method", ["predict", "predict_proba", "partial_fit", "fit"])
def test_rows_have_the_width_of_the_first(fitted, method, rows, message, no_work):
    model = fitted["warm"]
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(rows, *([] if method.startswith("predict") else [y[: len(rows)]]))
    assert not no_work


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_layers": 1}, r"hidden is \(128, 128\): it cannot change to \(128,\)"),
        ({"n_neurons": 64}, r"hidden is \(128, 128\): it cannot change to \(64, 64\)"),
        ({"normalization": "batch"}, "normalization is None: it cannot change to 'batch'"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["warm", "pieces"])
def test_a_network_that_trains_on_keeps_its_layers(fitted, kind, changed, message, no_work):
    model = fitted[kind]
    before = {name: model.get_params()[name] for name in changed}
    try:
        model.set_params(**changed)
        with pytest.raises(ValueError, match=message):
            (model.fit if kind == "warm" else model.partial_fit)(X, y)
    finally:
        model.set_params(**before)
    assert not no_work


def test_pieces_have_the_classes_of_the_first(fitted, no_work):
    model = fitted["pieces"]
    with pytest.raises(ValueError, match=r"y has labels \[2\] that are not in classes_ \[0 1\]"):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match=r"classes=\[0, 1, 2\] is not the same as in the first call"):
        model.partial_fit(X, y, [0, 1, 2])
    with pytest.raises(ValueError, match=r"y has labels \[7\] that are not in classes_"):
        fitted["warm"].fit(X, np.where(y == 1, 7, 0))
    assert not no_work


def test_numbers_of_targets_stay(fitted, no_work):
    with pytest.raises(ValueError, match=r"y has shape \(24, 2\), but the first fit saw 1 target"):
        fitted["regressor"].partial_fit(pd.DataFrame(X, columns=["a", "b", "c"]), np.column_stack([TARGET, TARGET]))
    assert not no_work
