"""A surrogate of one's own choice, several points at a time, another score, groups and fit parameters."""

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skopt import BayesSearchCV

X, y = load_breast_cancer(return_X_y=True)
groups = np.arange(len(y)) % 10
search = BayesSearchCV(
    make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)),
    {"logisticregression__C": (1e-3, 1e3, "log-uniform"), "logisticregression__fit_intercept": [True, False]},
    optimizer_kwargs={"base_estimator": "GP", "n_initial_points": 4, "acq_func": "EI"},
    n_iter=8,
    n_points=2,
    scoring="roc_auc",
    fit_params={"logisticregression__sample_weight": np.ones(len(y))},
    cv=GroupKFold(3),
    return_train_score=True,
    random_state=0,
)
search.fit(X, y, groups=groups)
print(search.best_score_, search.cv_results_["mean_train_score"].max())
