"""An estimator whose training replays a learning curve of LCBench, so that searches run as they would really run."""

import numpy as np
from sklearn.base import BaseEstimator

_HYPERPARAMETERS = (
    "batch_size",
    "learning_rate",
    "momentum",
    "weight_decay",
    "num_layers",
    "max_units",
    "max_dropout",
)


class Journal:
    """What has been trained: epochs in all, and each score when it was seen.

    Attributes
    ----------
    n_epochs : int
        Number of epochs trained so far.
    seen : list of (int, int, float, float)
        Epochs in all, the epoch of the training and the score that was seen then, and that of the same setting at the
        end of its training.
    """

    def __init__(self):
        self.n_epochs = 0
        self.seen = []

    def __deepcopy__(self, memo):
        return self  # clones of an estimator write into one journal

    def regret(self, n_epochs, regret_of, key):
        """Return the final regret of the setting that is best after `n_epochs` epochs in all; 1 before the first.

        `key` orders what was seen: (epochs of the training, score) tells which setting is the best.
        """
        seen = [(key(epoch, score), final) for spent, epoch, score, final in self.seen if spent <= n_epochs]
        return float(regret_of(max(seen)[1])) if seen else 1.0


def furthest(epoch, score):
    """Order by how far the training has come, then by score: what a search of ours would return."""
    return epoch, score


def best_seen(epoch, score):
    """Order by score alone, at whatever epoch it was seen."""
    return score


class Replayed(BaseEstimator):
    """Reads its scores from the learning curve of its parameters."""

    def __init__(
        self,
        *,
        read_curve=None,
        task="",
        journal=None,
        max_epochs=52,
        batch_size=64,
        learning_rate=1e-2,
        momentum=0.9,
        weight_decay=1e-3,
        num_layers=2,
        max_units=128,
        max_dropout=0.0,
    ):
        self.read_curve = read_curve
        self.task = task
        self.journal = journal
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.num_layers = num_layers
        self.max_units = max_units
        self.max_dropout = max_dropout

    def fit(self, X, y=None):
        """Train to the end."""
        return self.fit_until(X, y, self.max_epochs)

    def fit_until(self, X, y, n_epochs):
        """Go on with the training up to an epoch."""
        trained = getattr(self, "n_iter_", 0)
        if trained == 0:
            config = {name: getattr(self, name) for name in _HYPERPARAMETERS}
            self.curve_ = self.read_curve(self.task, config)
        self.n_iter_ = max(trained, n_epochs)
        self.journal.n_epochs += self.n_iter_ - trained
        return self

    def score(self, X, y=None):
        """Return the validation accuracy, in percent, after the epochs trained so far."""
        score = float(self.curve_[self.n_iter_ - 1])
        self.journal.seen.append((self.journal.n_epochs, self.n_iter_, score, float(self.curve_[-1])))
        return score


#: rows and splits for searches over `Replayed`, which looks at neither
ROWS = np.zeros((2, 1))
SPLIT = [([0], [1])]
