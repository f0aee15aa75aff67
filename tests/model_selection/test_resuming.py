"""Training in pieces: which estimators can, and that the pieces are the whole."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from skorch.callbacks import GradientNormClipping

from sktune import NetClassifier, NetRegressor
from sktune.model_selection._resuming import find_resource, train_until
from sktune.model_selection._shared_steps import SharedSteps

X, y = load_iris(return_X_y=True)


class Counting(TransformerMixin, BaseEstimator):
    """Does nothing, and counts how often it was fitted."""

    n_fits = 0

    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y=None, weight=None):
        Counting.n_fits += 1
        self.weight_ = weight
        return self

    def transform(self, X):
        return X * self.factor


def in_pieces(estimator, X, y, pauses, **fit_params):
    shared, trained = SharedSteps(), 0
    for n_epochs in pauses:
        trained = train_until(estimator, X, y, n_epochs, trained=trained, fit_params=fit_params, shared=shared, split=0)
        estimator = pickle.loads(pickle.dumps(estimator))
    return estimator


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (NetClassifier(max_epochs=7), ("max_epochs", 7, "fit_until")),
        (make_pipeline(None, make_pipeline(None, NetRegressor())), ("max_epochs", 100, "fit_until")),
        (MLPClassifier(max_iter=np.int64(30)), ("max_iter", 30, "partial_fit")),
        (SGDClassifier(), ("max_iter", 1000, "partial_fit")),
        (GradientBoostingClassifier(n_estimators=20), ("n_estimators", 20, "warm_start")),
        (HistGradientBoostingClassifier(), ("max_iter", 100, "warm_start")),
        (RandomForestClassifier(), ("n_estimators", 100, "warm_start")),
        (LogisticRegression(max_iter=50), ("max_iter", 50, "warm_start")),
    ],
)  # fmt: skip
def test_what_can_be_trained_in_pieces(estimator, expected):
    assert find_resource(estimator) == expected


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (SVC(), "SVC cannot be trained in pieces: that takes fit_until"),
        (make_pipeline(StandardScaler()), "StandardScaler cannot be trained in pieces"),
        (NetClassifier(callbacks=[GradientNormClipping()]), "set callbacks=None"),
        (MLPClassifier(early_stopping=True), "set early_stopping=False"),
        (GradientBoostingClassifier(n_estimators=0), "n_estimators of GradientBoostingClassifier must be an int of at"),
        (NetClassifier(max_epochs=2.5), "max_epochs of NetClassifier must be an int of at least 1, got 2.5"),
    ],
)
def test_what_cannot(estimator, message):
    with pytest.raises(ValueError, match=message):
        find_resource(estimator)


@pytest.mark.parametrize(
    "estimator",
    [
        NetClassifier(max_epochs=6, lr_schedule="cosine", random_state=0),
        make_pipeline(StandardScaler(), NetClassifier(max_epochs=6, early_stopping=True, random_state=0)),
        make_pipeline(StandardScaler(), make_pipeline(None, NetClassifier(max_epochs=6, dropout=0.2, random_state=0))),
        GradientBoostingClassifier(n_estimators=6, random_state=0),
        make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=6, min_samples_leaf=5, random_state=0)),
        RandomForestClassifier(n_estimators=6, random_state=0),
    ],
)
@pytest.mark.parametrize("pauses", [[6], [1, 2, 6], [3, 3, 6]])
def test_pieces_are_a_fit(estimator, pauses):
    whole = clone(estimator).fit(X, y)
    pieces = in_pieces(clone(estimator), X, y, pauses)
    assert_array_equal(whole.predict_proba(X), pieces.predict_proba(X))


def test_gradient_boosting_without_subsamples_goes_on_exactly():
    X, y = load_diabetes(return_X_y=True)
    estimator = GradientBoostingRegressor(n_estimators=9, random_state=0)
    assert_array_equal(clone(estimator).fit(X, y).predict(X), in_pieces(estimator, X, y, [2, 5, 9]).predict(X))


@pytest.mark.parametrize("estimator", [MLPClassifier(max_iter=5), SGDClassifier(max_iter=5)])
def test_an_epoch_of_partial_fit_is_a_call(estimator):
    estimator.set_params(random_state=0)
    plain = clone(estimator)
    for _ in range(5):
        plain.partial_fit(X, y, classes=[0, 1, 2])
    pieces = in_pieces(clone(estimator), X, y, [2, 3, 5])
    assert_array_equal(plain.predict(X), pieces.predict(X))
    assert pieces.t_ == plain.t_


def test_the_parameters_are_what_they_were():
    estimator = GradientBoostingClassifier(n_estimators=8, random_state=0)
    assert in_pieces(estimator, X, y, [2, 5]).n_estimators == 8


def test_early_stopping_ends_the_training():
    net = NetClassifier(max_epochs=50, early_stopping=True, patience=1, tol=1.0, random_state=0)
    trained = train_until(net, X, y, 40, fit_params={}, shared=SharedSteps(), split=0)
    assert trained == net.n_iter_ < 10


# -- the steps before ------------------------------------------------------------------------------------------


def test_steps_are_fitted_once_for_all_candidates_of_a_split():
    Counting.n_fits, shared = 0, SharedSteps()
    for lr in (0.1, 0.01):
        for split in (0, 1):
            pipeline = make_pipeline(Counting(), NetClassifier(max_epochs=4, lr=lr))
            for trained, n_epochs in ((0, 2), (2, 4)):
                given = {"trained": trained, "fit_params": {}, "shared": shared, "split": split}
                assert train_until(pipeline, X[split::2], y[split::2], n_epochs, **given) == n_epochs
    assert Counting.n_fits == 2


def test_other_settings_are_fitted_on_their_own():
    shared = SharedSteps()
    scaled = [
        shared.transform(make_pipeline(Counting(factor), SVC()), X, y, PARAMS, is_fitted=False, split=0)
        for factor in (1.0, 2.0, 1.0)
    ]
    assert_array_equal(scaled[0] * 2, scaled[1])
    assert scaled[2] is scaled[0]


def test_what_cannot_be_compared_is_not_shared():
    shared = SharedSteps()
    for factor in (1.0, 2.0):
        step = FunctionTransformer(lambda X, factor=factor: X * factor)
        params = {"functiontransformer": {"fit": {}, "fit_transform": {}, "transform": {}}}
        found = shared.transform(make_pipeline(step, SVC()), X, y, params, is_fitted=False, split=0)
        assert_array_equal(found, X * factor)


def test_a_fitted_pipeline_is_never_fitted_again():
    Counting.n_fits = 0
    pipeline = make_pipeline(Counting(), NetClassifier(max_epochs=4))
    in_pieces(pipeline, X, y, [1, 2, 4])
    train_until(pipeline, X, y, 4, trained=1, fit_params={}, shared=SharedSteps(), split=0)
    assert Counting.n_fits == 1


def test_shared_steps_keep_no_more_than_they_may(monkeypatch):
    monkeypatch.setattr("sktune.model_selection._shared_steps._MOST_BYTES", 3 * X.nbytes)
    shared = SharedSteps()
    for split in range(9):
        shared.transform(make_pipeline(Counting(), SVC()), X, y, PARAMS, is_fitted=False, split=split)
    assert len(shared._entries) == 3
    assert not pickle.loads(pickle.dumps(shared))._entries


def test_fit_parameters_reach_their_steps():
    pipeline = make_pipeline(Counting(), NetClassifier(max_epochs=2, random_state=0))
    weight = np.linspace(0.5, 2, len(X))
    given = {"counting__weight": "w", "netclassifier__sample_weight": weight}
    pieces = in_pieces(clone(pipeline), X, y, [1, 2], **given)
    assert pieces[0].weight_ == "w"
    assert_array_equal(pieces.predict_proba(X), clone(pipeline).fit(X, y, **given).predict_proba(X))
    with pytest.raises(ValueError, match="does not accept the sample_weight parameter"):
        in_pieces(clone(pipeline), X, y, [1], sample_weight=weight)


PARAMS = {"counting": {"fit": {}, "fit_transform": {}, "transform": {}}}
