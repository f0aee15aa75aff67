"""A support vector machine."""

from sklearn.datasets import load_iris
from sklearn.svm import SVC

from sktune import BayesSearchCV, Categorical, Real

X, y = load_iris(return_X_y=True)
search = BayesSearchCV(
    SVC(),
    {"C": Real(1e-3, 1e3, "log-uniform"), "kernel": Categorical(("rbf", "linear"))},
    cv=3,
    n_iter=8,
    random_state=0,
)
search.fit(X, y)
print(search.best_score_, search.best_params_, search.n_splits_)
print(search.best_estimator_, search.predict(X[:3]))
