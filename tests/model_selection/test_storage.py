"""A search with a storage goes on where an earlier one was cut off, and ends as if nothing had happened."""

import gc
import sys
import threading
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
from interruptions import Cut, end_after
from pausing_networks import NetClassifier
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import ShuffleSplit, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted
from stepwise import StepwiseSGDClassifier

from sktune import BayesSearchCV, HyperbandSearchCV, NetClassifierCV, PopulationSearchCV, ZoomSearchCV
from sktune.exceptions import FingerprintError
from sktune.model_selection import _evaluation, _evaluator, _ledger
from sktune.neural_network import _base as networks
from sktune.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # of a few epochs

X, y = load_iris(return_X_y=True)
X, y = X[::2], y[::2]
SPACE = {"netclassifier__lr": (1e-4, 1e-1, "log-uniform"), "netclassifier__dropout": (0.0, 0.5)}
NET = make_pipeline(StandardScaler(), NetClassifier(max_epochs=9, n_neurons=8, batch_size=16))
MLP = MLPClassifier(hidden_layer_sizes=(4,), max_iter=9)
BOOSTING = GradientBoostingClassifier(n_estimators=9, max_depth=2, subsample=0.5)
ALPHA, RATE = {"alpha": (1e-5, 1e-1, "log-uniform")}, {"learning_rate": (0.01, 1.0, "log-uniform")}
SEARCHES = {
    "bayes": BayesSearchCV(NET, SPACE, n_iter=5, cv=3),
    "bayes, early stopping": BayesSearchCV(
        clone(NET).set_params(netclassifier__early_stopping=True, netclassifier__patience=2), SPACE, n_iter=3, cv=3
    ),
    "freeze-thaw": BayesSearchCV(NET, SPACE, n_iter=8, cv=3, pruning="freeze-thaw"),
    "halving, plateau": BayesSearchCV(
        clone(NET).set_params(netclassifier__lr_schedule="plateau", netclassifier__optimizer="sgd"),
        SPACE, n_iter=8, cv=3, pruning="halving",
    ),
    "halving, partial_fit": BayesSearchCV(MLP, ALPHA, n_iter=6, cv=3, pruning="halving"),
    "hyperband": HyperbandSearchCV(NET, SPACE, cv=3),
    "hyperband, warm_start": HyperbandSearchCV(BOOSTING, RATE, cv=2),
    "population": PopulationSearchCV(NET, SPACE, cv=3, population_size=4, n_generations=3),
    "population, partial_fit": PopulationSearchCV(
        StepwiseSGDClassifier(max_iter=6), ALPHA, cv=3, population_size=4, n_generations=3
    ),
    "zoom": ZoomSearchCV(NET, SPACE, cv=3),
    "any estimator": BayesSearchCV(
        SVC(), {"C": (0.1, 10.0)}, n_iter=5, cv=3, scoring=["accuracy", "f1_macro"], refit="accuracy"
    ),
}  # fmt: skip


@pytest.fixture
def trained(monkeypatch):
    """The numbers of epochs of all trainings through the engine."""
    epochs, train_plan = [], networks.train_plan

    def counted(*args):
        result = train_plan(*args)
        epochs.append(len(result.history))
        return result

    monkeypatch.setattr(networks, "train_plan", counted)
    return epochs


def make(name, storage=None, **settings):
    return clone(SEARCHES[name]).set_params(random_state=0, storage=storage, **settings)


def columns(search, with_times=False):
    return {k: list(v) for k, v in search.cv_results_.items() if with_times or not k.endswith("_time")}


