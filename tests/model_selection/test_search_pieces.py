"""A candidate that a search has trained to its end, in pieces or not, has the scores that `cross_validate` gives."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from pausing_networks import NetClassifier, NetRegressor
from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import KFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from skorch import NeuralNetClassifier

from sktune import (
    BayesSearchCV,
    HyperbandSearchCV,
    PopulationSearchCV,
    ZoomSearchCV,
)
from sktune._utils.random import derive_seed
from sktune.model_selection import FreezeThaw, SuccessiveHalving
from sktune.model_selection._seeding import seeded_generators

X, y = load_iris(return_X_y=True)
X, y = X[::2].astype(np.float32), y[::2]
CV = KFold(2, shuffle=True, random_state=0)


class Module(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.3), torch.nn.Linear(8, 3))

    def forward(self, X):
        return torch.softmax(self.layers(X), dim=-1)


class Oversampler(BaseEstimator):
    def fit_resample(self, X, y):
        rows = np.concatenate([np.flatnonzero(y == 0), np.repeat(np.flatnonzero(y > 0), 2)])
        return X[rows], y[rows]

    def fit(self, X, y=None):
        return self


class SamplingPipeline(Pipeline):
    """What imbalanced-learn's pipeline does: scaler, sampler, model."""

    def _validate_steps(self):
        pass

    def fit(self, X, y):
        (_, scaler), (_, sampler), (_, model) = self.steps
        model.fit(*sampler.fit_resample(scaler.fit_transform(X), y))
        return self

    def predict(self, X):
        return self.steps[2][1].predict(self.steps[0][1].transform(X))


MLP = MLPClassifier((8,), max_iter=9, learning_rate_init=0.02, random_state=0)
SCALERS = [StandardScaler(), MinMaxScaler(), "passthrough"]
#: estimators, and some choices of their parameters
IN_PIECES = {
    "nested pipeline": (
        Pipeline([("scale", StandardScaler()), ("inner", make_pipeline(PCA(3), MLP))]),
        {"scale": SCALERS, "inner__mlpclassifier__alpha": [1e-4, 1e-2, 1.0]},
    ),
    "network": (
        make_pipeline(StandardScaler(), NetClassifier(max_epochs=9, n_neurons=8, lr_schedule="cosine", random_state=0)),
        {"netclassifier__lr": [1e-3, 1e-2, 1e-1], "standardscaler__with_std": [True, False]},
    ),
    "columns": (
        make_pipeline(
            make_column_transformer((StandardScaler(), [0, 1]), remainder="passthrough"),
            GradientBoostingClassifier(n_estimators=9, subsample=0.7, random_state=0),
        ),
        {"gradientboostingclassifier__learning_rate": [0.01, 0.1, 1.0],
         "gradientboostingclassifier__max_depth": [1, 2]},
    ),
    "early stopping": (
        HistGradientBoostingClassifier(max_iter=27, early_stopping=True, n_iter_no_change=2, tol=0.1, random_state=0),
        {"learning_rate": [0.01, 0.1, 1.0], "min_samples_leaf": [3, 9]},
    ),
    "solvers": (MLP, {"solver": ["adam", "sgd", "lbfgs"], "early_stopping": [False, True], "alpha": [1e-4, 1.0]}),
    "skorch": (
        NeuralNetClassifier(Module, max_epochs=9, verbose=0, batch_size=16, iterator_train__shuffle=True),
        {"lr": [0.01, 0.1, 0.5], "batch_size": [8, 16]},
    ),
    "transformed target": (
        TransformedTargetRegressor(
            make_pipeline(StandardScaler(), NetRegressor(max_epochs=9, n_neurons=8, random_state=0)),
            transformer=MinMaxScaler(),
        ),
        {"regressor__netregressor__lr": [1e-3, 1e-2, 1e-1], "regressor__netregressor__dropout": [0.0, 0.3]},
    ),
}  # fmt: skip
AS_A_WHOLE = {
    "another fit": (
        SamplingPipeline([("scale", StandardScaler()), ("sample", Oversampler()), ("model", MLP)]),
        {"model__alpha": [1e-4, 1e-2, 1.0], "scale": SCALERS[:2]},
    ),
    "tol": (SGDClassifier(random_state=0), {"alpha": [1e-4, 1e-2, 1.0], "penalty": ["l1", "l2"]}),
}


