"""Networks inside everything that scikit-learn builds from estimators."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
import torch
from callbacks import EndOfTaskCallback
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor, BaggingRegressor, StackingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate, learning_curve
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier, NeuralNetRegressor

from sktune import NetClassifier, NetRegressor

X, y = make_classification(n_samples=120, n_features=5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
X_reg, y_reg = make_regression(n_samples=120, n_features=5, noise=10.0, random_state=0)
CLASSIFIER = NetClassifier(n_neurons=16, max_epochs=15, lr=0.02, random_state=0)
REGRESSOR = NetRegressor(n_neurons=16, max_epochs=15, lr=0.02, random_state=0)


@pytest.mark.parametrize(
    "model",
    [
        Pipeline([("scale", StandardScaler()), ("net", CLASSIFIER)]),
        StackingClassifier([("net", CLASSIFIER), ("linear", LogisticRegression())], cv=3),
        AdaBoostClassifier(CLASSIFIER, n_estimators=3, random_state=0),
        CalibratedClassifierCV(CLASSIFIER, cv=3),
        OneVsRestClassifier(CLASSIFIER),
    ],
    ids=lambda model: type(model).__name__,
)
def test_classifier_composes(model):
    assert model.fit(X, y).score(X, y) > 0.75
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    "model",
    [
        BaggingRegressor(REGRESSOR, n_estimators=3, random_state=0),
        AdaBoostRegressor(REGRESSOR, n_estimators=3, random_state=0),
        TransformedTargetRegressor(REGRESSOR, transformer=StandardScaler()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_regressor_composes(model):
    assert model.fit(X_reg, y_reg).score(X_reg, y_reg) > 0.75


def test_model_selection_tools():
    probabilities = cross_val_predict(CLASSIFIER, X, y, cv=3, method="predict_proba")
    assert (probabilities.argmax(axis=1) == y).mean() > 0.6
    _, train_scores, test_scores = learning_curve(CLASSIFIER, X, y, cv=3, train_sizes=[0.3, 1.0])
    assert train_scores.shape == test_scores.shape == (2, 3)
    assert test_scores[1].mean() > 0.6


def test_permutation_importance_finds_the_features_that_matter():
    target = 3 * X_reg[:, 1]
    net = NetRegressor(n_neurons=16, max_epochs=40, lr=0.02, random_state=0).fit(X_reg, target)
    importance = permutation_importance(net, X_reg, target, random_state=0).importances_mean
    assert importance.argmax() == 1
    assert importance[1] > 10 * np.delete(importance, 1).max()


COPIES = {
    "pickle": lambda net: pickle.loads(pickle.dumps(net)),
    "deepcopy": copy.deepcopy,
    "joblib": lambda net: _through_joblib(net),
}


def _through_joblib(net):
    buffer = io.BytesIO()
    joblib.dump(net, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("net", [CLASSIFIER, REGRESSOR], ids=["classifier", "regressor"])
def test_copies_predict_alike_and_train_on_alike(net, how):
    data, target = (X, y) if net is CLASSIFIER else (X_reg, y_reg)
    fitted = clone(net).set_params(dropout=0.1, normalization="batch").fit(data, target)
    again = COPIES[how](fitted)
    np.testing.assert_array_equal(again.predict(data), fitted.predict(data))
    assert again.history_ == fitted.history_
    np.testing.assert_array_equal(
        again.partial_fit(data, target).predict(data), fitted.partial_fit(data, target).predict(data)
    )


def test_clone_and_parameters():
    net = NetClassifier(**{name: object() for name in NetClassifier().get_params()})
    assert all(net.get_params()[name] is getattr(net, name) for name in net.get_params())
    fitted = clone(CLASSIFIER).fit(X, y)
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    assert not hasattr(fresh, "net_")
    np.testing.assert_array_equal(fresh.fit(X, y).predict_proba(X), fitted.predict_proba(X))
    assert eval(repr(CLASSIFIER), {"NetClassifier": NetClassifier}).get_params() == CLASSIFIER.get_params()


def test_a_fitted_network_does_not_keep_the_data():
    rows = 5000
    rng = np.random.default_rng(0)
    net = NetClassifier(n_neurons=4, max_epochs=1).fit(rng.normal(size=(rows, 20)), np.arange(rows) % 2)
    assert len(pickle.dumps(net)) < rows * 20 * 4 / 4


def test_metadata_routing_of_weights():
    weight = np.where(y == 2, 0.0, 1.0)
    with config_context(enable_metadata_routing=True):
        net = clone(CLASSIFIER).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), net)
        scores = cross_validate(pipeline, X, y, params={"sample_weight": weight}, cv=3, return_estimator=True)
    for model in scores["estimator"]:
        assert 2 not in model.predict(X)
    assert scores["test_score"].min() > 0.6  # class 2, which is never predicted, does not count


# -- scikit-learn's callbacks


class CountTasks(EndOfTaskCallback):
    """Count the tasks of each name below the estimator that it is set on."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.tasks = {}

    def on_fit_task_end(self, estimator, context):
        key = context.estimator_name, context.task_name
        self.tasks[key] = self.tasks.get(key, 0) + 1
        return self.tasks.get(("NetClassifier", "epoch")) == self.stop_after