def assert_same(search, other, with_times=False):
    np.testing.assert_equal(columns(search, with_times), columns(other, with_times))
    assert search.best_index_ == other.best_index_
    np.testing.assert_array_equal(search.best_estimator_.predict(X), other.best_estimator_.predict(X))


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_that_was_cut_off_ends_as_if_it_had_not_been(name, tmp_path, monkeypatch):
    whole = make(name).fit(X, y)
    n_records = 0
    for n_more in (4, 13, 7):  # cut off three times, each time a little later
        with monkeypatch.context() as patch:
            n_records += n_more
            end_after(patch, n_records)
            try:
                make(name, tmp_path / "store.db").fit(X, y)
            except Cut:
                continue
    resumed = make(name, tmp_path / "store.db").fit(X, y)
    assert_same(resumed, whole)
    again = make(name, str(tmp_path / "store.db")).fit(X, y)
    assert_same(again, resumed, with_times=True)
    assert getattr(again, "best_schedule_", None) == getattr(whole, "best_schedule_", None)


@pytest.mark.parametrize("name", ["bayes", "freeze-thaw", "hyperband", "population", "zoom"])
def test_what_is_finished_is_not_trained_again(name, tmp_path, trained):
    make(name, tmp_path / "store.db", refit=False).fit(X, y)
    assert trained
    trained.clear()
    make(name, tmp_path / "store.db", refit=False).fit(X, y)
    assert trained == []


@pytest.mark.parametrize("name", ["freeze-thaw", "halving, plateau", "hyperband", "population", "zoom"])
def test_a_paused_training_goes_on_from_its_networks(name, tmp_path, trained, monkeypatch):
    """Cut off between two rounds, a search trains in all as many epochs as an uninterrupted one."""
    make(name, refit=False).fit(X, y)
    n_epochs = sum(trained)
    trained.clear()
    with monkeypatch.context() as patch:
        train, rounds = _evaluator.Evaluator.train, [0]

        def train_once(self, *stages):
            rounds[0] += 1
            if rounds[0] > 2:
                raise Cut
            train(self, *stages)

        patch.setattr(_evaluator.Evaluator, "train", train_once)
        with pytest.raises(Cut):
            make(name, tmp_path / "store.db", refit=False).fit(X, y)
    assert 0 < sum(trained) < n_epochs
    make(name, tmp_path / "store.db", refit=False).fit(X, y)
    assert sum(trained) == n_epochs


@pytest.mark.parametrize("name", ["freeze-thaw", "population"])
def test_networks_are_not_kept_longer_than_they_are_needed(name, tmp_path):
    make(name, tmp_path / "store.db").fit(X, y)
    with Store(tmp_path / "store.db") as store:
        assert store._connection.execute("SELECT count(*) FROM blobs").fetchone() == (0,)


def test_without_a_seed_the_store_keeps_one(tmp_path):
    storage = tmp_path / "store.db"
    first, again = (make("bayes", storage).set_params(random_state=None).fit(X, y) for _ in range(2))
    assert_same(again, first, with_times=True)
    other = make("bayes").set_params(random_state=None).fit(X, y)
    assert columns(other)["params"] != columns(first)["params"]


def test_a_longer_search_begins_with_what_the_shorter_one_found(tmp_path, trained):
    make("bayes", tmp_path / "store.db", refit=False).fit(X, y)
    trained.clear()
    longer = make("bayes", tmp_path / "store.db", n_iter=7, refit=False).fit(X, y)
    assert len(trained) == 2 * 3
    np.testing.assert_equal(columns(longer), columns(make("bayes", n_iter=7, refit=False).fit(X, y)))


def flipped(values, position):
    values = np.array(values)
    values.flat[position] += 1
    return values


CHANGES = {
    "features": lambda search: (search, flipped(X, 7), y),
    "targets": lambda search: (search, X, flipped(y, 0)),
    "rows": lambda search: (search, X[:-1], y[:-1]),
    "splits": lambda search: (search.set_params(cv=ShuffleSplit(3, random_state=1)), X, y),
    "seed": lambda search: (search.set_params(random_state=1), X, y),
    "estimator": lambda search: (search.set_params(estimator__netclassifier__n_neurons=9), X, y),
    "preprocessing": lambda search: (search.set_params(estimator__standardscaler__with_std=False), X, y),
    "scorer": lambda search: (search.set_params(scoring="balanced_accuracy"), X, y),
    "train scores": lambda search: (search.set_params(return_train_score=True), X, y),
}


