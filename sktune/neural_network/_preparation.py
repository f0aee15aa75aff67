"""From arrays to the rows that a network trains on and validates on.

check      arrays, as `FitData`
start      the seed; what the targets are like, by the training rows alone
divide     which rows are set aside for validation
rows       numbers for the network, with weights
"""

from abc import abstractmethod
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from .._utils.random import derive_seed, root_seed
from ..engine import Rows
from ._data_checks import check_weights, names_of_arrays, without_duplicates
from ._fit_data import FitData, about, check_given_together, check_groups, take_rows, with_mean_weight_1
from ._multilabel import dense
from ._scales import warn_of_scales
from ._validation_split import validation_split


class Preparation:
    """Mixin of the networks; a subclass says what its targets are."""

    def _target_checks(self, y) -> dict:
        """Return how scikit-learn's `validate_data` checks these targets."""
        return {}

    def _plain_target(self, y):
        """Return targets as an array of a plain type where they are objects of one."""
        return y

    def _check_target(self, y):
        """Raise ValueError for targets that the estimator cannot learn."""

    @abstractmethod
    def _fit_target(self, y, sample_weight, classes=None, more_to_come=False):
        """Learn from the first targets what stays: the classes, or the place and scale of the targets.

        `more_to_come` says whether other targets may follow, which will be measured on the same scale.
        """

    @abstractmethod
    def _encode_target(self, y):
        """Return `y` as the network's targets; raise ValueError for targets that `_fit_target` has not seen."""

    @abstractmethod
    def _target_fields(self):
        """Return the fields of the plan that depend on the targets: n_outputs, loss and its settings."""

    def _row_weight(self, data: FitData, trained: FitData):
        """Return the weight of each row, or None when all are equal; `trained` are the rows that are trained on."""
        return data.sample_weight

    def _labels(self, y):
        """Return the classes among targets, None where they have none."""
        return None

    def _counts(self, data):
        """Return the numbers of the rows that have a weight beside their `sample_weight`, None for all."""
        return None

    # -- check --------------------------------------------------------------------------------------------------------

    def _check_data(
        self, X, y, sample_weight, *, reset, groups=None, X_val=None, y_val=None, sample_weight_val=None
    ) -> FitData:
        """Return checked arrays, without the rows of weight zero."""
        data = self._check_rows(X, y, sample_weight, groups, reset=reset)
        if not check_given_together(X_val, y_val, sample_weight_val):
            return data
        with about("X_val, y_val and sample_weight_val"):
            valid = self._check_rows(X_val, y_val, sample_weight_val, reset=False)
        if valid.y.shape[1:] != data.y.shape[1:]:
            raise ValueError(f"y_val must have as many columns as y, got shape {valid.y.shape} beside {data.y.shape}")
        return FitData(data.X, data.y, data.sample_weight, data.groups, valid)

    def _check_rows(self, X, y, sample_weight, groups=None, *, reset) -> FitData:
        y = self._plain_target(y)
        with names_of_arrays(X=X, y=y):
            settings = {"accept_sparse": "csr", "dtype": np.dtype(self.dtype), "order": "C"}
            X, y = validate_data(self, without_duplicates(X), y, reset=reset, **settings, **self._target_checks(y))
        y = dense(y)
        self._check_target(y)
        data = FitData(X, y, groups=None if groups is None else check_groups(groups, X.shape[0]))
        if sample_weight is None:
            return data
        sample_weight = check_weights(sample_weight, X)
        counts = sample_weight > 0
        data = FitData(X, y, sample_weight, data.groups)
        return data if counts.all() else data.take(counts)

    # -- start --------------------------------------------------------------------------------------------------------

    def _start(self, data: FitData, classes: Any = None, *, more_to_come: bool = False, seed: int | None = None):
        """Forget an earlier fit and learn what the targets are like: by what is trained on, but for the classes."""
        self.n_iter_ = 0
        self.history_ = {}
        self._seed = root_seed(self.random_state) if seed is None else seed
        self._n_given_valid = None if data.valid is None else len(data.valid)
        warn_of_scales(data.X, getattr(self, "feature_names_in_", None), owner=type(self).__name__)
        train, valid = self._divide(data.without_features())
        # where the targets to train on are all equal, those to validate on tell that others may come
        varies = valid is not None and bool((valid.y != train.y[0]).any())
        classes = self._labels(data.y) if classes is None else classes
        self._fit_target(train.y, train.sample_weight, classes, more_to_come or self.warm_start or varies)
        for name in ("_state", "_net"):
            vars(self).pop(name, None)

    # -- divide -------------------------------------------------------------------------------------------------------

    def _divide(self, data: FitData) -> tuple[FitData, FitData | None]:
        """Return what is trained on and what is validated on, None if nothing is."""
        if data.valid is not None:
            return data, data.valid
        if not (self.early_stopping or self.eval_valid_loss):
            return data, None
        counting = self._counts(data)
        if counting is not None and len(counting):  # where none counts, an error follows
            data = data.take(counting)
        reason = "early_stopping=True" if self.early_stopping else "eval_valid_loss=True"
        if len(data) < 2:
            raise ValueError(f"{reason} sets rows aside and needs at least 2 rows, got {len(data)}")
        if self.validation_split == "group" and data.groups is None:
            raise ValueError(
                "validation_split='group' needs the groups of the rows: call fit(X, y, groups=groups). In pipelines "
                "and searches, enable metadata routing and call set_fit_request(groups=True) on the network."
            )
        train, valid = validation_split(
            len(data),
            self.validation_fraction,
            derive_seed(self._seed, "validation"),
            None if self._labels(data.y) is None else data.y,
            kind=self.validation_split,
            groups=data.groups,
        )
        return data.take(train), data.take(valid)

    # -- rows ---------------------------------------------------------------------------------------------------------

    def _rows_to_fit(self, data: FitData) -> tuple[Rows, Rows | None]:
        """Return training and validation rows, each with weights of mean 1."""
        train, valid = self._divide(data)
        train_rows = with_mean_weight_1(self._make_rows(train, train))
        if valid is None:
            return train_rows, None
        if data.valid is None:
            return train_rows, with_mean_weight_1(self._make_rows(valid, train))
        with about("y_val"):
            return train_rows, with_mean_weight_1(self._make_rows(valid, train))

    def _make_rows(self, data: FitData, trained: FitData) -> Rows:
        rows = Rows(data.X, self._encode_target(data.y), self._row_weight(data, trained))
        if rows.weight is None or rows.weight.all():
            return rows
        if not rows.weight.any():
            raise ValueError(f"class_weight={self.class_weight!r} leaves no row with a weight above 0")
        return take_rows(rows, np.flatnonzero(rows.weight))