def searches(estimator, space):
    names = sorted(space)
    return {
        "halving": BayesSearchCV(estimator, space, n_iter=6, pruning=SuccessiveHalving(n_first_splits=1)),
        "freeze-thaw": BayesSearchCV(estimator, space, n_iter=6, pruning=FreezeThaw(n_first_splits=1)),
        "hyperband": HyperbandSearchCV(estimator, space),
        "zoom": ZoomSearchCV(estimator, space, n_rounds=2, n_candidates=4, n_carried=2),
        "population": PopulationSearchCV(
            estimator, space, population_size=4, n_generations=3, resample_probability=0.0, fixed_params=names[1:]
        ),
    }


def scores_of_fits(search, params, index):
    """What `cross_validate` gives, for what draws from global generators under the seeds of the search."""
    estimator = clone(search.estimator).set_params(**clone(params, safe=False))
    scores = []
    for split, rows in enumerate(CV.split(X)):
        with seeded_generators(derive_seed(0, "candidate", index, "split", split)):
            scores += [*cross_validate(estimator, X, y, cv=[rows], scoring=search.scoring)["test_score"]]
    return scores


def check_scores(search):
    results = search.set_params(cv=CV, random_state=0, refit=False, n_jobs=1).fit(X, y).cv_results_
    assert "failed" not in results["status"]
    whole = np.flatnonzero(results["status"] == "ok")
    for index in whole:
        if results.get("parent", np.full(index + 1, -1))[index] >= 0:  # goes on from another one, with other numbers
            continue
        found = [results[f"split{split}_test_score"][index] for split in range(2)]
        assert_array_equal(found, scores_of_fits(search, results["params"][index], index))
    return results


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", searches(None, {}))
@pytest.mark.parametrize("name", IN_PIECES)
def test_scores_are_those_of_cross_validation(name, kind):
    results = check_scores(searches(*IN_PIECES[name])[kind])
    if kind in ("hyperband", "zoom"):
        assert (results["n_epochs"] < 9).any()  # there were pieces


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", ["halving", "freeze-thaw"])
@pytest.mark.parametrize("name", AS_A_WHOLE)
def test_scores_of_whole_trainings_are_those_of_cross_validation(name, kind):
    results = check_scores(searches(*AS_A_WHOLE[name])[kind].set_params(scoring="accuracy"))
    assert "pruned" in results["status"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", searches(None, {}))
def test_the_refit_is_a_fit(kind):
    """Of settings that do not change, also where a population has trained with pauses."""
    pipeline, space = IN_PIECES["nested pipeline"]
    search = searches(pipeline, space)[kind].set_params(cv=CV, random_state=0).fit(X, y)
    fitted = clone(pipeline).set_params(**clone(search.best_params_, safe=False)).fit(X, y)
    if kind != "population" or len(search.best_schedule_) == 1:
        assert_array_equal(search.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("kind", ["halving", "hyperband"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_multilabel_targets(kind):
    Y = np.eye(3, dtype=int)[y]
    search = searches(MLP, {"alpha": [1e-4, 1e-2, 1.0], "tol": [1e-4, 1e-3]})[kind].set_params(cv=CV, random_state=0)
    results = search.fit(X, Y).cv_results_
    expected = cross_validate(clone(MLP).set_params(**search.best_params_), X, Y, cv=CV)["test_score"]
    assert [results[f"split{split}_test_score"][search.best_index_] for split in range(2)] == [*expected]
