"""Tune a network that predicts the progress of diabetes: three searches side by side, against ridge regression.

The table has 442 rows, so the networks are small and well regularised; `n_layers` = 0 is a linear model trained as a
network. Ridge regression with a tuned penalty is what they have to beat.
"""

import numpy as np
from _strategies import compare
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, RepeatedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sktune import BayesSearchCV, Integer, NetRegressor, Real


def main():
    X, y = load_diabetes(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
    ridge = Pipeline([("scale", StandardScaler()), ("ridge", Ridge())])
    model = Pipeline([("scale", StandardScaler()), ("net", NetRegressor(max_epochs=40, random_state=0))])

    grid = {
        "net__n_layers": [0, 1],
        "net__n_neurons": [64],
        "net__dropout": [0.4, 0.5],
        "net__weight_decay": [0.1, 0.5],
        "net__lr": [4e-3, 1e-2],
        "net__lr_schedule": ["cosine"],
        "net__batch_size": [32, 64],
    }
    # 331 rows tell little: what could overfit them, and win the folds by luck, is left out of the space
    space = {
        "net__n_layers": Integer(0, 1),
        "net__n_neurons": Integer(48, 96),
        "net__dropout": Real(0.4, 0.6),
        "net__weight_decay": Real(0.1, 1.0, prior="log-uniform"),
        "net__lr": Real(4e-3, 1.2e-2, prior="log-uniform"),
        "net__lr_schedule": ["cosine", "onecycle"],
        "net__batch_size": Integer(32, 64, prior="power-of-two"),
    }
    # five folds of so few rows differ by luck: three divisions into five tell better which candidate is good
    common = {"cv": RepeatedKFold(n_splits=5, n_repeats=3, random_state=0), "n_jobs": -1}
    searches = {
        "grid": GridSearchCV(model, grid, **common),
        "randomised": RandomizedSearchCV(model, space, n_iter=24, random_state=0, **common),
        "Bayesian": BayesSearchCV(model, space, n_iter=24, n_points=2, random_state=0, **common),
    }
    baselines = {"ridge": GridSearchCV(ridge, {"ridge__alpha": np.logspace(-3, 3, 25)}, **common)}
    compare(searches, X_train, y_train, X_test, y_test, metric="R2", baselines=baselines)


if __name__ == "__main__":
    main()
