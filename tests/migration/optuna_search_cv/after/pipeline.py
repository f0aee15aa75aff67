"""A pipeline, an integer with a step, a limit of time, and the table of all candidates."""

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sktune import BayesSearchCV, Integer, Real

X, y = load_breast_cancer(return_X_y=True)
pipeline = Pipeline([("scale", StandardScaler()), ("select", SelectKBest()), ("model", LogisticRegression())])
search = BayesSearchCV(
    pipeline,
    {"select__k": Integer(5, 30, step=5), "model__C": Real(1e-3, 1e2, "log-uniform")},
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
    scoring="roc_auc",
    n_iter=8,
    timeout=60,
    random_state=0,
)
search.fit(X, y)
print(search.best_score_, pd.DataFrame(search.cv_results_).shape, len(search.cv_results_["params"]))
