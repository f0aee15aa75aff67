"""Scikit-learn's callbacks see the candidates of our searches; if they ask for fits, as in scikit-learn's own."""

import itertools
import pickle

import numpy as np
import pytest
from list_search import ListSearchCV, Moody
from numpy.testing import assert_array_equal, assert_equal
from sklearn.base import clone
from sklearn.callback import CallbackSupportMixin, ProgressBar, ScoringMonitor, with_callbacks
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from stepwise import StepwiseSGDClassifier

from sktune import BayesSearchCV, HyperbandSearchCV, PopulationSearchCV, ZoomSearchCV

X = np.random.default_rng(0).normal(size=(30, 3))
y = np.arange(30) % 2


PACED = StepwiseSGDClassifier(max_iter=9, tol=None), {"alpha": (1e-6, 1.0, "log-uniform")}


class Journal:
    """Appends a line per hook to a file, which works across processes."""

    def __init__(self, path, depth=None):
        self.path = path
        if depth is not None:
            self.max_propagation_depth = depth  # makes scikit-learn propagate it to the estimators below

    def _write(self, hook, estimator, context, *details):
        path = []
        while context is not None:
            path.insert(0, f"{context.estimator_name.replace('List', 'Grid')}:{context.task_name}:{context.task_id}")
            context = context.parent
        with open(self.path, "a") as file:
            print(hook, type(estimator).__name__.replace("List", "Grid"), *path, *details, file=file)

    def setup(self, estimator, context):
        self._write("setup", estimator, context, context.max_subtasks)

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        sizes = [None if array is None else len(array) for array in (X, y, (metadata or {}).get("sample_weight"))]
        self._write("begin", estimator, context, context.max_subtasks, sizes)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None):
        sizes = [None if array is None else len(array) for array in (X, y, (metadata or {}).get("sample_weight"))]
        self._write("end", estimator, context, sizes)

    def teardown(self, estimator, context):
        self._write("teardown", estimator, context)


class Epochs(CallbackSupportMixin, Moody):
    """Reports three epochs, as a network does."""

    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        context = self._init_callback_context(max_subtasks=3).call_on_fit_task_begin(estimator=self, X=X, y=y)
        super().fit(X, y)
        for _ in range(3):
            epoch = context.subcontext(task_name="epoch").call_on_fit_task_begin(estimator=self)
            epoch.call_on_fit_task_end(estimator=self)
        context.call_on_fit_task_end(estimator=self)
        return self


def journal_of(search_class, tmp_path, estimator, n_jobs=1, depth=None, **fit_params):
    path = tmp_path / f"{search_class.__name__}.txt"
    search = search_class(estimator, {"quality": [1, 2]}, cv=KFold(3), n_jobs=n_jobs)
    search.set_callbacks(Journal(path, depth)).fit(X, y, **fit_params)
    lines = path.read_text().splitlines()
    return sorted(lines) if n_jobs == 2 else lines


@pytest.mark.filterwarnings("ignore:The estimator Moody does not support callbacks")
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("estimator", [Moody(), Epochs()])
def test_callbacks_that_ask_for_fits_see_what_they_see_of_grid_search(n_jobs, estimator, tmp_path):
    ours = journal_of(ListSearchCV, tmp_path, estimator, n_jobs, depth=2)
    assert ours == journal_of(GridSearchCV, tmp_path, estimator, n_jobs, depth=2)
    assert any("epoch" in line for line in ours) == isinstance(estimator, Epochs)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("depth", [None, 0, 1])
def test_callbacks_see_candidates_by_default(n_jobs, depth, tmp_path):
    ours = journal_of(ListSearchCV, tmp_path, Epochs(), n_jobs, depth)
    below = [line for line in ours if "GridSearchCV:search:0 GridSearchCV:" in line]
    task = "GridSearchCV GridSearchCV:fit:0 GridSearchCV:search:0 GridSearchCV:candidate:"
    assert sorted(below) == sorted(
        [f"begin {task}{index} 0 [None, None, None]" for index in range(2)]
        + [f"end {task}{index} [None, None, None]" for index in range(2)]
    )
    assert "begin GridSearchCV GridSearchCV:fit:0 GridSearchCV:search:0 2 [None, None, None]" in ours
    theirs = journal_of(GridSearchCV, tmp_path, Epochs(), n_jobs, depth)
    assert [line for line in ours if "refit" in line] == [line for line in theirs if "refit" in line]


