"""An estimator whose learning curve is known, for the tests of what pauses trainings and goes on with them."""

import math
import time

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from sktune.exceptions import DivergedError


class Curve(ClassifierMixin, BaseEstimator):
    """Approaches `quality` exponentially; writes down every epoch that it trains."""

    trained: list = []

    def __init__(self, quality=0.5, speed=0.2, fails_above=math.inf, seconds=0.0, max_epochs=27, random_state=None):
        self.quality = quality
        self.speed = speed
        self.fails_above = fails_above
        self.seconds = seconds
        self.max_epochs = max_epochs
        self.random_state = random_state

    def fit(self, X, y):
        return self.fit_until(X, y, self.max_epochs)

    def fit_until(self, X, y, n_epochs):
        self.classes_ = np.unique(y)
        for epoch in range(getattr(self, "n_iter_", 0) + 1, n_epochs + 1):
            time.sleep(self.seconds)
            if epoch == 8 and self.quality > self.fails_above:
                raise DivergedError(f"the loss is nan at epoch {epoch}")
            Curve.trained.append((self.quality, float(X.sum()), epoch))
            self.n_iter_ = epoch
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def score(self, X, y):
        return self.quality * (1 - math.exp(-self.speed * self.n_iter_))