@pytest.mark.parametrize("change", CHANGES)
def test_anything_else_shares_nothing(change, tmp_path, trained):
    make("bayes", tmp_path / "store.db", refit=False, n_iter=2).fit(X, y)
    trained.clear()
    search, *data = CHANGES[change](make("bayes", tmp_path / "store.db", refit=False, n_iter=2))
    search.fit(*data)
    assert len(trained) == 2 * 3
    fresh, *data = CHANGES[change](make("bayes", refit=False, n_iter=2))
    np.testing.assert_equal(columns(search), columns(fresh.fit(*data)))


def test_what_transformers_hand_on_counts(tmp_path, trained):
    for n_fits, output in ((6, "default"), (6, "pandas"), (0, "default")):
        trained.clear()
        with config_context(transform_output=output):
            make("bayes", tmp_path / "store.db", refit=False, n_iter=2).fit(X, y)
        assert len(trained) == n_fits


def test_weights_count_as_data(tmp_path, trained):
    search = BayesSearchCV(NetClassifier(max_epochs=2), {"dropout": (0.0, 0.5)}, n_iter=2, cv=2, random_state=0)
    search.set_params(storage=tmp_path / "store.db", refit=False)
    for weight in (None, np.ones(len(y)), np.arange(1.0, len(y) + 1)):
        trained.clear()
        search.fit(X, y, **({} if weight is None else {"sample_weight": weight}))
        assert len(trained) == 2 * 2


def test_nested_cross_validation_with_one_storage_leaks_nothing(tmp_path, trained):
    plain = cross_val_score(make("bayes", n_iter=3), X, y, cv=3)
    n_fits = len(trained)
    trained.clear()
    storage = tmp_path / "store.db"
    np.testing.assert_array_equal(cross_val_score(make("bayes", storage, n_iter=3), X, y, cv=3), plain)
    assert len(trained) == n_fits  # no outer split found anything of another
    assert len(Store(storage).problems()) == 3
    trained.clear()
    np.testing.assert_array_equal(cross_val_score(make("bayes", storage, n_iter=3), X, y, cv=3), plain)
    assert len(trained) == 3  # the refits


class Moody(ClassifierMixin, BaseEstimator):
    """Fails in some regions of its parameter, and for want of memory in another."""

    def __init__(self, level=0.5):
        self.level = level

    def fit(self, X, y):
        left = sys.modules["sktune_tests_memory"]  # looked up: what it holds is no part of this code
        if self.level > 0.8 and left.n_failures:
            left.n_failures -= 1
            raise MemoryError("nothing left")
        if self.level < 0.4:
            raise ValueError("too low")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        check_is_fitted(self)
        return np.full(len(X), self.classes_[int(self.level * 2)])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
def test_failures_are_kept_unless_they_say_more_about_the_machine(tmp_path, monkeypatch):
    fits, evaluate_fold = [], _evaluator.evaluate_fold

    def noted(problem, task):
        fits.append(task.params["level"])
        return evaluate_fold(problem, task)

    monkeypatch.setattr(_evaluator, "evaluate_fold", noted)
    search = BayesSearchCV(Moody(), {"level": (0.0, 0.99)}, n_iter=12, cv=2, random_state=0, n_jobs=1)
    search.set_params(storage=tmp_path / "store.db")
    monkeypatch.setitem(sys.modules, "sktune_tests_memory", SimpleNamespace(n_failures=1))
    first = search.fit(X, y).cv_results_
    assert {"failed", "ok"} == set(first["status"])
    assert any("MemoryError" in str(error) for error in first["error"])
    fits.clear()
    second = search.fit(X, y).cv_results_
    assert fits[0] > 0.8  # what failed for want of memory is tried again, and goes well now
    assert not any("MemoryError" in str(error) for error in second["error"])
    fits.clear()
    np.testing.assert_equal(search.fit(X, y).cv_results_["status"], second["status"])
    assert fits == []


