"""What all searches take for a space."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.model_selection import ParameterGrid

from sktune import BayesSearchCV, HyperbandSearchCV, PopulationSearchCV, ZoomSearchCV

X, y = load_iris(return_X_y=True)
SEARCHES = {
    BayesSearchCV: {"n_iter": 9},
    HyperbandSearchCV: {},
    ZoomSearchCV: {"n_candidates": 9},
    PopulationSearchCV: {"population_size": 9},
}


class Choosy(BaseEstimator):
    """Its score tells its parameters."""

    def __init__(self, row=None, pair=None, size=None, max_epochs=3):
        self.row, self.pair, self.size, self.max_epochs = row, pair, size, max_epochs

    def fit(self, X, y):
        return self.fit_until(X, y, self.max_epochs)

    def fit_until(self, X, y, n_epochs):
        self.n_iter_ = n_epochs
        return self

    def score(self, X, y):
        return float(self.row.sum()) + sum(self.pair) + self.size


@pytest.mark.parametrize("search", SEARCHES)
def test_arrays_tuples_and_columns_are_choices(search, tmp_path):
    """As scikit-learn's `test_search_with_2d_array`, for rows of arrays as well."""
    space = {"row": np.arange(4.0).reshape(2, 2), "pair": ((1, 1), (1, 2)), "size": pd.Series([5, 7])}
    fitted = search(
        Choosy(), space, cv=2, random_state=0, refit=False, storage=tmp_path / "scores.db", **SEARCHES[search]
    ).fit(X, y)
    results = fitted.cv_results_
    assert results["param_row"].dtype == results["param_pair"].dtype == object
    assert {tuple(row) for row in results["param_row"]} == {(0.0, 1.0), (2.0, 3.0)}
    assert set(results["param_pair"]) == {(1, 1), (1, 2)}
    assert set(results["param_size"]) == {5, 7}
    for params, score in zip(results["params"], results["mean_test_score"], strict=True):
        assert np.isnan(score) or score == Choosy(**params).score(X, y)


def test_a_parameter_grid_is_the_list_of_its_dicts():
    grids = [{"size": [1, 2], "row": [X[0]], "pair": [(1, 1)]}, {"size": [3], "row": [X[0]], "pair": [(1, 1), (2, 2)]}]
    kwargs = {"n_iter": 9, "random_state": 0, "cv": 2}
    one, other = (BayesSearchCV(Choosy(), spaces, **kwargs).fit(X, y) for spaces in (grids, ParameterGrid(grids)))
    assert len(one.cv_results_["params"]) == 4
    np.testing.assert_equal(one.cv_results_["params"], other.cv_results_["params"])
