"""Tasks that say where their rows are, and estimators that can be counted; importable in workers."""

import os
import weakref
import zlib

import numpy as np
from stepwise import StepwiseSGDClassifier

from sktune.model_selection._evaluation import FoldRecord


def tell_where_the_rows_are(problem, task):
    """Stands in for `evaluate_fold`."""
    X, record = problem.X, FoldRecord(task.candidate, task.split)
    is_mapped = isinstance(X, np.memmap)
    record.test_scores = {
        "is_mapped": float(is_mapped),
        "file": float(zlib.crc32(X.filename.encode())) if is_mapped else -1.0,
        "n_files": float(len(os.listdir(os.path.dirname(X.filename)))) if is_mapped else -1.0,
    }
    return record


class Counted(StepwiseSGDClassifier):
    """All that have been trained and still live are in `living`."""

    living = weakref.WeakSet()

    def fit_until(self, X, y, n_epochs, sample_weight=None):
        Counted.living.add(self)
        return super().fit_until(X, y, n_epochs, sample_weight)

    def __hash__(self):
        return id(self)
