"""What goes wrong with one plan ends that plan alone: the others train on, with the results that they have alone."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from plans import make_plan

from sktune.engine import FitPlan, TrainingState, _stack, fit_plans

N_EPOCHS = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Unscheduled(FitPlan):
    """A plan that has no schedule."""

    def schedule(self):
        raise LookupError("no schedule")


class _BreakingSchedule:
    def __init__(self, last_step):
        self._last_step = last_step

    def factor(self, step):
        if step > self._last_step:
            raise ArithmeticError("no factor")
        return 1.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Breaking(FitPlan):
    """A plan whose schedule fails in the middle of the training."""

    def schedule(self):
        return _BreakingSchedule(self.n_batches + 1)


class FullDisk:
    """A reporter that raises at the end of an epoch."""

    def __init__(self, epoch):
        self._epoch = epoch

    def begin(self):
        pass

    def end(self, row, weights):
        if row["epoch"] == self._epoch:
            raise OSError("the disk is full")


class Rows:
    """What cannot be turned into tensors."""

    X, y, weight = np.array([[object()] * 3] * 50), np.zeros(50, np.int64), None

    def __len__(self):
        return 50


def as_kind(kind, plan):
    return kind(**{**vars(plan), "lr_schedule": "cosine"})


FAULTS = {  # plan -> plan, reporter, state; and what is raised
    "schedule": (lambda plan: (as_kind(Unscheduled, plan), None, None), LookupError),
    "step": (lambda plan: (as_kind(Breaking, plan), None, None), ArithmeticError),
    "weights": (lambda plan: (plan, None, TrainingState({"hidden.0.weight": torch.zeros(1)})), Exception),
    "reporter": (lambda plan: (plan, FullDisk(2), None), OSError),
    "first report": (lambda plan: (plan, object(), None), AttributeError),
    "rows": (lambda plan: (replace(plan, train=Rows()), None, None), TypeError),
    "no rows": (lambda plan: (replace(plan, train=None), None, None), TypeError),
    "device": (lambda plan: (replace(plan, device="cuda"), None, None), Exception),
}


def history_and_weights(result):
    assert result.error is None
    return result.history, {name: value.numpy().tobytes() for name, value in result.state.weights.items()}


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("n_sound", [0, 1, 4, 9])
@pytest.mark.parametrize("fault", FAULTS)
def test_one_plan_that_fails_fails_alone(fault, n_sound, n_threads):
    sound = [make_plan(seed=seed, dropout=0.1 * (seed % 2)) for seed in range(n_sound)]
    make_faulty, error = FAULTS[fault]
    faulty, reporter, state = make_faulty(make_plan(seed=99))
    middle = n_sound // 2
    plans = [*sound[:middle], faulty, *sound[middle:]]
    reporters, states = [None] * len(plans), [None] * len(plans)
    reporters[middle], states[middle] = reporter, state
    results = fit_plans(plans, reporters=reporters, states=states, n_threads=n_threads)
    failed = results.pop(middle)
    assert isinstance(failed.error, error)
    assert failed.state is None
    for plan, result in zip(sound, results, strict=True):
        assert history_and_weights(result) == history_and_weights(fit_plans([plan])[0])


def test_reporters_of_the_others_hear_of_each_epoch_once():
    heard = {}

    class Listener:
        def __init__(self, name):
            self._rows = heard.setdefault(name, [])

        def begin(self):
            pass

        def end(self, row, weights):
            self._rows.append(row["epoch"])

    plans = [make_plan(seed=seed) for seed in range(4)] + [as_kind(Breaking, make_plan(seed=9))]
    fit_plans(plans, reporters=[Listener(i) for i in range(5)])
    assert [heard[i] for i in range(4)] == [[1, 2, 3]] * 4
    assert heard[4] in ([], [1])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_of_the_check_ends_everything(n_threads):
    n_calls = []

    def check():
        n_calls.append(1)
        if len(n_calls) == 3:
            raise TimeoutError("enough")

    plans = [make_plan(seed=seed, hidden=(seed + 1,), n_epochs=50) for seed in range(4)]
    with pytest.raises(TimeoutError, match="enough"):
        fit_plans(plans, check=check, n_threads=n_threads)
    assert len(n_calls) < 10


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ticks(monkeypatch):
    """A clock that goes on by one second whenever somebody looks at it."""
    seen = []

    def perf_counter():
        seen.append(float(len(seen)))
        return seen[-1]

    monkeypatch.setattr(_stack, "time", SimpleNamespace(perf_counter=perf_counter))
    return seen


@pytest.mark.parametrize("n_epochs", [[3], [3, 3, 3], [1, 2, 4, 4], [5, 1]])
def test_the_seconds_of_a_stack_are_divided_among_its_networks(n_epochs, ticks):
    plans = [make_plan(seed=i, n_epochs=n, planned_epochs=5) for i, n in enumerate(n_epochs)]
    results = fit_plans(plans)
    # one second to build the stack, one for each epoch, which those share that are still there
    expected = [
        1 / len(plans) + sum(1 / sum(other > epoch for other in n_epochs) for epoch in range(n)) for n in n_epochs
    ]
    np.testing.assert_allclose([result.seconds for result in results], expected)
    assert sum(result.seconds for result in results) == pytest.approx(1 + max(n_epochs))


def test_time_that_was_spent_in_vain_counts(ticks):
    plans = [*(make_plan(seed=seed) for seed in range(3)), as_kind(Breaking, make_plan(seed=9))]
    results = fit_plans(plans)
    assert sum(result.seconds for result in results) == pytest.approx(len(ticks) / 2)
