"""What the tests of populations share: estimators whose training is known in closed form, and small searches."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import load_iris
from stepwise import Stepwise, StepwiseSGDClassifier

from sktune import NetClassifier, PopulationSearchCV
from sktune.exceptions import DivergedError

X, y = load_iris(return_X_y=True)
LR = {"lr": (1e-4, 1e-1, "log-uniform")}
ETA = {"eta0": (1e-4, 1.0, "log-uniform"), "alpha": (1e-6, 1e-1, "log-uniform")}
#: one split that trains and scores on all rows, in the order in which the refit sees them
ALL_ROWS = [(np.arange(150), np.arange(150))]


def sgd(**params):
    return StepwiseSGDClassifier(**{"learning_rate": "constant", "eta0": 0.1, "max_iter": 6, "tol": None, **params})


def net(**params):
    return NetClassifier(**{"max_epochs": 6, "n_neurons": 8, "n_layers": 1, "batch_size": 50, **params})


def search(estimator, space, **options):
    return PopulationSearchCV(
        estimator, space, **{"population_size": 5, "n_generations": 3, "cv": 2, "random_state": 0, **options}
    )


def scores_of(search):
    return np.array([search.cv_results_[f"split{i}_test_score"] for i in range(search.n_splits_)])


class Toy(RegressorMixin, BaseEstimator):
    """Trained in pieces only, by the refit too."""

    def fit(self, X, y=None):
        raise AssertionError("a single fit has but one setting")

    fit_until = Stepwise.fit_until


class Descent(Toy):
    """Gradient descent on a bowl of which only noisy gradients are seen: far away long steps are best, near short ones.

    The mean square of the distance after an epoch is ``(1 - lr)**2`` of that before, plus ``lr**2``.
    """

    def __init__(self, lr=0.1, max_iter=40, random_state=None):
        self.lr = lr
        self.max_iter = max_iter
        self.random_state = random_state

    def partial_fit(self, X, y=None):
        if not hasattr(self, "distance_"):
            self.distance_, self.lrs_ = np.full(1000, 10.0), []
            self.noise_ = np.random.default_rng(self.random_state)
        self.distance_ -= self.lr * (self.distance_ + self.noise_.normal(size=1000))
        self.lrs_.append(self.lr)
        return self

    def score(self, X, y=None):
        return -np.mean(self.distance_**2)


class TwoValleys(Toy):
    """The example of Jaderberg et al. (their figure 2), with a setting that moves along one axis only at a time."""

    def __init__(self, axis=0, max_iter=20, fail_on=None, fail_as="raise"):
        self.axis = axis
        self.max_iter = max_iter
        self.fail_on = fail_on
        self.fail_as = fail_as

    def partial_fit(self, X, y=None):
        if not hasattr(self, "place_"):
            self.place_, self.axes_ = np.array([0.9, 0.9]), []
        self.axes_.append(self.axis)
        if self.fail_on == (self.axis, len(self.axes_)):
            raise {"raise": RuntimeError, "diverge": DivergedError}[self.fail_as]("no luck")
        self.place_[self.axis] *= 0.8
        return self

    def score(self, X, y=None):
        return 1.2 - np.sum(self.place_**2)
