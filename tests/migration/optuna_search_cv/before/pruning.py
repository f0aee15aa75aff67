"""Pruning: candidates that promise little are not trained to their ends."""

from optuna.distributions import FloatDistribution
from optuna_integration import OptunaSearchCV
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier

X, y = load_iris(return_X_y=True)
network = MLPClassifier((8,), random_state=0)
search = OptunaSearchCV(
    network,
    {"learning_rate_init": FloatDistribution(1e-4, 1e-1, log=True), "alpha": FloatDistribution(1e-6, 1.0, log=True)},
    cv=3,
    enable_pruning=True,
    max_iter=20,
    n_trials=8,
    random_state=0,
)
search.fit(X, y)
print(search.best_params_, [trial.state.name for trial in search.trials_])
