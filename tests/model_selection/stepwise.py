"""Estimators that keep the promise of `fit_until`: pieces come to what one `fit` does."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.linear_model import SGDClassifier, SGDRegressor


class Stepwise:
    """Mixin: an epoch is a call of `partial_fit`, in one `fit` as in pieces."""

    def fit(self, X, y=None, **params):
        for name in [name for name in vars(self) if name.endswith("_") or name == "_n_epochs"]:
            delattr(self, name)
        return self.fit_until(X, y, self.max_iter, **params)

    def fit_until(self, X, y, n_epochs, **params):
        for _ in range(getattr(self, "_n_epochs", 0), n_epochs):
            classes = {"classes": np.unique(y)} if is_classifier(self) else {}
            self.partial_fit(X, y, **classes, **params)
        self._n_epochs = self.n_iter_ = n_epochs
        return self


class StepwiseSGDClassifier(Stepwise, SGDClassifier):
    """Linear models by stochastic gradients, without a tolerance."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y, sample_weight=sample_weight)

    def fit_until(self, X, y, n_epochs, sample_weight=None):
        return super().fit_until(X, y, n_epochs, sample_weight=sample_weight)


class StepwiseSGDRegressor(Stepwise, SGDRegressor):
    """Linear models by stochastic gradients, without a tolerance."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y, sample_weight=sample_weight)

    def fit_until(self, X, y, n_epochs, sample_weight=None):
        return super().fit_until(X, y, n_epochs, sample_weight=sample_weight)
