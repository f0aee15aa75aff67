"""The plainest search on the base class, and estimators that misbehave on request, for all tests of searches."""

import os
import time

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import ParameterGrid
from sklearn.utils.validation import check_is_fitted

from sktune._utils.deadline import check_deadline
from sktune.exceptions import DivergedError
from sktune.model_selection._base import BaseTuneSearchCV


class ListSearchCV(BaseTuneSearchCV):
    """Evaluates the candidates of a grid, `batch_size` at a time."""

    def __init__(
        self,
        estimator,
        param_grid,
        *,
        batch_size=None,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        random_state=None,
        error_score=np.nan,
        return_train_score=False,
        timeout=None,
    ):
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
            timeout=timeout,
        )
        self.param_grid = param_grid
        self.batch_size = batch_size

    def _n_candidates(self):
        return len(ParameterGrid(self.param_grid))

    def _schedule(self, evaluate):
        candidates = list(ParameterGrid(self.param_grid))
        size = self.batch_size or len(candidates)
        for start in range(0, len(candidates), size):
            evaluate(candidates[start : start + size])


class Moody(ClassifierMixin, BaseEstimator):
    """Predicts the most frequent class; `mood` says what goes wrong, on folds whose first row of X is in `bad_rows`.

    Moods: "fine", "raise", "diverge", "nan" (a score that is NaN), "slow" (sleeps, asking for the deadline),
    "sleep" (sleeps without asking).
    """

    def __init__(self, mood="fine", quality=1.0, bad_rows=None, seconds=0.0, random_state=None):
        self.mood = mood
        self.quality = quality
        self.bad_rows = bad_rows
        self.seconds = seconds
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        self.mood_ = self.mood if self.bad_rows is None or X[0, 0] in self.bad_rows else "fine"
        if self.mood_ == "raise":
            raise RuntimeError(f"no fit with quality={self.quality}")
        if self.mood_ == "diverge":
            raise DivergedError("the loss is nan at epoch 3")
        if self.mood_ == "sleep":
            time.sleep(self.seconds)
        if self.mood_ == "slow":
            self._wait()
        self.classes_ = np.unique(y)
        self.n_iter_ = 3
        self.draw_ = np.random.RandomState(self.random_state).uniform()
        self.process_ = os.getpid()
        return self

    def _wait(self):
        end = time.time() + self.seconds
        while time.time() < end:
            time.sleep(0.01)
            check_deadline()

    def predict(self, X):
        check_is_fitted(self)
        return np.full(len(X), self.classes_[0])

    def score(self, X, y, sample_weight=None):
        return np.nan if self.mood_ == "nan" else self.quality
