"""Several labels a row: what `NetClassifier` makes of them, against scikit-learn and against one network a label."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import coo_array, csr_matrix
from sklearn.datasets import make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, get_scorer, log_loss
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.utils.class_weight import compute_sample_weight
from skorch.callbacks import Callback

from sktune import BayesSearchCV, NetClassifier, NetClassifierCV, load, save

X, Y = make_multilabel_classification(n_samples=90, n_features=5, n_classes=3, random_state=0)
X = (X - X.mean(0)) / X.std(0)
TWO = Y[:, :2]
WEIGHT = np.random.default_rng(0).uniform(0.5, 2.0, 90)
SMALL = {"n_neurons": 6, "max_epochs": 4, "lr": 0.02, "random_state": 0}
#: noise of every kind
NOISY = {"dropout": 0.2, "mixup": 0.3, "input_noise": 0.1, "label_smoothing": 0.1, "early_stopping": True}


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("labels", [Y, TWO], ids=["3 labels", "2 labels"])
def test_results_are_shaped_as_those_of_scikit_learn(labels):
    net = NetClassifier(**SMALL).fit(X, labels)
    peer = MLPClassifier(max_iter=2).fit(X, labels)
    for method in ("predict", "predict_proba", "predict_log_proba"):
        ours, theirs = getattr(net, method)(X), getattr(peer, method)(X)
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    assert_array_equal(net.predict(X), net.predict_proba(X) > 0.5)
    assert_allclose(net.predict_log_proba(X), np.log(net.predict_proba(X)), rtol=1e-9)
    assert net.score(X, labels) == accuracy_score(labels, net.predict(X))
    if labels is Y:
        assert_array_equal(net.classes_, peer.classes_)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_the_loss_is_scikit_learns_divided_by_the_number_of_labels():
    net = NetClassifier(**{**SMALL, "lr": 1e-30, "max_epochs": 1, "dtype": "float64"}, n_layers=0).fit(X, Y)
    peer = MLPClassifier(hidden_layer_sizes=(4,), max_iter=1, batch_size=90, learning_rate_init=1e-30).fit(X, Y)
    for model, n_labels in ((net, 1), (peer, 3)):
        each = [log_loss(Y[:, label], model.predict_proba(X)[:, label]) for label in range(3)]
        found = model.history_["train_loss"][0] if model is net else model.loss_ - penalty(peer)
        assert_allclose(found, n_labels * np.mean(each), rtol=1e-6)


def penalty(peer):
    return 0.5 * peer.alpha * sum((matrix**2).sum() for matrix in peer.coefs_) / len(X)


@pytest.mark.parametrize("loss", ["log_loss", "focal"])
def test_labels_are_learned_as_by_a_linear_network_each(loss):
    """Without hidden layers, and by plain gradients of all rows, the labels have nothing in common."""
    settings = {
        "n_layers": 0, "weight_decay": 0.0, "label_smoothing": 0.1, "loss": loss, "optimizer": "sgd", "momentum": 0.0,
        "batch_size": 90, "dtype": "float64", "random_state": 0,
    }  # fmt: skip
    together = NetClassifier(**settings, max_epochs=20, lr=0.9).fit(X, Y, WEIGHT)
    still = {"max_epochs": 1, "lr": 1e-30}
    begin = NetClassifier(**settings, **still).fit(X, Y, WEIGHT).net_.module_.output.weight
    for label in range(3):
        alone = NetClassifier(**settings, **still, warm_start=True).fit(X, Y[:, label], WEIGHT)
        with torch.no_grad():  # of its two scores the difference is that of the label
            alone.net_.module_.output.weight.copy_(torch.stack([-begin[label], begin[label]]) / 2)
        # it moves twice as far as each, and the loss of a label is a third of the mean
        alone.set_params(max_epochs=20, lr=0.9 / 3 / 2).fit(X, Y[:, label], WEIGHT)
        assert_allclose(alone.predict_proba(X)[:, 1], together.predict_proba(X)[:, label], rtol=1e-9)


def test_a_linear_network_reaches_the_optimum_of_logistic_regressions():
    net = NetClassifier(
        n_layers=0, weight_decay=0.0, batch_size=90, dtype="float64", random_state=0, lr=0.1, max_epochs=800,
        lr_schedule="cosine",
    ).fit(X, Y, WEIGHT)  # fmt: skip
    for label in range(3):
        peer = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(X, Y[:, label], WEIGHT)
        best, ours = (
            log_loss(Y[:, label], p, sample_weight=WEIGHT)
            for p in (peer.predict_proba(X)[:, 1], net.predict_proba(X)[:, label])
        )
        assert best - 1e-9 <= ours < best + 1e-4


@pytest.mark.parametrize("loss", ["log_loss", "focal"])
def test_the_engine_is_skorchs_loop(loss):
    settings = {**SMALL, **NOISY, "loss": loss, "dtype": "float64", "class_weight": "balanced"}
    engine = NetClassifier(**settings).fit(X, Y, WEIGHT)
    skorch = NetClassifier(**settings, callbacks=[Callback()]).fit(X, Y, WEIGHT)
    assert_allclose(engine.predict_proba(X), skorch.predict_proba(X), rtol=1e-9)
    assert_allclose(engine.history_["valid_loss"], skorch.history_["valid_loss"], rtol=1e-9)
    assert_allclose(engine.net_.predict_proba(X), engine.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("labels", [Y, TWO], ids=["3 labels", "2 labels"])
def test_any_form_of_the_indicator_is_the_same(labels):
    expected = NetClassifier(**SMALL, **NOISY).fit(X, labels).predict_proba(X)
    forms = [csr_matrix(labels), coo_array(labels.astype(float)), labels.astype(bool), labels.tolist(), 1.0 * labels]
    for form in forms:
        net = NetClassifier(**SMALL, **NOISY).fit(X, form)
        assert_array_equal(net.predict_proba(X), expected)
        assert net.score(X, form) == accuracy_score(labels, net.predict(X))


def test_weights_of_classes_are_those_of_scikit_learn():
    weights = [{0: 1.0, 1: 3.0}, {1: 0.5}, {}]
    for class_weight in (weights, "balanced"):
        of_row = compute_sample_weight(
            [{0: 1.0, 1: 1.0, **each} for each in weights] if class_weight is weights else "balanced", Y
        )
        net = NetClassifier(**SMALL, class_weight=class_weight).fit(X, Y)
        assert_allclose(net.predict_proba(X), NetClassifier(**SMALL).fit(X, Y, of_row).predict_proba(X), rtol=1e-5)
    net = NetClassifier(**SMALL, class_weight=[{0: 0}, {}, {}]).fit(X, Y)  # rows without a weight are left out
    has_it = Y[:, 0] == 1
    assert_array_equal(net.predict(X), NetClassifier(**SMALL).fit(X[has_it], Y[has_it]).predict(X))


def test_pieces_pauses_and_files(tmp_path):
    whole = NetClassifier(**SMALL, **NOISY).fit(X, TWO, WEIGHT)
    pieces = NetClassifier(**SMALL, **NOISY).fit_until(X, TWO, 1, WEIGHT)
    path = tmp_path / "net.sktune"
    save(pieces, path)
    pieces = load(path)
    assert_array_equal(pieces.classes_, whole.classes_)
    pieces.fit_until(X, TWO, 4, WEIGHT)
    assert_array_equal(pieces.predict_proba(X), whole.predict_proba(X))
    partial = NetClassifier(**SMALL).partial_fit(X, Y).partial_fit(X, Y, classes=np.arange(3))
    assert_array_equal(partial.predict_proba(X), NetClassifier(**{**SMALL, "max_epochs": 2}).fit(X, Y).predict_proba(X))
    with pytest.raises(ValueError, match=r"y has shape \(90, 2\), but the first fit saw 3 columns of labels"):
        partial.partial_fit(X, TWO)
    with pytest.raises(ValueError, match=r"y has shape \(90,\), but the first fit saw 3 columns of labels"):
        partial.partial_fit(X, Y[:, 0])
    assert partial.set_params(max_epochs=1).fit(X, Y[:, 0]).predict(X).shape == (90,)


SCORES = ["roc_auc", "average_precision", "f1_macro", "accuracy"]


@pytest.mark.parametrize("labels", [Y, TWO], ids=["3 labels", "2 labels"])
def test_scores_and_searches(labels, tmp_path):
    net = NetClassifier(**SMALL)
    fitted = net.fit(X, labels)
    for name in SCORES:
        score = get_scorer(name)
        of_arrays = fitted.predict_proba(X) if name in ("roc_auc", "average_precision") else fitted.predict(X)
        assert score(fitted, X, labels) == score._score_func(labels, of_arrays, **score._kwargs)
    assert set(SCORES) <= {name.removeprefix("test_") for name in cross_validate(net, X, labels, cv=2, scoring=SCORES)}
    assert cross_val_predict(net, X, labels, method="predict_proba").shape == labels.shape
    space = {"loss": ["log_loss", "focal"], "lr": [0.01, 0.03]}
    grid = GridSearchCV(net, space, cv=2, scoring="roc_auc", error_score="raise").fit(X, labels)
    first, again = (
        BayesSearchCV(
            net,
            space,
            n_iter=4,
            cv=2,
            scoring="roc_auc",
            random_state=0,
            storage=tmp_path / f"scores of {type(form).__name__}",
            error_score="raise",
        ).fit(X, form)
        for form in (labels, csr_matrix(labels))
    )
    assert_array_equal(first.cv_results_["mean_test_score"], again.cv_results_["mean_test_score"])
    assert first.best_score_ == grid.best_score_
    tuned = NetClassifierCV(estimator=net, n_iter=2, cv=2, scoring="average_precision", random_state=0)
    tuned.fit(X, csr_matrix(labels))
    assert tuned.predict_proba(X).shape == labels.shape
    assert_array_equal(tuned.classes_, fitted.classes_)


def test_columns_of_classes_take_a_network_each():
    classes = np.column_stack([Y.sum(1) % 3, Y[:, 0]])
    model = MultiOutputClassifier(NetClassifier(**SMALL)).fit(X, classes)
    assert model.predict(X).shape == classes.shape
