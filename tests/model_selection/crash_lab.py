"""Searches in processes of their own, that can be killed at any moment."""

import json
import multiprocessing
import os
import resource
import signal
import sys
import time
import warnings
from multiprocessing import forkserver
from pathlib import Path

import numpy as np
import pytest
from pausing_networks import NetClassifier
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktune import BayesSearchCV, HyperbandSearchCV, PopulationSearchCV
from sktune.exceptions import StoreError
from sktune.model_selection import _evaluator
from sktune.store import ALL_SPLITS, Store

SPACE = {"netclassifier__lr": (1e-4, 1e-1, "log-uniform"), "netclassifier__dropout": (0.0, 0.5)}
SETTINGS = {"cv": 3, "random_state": 0}


def make_search(kind, storage):
    net = make_pipeline(StandardScaler(), NetClassifier(max_epochs=9, n_neurons=8, batch_size=16))
    if kind == "bayes":
        return BayesSearchCV(net, SPACE, n_iter=6, storage=storage, **SETTINGS)
    if kind == "freeze-thaw":
        return BayesSearchCV(net, SPACE, n_iter=9, pruning="freeze-thaw", storage=storage, **SETTINGS)
    if kind == "hyperband":
        return HyperbandSearchCV(net, SPACE, storage=storage, **SETTINGS)
    return PopulationSearchCV(net, SPACE, population_size=4, n_generations=3, storage=storage, **SETTINGS)


def results_of(search):
    return {
        name: [None if value is np.ma.masked else value for value in np.asarray(column, dtype=object).tolist()]
        for name, column in search.cv_results_.items()
        if not name.endswith("_time") and name != "params"
    }


def run_search(kind, storage, folder, begun, *, die_in_statement=None, quota=None):
    """Run a search and write what it found to ``folder/results.json``.

    Parameters
    ----------
    kind : str
    storage : path or None
    folder : Path
        Where ``trained.txt`` gets a line for each task that is begun.
    begun : multiprocessing.Event
        Set when the search begins.
    die_in_statement : int or None
        Number of the statement to the database in which the process kills itself.
    quota : int or None
        Largest size in bytes of any file that the process writes.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    log = os.open(folder / "trained.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    evaluate_fold = _evaluator.evaluate_fold

    def noted(problem, task):
        os.write(log, f"{task.key}\n".encode())
        return evaluate_fold(problem, task)

    _evaluator.evaluate_fold = noted
    if die_in_statement is not None:
        _die_in_statement(die_in_statement)
    if quota is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (quota, resource.RLIM_INFINITY))
    X, y = load_iris(return_X_y=True)
    search, outcome = make_search(kind, storage), "ended"
    begun.set()
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            search.fit(X[::2], y[::2])
    except KeyboardInterrupt:
        outcome = "nothing finished"
    except StoreError as error:
        outcome = f"StoreError: {error}"
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    found = {"outcome": outcome, "stopped_by": getattr(search, "stopped_by_", None)}
    if hasattr(search, "cv_results_"):
        found["results"] = results_of(search)
    if hasattr(search, "best_estimator_"):
        found["predictions"] = search.predict(X).tolist()
    (folder / "seconds.txt").write_text(str(time.perf_counter() - start))
    (folder / "results.json").write_text(json.dumps(found, default=float))


def _die_in_statement(number):
    """Kill the process when the database has been given so many statements, wherever that is."""
    left = [number]

    def watch(statement):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    enter = Store._reading

    def reading(self):
        context = enter(self)
        if self._connection is not None:
            self._connection.set_trace_callback(watch)
        return context

    Store._reading = reading


class Lab:
    """Start searches quickly: processes are forked from one that has imported everything."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["crash_lab"])
        with pytest.MonkeyPatch.context() as patch:  # the server looks for modules to load along the environment's path
            patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(Path(__file__).parent), *sys.path])))
            forkserver.ensure_running()
        self._n_runs = 0
        self._wholes = {}

    def start(self, kind, storage, **settings):
        """Start a search, and return its process and its folder, once it has begun."""
        self._n_runs += 1
        folder = self.folder / f"run {self._n_runs}"
        folder.mkdir()
        begun = self.context.Event()
        process = self.context.Process(target=run_search, args=(kind, storage, folder, begun), kwargs=settings)
        process.start()
        assert begun.wait(120)
        return process, folder

    def run(self, kind, storage, **settings):
        """Run a search, and return what it found and the keys of the tasks that it began."""
        process, folder = self.start(kind, storage, **settings)
        process.join(120)
        assert process.exitcode == 0
        return json.loads((folder / "results.json").read_text()), began(folder)

    def whole(self, kind):
        """Return what an uninterrupted search finds, and how many seconds it takes."""
        if kind not in self._wholes:
            found, _ = self.run(kind, None)
            seconds = float((self.folder / f"run {self._n_runs}" / "seconds.txt").read_text())
            self._wholes[kind] = found, seconds
        return self._wholes[kind]


def began(folder):
    path = folder / "trained.txt"
    return path.read_text().split() if path.exists() else []


def finished(storage):
    """Return the keys of the tasks in a store."""
    if not Path(storage).exists():
        return set()
    with Store(storage) as store:
        return {result.key for result, _ in store.results() if result.split != ALL_SPLITS}
