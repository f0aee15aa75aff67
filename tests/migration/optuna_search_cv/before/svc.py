"""A support vector machine."""

from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna_integration import OptunaSearchCV
from sklearn.datasets import load_iris
from sklearn.svm import SVC

X, y = load_iris(return_X_y=True)
search = OptunaSearchCV(
    SVC(),
    {"C": FloatDistribution(1e-3, 1e3, log=True), "kernel": CategoricalDistribution(("rbf", "linear"))},
    cv=3,
    n_trials=8,
    random_state=0,
)
search.fit(X, y)
print(search.best_score_, search.best_params_, search.n_splits_)
print(search.best_estimator_, search.predict(X[:3]))
