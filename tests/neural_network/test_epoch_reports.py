"""What a training tells of its epochs, and who may end it."""

import re
import time

import numpy as np
import pytest
from callbacks import EndOfTaskCallback
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktune import NetClassifier, NetRegressor
from sktune._utils.deadline import deadline
from sktune.exceptions import TimeBudgetError

X, y = make_classification(n_samples=60, n_features=4, random_state=0)
SMALL = {"n_neurons": 8, "max_epochs": 6, "lr": 0.02, "random_state": 0}


class StopAfter(EndOfTaskCallback):
    """A scikit-learn callback that ends the training after some epochs."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs
        self.seen = []

    def on_fit_task_end(self, estimator, context):
        if context.task_name != "epoch":
            return False
        self.seen.append(context.task_id)
        return len(self.seen) >= self.n_epochs


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_callback_that_ends_the_training_leaves_it_in_order(early_stopping):
    callback = StopAfter(4)
    net = NetRegressor(**{**SMALL, "lr": 0.3}, early_stopping=early_stopping).set_callbacks(callback).fit(X, y)
    assert net.n_iter_ == len(net.net_.history) == len(callback.seen) == 4
    expected = 1 + int(np.argmin(net.history_["valid_loss"])) if early_stopping else 4
    assert net.best_epoch_ == expected


def test_a_fit_that_is_stopped_equals_a_shorter_fit():
    stopped = NetClassifier(**SMALL, dropout=0.2).set_callbacks(StopAfter(3)).fit(X, y)
    short = NetClassifier(**{**SMALL, "max_epochs": 3}, dropout=0.2).fit(X, y)
    assert_array_equal(stopped.predict_proba(X), short.predict_proba(X))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_watching_does_not_change_the_training(early_stopping):
    net = NetClassifier(**SMALL, dropout=0.3, normalization="batch", early_stopping=early_stopping)
    plain, watched = clone(net).fit(X, y), clone(net).set_callbacks(ScoringMonitor(scoring="accuracy")).fit(X, y)
    assert_array_equal(watched.predict_proba(X), plain.predict_proba(X))
    assert watched.history_ == plain.history_


def test_verbose_lines_say_what_the_history_says(capsys):
    net = NetRegressor(**SMALL, early_stopping=True, verbose=1, warm_start=True).fit(X, y)
    net.set_params(max_epochs=5).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == net.n_iter_ == 11
    for i, line in enumerate(lines):
        shown = re.fullmatch(r"epoch +(\d+)/(\d+)  train_loss (\S+)  valid_loss (\S+)  lr (\S+)", line).groups()
        assert shown[:2] == (str(i + 1), "6" if i < 6 else "11")
        expected = [net.history_[name][i] for name in ("train_loss", "valid_loss", "lr")]
        assert [float(number) for number in shown[2:]] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    "model",
    [
        NetClassifier(**{**SMALL, "max_epochs": 10**6}),
        make_pipeline(StandardScaler(), NetClassifier(**{**SMALL, "max_epochs": 10**6})),
        BaggingClassifier(NetClassifier(**{**SMALL, "max_epochs": 10**6}), n_estimators=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_time_budget_ends_the_training_between_two_epochs(model):
    began = time.perf_counter()
    with deadline(time.time() + 0.2), pytest.raises(TimeBudgetError):
        model.fit(X, y)
    assert 0.1 < time.perf_counter() - began < 20
