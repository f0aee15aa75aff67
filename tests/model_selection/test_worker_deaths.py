"""A worker that dies costs a search nothing that was finished, and no task its result."""

import itertools
import os
import sqlite3
import sys
import warnings
from concurrent.futures import Future
from contextlib import closing, suppress

import joblib
import numpy as np
import pytest
from fragile import Fragile, sell_deaths
from joblib.externals.loky.process_executor import TerminatedWorkerError
from list_search import ListSearchCV
from sklearn.exceptions import FitFailedWarning
from sklearn.svm import SVC

from sktune import BayesSearchCV
from sktune._joblib_compat import get_active_backend
from sktune.model_selection import WorkerDiedWarning, _evaluator
from sktune.model_selection._dispatch import _completed, lost_record, outlive_workers
from sktune.model_selection._evaluation import FoldRecord, Task

X = np.random.default_rng(0).normal(size=(24, 3))
y = np.arange(24) % 2
LEVELS = [0.0, 0.25, 1.0, 0.5, 0.75, 0.1]


# -- the rule ---------------------------------------------------------------------------------------------------------


class Workers:
    """Runs tasks, so many at a time; `deaths` says how often a candidate ends its worker."""

    def __init__(self, deaths, n_at_a_time=3):
        self.deaths = dict(deaths)
        self.n_at_a_time = n_at_a_time
        self.done = []
        self.calls = []

    def __call__(self, tasks):
        self.calls.append([])
        at_work = []
        for task in itertools.chain(tasks, itertools.repeat(None)):
            if task is not None:
                at_work.append(task)
                self.calls[-1].append(task.candidate)
            if task is None and not at_work:
                return
            if task is None or len(at_work) == self.n_at_a_time:
                now = at_work.pop()  # the last one first
                if self.deaths.get(now.candidate, 0):
                    self.deaths[now.candidate] -= 1
                    raise TerminatedWorkerError(f"at {now.candidate}")
                self.done.append(now.candidate)
                yield FoldRecord(now.candidate, now.split)


def tasks_of(n_candidates):
    return [Task(candidate, 0, {}, np.arange(2), np.arange(2)) for candidate in range(n_candidates)]


def outlive(workers, n_candidates):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        records = list(outlive_workers(workers, iter(tasks_of(n_candidates)), lost_record, list))
    assert {warning.category for warning in caught} <= {WorkerDiedWarning}
    return records, len(caught)


@pytest.mark.parametrize("deaths", [{}, {0: 1}, {4: 1}, {9: 2}, {3: 1, 4: 1, 5: 1}, {2: 2, 7: 1}])
def test_every_task_is_done_once_although_workers_die(deaths):
    workers = Workers(deaths)
    records, n_warnings = outlive(workers, 10)
    assert sorted(record.candidate for record in records) == list(range(10))
    assert sorted(workers.done) == list(range(10))  # and nothing that was finished is done again
    assert {record.status for record in records} == {"ok"}
    assert bool(n_warnings) == bool(deaths)


@pytest.mark.parametrize("guilty", [{0}, {5}, {9}, {3, 4}, set(range(10))])
@pytest.mark.parametrize("n_at_a_time", [1, 3, 20])
def test_who_ends_its_worker_every_time_is_found_and_costs_no_other(guilty, n_at_a_time):
    workers = Workers(dict.fromkeys(guilty, 10**6), n_at_a_time)
    records, _ = outlive(workers, 10)
    assert sorted(record.candidate for record in records) == list(range(10))
    assert {record.candidate for record in records if record.status == "failed"} == guilty
    assert sorted(workers.done) == sorted(set(range(10)) - guilty)
    for record in records:
        if record.candidate in guilty:
            assert record.error.startswith("TerminatedWorkerError: at ")
            assert not record.is_repeatable  # a storage does not keep it
    assert all(10**6 - workers.deaths[candidate] <= 3 for candidate in guilty)


def test_other_errors_are_not_outlived():
    def run(tasks):
        yield from ()
        next(iter(tasks))
        raise OSError("something else")

    with pytest.raises(OSError, match="something else"):
        list(outlive_workers(run, iter(tasks_of(3)), lost_record, list))


# -- the backends -----------------------------------------------------------------------------------------------------


def expected_results(levels=LEVELS):
    return ListSearchCV(Fragile(), {"level": levels}, cv=3, refit=False).fit(X, y).cv_results_


def scores(results):
    return {name: list(values) for name, values in results.items() if "test_score" in name or name == "status"}


def search_with_deaths(folder, n_deaths, levels=LEVELS, **settings):
    estimator = Fragile(deaths=sell_deaths(folder, n_deaths), seconds=0.02)
    return ListSearchCV(estimator, {"level": levels}, cv=3, refit=False, **settings)


@pytest.fixture(scope="module")
def ray_cluster():
    ray = pytest.importorskip("ray", reason="tasks on Ray need the package ray")
    os.environ["RAY_AUTH_MODE"] = "disabled"  # otherwise it writes a token into the home directory
    from ray.util.joblib import register_ray

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of all kinds, and none of ours
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(sys.path)}},
        )
        register_ray()
    yield ray
    ray.shutdown()


def test_a_search_on_loky_outlives_its_workers(tmp_path):
    with joblib.parallel_config("loky"):
        search = search_with_deaths(tmp_path / "deaths", 1, n_jobs=2)
        with pytest.warns(WorkerDiedWarning, match=r"a worker died \(TerminatedWorkerError: .* are done again"):
            search.fit(X, y)
    assert not os.listdir(tmp_path / "deaths")
    assert scores(search.cv_results_) == scores(expected_results())


