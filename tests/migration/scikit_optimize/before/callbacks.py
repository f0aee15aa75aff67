"""Callbacks: one that saves the results so far, and one that ends the search when a score is good enough."""

import os
import tempfile

from sklearn.datasets import load_iris
from sklearn.svm import SVC
from skopt import BayesSearchCV
from skopt.callbacks import CheckpointSaver

X, y = load_iris(return_X_y=True)
checkpoint = os.path.join(tempfile.mkdtemp(), "search.pkl")
seen = []


def good_enough(result):
    seen.append(-result.fun)
    return len(result.x_iters) >= 4 or -result.fun >= 0.99


search = BayesSearchCV(SVC(), {"C": (1e-2, 1e2, "log-uniform")}, n_iter=8, cv=3, random_state=0)
search.fit(X, y, callback=[CheckpointSaver(checkpoint, store_objective=False), good_enough])
print(seen, os.path.getsize(checkpoint), search.best_params_)
