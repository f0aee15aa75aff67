"""With an int random_state a search has one answer, bit for bit, however its tasks are run."""

import itertools
import threading
import time
from contextlib import nullcontext

import joblib
import numpy as np
import pytest
from pausing_networks import NetClassifier, NetRegressor
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from stepwise import StepwiseSGDClassifier

from sktune import (
    BayesSearchCV,
    HyperbandSearchCV,
    NetClassifierCV,
    NetRegressorCV,
    PopulationSearchCV,
    ZoomSearchCV,
)
from sktune.engine import _division
from sktune.model_selection import _evaluator
from sktune.parallel import _backend

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # of a few epochs

X, y = load_iris(return_X_y=True)
X, y = X[::3], y[::3]
SIZE = {"max_epochs": 4, "n_neurons": 6, "batch_size": 16}
NET = NetClassifier(**SIZE, dropout=0.1)
PIPELINE = make_pipeline(StandardScaler(), NetRegressor(**SIZE, early_stopping=True, patience=1))
SPACE = {"lr": (1e-4, 1e-1, "log-uniform"), "weight_decay": (1e-5, 1e-1, "log-uniform")}
PIPELINE_SPACE = {f"netregressor__{name}": dimension for name, dimension in SPACE.items()}
MLP, ALPHA = MLPClassifier((4,), max_iter=4), {"alpha": (1e-5, 1e-1, "log-uniform")}
BOOSTING, RATE = GradientBoostingClassifier(n_estimators=4, max_depth=1, subsample=0.5), {"learning_rate": (0.01, 1.0)}
SEARCHES = {
    "bayes": BayesSearchCV(NET, SPACE, n_iter=4, n_points=2, cv=2),
    "bayes, regression": BayesSearchCV(PIPELINE, PIPELINE_SPACE, n_iter=3, cv=2),
    "bayes, svc": BayesSearchCV(
        SVC(), {"C": (0.1, 10.0)}, n_iter=3, cv=2, scoring=["accuracy", "f1_macro"], refit=False
    ),
    "freeze-thaw": BayesSearchCV(NET, SPACE, n_iter=4, cv=2, pruning="freeze-thaw"),
    "halving": BayesSearchCV(NET, SPACE, n_iter=4, cv=2, pruning="halving"),
    "halving, mlp": BayesSearchCV(MLP, ALPHA, n_iter=4, cv=2, pruning="halving"),
    "halving, boosting": BayesSearchCV(BOOSTING, RATE, n_iter=4, cv=2, pruning="halving"),
    "hyperband": HyperbandSearchCV(NET, SPACE, cv=2),
    "hyperband, pipeline": HyperbandSearchCV(PIPELINE, PIPELINE_SPACE, cv=2),
    "population": PopulationSearchCV(NET, SPACE, cv=2, population_size=3, n_generations=2),
    "zoom": ZoomSearchCV(NET, SPACE, cv=2, n_rounds=2, n_candidates=6, n_carried=1),
    "self-tuning classifier": NetClassifierCV(estimator=NetClassifier(**SIZE), n_iter=2, cv=2),
    "self-tuning regressor": NetRegressorCV(estimator=NetRegressor(**SIZE), n_iter=2, cv=2),
    "grid": GridSearchCV(clone(NET).set_params(random_state=0), {"lr": [1e-3, 1e-2], "n_layers": [1, 2]}, cv=2),
    "randomized": RandomizedSearchCV(
        clone(PIPELINE).set_params(netregressor__random_state=0), {"netregressor__lr": [1e-3, 1e-2]}, n_iter=2, cv=2
    ),
}  # fmt: skip
OURS = [name for name in SEARCHES if name not in ("grid", "randomized")]
#: how the tasks are run: joblib's backend (None: the search's own choice), and n_jobs
WAYS = [(None, 1), (None, -1), ("loky", 2), ("threading", 2), ("sktune", 2)]


def on(backend, n_jobs):
    return nullcontext() if backend is None else joblib.parallel_config(backend, n_jobs=n_jobs)


def run(name, backend=None, n_jobs=None, storage=None, search=None):
    search = clone(SEARCHES[name] if search is None else search)
    if "random_state" in search.get_params(deep=False):
        search.set_params(random_state=0)
    if hasattr(search, "keep_curves"):
        search.set_params(keep_curves=True)
    if storage is not None:
        search.set_params(storage=storage)
    with on(backend, n_jobs):
        return search.set_params(n_jobs=n_jobs if backend is None else None).fit(X, y)


def answer(search):
    """All that a search says, but for the seconds that it took."""
    columns = {name: list(column) for name, column in search.cv_results_.items() if not name.endswith("_time")}
    best = getattr(search, "best_estimator_", None)
    curves = getattr(search, "curves_", None)
    return columns, curves, getattr(search, "best_index_", None), None if best is None else best.predict(X)


@pytest.fixture(scope="module")
def expected():
    """The answers of tasks that run one after the other."""
    answers = {}

    def get(name):
        if name not in answers:
            answers[name] = answer(run(name, "loky", 1))
        return answers[name]

    return get


@pytest.mark.parametrize("name", SEARCHES)
def test_every_backend_and_number_of_jobs(name, expected):
    for way in WAYS:
        np.testing.assert_equal(answer(run(name, *way)), expected(name), err_msg=f"{way}")


