"""Candidates that fail, train scores, weights of the rows, no refit."""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from sktune import BayesSearchCV, Categorical, Real

X, y = load_iris(return_X_y=True)
search = BayesSearchCV(
    LogisticRegression(max_iter=50),
    {"C": Real(1e-2, 1e2, "log-uniform"), "solver": Categorical(("lbfgs", "liblinear"))},
    cv=3,
    n_iter=8,
    error_score=np.nan,
    return_train_score=True,
    refit=False,
    random_state=0,
)
search.fit(X, y, sample_weight=np.ones(len(y)))
print(search.best_params_, search.cv_results_["mean_train_score"][search.best_index_])
