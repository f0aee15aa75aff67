"""Ranges that cannot be meant are explained before any fit, by what the estimator allows."""

import pytest
import sklearn
from scipy.stats import loguniform
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

from sktune import BayesSearchCV, HyperbandSearchCV, NetClassifier, NetClassifierCV, PopulationSearchCV, ZoomSearchCV
from sktune.model_selection._search_domains import check_domains
from sktune.space import Space

X, y = load_iris(return_X_y=True)
SWITCH = Pipeline([("model", SVC())])
MODELS = [SVC(), LogisticRegression()]
OF_FLOATS = r"a range of ints has the two values 0 and 1 only: write \(0\.0, 1\.0\) for a range of floats, or \[0, 1\]"


@pytest.mark.parametrize(
    ("estimator", "space", "message"),
    [
        (NetClassifier(), {"dropout": (0, 1)}, f"'dropout' of NetClassifier is a number, but {OF_FLOATS}"),
        (make_pipeline(SVC()), {"svc__C": (0, 1)}, f"'svc__C' of SVC is a number, but {OF_FLOATS}"),
        (RandomForestClassifier(), {"max_features": (0, 1)}, OF_FLOATS),
        (SWITCH, {"model": MODELS, "model__C": (0, 1)}, f"'model__C' of SVC is a number, but {OF_FLOATS}"),
        (
            NetClassifier(),
            {"batch_size": (16.0, 128.0)},
            r"'batch_size' of NetClassifier is an int, but Real\(16\.0, 128\.0\) is .*: write \(16, 128\)$",
        ),
        (
            make_pipeline(NetClassifier()),
            {"netclassifier__n_neurons": (16.0, 128.0, "log-uniform")},
            r"is a range of floats: write \(16, 128, 'log-uniform'\)",
        ),
        (NetClassifier(), {"n_neurons": loguniform(16, 128)}, r"is a range of floats: write \(16, 128\)"),
        (RandomForestClassifier(), {"max_depth": (1.0, 20.0)}, r"'max_depth' of RandomForestClassifier is an int"),
        (Ridge(), {"fit_intercept": (0, 1)}, r"of Ridge must be an instance of 'bool' .*; Integer\(0, 1\) has no such"),
        (NetClassifier(), {"dropout": (2.0, 3.0)}, r"must be a float in the range \[0.0, 1.0\); Real\(2.0, 3.0\) has"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_explained(estimator, space, message):
    with pytest.raises(ValueError, match=f"search_spaces: parameter .*{message}"):
        BayesSearchCV(estimator, space).fit(X, y)


class Rounding(MLPClassifier):
    """Takes floats where its base takes ints."""

    def fit(self, X, y):
        self.max_iter = round(self.max_iter)
        return super().fit(X, y)


@pytest.mark.parametrize(
    ("estimator", "space"),
    [
        (SVC(), {"C": (1, 10), "degree": (1, 2), "gamma": (1e-3, 1.0)}),
        (SVC(), {"C": [0, 1]}),
        (RandomForestClassifier(), {"max_features": (0.1, 1.0), "min_samples_leaf": (1, 2), "max_depth": (1, 2)}),
        (NetClassifier(), NetClassifier.default_search_space(1000, 5)),
        (NetClassifier(), {"dropout": (0.0, 1.0), "n_layers": (0, 1)}),
        (SWITCH, {"model": [SVC(), NetClassifier()], "model__C": (0.1, 1.0)}),
        (Rounding(), {"max_iter": (1.0, 9.0)}),
    ],
)
def test_what_may_be_meant_is_not_refused(estimator, space):
    check_domains(estimator, Space(space))


def test_estimators_that_are_not_to_check_are_not_asked():
    with sklearn.config_context(skip_parameter_validation=True):
        check_domains(NetClassifier(), Space({"dropout": (0, 1)}))


@pytest.mark.parametrize("search", [HyperbandSearchCV, PopulationSearchCV, ZoomSearchCV])
def test_all_searches_explain_them(search):
    with pytest.raises(ValueError, match=f"'dropout' of NetClassifier .*{OF_FLOATS}"):
        search(NetClassifier(max_epochs=2), {"dropout": (0, 1)}).fit(X, y)


def test_networks_that_tune_themselves_explain_them():
    with pytest.raises(ValueError, match=f"'net__dropout' of NetClassifier .*{OF_FLOATS}"):
        NetClassifierCV(search_space={"dropout": (0, 1)}).fit(X, y)
