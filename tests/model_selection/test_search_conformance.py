"""BayesSearchCV passes every check of scikit-learn's that RandomizedSearchCV passes."""

import warnings

import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import check_estimator

from sktune.model_selection import BayesSearchCV


def outcome_of_checks(search):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LogisticRegression does not converge on the data of the checks
        results = check_estimator(search, on_fail=None, on_skip=None)
    return [(result["check_name"], result["status"]) for result in results]


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (Ridge(), "alpha"),
        (LogisticRegression(), "C"),
        (Pipeline([("pca", PCA()), ("logisticregression", LogisticRegression())]), "logisticregression__C"),
    ],
    ids=["regressor", "classifier", "pipeline"],
)
def test_the_checks_end_as_those_of_scikit_learns_own_search(estimator, name):
    options = {"cv": 2, "error_score": "raise", "n_iter": 2, "random_state": 0}
    ours = outcome_of_checks(BayesSearchCV(estimator, {name: [0.1, 1.0]}, **options))
    assert ours == outcome_of_checks(RandomizedSearchCV(estimator, {name: [0.1, 1.0]}, **options))
    # a regressor's search cannot warn about a column vector, which Ridge takes for two-dimensional targets
    assert {check for check, status in ours if status == "failed"} <= {"check_supervised_y_2d"}