def test_a_search_shows_the_epochs_below_it():
    counter = CountTasks()
    search = GridSearchCV(clone(CLASSIFIER).set_params(max_epochs=4), {"lr": [0.01, 0.02]}, cv=3)
    search.set_callbacks(counter).fit(X, y)
    assert counter.tasks["NetClassifier", "epoch"] == (2 * 3 + 1) * 4


def test_the_progress_bar_draws_the_epochs_of_a_search(capsys):
    net = clone(CLASSIFIER).set_params(max_epochs=3)
    search = GridSearchCV(net, {"lr": [0.01, 0.02]}, cv=2).set_callbacks(ProgressBar())
    search.fit(X, y)
    shown = capsys.readouterr().out
    assert "GridSearchCV - fit" in shown
    assert "NetClassifier" in shown
    assert "100%" in shown


def test_a_callback_may_stop_the_training():
    net = clone(CLASSIFIER).set_callbacks(CountTasks(stop_after=3)).fit(X, y)
    assert net.n_iter_ == 3


def test_a_callback_may_score_the_network_at_every_epoch():
    monitor = ScoringMonitor(scoring="accuracy")
    net = clone(CLASSIFIER).set_params(max_epochs=5).set_callbacks(monitor).fit(X, y)
    table = monitor.get_logs().data_as_pandas
    scores = table.loc[table["task_name"] == "epoch", "accuracy"]
    assert len(scores) == 5
    assert scores.iloc[-1] == pytest.approx(net.score(X, y))
    assert scores.iloc[0] == pytest.approx(clone(net).set_params(max_epochs=1).fit(X, y).score(X, y))


# -- the net inside


def test_the_classifiers_net_is_genuine(tmp_path):
    labels = np.array(["a", "b", "c"])[y]
    model = clone(CLASSIFIER).fit(X, labels)
    net, data = model.net_, X.astype("float32")
    assert type(net) is NeuralNetClassifier
    assert net.initialized_
    np.testing.assert_allclose(net.predict_proba(data), model.predict_proba(X), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(net.classes_[net.predict(data)], model.predict(X))
    np.testing.assert_allclose(net.history[:, "train_loss"], model.history_["train_loss"])
    net.save_params(f_params=tmp_path / "weights.pt")
    other = clone(CLASSIFIER).set_params(random_state=1).fit(X, labels)
    other.net_.load_params(f_params=tmp_path / "weights.pt")
    np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))


def test_the_regressors_net_speaks_the_users_units():
    model = clone(REGRESSOR).fit(X_reg, y_reg * 100 + 7)
    assert type(model.net_) is NeuralNetRegressor
    np.testing.assert_allclose(model.net_.predict(X_reg.astype("float32"))[:, 0], model.predict(X_reg), rtol=1e-4)


def test_the_net_can_be_trained_on_by_skorch():
    model = clone(CLASSIFIER).set_params(dropout=0.1).fit(X, y)
    before = torch.clone(model.net_.module_.output.weight)
    model.net_.partial_fit(X.astype("float32"), y)
    assert not torch.equal(before, model.net_.module_.output.weight)
    assert len(model.net_.history) > model.n_iter_
