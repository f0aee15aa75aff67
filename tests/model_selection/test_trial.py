"""Tasks stay in the main process until what remains is worth the start of others."""

import os
from contextlib import nullcontext

import joblib
import numpy as np
import pytest
from list_search import ListSearchCV, Moody
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktune import BayesSearchCV, NetClassifier
from sktune.model_selection._evaluation import Problem, Task
from sktune.model_selection._trial import Trial, is_worth_processes, open_trial

X, y = load_iris(return_X_y=True)
SCALED = make_pipeline(StandardScaler(), SVC())


def process_of(estimator, X, y):
    """Stands in for a score: the number of the process."""
    return float(os.getpid())


@pytest.mark.parametrize(
    ("estimator", "backend", "stays"),
    [(SCALED, None, True), (SCALED, "loky", False), (make_pipeline(StandardScaler(), Moody()), None, False)],
)
def test_where_the_fits_of_a_short_search_run(estimator, backend, stays):
    search = ListSearchCV(estimator, {"standardscaler__with_mean": [True, False]}, cv=2, n_jobs=2, scoring=process_of)
    with nullcontext() if backend is None else joblib.parallel_config(backend, n_jobs=2):
        search.set_params(n_jobs=2 if backend is None else None, refit=False).fit(X, y)
    scores = np.array([search.cv_results_[f"split{split}_test_score"] for split in range(2)])
    assert np.all((scores == os.getpid()) == stays)


def tasks(n_tasks):
    rows = np.arange(len(X))
    return iter([Task(number, 0, {"svc__C": 1.0 + number}, rows, rows) for number in range(n_tasks)])


@pytest.mark.parametrize(
    ("n_fits", "n_workers", "n_run"),
    [(5, 2, 5), (10**12, 2, 1), (None, 2, 0), (5, 1, 0)],  # short, long, of unknown length, without processes
)
def test_how_many_tasks_a_trial_runs(n_fits, n_workers, n_run):
    problem = Problem(SCALED, X, y, lambda estimator, X, y: 1.0, {}, {}, n_splits=1)
    trial, waiting = Trial(n_fits, n_workers), tasks(5)
    records = list(trial.run(problem, waiting))
    assert [record.candidate for record in records] == list(range(n_run))
    assert [task.candidate for task in waiting] == list(range(n_run, 5))
    again = tasks(2)
    assert len(list(trial.run(problem, again))) == (0 if n_run < 5 else 2)  # processes that run are used


def test_processes_are_worth_their_start_for_much_that_many_share():
    assert not is_worth_processes(100.0, 0, 100, n_workers=8)  # nothing is known
    assert not is_worth_processes(10.0, 1, 3, n_workers=2)
    assert is_worth_processes(10.0, 1, 4, n_workers=2)
    assert is_worth_processes(10.0, 1, 3, n_workers=8)


def test_only_what_is_scikit_learns_is_tried_in_the_main_process():
    assert open_trial(SCALED, 2, 10) is not None
    assert open_trial(Moody(), 2, 10) is None
    assert open_trial(make_pipeline(StandardScaler(), NetClassifier()), 2, 10) is None
    with joblib.parallel_config("threading"):
        assert open_trial(SCALED, 2, 10) is None


def test_scores_are_those_of_one_job_and_of_processes():
    def scores(n_jobs, backend=None):
        search = BayesSearchCV(SCALED, {"svc__C": (0.1, 10.0)}, n_iter=4, n_points=2, cv=2, random_state=0)
        with nullcontext() if backend is None else joblib.parallel_config(backend):
            return search.set_params(n_jobs=n_jobs).fit(X, y).cv_results_["mean_test_score"]

    assert scores(2).tolist() == scores(None).tolist() == scores(2, "threading").tolist()