@pytest.mark.filterwarnings("ignore:The estimator Moody does not support callbacks")
def test_callbacks_get_the_sample_weight(tmp_path):
    weight = np.ones(30)
    ours = journal_of(ListSearchCV, tmp_path, Moody(), depth=2, sample_weight=weight)
    assert ours == journal_of(GridSearchCV, tmp_path, Moody(), depth=2, sample_weight=weight)
    assert any("[20, 20, 20]" in line for line in ours)


def test_callbacks_of_the_estimator_alone_know_of_the_search(tmp_path):
    journals = []
    for search_class in (ListSearchCV, GridSearchCV):
        path = tmp_path / search_class.__name__
        estimator = Epochs().set_callbacks(Journal(path))
        search_class(estimator, {"quality": [1, 2]}, cv=KFold(3)).fit(X, y)
        journals.append(path.read_text())
    assert journals[0] == journals[1]
    assert "begin Epochs GridSearchCV:fit:0 GridSearchCV:search:0 Epochs:fit:4 Epochs:epoch:1 0" in journals[0]


def test_callbacks_are_torn_down_when_the_search_fails(tmp_path):
    path = tmp_path / "journal"
    search = ListSearchCV(Moody(), {"mood": ["raise"]}).set_callbacks(Journal(path))
    with pytest.raises(ValueError, match="All the"):
        search.fit(X, y)
    assert path.read_text().splitlines()[-1].startswith("teardown")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_progress_bar_shows_fits_and_their_epochs_on_request(n_jobs, capsys):
    search = ListSearchCV(Epochs(), {"quality": [1, 2]}, cv=KFold(3), n_jobs=n_jobs, batch_size=1)
    search.set_callbacks(ProgressBar(max_propagation_depth=2)).fit(X, y)
    shown = capsys.readouterr().out
    assert "ListSearchCV - fit" in shown
    assert "ListSearchCV - search #0" in shown
    assert "ListSearchCV - candidate-split-evaluation | Epochs - fit #5" in shown
    assert "ListSearchCV - refit-with-best-params | Epochs - fit #1" in shown


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_progress_bar_is_one_bar_for_the_search_and_one_for_the_refit(n_jobs, capsys):
    search = ListSearchCV(Epochs(), {"quality": [1, 2]}, cv=KFold(3), n_jobs=n_jobs, batch_size=1)
    search.set_callbacks(ProgressBar()).fit(X, y)
    bars = [line.partition("━")[0].strip(" .") for line in capsys.readouterr().out.splitlines() if "━" in line]
    assert bars[-3:] == [
        "ListSearchCV - fit",
        "ListSearchCV - search #0",
        "ListSearchCV - refit-with-best-params | Epochs - fit #1",
    ]
    assert not any("candidate" in bar for bar in bars)


@pytest.mark.filterwarnings("ignore:The estimator StepwiseSGDClassifier does not support callbacks")
def test_searches_that_train_in_pieces_have_as_many_tasks_as_it_takes(tmp_path):
    searches = [
        BayesSearchCV(*PACED, n_iter=3, cv=2, pruning="halving"),
        BayesSearchCV(*PACED, n_iter=3, cv=2, pruning="freeze-thaw"),
        HyperbandSearchCV(*PACED, cv=2),
        ZoomSearchCV(*PACED, cv=2, n_rounds=2, n_candidates=4),
    ]
    for (number, search), depth in itertools.product(enumerate(searches), [1, 2]):
        path = tmp_path / f"{number} {depth}"
        search.set_callbacks(Journal(path, depth)).fit(X, y)
        begun = [line for line in path.read_text().splitlines() if line.startswith("begin") and "candidate" in line]
        n_candidates = len(search.cv_results_["params"])
        assert len(begun) == n_candidates if depth == 1 else len(begun) > n_candidates


class Reader:
    """Reads the results of the search whenever a candidate ends."""

    def __init__(self):
        self.read = []

    def setup(self, estimator, context):
        pass

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "candidate":
            self(estimator)

    def __call__(self, search):
        names = ("cv_results_", "best_index_", "best_params_", "best_score_")
        self.read.append({name: getattr(search, name) for name in names if hasattr(search, name)})
        assert not vars(pickle.loads(pickle.dumps(search))).keys() & {"_running", "cv_results_"}


def best_by_callable(results):
    return int(np.argmin(results["rank_test_score"]))


