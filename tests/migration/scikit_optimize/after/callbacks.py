"""A file that keeps all scores so far, and a callback that ends the search when a score is good enough."""

import os
import tempfile

from sklearn.datasets import load_iris
from sklearn.svm import SVC

from sktune import BayesSearchCV

X, y = load_iris(return_X_y=True)
checkpoint = os.path.join(tempfile.mkdtemp(), "search.db")
seen = []


def good_enough(result):
    seen.append(-result.fun)
    return len(result.x_iters) >= 4 or -result.fun >= 0.99


search = BayesSearchCV(SVC(), {"C": (1e-2, 1e2, "log-uniform")}, n_iter=8, cv=3, random_state=0, storage=checkpoint)
search.fit(X, y, callback=good_enough)
print(seen, os.path.getsize(checkpoint), search.best_params_)