@pytest.fixture
def mortal_pool(monkeypatch):
    """A pool whose worker dies of candidate 1 every time, without processes."""
    workers = Workers({1: 10**6})

    def run(self, tasks):
        for record in workers(tasks):
            record.test_scores = float(record.candidate)
            yield record

    monkeypatch.setattr(_evaluator.Evaluator, "_run_once", run)


@pytest.mark.usefixtures("mortal_pool")
def test_a_fit_that_ends_its_worker_every_time_is_a_failure_like_others():
    search = ListSearchCV(Fragile(), {"level": [0.0, 1.0, 0.5]}, cv=3, refit=False)
    with pytest.warns(WorkerDiedWarning), pytest.warns(FitFailedWarning, match="died again and again"):
        search.fit(X, y)
    assert list(search.cv_results_["status"]) == ["ok", "failed", "ok"]
    assert search.cv_results_["error"][1].startswith("TerminatedWorkerError: ")
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], [0.0, np.nan, 2.0])


@pytest.mark.usefixtures("mortal_pool")
def test_with_error_score_raise_what_has_finished_is_kept():
    search = ListSearchCV(Fragile(), {"level": [0.0, 1.0, 0.5]}, cv=3, refit=False, error_score="raise")
    with pytest.warns(WorkerDiedWarning), pytest.raises(TerminatedWorkerError):
        search.fit(X, y)
    assert "ok" in search.cv_results_["status"]


@pytest.mark.parametrize("with_storage", [False, True])
@pytest.mark.filterwarnings("ignore::sktune.model_selection.WorkerDiedWarning")
def test_a_search_on_dask_outlives_its_workers(dask_client, tmp_path, with_storage):
    storage = tmp_path / "store.db" if with_storage else None
    estimator = Fragile(deaths=sell_deaths(tmp_path / "deaths", 1), seconds=0.02)
    space = {"level": LEVELS}
    settings = {"n_iter": 6, "cv": 3, "random_state": 0, "refit": False, "n_points": 6}
    with joblib.parallel_config("dask"):
        search = BayesSearchCV(estimator, space, storage=storage, **settings).fit(X, y)
    assert not os.listdir(tmp_path / "deaths")
    plain = BayesSearchCV(Fragile(), space, **settings).fit(X, y)
    assert scores(search.cv_results_) == scores(plain.cv_results_)
    if with_storage:
        with closing(sqlite3.connect(storage)) as connection:
            assert connection.execute("SELECT count(*) FROM results WHERE split >= 0").fetchone() == (18,)


class DaskDistributedBackend:
    """As little of joblib's backend of this name as a search changes; its tasks are futures that the test ends."""

    wait_for_workers_timeout = 10
    n_workers = 1

    def submit(self, func, callback=None):
        return Future()

    def effective_n_jobs(self, n_jobs):
        return self.n_workers


def test_joblib_is_told_what_dask_has_given_up():
    """It would wait for ever."""
    backend, told = _completed(DaskDistributedBackend()), []
    given_up, done = (backend.submit(len, told.append) for _ in range(2))
    error = RuntimeError("killed four workers")
    given_up.set_exception(error)
    done.set_result(3)  # of which the backend tells by itself
    assert told == [error]


def test_tasks_for_a_cluster_with_one_worker_are_not_done_at_home():
    backend = _completed(DaskDistributedBackend())
    assert backend.effective_n_jobs(None) == 2
    assert backend.wait_for_workers_timeout == 0
    backend.n_workers = 7
    assert backend.effective_n_jobs(None) == 7


@pytest.mark.parametrize("kind", [DaskDistributedBackend, type("RayBackend", (), {"supports_return_generator": False})])
def test_the_backend_of_the_user_stays_as_it_is(kind):
    backend = kind()
    had = dict(vars(backend))
    completed = _completed(backend)
    assert completed is not backend
    assert type(completed) is kind
    if hasattr(completed, "effective_n_jobs"):
        completed.effective_n_jobs(1)
    assert vars(backend) == had


@pytest.mark.parametrize("error_score", [np.nan, "raise"])
def test_after_a_search_on_dask_the_backend_of_the_user_is_as_before(dask_client, error_score):
    with joblib.parallel_config("dask"):
        backend, _ = get_active_backend()
        had = dict(vars(backend))
        with warnings.catch_warnings(), suppress(ValueError):
            warnings.simplefilter("ignore")
            BayesSearchCV(SVC(), {"C": [-1.0, 1.0]}, n_iter=2, cv=2, error_score=error_score).fit(X, y)
        assert vars(backend) == had


def test_rows_travel_to_dask_once_and_not_with_every_task(dask_client):
    big = np.random.default_rng(0).normal(size=(40_000, 40))  # 13 MB: dask would warn of larger tasks than 10 MB
    with joblib.parallel_config("dask"):
        search = ListSearchCV(Fragile(), {"level": LEVELS}, cv=3, refit=False).fit(big, np.arange(40_000) % 2)
    assert set(search.cv_results_["status"]) == {"ok"}


def test_a_search_on_ray_outlives_its_workers(ray_cluster, tmp_path):
    with joblib.parallel_config("ray", n_jobs=2), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = search_with_deaths(tmp_path / "deaths", 1).fit(X, y)
    assert not os.listdir(tmp_path / "deaths")
    assert scores(search.cv_results_) == scores(expected_results())
