"""Pruning: candidates that promise little are not trained to their ends."""

from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier

from sktune import BayesSearchCV, Real

X, y = load_iris(return_X_y=True)
network = MLPClassifier((8,), max_iter=20, random_state=0)
search = BayesSearchCV(
    network,
    {"learning_rate_init": Real(1e-4, 1e-1, "log-uniform"), "alpha": Real(1e-6, 1.0, "log-uniform")},
    cv=3,
    pruning="freeze-thaw",
    n_iter=8,
    random_state=0,
)
search.fit(X, y)
print(search.best_params_, list(search.cv_results_["status"]))