def test_what_cannot_be_stored_is_said_before_anything_is_trained(tmp_path, trained):
    class Locked(StandardScaler):
        def __init__(self, lock=None):
            super().__init__()
            self.lock = lock

    search = BayesSearchCV(make_pipeline(Locked(threading.Lock()), NetClassifier()), SPACE, cv=2)
    search.set_params(storage=tmp_path / "store.db", error_score="raise")
    with pytest.raises((FingerprintError, TypeError), match="lock"):
        search.fit(X, y)
    assert trained == []


def test_networks_that_tune_themselves_have_a_storage_too(tmp_path, trained):
    model = NetClassifierCV(
        estimator=NetClassifier(max_epochs=3), n_iter=2, cv=2, random_state=0, storage=tmp_path / "store.db"
    )
    first = model.fit(X, y).cv_results_
    trained.clear()
    np.testing.assert_equal(model.fit(X, y).cv_results_, first)
    assert len(trained) == 1  # the refit


def test_a_plan_writes_nothing(tmp_path):
    make("bayes", tmp_path / "store.db").plan(X, y)
    assert not (tmp_path / "store.db").exists()


@pytest.mark.parametrize("bad", [1, 2.5, b"store.db", []])
def test_a_storage_must_be_a_path(bad):
    with pytest.raises(ValueError, match="'storage' parameter"):
        make("bayes", bad).fit(X, y)


def test_a_budget_of_epochs_holds(trained):
    search = make("bayes", n_iter=20, refit=False, max_epochs_total=100).fit(X, y)
    assert sum(trained) == 81  # three candidates on three splits; a fourth would make 108
    assert search.stopped_by_ == "max_epochs_total"
    np.testing.assert_equal(columns(search), columns(make("bayes", n_iter=3, refit=False).fit(X, y)))


@pytest.mark.parametrize("name", ["freeze-thaw", "hyperband", "zoom"])
def test_a_budget_of_epochs_holds_where_candidates_are_paused(name, trained):
    make(name, refit=False).fit(X, y)
    limit = sum(trained) - 1
    trained.clear()
    search = make(name, refit=False, max_epochs_total=limit)
    try:
        search.fit(X, y)
    except ValueError as error:
        assert "max_epochs_total" in str(error)  # noqa: PT017
    else:
        assert search.stopped_by_ == "max_epochs_total"
        assert set(search.cv_results_["status"]) <= {"ok", "pruned"}
    assert 0 < sum(trained) <= limit


def test_a_budget_of_epochs_needs_epochs():
    search = make("any estimator", max_epochs_total=100)
    with pytest.raises(ValueError, match="max_epochs_total=100 needs an estimator that has epochs"):
        search.fit(X, y)


def test_the_record_of_a_task_names_all_that_the_store_keeps():
    # the others are where the task is, what follows from it, and what never leaves the process
    assert set(_evaluation.FoldRecord.__dataclass_fields__) - set(_ledger._FIELDS) == {
        "candidate",
        "split",
        "curve",
        "paused",
        "is_repeatable",
        "is_stored",
        "key",
        "history",
        "notices",
    }


@pytest.mark.parametrize("name", ["freeze-thaw", "halving, plateau", "hyperband", "population", "zoom"])
def test_paused_networks_are_in_the_file_and_not_in_memory(name, tmp_path, monkeypatch):
    alive, left, n_made = weakref.WeakSet(), [], [0]
    make_candidate, train = _evaluation.make_candidate, _evaluator.Evaluator.train

    def made(*args):
        candidate = make_candidate(*args)
        alive.add(candidate)
        n_made[0] += 1
        return candidate

    def trained(self, *stages):
        train(self, *stages)
        gc.collect()
        left.append(len(alive))

    monkeypatch.setattr(_evaluation, "make_candidate", made)
    monkeypatch.setattr(_evaluator.Evaluator, "train", trained)
    make(name, tmp_path / "store.db", refit=False).fit(X, y)
    assert n_made[0] > 0
    assert left == [0] * len(left)
