"""A pipeline, an integer with a step, a limit of time, and the table of all trials."""

from optuna.distributions import FloatDistribution, IntDistribution
from optuna_integration import OptunaSearchCV
from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_breast_cancer(return_X_y=True)
pipeline = Pipeline([("scale", StandardScaler()), ("select", SelectKBest()), ("model", LogisticRegression())])
search = OptunaSearchCV(
    pipeline,
    {"select__k": IntDistribution(5, 30, step=5), "model__C": FloatDistribution(1e-3, 1e2, log=True)},
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
    scoring="roc_auc",
    n_trials=8,
    timeout=60,
    random_state=0,
)
search.fit(X, y)
print(search.best_score_, search.trials_dataframe().shape, len(search.trials_))
