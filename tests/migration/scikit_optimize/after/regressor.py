"""A regression: numbers on several scales, a rank of all candidates, a curve of the best loss."""

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor

from sktune import BayesSearchCV, Integer, Real

X, y = load_diabetes(return_X_y=True)
space = {
    "learning_rate": Real(1e-2, 0.5, prior="log-uniform"),
    "max_depth": Integer(1, 4),
    "subsample": Real(0.5, 1.0),
    "n_estimators": Integer(5, 30),
}
search = BayesSearchCV(
    GradientBoostingRegressor(random_state=0), space, n_iter=8, cv=3, scoring="neg_mean_absolute_error", random_state=0
)
search.fit(X, y)
result = search.optimizer_results_[0]
print(np.minimum.accumulate(result.func_vals), result.x, search.cv_results_["rank_test_score"])