def test_all_cores_of_loky(expected):
    np.testing.assert_equal(answer(run("hyperband", "loky", -1)), expected("hyperband"))


@pytest.mark.parametrize("name", SEARCHES)
def test_dask(name, expected, dask_client):
    np.testing.assert_equal(answer(run(name, "dask")), expected(name))


@pytest.mark.parametrize("name", [name for name in SEARCHES if "svc" not in name and "mlp" not in name])
@pytest.mark.parametrize(("n_models", "n_tasks"), [(2, 128), (1, 3)])
def test_every_grouping_into_stacks(name, n_models, n_tasks, expected, monkeypatch):
    monkeypatch.setattr(_division, "_MOST_MODELS", n_models)
    monkeypatch.setattr(_backend, "_N_TASKS", n_tasks)
    np.testing.assert_equal(answer(run(name, "sktune", 2)), expected(name))


class Cut(BaseException):
    """Stands for the end of a process, as far as that can be had within one."""


def cut_after(monkeypatch, n_records):
    keep, left = _evaluator.Evaluator._keep, itertools.count(n_records, -1)

    def keep_some(self, record):
        if next(left) <= 0:
            raise Cut
        keep(self, record)

    monkeypatch.setattr(_evaluator.Evaluator, "_keep", keep_some)


#: where a search begins, and where it goes on; processes that are cut off are slow to start again
RELAYS = [("sktune", "threading"), ("threading", "sktune")]
RELAYS = [*zip(OURS, itertools.cycle(RELAYS), strict=False), ("hyperband", ("threading", "loky"))]


@pytest.mark.parametrize(("name", "relay"), [*RELAYS, ("freeze-thaw", ("loky", "sktune"))])
def test_begun_on_one_backend_and_ended_on_another(name, relay, expected, tmp_path, monkeypatch):
    first, second = relay
    with monkeypatch.context() as patch:
        cut_after(patch, 3)
        with pytest.raises(Cut):
            run(name, first, 2, tmp_path / "store.db")
    np.testing.assert_equal(answer(run(name, second, 2, tmp_path / "store.db")), expected(name))


@pytest.mark.parametrize("name", ["freeze-thaw", "population"])
def test_begun_on_dask_and_ended_elsewhere(name, expected, tmp_path, monkeypatch, dask_client):
    with monkeypatch.context() as patch:
        cut_after(patch, 3)
        with pytest.raises(Cut):
            run(name, "dask", storage=tmp_path / "store.db")
    np.testing.assert_equal(answer(run(name, "sktune", 2, tmp_path / "store.db")), expected(name))


class Sleepy(StepwiseSGDClassifier):
    """Its n-th piece of training takes the n-th of the times that the test asks for; None waits for another result."""

    seconds = itertools.repeat(0.0)
    lock = threading.Lock()
    arrived = threading.Event()

    def fit_until(self, X, y, n_epochs, sample_weight=None):
        with Sleepy.lock:
            seconds = next(Sleepy.seconds)
        if seconds is None:
            assert Sleepy.arrived.wait(30)
        else:
            time.sleep(seconds)
        return super().fit_until(X, y, n_epochs, sample_weight)


SLEEPY = Sleepy(max_iter=4, tol=None)
SLEEPY_SEARCHES = {
    "bayes": BayesSearchCV(SLEEPY, ALPHA, n_iter=6, n_points=3, cv=2),
    "freeze-thaw": BayesSearchCV(SLEEPY, ALPHA, n_iter=4, n_points=2, cv=2, pruning="freeze-thaw"),
    "halving": BayesSearchCV(SLEEPY, ALPHA, n_iter=4, cv=2, pruning="halving"),
    "hyperband": HyperbandSearchCV(SLEEPY, ALPHA, cv=2),
    "population": PopulationSearchCV(SLEEPY, ALPHA, cv=2, population_size=3, n_generations=2),
    "zoom": ZoomSearchCV(SLEEPY, ALPHA, cv=2, n_rounds=2, n_candidates=6, n_carried=1),
}


@pytest.mark.parametrize("name", SLEEPY_SEARCHES)
def test_the_order_in_which_tasks_end_changes_nothing(name, monkeypatch):
    arrived, keep = [], _evaluator.Evaluator._keep

    def noted(self, record):
        arrived.append((record.candidate, record.split))
        Sleepy.arrived.set()
        keep(self, record)

    monkeypatch.setattr(_evaluator.Evaluator, "_keep", noted)
    rng = np.random.default_rng(0)
    times = {
        "none": itertools.repeat(0.0),
        "first is late": itertools.chain([None], itertools.cycle(np.linspace(0.04, 0.0, 6))),
        "random": iter(lambda: rng.uniform(0.0, 0.03), None),
    }
    answers, orders = {}, {}
    for kind, seconds in times.items():
        monkeypatch.setattr(Sleepy, "seconds", seconds)
        arrived.clear()
        Sleepy.arrived.clear()
        n_jobs = 1 if kind == "none" else 6
        answers[kind] = answer(run(None, "threading", n_jobs, search=SLEEPY_SEARCHES[name]))
        orders[kind] = list(arrived)
    np.testing.assert_equal(answers["first is late"], answers["none"])
    np.testing.assert_equal(answers["random"], answers["none"])
    assert orders["first is late"] != orders["none"]  # or nothing was shown
