"""A file that keeps the scores, a callback that ends the search, and settings that are tried first."""

import os
import tempfile

from sklearn.datasets import load_iris
from sklearn.svm import SVC

from sktune import BayesSearchCV, Real
from sktune.store import load_results

X, y = load_iris(return_X_y=True)
storage = os.path.join(tempfile.mkdtemp(), "study.db")


def stop(result):
    return len(result.x_iters) >= 4


search = BayesSearchCV(
    SVC(),
    {"C": Real(1e-2, 1e2, "log-uniform"), "gamma": Real(1e-3, 1e1, "log-uniform")},
    cv=3,
    n_iter=8,
    storage=storage,
    initial_params=[{"C": 1.0, "gamma": 0.1}],
)
search.fit(X, y, callback=stop)
print(len(load_results(storage)["params"]), search.cv_results_["params"][0], search.best_score_)
