"""Small fitted models of all kinds."""

import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from scipy.stats import loguniform
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sktune import (
    BayesSearchCV,
    Categorical,
    HyperbandSearchCV,
    Integer,
    NetClassifier,
    NetClassifierCV,
    NetRegressor,
    NetRegressorCV,
    PopulationSearchCV,
    Real,
    Space,
    ZoomSearchCV,
)
from sktune.model_selection import SuccessiveHalving

X, y = (array[:120] for array in load_digits(return_X_y=True))
X = X[:, 10:22].astype(float)
XR, yr = (array[:80] for array in load_diabetes(return_X_y=True))
SPACE = {
    "lr": Real(1e-3, 1e-1, "log-uniform"),
    "n_layers": Integer(1, 2),
    "optimizer": Categorical(["sgd", "adam"], prior=[0.25, 0.75]),
    "momentum": Real(0, 0.9, step=0.3, when={"optimizer": "sgd"}),
    "dropout": [0.0, 0.2],
}
PACED = {"lr": (1e-3, 1e-1, "log-uniform"), "dropout": [0.0, 0.2]}


def net(**params):
    return NetClassifier(**{"max_epochs": 3, "n_neurons": 5, "n_layers": 1, "lr": 0.01, "random_state": 0, **params})


def regressor(**params):
    return NetRegressor(**{"max_epochs": 3, "n_neurons": 5, "n_layers": 1, "lr": 0.01, "random_state": 0, **params})


def changed_net():
    """A network whose weights somebody has changed by hand."""
    model = net().fit(X, y)
    model.net_.module_.output.bias.data += 1.0
    return model


def names_of(n):
    import pandas as pd

    return pd.DataFrame(X[:, :n], columns=[f"pixel {i}" for i in range(n)])


#: name -> a function that fits a classifier of 12 features to X, y
CLASSIFIERS = {
    "net": lambda: net().fit(X, y),
    "net, batch norm": lambda: net(normalization="batch", n_layers=2, dropout=0.1).fit(X, y),
    "net, layer norm": lambda: net(normalization="layer", optimizer="sgd", momentum=0.5).fit(X, y),
    "net, early stopping": lambda: net(early_stopping=True, lr_schedule="plateau", max_epochs=6, patience=2).fit(X, y),
    "net, strings": lambda: net(class_weight={"c3": 2.0}, dtype="float64").fit(X, np.char.add("c", y.astype(str))),
    "net, seen": lambda: (model := net().fit(X, y), model.net_)[0],
    "net, changed": changed_net,
    "net, linear": lambda: net(n_layers=0, random_state=np.random.RandomState(3), optimizer="rmsprop").fit(X, y),
    "net, paused": lambda: net(max_epochs=5).fit_until(X, y, 2),
    "net, pieces": lambda: net().partial_fit(X[:50], y[:50], classes=np.arange(10)),
    "pipeline": lambda: make_pipeline(StandardScaler(), net()).fit(X, y),
    "pipeline, skops": lambda: make_pipeline(MinMaxScaler(), net()).fit(X, y),
    "ensemble, skops": lambda: VotingClassifier([("a", net()), ("b", make_pipeline(StandardScaler(), net()))]).fit(
        X, y
    ),
    "grid": lambda: GridSearchCV(net(), {"lr": [0.01, 0.1]}, cv=KFold(2, shuffle=True, random_state=0)).fit(X, y),
    "random": lambda: RandomizedSearchCV(
        net(), {"lr": loguniform(1e-3, 0.1)}, n_iter=2, cv=2, scoring=["accuracy", "f1_macro"], refit="accuracy"
    ).fit(X, y),
    "bayes": lambda: BayesSearchCV(net(), SPACE, n_iter=3, cv=2, random_state=0).fit(X, y),
    "bayes, pruned": lambda: BayesSearchCV(
        make_pipeline(StandardScaler(), net()),
        Space(PACED).prefixed("netclassifier__"),
        n_iter=3,
        cv=RepeatedStratifiedKFold(n_splits=2, n_repeats=1, random_state=0),
        scoring="neg_log_loss",
        pruning=SuccessiveHalving(n_rungs=2),
        random_state=0,
    ).fit(X, y),
    "bayes, stored": lambda: BayesSearchCV(
        net(), SPACE, n_iter=2, cv=2, random_state=0, storage=Path(tempfile.mkdtemp()) / "search.db"
    ).fit(X, y),
    "hyperband": lambda: HyperbandSearchCV(net(), PACED, cv=2, random_state=0).fit(X, y),
    "population": lambda: PopulationSearchCV(
        net(max_epochs=4), PACED, population_size=3, n_generations=2, cv=2, random_state=0
    ).fit(X, y),
    "zoom": lambda: ZoomSearchCV(net(), PACED, n_candidates=3, n_rounds=2, cv=2, random_state=0).fit(X, y),
    "self-tuning": lambda: NetClassifierCV(
        estimator=net(), search_space=PACED, n_iter=2, cv=2, scoring="accuracy", random_state=0
    ).fit(X, y),
}
REGRESSORS = {
    "regressor": lambda: regressor().fit(XR, yr),
    "regressor, two targets": lambda: regressor(early_stopping=True, normalization="batch").fit(XR, np.c_[yr, -yr]),
    "self-tuning regressor": lambda: NetRegressorCV(
        estimator=regressor(), search_space=PACED, n_iter=2, cv=2, random_state=0
    ).fit(XR, yr),
}


@lru_cache
def fitted(name):
    """The model of this name, which nobody may change."""
    return {**CLASSIFIERS, **REGRESSORS}[name]()


def rows(name):
    return X if name in CLASSIFIERS else XR


def assert_alike(one, other):
    """Equal all through, with arrays and estimators in it."""
    assert type(one) is type(other)
    if isinstance(one, np.ma.MaskedArray):
        assert_alike(one.mask, other.mask)
        assert_alike(one.filled().tolist(), other.filled().tolist())
    elif isinstance(one, np.ndarray | np.generic):
        assert one.dtype == other.dtype
        assert_alike(one.tolist(), other.tolist())
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for item, twin in zip(one, other, strict=True):
            assert_alike(item, twin)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        assert_alike(list(one.values()), list(other.values()))
    elif isinstance(one, np.random.RandomState):
        assert_alike(one.get_state(), other.get_state())
    elif hasattr(one, "get_params"):
        assert_alike(one.get_params(deep=False), other.get_params(deep=False))
    elif isinstance(one, float | np.floating):
        assert one == other or (one != one and other != other)
    elif hasattr(one, "ppf"):
        assert_alike((one.dist.name, one.args, one.kwds), (other.dist.name, other.args, other.kwds))
    elif type(one).__eq__ is object.__eq__ and hasattr(one, "__dict__"):
        assert_alike(vars(one), vars(other))
    elif type(one).__eq__ is object.__eq__:
        assert repr(one) == repr(other)
    else:
        assert one == other
