"""A study that is kept, a callback that ends it, and settings that are tried first."""

import optuna
from optuna.distributions import FloatDistribution
from optuna_integration import OptunaSearchCV
from sklearn.datasets import load_iris
from sklearn.svm import SVC

X, y = load_iris(return_X_y=True)
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
study.enqueue_trial({"C": 1.0, "gamma": 0.1})


def stop(study, trial):
    if trial.number >= 3:
        study.stop()


search = OptunaSearchCV(
    SVC(),
    {"C": FloatDistribution(1e-2, 1e2, log=True), "gamma": FloatDistribution(1e-3, 1e1, log=True)},
    cv=3,
    n_trials=8,
    study=study,
    callbacks=[stop],
)
search.fit(X, y)
print(len(study.trials), study.trials[0].params, search.best_score_)