READ = {
    "list": ListSearchCV(Moody(), {"quality": [0.25, 1.0, 0.5, 1.0]}, cv=2, batch_size=1),
    "batches": ListSearchCV(Moody(), {"quality": [0.25, 1.0, 0.5, 1.0]}, cv=2, return_train_score=True, n_jobs=2),
    "failures": ListSearchCV(Moody(), {"mood": ["raise", "fine", "diverge"]}, cv=2, batch_size=1),
    "refit by a callable": ListSearchCV(
        Moody(), {"quality": [0.25, 1.0, 0.5, 1.0]}, cv=2, batch_size=1, refit=best_by_callable
    ),
    "several metrics": ListSearchCV(
        Moody(), {"quality": [0.25, 1.0]}, cv=2, batch_size=1, scoring=["accuracy", "f1"], refit="f1"
    ),
    "several metrics, no refit": ListSearchCV(
        Moody(), {"quality": [0.25, 1.0]}, cv=2, batch_size=1, scoring=["accuracy", "f1"], refit=False
    ),
    "bayes": BayesSearchCV(*PACED, n_iter=4, cv=2, return_train_score=True),
    "halving": BayesSearchCV(*PACED, n_iter=4, cv=2, pruning="halving"),
    "hyperband": HyperbandSearchCV(*PACED, cv=2),
    "population": PopulationSearchCV(*PACED, cv=2, population_size=3, n_generations=3),
    "zoom": ZoomSearchCV(*PACED, cv=2, n_rounds=2, n_candidates=4),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.parametrize("name", READ)
def test_callbacks_read_the_results_of_all_candidates_that_have_ended(name):
    search, reader = clone(READ[name]).set_params(random_state=0), Reader()
    search.set_callbacks(reader).fit(X, y)
    final = search.cv_results_
    assert [len(one["cv_results_"]["params"]) for one in reader.read] == list(range(1, len(final["params"]) + 1))
    for read in reader.read:
        rows = [number_of(params, final["params"]) for params in read["cv_results_"]["params"]]
        for column in [column for column in final if "rank" not in column and column not in ("parent", "params")]:
            assert_array_equal(read["cv_results_"][column], final[column][rows])
        check_best(search, read)
    assert_equal(reader.read[-1], {key: vars(search)[key] for key in reader.read[-1]})


def number_of(params, all_params):
    return next(number for number, other in enumerate(all_params) if other is params)


def check_best(search, read):
    """The best so far is what scikit-learn's search would choose of the table so far."""
    table = read["cv_results_"]
    if not (table["status"] == "ok").any() or name_of_rank(search) not in table:
        assert "best_score_" not in read
        return
    index = int(np.argmin(table[name_of_rank(search)]))
    assert read["best_index_"] == index
    assert read["best_params_"] is table["params"][index]
    if not callable(search.refit):
        assert read["best_score_"] == table[name_of_rank(search).replace("rank", "mean")][index]


def name_of_rank(search):
    return f"rank_test_{search.refit}" if isinstance(search.refit, str) else "rank_test_score"


def test_callbacks_of_fit_read_the_results_as_well():
    reader = Reader()
    search = BayesSearchCV(Moody(), {"quality": (0.0, 1.0)}, n_iter=3, cv=2, random_state=0)
    search.fit(X, y, callback=lambda result: reader(search))
    assert [len(one["cv_results_"]["params"]) for one in reader.read] == [1, 2, 3]
    assert [one["best_score_"] for one in reader.read] == np.maximum.accumulate(
        search.cv_results_["mean_test_score"]
    ).tolist()


def test_results_of_an_earlier_fit_are_not_shown_for_those_of_this_one():
    search, reader = ListSearchCV(Moody(), {"quality": [0.5]}, cv=2).fit(X, y), Reader()
    search.set_params(param_grid={"mood": ["raise"]}).set_callbacks(reader)
    with pytest.raises(ValueError, match="All the"):
        search.fit(X, y)
    assert [sorted(one) for one in reader.read] == [["cv_results_"]]
    assert not hasattr(search, "best_score_")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_scoring_monitor_of_the_estimator_logs_every_fit(n_jobs):
    rows = []
    for search_class in (ListSearchCV, GridSearchCV):
        monitor = ScoringMonitor(scoring="neg_log_loss")
        estimator = LogisticRegression(max_iter=50).set_callbacks(monitor)
        search_class(estimator, {"C": [0.1, 1]}, cv=3, n_jobs=n_jobs).fit(X, y)
        rows.append(sorted((row["task_id_path"], row["neg_log_loss"]) for row in monitor.get_logs().data))
    assert rows[0] == rows[1]
    assert len(rows[0]) > 7  # at least two iterations of some of the seven fits
