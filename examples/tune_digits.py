"""Tune a network that reads handwritten digits: grid, randomised and Bayesian search, side by side.

A pipeline of scaler and network is tuned over the same seven parameters by each strategy, with five-fold
cross-validation on two or more cores. The test set is touched once, at the end, for the table.
"""

from _strategies import compare
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from sktune import BayesSearchCV, Integer, NetClassifier, Real


def main():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
    # pixels have a common range; dividing by their deviations would blow up those at the rim, which are rarely inked
    scaler = MinMaxScaler(feature_range=(-1, 1))
    model = Pipeline([("scale", scaler), ("net", NetClassifier(max_epochs=20, random_state=0))])

    grid = {
        "net__n_layers": [1, 2],
        "net__n_neurons": [128],
        "net__dropout": [0.0, 0.3],
        "net__weight_decay": [1e-2],
        "net__lr": [1e-3, 3e-3, 1e-2],
        "net__lr_schedule": ["constant", "cosine"],
        "net__batch_size": [64],
    }
    space = {
        "net__n_layers": Integer(1, 3),
        "net__n_neurons": Integer(64, 256, prior="power-of-two"),
        "net__dropout": Real(0.0, 0.5),
        "net__weight_decay": Real(1e-5, 1.0, prior="log-uniform"),
        "net__lr": Real(5e-4, 2e-2, prior="log-uniform"),
        "net__lr_schedule": ["constant", "cosine", "onecycle"],
        "net__batch_size": Integer(64, 256, prior="power-of-two"),
    }
    common = {"cv": 5, "n_jobs": -1}
    searches = {
        "grid": GridSearchCV(model, grid, **common),
        "randomised": RandomizedSearchCV(model, space, n_iter=24, random_state=0, **common),
        "Bayesian": BayesSearchCV(model, space, n_iter=24, n_points=2, random_state=0, **common),
    }
    compare(searches, X_train, y_train, X_test, y_test, metric="accuracy")


if __name__ == "__main__":
    main()
