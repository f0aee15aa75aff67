"""An estimator whose learning curve is known, and which counts what it is trained."""

import math
from collections import Counter

import numpy as np
from sklearn.base import BaseEstimator
from stepwise import Stepwise

X = np.arange(20.0).reshape(-1, 1)
y = np.arange(20) % 2
#: How often each epoch of each candidate was trained on each rows, in this process.
trained = Counter()


class Replay(Stepwise, BaseEstimator):
    """Scores ``1 - (height - 0.7)**2 - exp(-speed * epochs)``; `mood` says what goes wrong.

    With `crossing`, those that learn fast end lower.
    """

    def __init__(self, speed=0.5, height=0.5, crossing=False, max_iter=27, mood="fine", random_state=None):
        self.speed = speed
        self.height = height
        self.crossing = crossing
        self.max_iter = max_iter
        self.mood = mood
        self.random_state = random_state

    def value(self, n_epochs):
        end = 1 - (self.height - 0.7) ** 2 - 0.4 * self.speed * self.crossing
        return end - math.exp(-self.speed * n_epochs)

    def partial_fit(self, X, y=None):
        if self.mood == "raise":
            raise RuntimeError(f"no fit with height={self.height}")
        self.n_epochs_ = getattr(self, "n_epochs_", 0) + 1
        trained[self.speed, self.height, X.sum(), self.n_epochs_] += 1
        return self

    def score(self, X, y=None):
        return math.nan if self.mood == "nan" else self.value(self.n_epochs_)


def epochs_of(search, split):
    """Read from the scores how far each candidate was trained on a split: 0 where it was not."""
    return [
        0 if np.isnan(score) else epochs_at(Replay(**params), score)
        for params, score in zip(
            search.cv_results_["params"], search.cv_results_[f"split{split}_test_score"], strict=True
        )
    ]


def epochs_at(replay, score):
    """Return when a curve has this score."""
    return round(-math.log(replay.value(math.inf) - score) / replay.speed)
