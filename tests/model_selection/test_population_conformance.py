"""PopulationSearchCV under scikit-learn's own checks."""

import warnings

import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import check_estimator
from stepwise import StepwiseSGDClassifier, StepwiseSGDRegressor

from sktune import PopulationSearchCV

#: Expected of scikit-learn's searches as well: SGDRegressor takes a column vector for its targets, unwarned.
EXPECTED = {"check_supervised_y_2d": "DataConversionWarning not caught"}


@pytest.mark.parametrize(
    ("estimator", "space"),
    [
        (StepwiseSGDRegressor(max_iter=2), {"alpha": [0.1, 1.0]}),
        (Pipeline([("pca", PCA()), ("model", StepwiseSGDClassifier(max_iter=2))]), {"model__alpha": [0.1, 1.0]}),
    ],
    ids=["regressor", "classifier"],
)
def test_scikit_learns_checks(estimator, space):
    options = {"population_size": 2, "n_generations": 2, "error_score": "raise", "cv": 2, "random_state": 0}
    search = PopulationSearchCV(estimator, space, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the data of the checks are not for stochastic gradients
        results = check_estimator(search, expected_failed_checks=EXPECTED, on_skip=None)
    skipped = {result["check_name"] for result in results if result["status"] == "skipped"}
    assert all(name.startswith("check_array_api") for name in skipped)  # libraries and devices that are not there
    assert len(results) > 40
