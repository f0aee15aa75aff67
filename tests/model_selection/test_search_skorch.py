"""Plain skorch nets, whose parameters are not all listed and whose training loop swallows Ctrl-C."""

import os
import signal

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback

from sktune.model_selection import BayesSearchCV, SearchInterruptedWarning

X, y = make_classification(60, 5, random_state=0)
X = X.astype(np.float32)


class Net(torch.nn.Module):
    def __init__(self, dropout=0.5, n_units=8):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(5, n_units), torch.nn.Dropout(dropout), torch.nn.Linear(n_units, 2)
        )

    def forward(self, X):
        return torch.softmax(self.layers(X), dim=-1)


def net(**params):
    return NeuralNetClassifier(Net, max_epochs=2, verbose=0, train_split=None, **params)


SPACE = {
    "module__dropout": (0.0, 0.9),  # which get_params does not list
    "module__n_units": [4, 8],
    "lr": (1e-3, 1.0, "log-uniform"),
    "optimizer__weight_decay": (1e-6, 1e-2, "log-uniform"),
    "batch_size": [8, 16],
}


def test_a_plain_net_is_searched_and_reproducible():
    searches = [
        BayesSearchCV(net(), SPACE, n_iter=4, cv=2, n_jobs=n_jobs, random_state=0).fit(X, y) for n_jobs in (1, 2)
    ]
    for name in ("split0_test_score", "split1_test_score"):
        assert_array_equal(searches[0].cv_results_[name], searches[1].cv_results_[name])
    assert_array_equal(searches[0].predict_proba(X), searches[1].predict_proba(X))
    assert searches[0].best_estimator_.module_.layers[0].out_features == searches[0].best_params_["module__n_units"]


def test_a_net_in_a_pipeline():
    space = {f"neuralnetclassifier__{name}": dimension for name, dimension in SPACE.items()}
    search = BayesSearchCV(make_pipeline(StandardScaler(), net()), space, n_iter=3, cv=2, random_state=0).fit(X, y)
    assert search.predict(X).shape == (60,)


@pytest.mark.parametrize("name", ["lrr", "module_dropout"])
def test_a_misspelt_parameter_is_refused(name):
    with pytest.raises(ValueError, match=f"has no parameter '{name}'"):
        BayesSearchCV(net(), {name: (0.1, 0.2)}).fit(X, y)


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss"])
def test_a_net_that_diverges_loses(scoring):
    """Its predictions are NaN, which scikit-learn reads as class 0: right for most rows of these data."""
    mostly_zeros = (np.arange(60) % 5 == 0).astype(int)
    estimator = make_pipeline(StandardScaler(), net())
    space = {"neuralnetclassifier__lr": [1e-2, 1e30]}
    search = BayesSearchCV(estimator, space, n_iter=2, cv=2, scoring=scoring, random_state=0)
    with pytest.warns(FitFailedWarning, match="DivergedError: train_loss is nan at the end of the training"):
        search.fit(X, mostly_zeros)
    assert search.best_params_ == {"neuralnetclassifier__lr": 1e-2}
    assert "diverged" in search.cv_results_["status"]


class InterruptsItself(Callback):
    def on_epoch_end(self, net, **kwargs):
        if net.lr == 0.5:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_ends_the_search_although_skorch_swallows_it():
    interrupted = net(callbacks=[InterruptsItself()])
    search = BayesSearchCV(interrupted, {"lr": [0.1, 0.5]}, n_iter=2, cv=2, initial_params=[{"lr": 0.1}, {"lr": 0.5}])
    with pytest.warns(SearchInterruptedWarning):
        search.fit(X, y)
    assert list(search.cv_results_["params"]) == [{"lr": 0.1}]  # the half-trained nets are not in it
    assert search.best_estimator_.lr == 0.1
