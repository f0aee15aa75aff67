"""What proves that nothing was trained: counters at the doors through which every training goes."""

import pytest

from sktune.engine._stack import Stack
from sktune.model_selection import _base, _evaluator
from sktune.neural_network import _skorch


class TrainingBegan(Exception):
    """Raised in the place of a training."""


def _watch(monkeypatch, *doors):
    begun = []

    def refuse(name):
        def begin(*args, **kwargs):
            begun.append(name)
            raise TrainingBegan(name)

        return begin

    for owner, name in doors:
        monkeypatch.setattr(owner, name, refuse(name))
    return begun


@pytest.fixture
def no_engine(monkeypatch):
    """Names of the trainings of networks that were begun; none of them is done."""
    return _watch(monkeypatch, (Stack, "train"), (_skorch, "_run"))


@pytest.fixture
def no_work(monkeypatch, no_engine):
    """As `no_engine`, and any fit of a candidate or of the best one in a search."""
    no_engine.clear()
    more = _watch(monkeypatch, (_evaluator, "evaluate_fold"), (_base, "fit_watched"))
    return _Joined(no_engine, more)


class _Joined:
    def __init__(self, *lists):
        self._lists = lists

    def __len__(self):
        return sum(map(len, self._lists))

    def __repr__(self):
        return repr([name for names in self._lists for name in names])
