"""Searches that end early: a time budget, Ctrl-C. What has finished is kept, and the best of it is refitted."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from list_search import ListSearchCV, Moody
from sklearn.model_selection import KFold

from sktune.exceptions import TimeBudgetError
from sktune.model_selection import SearchInterruptedWarning

X = np.arange(30.0).reshape(-1, 1)
y = np.arange(30) % 2
HERE = Path(__file__).parent


def search(grid, **options):
    return ListSearchCV(Moody(), grid, **{"cv": KFold(3), **options})


# -- a time budget -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_running_fits_see_the_deadline_and_what_has_finished_is_refitted(n_jobs):
    grid = [{"mood": ["fine"]}, {"mood": ["slow"], "seconds": [60.0], "quality": [9.0]}]
    if n_jobs == 2:
        search({"mood": ["fine"]}, n_jobs=2).fit(X, y)  # the workers take their time to start
    start = time.time()
    fitted = search(grid, timeout=2.0, n_jobs=n_jobs).fit(X, y)
    assert time.time() - start < 30
    results = fitted.cv_results_
    assert list(results["status"]) == ["ok", "timeout"]
    assert list(results["stopped_by"]) == [None, "timeout"]
    assert list(results["rank_test_score"]) == [1, 2]
    assert results["error"][1].startswith("TimeBudgetError: the time budget ran out")
    assert np.isnan(results["mean_test_score"][1])
    assert fitted.stopped_by_ == "timeout"
    assert fitted.best_estimator_.mood == "fine"
    assert list(fitted.predict(X[:2])) == [0, 0]


def test_no_batch_starts_after_the_deadline():
    start = time.time()
    grid = {"mood": ["sleep"], "seconds": [0.1], "quality": range(99)}
    fitted = search(grid, timeout=1.0, batch_size=1).fit(X, y)
    assert fitted.stopped_by_ == "timeout"
    assert time.time() - start < 15
    assert 1 <= len(fitted.cv_results_["params"]) <= 4
    assert fitted.cv_results_["status"][0] == "ok"


def test_fits_that_have_not_started_in_time_are_skipped():
    grid = [{"mood": ["fine"]}, {"mood": ["sleep"], "seconds": [1.2], "quality": range(3)}]
    fitted = search(grid, timeout=1.0).fit(X, y)
    assert list(fitted.cv_results_["status"]) == ["ok", "timeout", "timeout", "timeout"]
    assert fitted.cv_results_["error"][3] == "TimeBudgetError: the time budget ran out before this fit started"
    assert fitted.cv_results_["split0_test_score"][1] == 0  # it could not be stopped, and counts


def test_a_budget_that_lets_nothing_finish_raises():
    with pytest.raises(TimeBudgetError, match=r"no candidate finished within timeout=0\.1 seconds"):
        search({"mood": ["slow"], "seconds": [5.0]}, timeout=0.1).fit(X, y)


def test_the_refit_is_not_limited():
    class SlowOnAllRows(Moody):
        def fit(self, X, y):
            if len(X) == 30:
                self._wait()
            return super().fit(X, y)

    fitted = ListSearchCV(SlowOnAllRows(seconds=1.5), {"quality": [1]}, cv=3, timeout=1.0).fit(X, y)
    assert fitted.stopped_by_ is None
    assert fitted.refit_time_ >= 1.5


def test_a_budget_that_suffices_changes_nothing():
    fitted = search({"quality": [1, 2]}, timeout=3600).fit(X, y)
    assert fitted.stopped_by_ is None
    assert list(fitted.cv_results_["status"]) == ["ok", "ok"]


def test_an_error_of_the_estimator_is_no_timeout_of_the_search():
    class Impatient(Moody):
        def fit(self, X, y):
            raise TimeBudgetError("its own budget")

    with pytest.raises(TimeBudgetError, match="its own budget"):
        ListSearchCV(Impatient(), {"quality": [1]}, error_score="raise").fit(X, y)


# -- Ctrl-C ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["schedule", "fit"])
def test_an_interrupt_leaves_what_has_finished(where):
    class Interrupted(ListSearchCV):
        def _schedule(self, evaluate):
            evaluate([{"quality": 1}, {"quality": 3}])
            if where == "schedule":
                raise KeyboardInterrupt
            evaluate([{"quality": 9, "mood": "interrupt", "bad_rows": (0.0,)}])

    class Interrupting(Moody):
        def fit(self, X, y):
            if self.mood == "interrupt" and X[0, 0] in self.bad_rows:
                raise KeyboardInterrupt
            return super().fit(X, y)

    interrupted = Interrupted(Interrupting(), {}, cv=KFold(3))
    with pytest.warns(SearchInterruptedWarning, match="those of the 2 candidates that had finished, and the best"):
        interrupted.fit(X, y)
    assert interrupted.stopped_by_ == "interrupt"
    assert interrupted.best_params_ == {"quality": 3}
    assert interrupted.predict(X).shape == (30,)
    results = interrupted.cv_results_
    if where == "schedule":
        assert list(results["status"]) == ["ok", "ok"]
        return
    assert list(results["status"]) == ["ok", "ok", "interrupted"]
    assert list(results["stopped_by"]) == [None, None, "interrupt"]
    assert list(results["rank_test_score"]) == [2, 1, 3]
    assert results["split0_test_score"][2] == 9  # its first split had finished
    assert np.isnan([results[name][2] for name in ("split1_test_score", "mean_test_score", "mean_fit_time")]).all()


def test_an_interrupt_before_anything_has_finished_propagates():
    class Interrupted(ListSearchCV):
        def _schedule(self, evaluate):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Interrupted(Moody(), {}).fit(X, y)


def test_a_ctrl_c_during_a_fit():
    grid = [{"quality": [1, 3]}, {"mood": ["sleep"], "seconds": [60], "quality": [9]}]
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.warns(SearchInterruptedWarning, match="those of the 2 candidates"):
        fitted = search(grid).fit(X, y)
    timer.join()
    assert fitted.best_params_ == {"quality": 3}
    assert fitted.predict(X).shape == (30,)


def test_an_interrupt_that_the_estimator_swallows_still_ends_the_search():
    """As skorch does: its training loop stops and the half-trained net would be scored."""

    class Swallowing(Moody):
        def fit(self, X, y):
            super().fit(X, y)
            if self.quality == 9:
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(5)
                except KeyboardInterrupt:
                    pass
            return self

    with pytest.warns(SearchInterruptedWarning):
        fitted = ListSearchCV(Swallowing(), {"quality": [1, 9, 2]}, cv=KFold(3), batch_size=1).fit(X, y)
    assert fitted.best_params_ == {"quality": 1}
    assert len(fitted.cv_results_["params"]) == 1


def test_an_interrupt_of_the_refit_propagates():
    class Swallowing(Moody):
        def fit(self, X, y):
            super().fit(X, y)
            if len(X) == 30:
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(5)
                except KeyboardInterrupt:
                    pass
            return self

    interrupted = ListSearchCV(Swallowing(), {"quality": [1]}, cv=KFold(3))
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(X, y)
    assert interrupted.best_params_ == {"quality": 1}
    assert not hasattr(interrupted, "best_estimator_")  # a half-trained one


def test_a_handler_of_the_user_is_restored():
    before = signal.getsignal(signal.SIGINT)
    search({"quality": [1]}).fit(X, y)
    assert signal.getsignal(signal.SIGINT) is before


SCRIPT = """
    import sys
    import warnings
    sys.path.insert(0, {here!r})
    import numpy as np
    from list_search import ListSearchCV, Moody
    from sklearn.model_selection import KFold
    from sktune.model_selection import SearchInterruptedWarning

    X, y = np.arange(30.0).reshape(-1, 1), np.arange(30) % 2

    class Telling(ListSearchCV):
        def _schedule(self, evaluate):
            evaluate([dict(quality=1), dict(quality=3)])
            print("started", flush=True)
            evaluate([dict(mood="sleep", seconds=60, quality=9), dict(mood="sleep", seconds=60, quality=8)])

    search = Telling(Moody(), {{}}, cv=KFold(3), n_jobs=2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(X, y)
    assert [type(warning.message) for warning in caught] == [SearchInterruptedWarning], caught
    assert search.best_params_ == dict(quality=3)
    assert search.predict(X).shape == (30,)
    print("candidates:", len(search.cv_results_["params"]), search.stopped_by_)
"""


def test_a_ctrl_c_in_the_terminal_while_processes_work():
    """The terminal sends the signal to the workers too."""
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT).format(here=str(HERE))]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        try:
            assert process.stdout.readline() == "started\n"
            time.sleep(0.5)
            os.killpg(process.pid, signal.SIGINT)
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (output, process.returncode) == ("candidates: 2 interrupt\n", 0), errors
