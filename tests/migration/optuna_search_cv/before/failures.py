"""Candidates that fail, train scores, weights of the rows, no refit."""

import numpy as np
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna_integration import OptunaSearchCV
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
search = OptunaSearchCV(
    LogisticRegression(max_iter=50),
    {"C": FloatDistribution(1e-2, 1e2, log=True), "solver": CategoricalDistribution(("lbfgs", "liblinear"))},
    cv=3,
    n_trials=8,
    error_score=np.nan,
    catch=ValueError,
    return_train_score=True,
    refit=False,
    random_state=0,
)
search.fit(X, y, sample_weight=np.ones(len(y)))
print(search.best_params_, search.best_trial_.user_attrs["mean_train_score"])
