"""An estimator that takes its time, and ends its own process on request."""

import os
import signal
import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Fragile(ClassifierMixin, BaseEstimator):
    """Scores its level. Each file of `deaths` costs the process of the next fit of level 1 its life, once."""

    def __init__(self, level=0.0, deaths=None, seconds=0.0):
        self.level = level
        self.deaths = deaths
        self.seconds = seconds

    def fit(self, X, y):
        time.sleep(self.seconds)
        if self.deaths is not None and self.level == 1:
            self._die_once()
        self.classes_ = np.unique(y)
        return self

    def _die_once(self):
        for ticket in sorted(Path(self.deaths).iterdir()):
            try:
                ticket.unlink()
            except FileNotFoundError:  # another process was faster
                continue
            os.kill(os.getpid(), signal.SIGKILL)

    def score(self, X, y):
        return self.level + X[0, 0]


def sell_deaths(folder, n_deaths):
    """Return a folder with so many tickets."""
    folder.mkdir()
    for number in range(n_deaths):
        (folder / str(number)).touch()
    return str(folder)
