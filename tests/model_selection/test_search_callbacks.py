"""Scikit-learn's callbacks see our searches as they see scikit-learn's own."""

import numpy as np
import pytest
from list_search import ListSearchCV, Moody
from sklearn.callback import CallbackSupportMixin, ProgressBar, ScoringMonitor, with_callbacks
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold

X = np.random.default_rng(0).normal(size=(30, 3))
y = np.arange(30) % 2


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


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(("estimator", "depth"), [(Moody(), None), (Epochs(), None), (Epochs(), 1), (Epochs(), 0)])
def test_callbacks_see_what_they_see_of_grid_search(n_jobs, estimator, depth, tmp_path):
    ours = journal_of(ListSearchCV, tmp_path, estimator, n_jobs, depth)
    assert ours == journal_of(GridSearchCV, tmp_path, estimator, n_jobs, depth)
    assert any("epoch" in line for line in ours) == (depth == 1)


def test_callbacks_get_the_sample_weight(tmp_path):
    weight = np.ones(30)
    ours = journal_of(ListSearchCV, tmp_path, Epochs(), sample_weight=weight)
    assert ours == journal_of(GridSearchCV, tmp_path, Epochs(), sample_weight=weight)
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
def test_a_progress_bar_shows_the_search_and_the_epochs_below(n_jobs, capsys):
    search = ListSearchCV(Epochs(), {"quality": [1, 2]}, cv=KFold(3), n_jobs=n_jobs, batch_size=1)
    search.set_callbacks(ProgressBar()).fit(X, y)
    shown = capsys.readouterr().out
    assert "ListSearchCV - fit" in shown
    assert "ListSearchCV - search #0" in shown
    assert "ListSearchCV - candidate-split-evaluation | Epochs - fit #5" in shown
    assert "ListSearchCV - refit-with-best-params | Epochs - fit #1" in shown


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
