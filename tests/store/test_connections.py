"""Who opens a store closes it, whatever happens; and a file is read all through once in a process."""

import contextlib
import gc
import os
import signal
import sqlite3
import sys
import threading

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.svm import SVC

from sktune import BayesSearchCV
from sktune.exceptions import StoreError
from sktune.store import CachedEstimator, Result, Store, load_results

X, y = load_iris(return_X_y=True)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def statements(monkeypatch):
    """All that SQLite is asked to do, and "connect" for each connection."""
    asked, connect = [], sqlite3.connect

    def traced(*args, **kwargs):
        connection = connect(*args, **kwargs)
        asked.append("connect")
        connection.set_trace_callback(asked.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    return asked


def open_connections(path):
    """The connections of this process that have a file open."""
    found = []
    for one in gc.get_objects():
        if issubclass(type(one), sqlite3.Connection):
            with contextlib.suppress(sqlite3.ProgrammingError):  # it is closed
                files = [file for _, _, file in one.execute("PRAGMA database_list")]
                found += [one] if str(path) in files else []
    return found


class Breaking(ClassifierMixin, BaseEstimator):
    """Ends its third fit in some way."""

    n_fits = 0

    def __init__(self, C=1.0, end=None):
        self.C = C
        self.end = end

    def fit(self, X, y):
        type(self).n_fits += 1
        if self.n_fits == 3 and self.end is not None:
            raise self.end
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def search(path, estimator=None, **settings):
    settings = {"n_iter": 3, "cv": 2, "random_state": 0, "n_jobs": 1, "storage": path, **settings}
    return BayesSearchCV(SVC() if estimator is None else estimator, {"C": (0.1, 10.0)}, **settings)


def end_in_the_middle(path, error, **settings):
    Breaking.n_fits = 0
    search(path, Breaking(end=error), **settings).fit(X, y)


USES = {
    "a search": lambda path: search(path).fit(X, y),
    "a search that raises": lambda path: end_in_the_middle(path, ValueError("no"), error_score="raise"),
    "an interrupted search": lambda path: end_in_the_middle(path, KeyboardInterrupt()),
    "a search on no data": lambda path: search(path).fit(X, y[:-1]),
    "a search with what is no data": lambda path: search(path).fit(X, y, sample_weight=[threading.Lock()] * len(y)),
    "load_results": load_results,
    "initial_results": lambda path: search(None, initial_results=path).fit(X, y),
    "initial_results and storage": lambda path: search(path, initial_results=path, n_iter=4).fit(X, y),
    "CachedEstimator": lambda path: CachedEstimator(SVC(), path).fit(X, y).predict(X),
    "CachedEstimator that raises": lambda path: fail_while_cached(path, OSError("no")),
    "a with statement": lambda path: in_a_with_statement(path, RuntimeError("no")),
    "a damaged file": lambda path: Store(damaged(path)),
    "another kind of file": lambda path: load_results(another_kind(path)),
}  # fmt: skip


def in_a_with_statement(path, error):
    with Store(path) as store:
        store.find("key")
        assert open_connections(path)
        raise error


def fail_while_cached(path, error):
    cross_val_score(CachedEstimator(Breaking(end=error), path), X, y, error_score="raise")


def damaged(path):
    path.write_bytes(path.read_bytes()[:-5000])
    return path


def another_kind(path):
    other = path.with_name("other.db")
    with contextlib.closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE addresses (name TEXT)")
    return other


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore::sktune.model_selection.SearchInterruptedWarning")
@pytest.mark.parametrize("use", USES)
def test_no_connection_stays_open(use, path):
    search(path).fit(X, y)
    Breaking.n_fits = 0
    with contextlib.suppress(Exception, KeyboardInterrupt):
        USES[use](path)
    assert open_connections(path) == []
    assert open_connections(path.with_name("other.db")) == []
    assert not list(path.parent.glob("*-wal"))  # the last connection leaves nothing beside the file


def test_what_a_user_does_not_close_closes_itself(path):
    store = Store(path)
    assert len(open_connections(path)) == 1
    del store
    gc.collect()
    assert open_connections(path) == []


def test_a_search_opens_its_file_once(path, statements):
    search(path, n_iter=6).fit(X, y)
    assert statements.count("connect") == 1
    statements.clear()
    search(path, n_iter=8).fit(X, y)
    assert statements.count("connect") == 1
    assert not any("quick_check" in statement for statement in statements)  # the first search has looked at it


def test_a_file_is_read_all_through_once(path, statements):
    grid = GridSearchCV(CachedEstimator(SVC(), path), {"estimator__C": [0.1, 1.0]}, cv=3)
    grid.fit(X, y).predict(X)
    load_results(path)
    assert sum("quick_check" in statement for statement in statements) == 1
    # only what is new takes the lock of writers: 7 fits, 6 scores, one prediction, and the tables
    assert sum("BEGIN IMMEDIATE" in statement for statement in statements) == 15
    statements.clear()
    grid.fit(X, y).predict(X)
    assert not any("IMMEDIATE" in statement or "quick_check" in statement for statement in statements)


def result(number):
    return Result(f"key {number}", "problem", "run", number, 0, {}, {"number": number})


def numbers_in(store):
    return [found.candidate for found, _ in store.results()]


def test_another_file_of_the_name_is_checked_again(path, statements):
    with Store(path) as store:
        for number in range(200):
            store.add(result(number))
    other = path.with_name("other.db")
    other.write_bytes(path.read_bytes()[:-5000])
    os.replace(other, path)
    with pytest.raises(StoreError, match="damaged"):
        Store(path)


def test_a_file_that_is_deleted_while_it_is_open_is_made_again(path):
    with Store(path) as store:
        store.add(result(0))
        path.unlink()
        assert store.find("key 0") is None
        store.add(result(1))
    with Store(path) as store:
        assert numbers_in(store) == [1]


def test_a_file_that_is_replaced_while_it_is_open_gives_its_own_answers(path):
    other = path.with_name("other.db")
    with Store(other) as store:
        store.add(result(7))
    with Store(path) as store:
        store.add(result(0))
        os.replace(other, path)
        assert store.find("key 7") == {"number": 7}
        assert store.find("key 0") is None
        store.add(result(8))
    with Store(path) as store:
        assert numbers_in(store) == [7, 8]


def test_a_closed_store_opens_itself_again(path):
    store = Store(path)
    store.add(result(0))
    store.close()
    store.close()
    assert numbers_in(store) == [0]
    store.close()


def in_a_fork(action):
    """Return the exit status of a forked process that does something; 2 if that raises, a signal if it hangs."""
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            os._exit(0 if action() else 1)
        except BaseException:
            os._exit(2)
    return os.waitpid(child, 0)[1]


def test_a_fork_takes_no_connection_along(path):
    store, idle = Store(path), Store(path)
    store.add(result(0))
    connection = store._connection
    assert in_a_fork(lambda: store._connection is None and numbers_in(store) == [0]) == 0
    assert in_a_fork(lambda: (store.close(), idle.close(), store.add(result(1)))) == 0
    assert store._connection is connection
    store.add(result(2))
    assert sorted(numbers_in(idle)) == [0, 1, 2]
    assert not list(sys.modules["sktune.store._database"]._OF_PARENTS)  # here: what a fork inherits is in the fork
    store.close()
    idle.close()


def test_a_fork_is_free_while_another_thread_uses_the_store(path):
    store, held, done = Store(path), threading.Event(), threading.Event()

    def hold():
        with store._lock:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        assert in_a_fork(lambda: store.find("key") is None) == 0
    finally:
        done.set()
        thread.join()
        store.close()


def test_a_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    search("~/store.db").fit(X, y)
    CachedEstimator(SVC(), "~/store.db").fit(X, y)
    assert os.listdir(tmp_path) == ["store.db"]
    assert len(load_results("~/store.db")["params"]) == 3
    search(None, initial_results="~/store.db").fit(X, y)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder in which nobody can make files")
def test_a_folder_that_cannot_be_written_is_named():
    for use in (lambda: search("/proc/store.db").fit(X, y), lambda: CachedEstimator(SVC(), "/proc/store.db").fit(X, y)):
        with pytest.raises(StoreError, match=r"/proc/store\.db cannot be used: its folder, and the file, must be"):
            use()
