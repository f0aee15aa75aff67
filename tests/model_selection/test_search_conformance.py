"""BayesSearchCV under scikit-learn's own checks, set up as scikit-learn sets up its searches for them."""

import warnings

import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import check_estimator

from sktune.model_selection import BayesSearchCV

#: Expected of scikit-learn's searches as well: Ridge takes a column vector for two-dimensional targets, unwarned.
EXPECTED = {"check_supervised_y_2d": "DataConversionWarning not caught"}


@pytest.mark.parametrize(
    ("estimator", "space"),
    [
        (Ridge(), {"alpha": [0.1, 1.0]}),
        (Pipeline([("pca", PCA()), ("model", LogisticRegression())]), {"model__C": [0.1, 1.0]}),
    ],
    ids=["regressor", "classifier"],
)
def test_scikit_learns_checks(estimator, space):
    search = BayesSearchCV(estimator, space, cv=2, error_score="raise", n_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LogisticRegression does not converge on the data of the checks
        results = check_estimator(search, expected_failed_checks=EXPECTED, on_skip=None)
    skipped = {result["check_name"] for result in results if result["status"] == "skipped"}
    assert all(name.startswith("check_array_api") for name in skipped)  # libraries and devices that are not there
    assert len(results) > 40
