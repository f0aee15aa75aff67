"""What a search prints is what scikit-learn's searches print, and how far it is."""

import logging
import re
import sys

import joblib
import numpy as np
import pytest
from list_search import ListSearchCV, Moody
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline
from stepwise import StepwiseSGDClassifier

from sktune import (
    BayesSearchCV,
    HyperbandSearchCV,
    NetClassifier,
    NetClassifierCV,
    PopulationSearchCV,
    ZoomSearchCV,
)

X = np.arange(30.0).reshape(-1, 1)
y = np.arange(30) % 2


def printed(search, capsys):
    search.fit(X, y)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("verbose", [2, 3])
@pytest.mark.parametrize("options", [{}, {"return_train_score": True}, {"scoring": ["accuracy", "f1"], "refit": "f1"}])
def test_the_lines_of_the_fits_are_those_of_grid_search(verbose, options, capsys):
    def without_times_of_fits(lines):
        lines = [re.sub(r"total time=.*", "", line) for line in lines]
        return [re.sub(r"\.{2,}", "..", line) for line in lines if line.startswith(("[CV", "Fitting"))]

    ours, theirs = (
        printed(search_class(Moody(), {"quality": [0.5, 1.0]}, cv=KFold(3), verbose=verbose, **options), capsys)
        for search_class in (ListSearchCV, GridSearchCV)
    )
    assert without_times_of_fits(ours) == without_times_of_fits(theirs)
    assert len(without_times_of_fits(ours)) == 7


def without_times(lines):
    return [re.sub(r"[0-9.]+s(, [0-9.]+s left)?", "TIME", line) for line in lines]


def test_each_candidate_is_told_as_it_ends(capsys):
    grid = [{"mood": ["raise"]}, {"quality": [0.5, 0.25, 0.75]}]
    with pytest.warns(FitFailedWarning):
        lines = printed(ListSearchCV(Moody(), grid, cv=3, verbose=1, batch_size=2), capsys)
    assert without_times(lines) == [
        "Fitting 3 folds for each of 4 candidates, totalling 12 fits",
        "[1/4] failed (RuntimeError: no fit with quality=1.0); TIME; mood=raise",
        "[2/4] score 0.5000 ± 0, the best so far; TIME; quality=0.5",
        "[3/4] score 0.2500 ± 0, best 0.5000; TIME; quality=0.25",
        "[4/4] score 0.7500 ± 0, the best so far; TIME; quality=0.75",
        "Search ended after TIME: best score 0.7500 with quality=0.75",
    ]


#: more parameters and longer names, values and errors than a line has room for
WIDE = {
    "pipeline__net_of_a_long_name__quality": (0.0, 1.0),
    "pipeline__net_of_a_long_name__bad_rows": [[0.0] * 50, [1.0] * 50],
    "pipeline__net_of_a_long_name__mood": ["fine", "raise"],
    "pipeline__net_of_a_long_name__seconds": [0.0, 1e-3 / 3],
}
PACED = StepwiseSGDClassifier(max_iter=9, tol=None), {"alpha": (1e-6, 1.0, "log-uniform")}
SEARCHES = {
    "bayes": BayesSearchCV(
        Pipeline([("pipeline", Pipeline([("net_of_a_long_name", Moody())]))]), WIDE, n_iter=8, n_points=3, cv=3
    ),
    "halving": BayesSearchCV(*PACED, n_iter=6, cv=3, pruning="halving"),
    "freeze-thaw": BayesSearchCV(*PACED, n_iter=6, cv=3, pruning="freeze-thaw"),
    "hyperband": HyperbandSearchCV(*PACED, cv=3),
    "population": PopulationSearchCV(*PACED, cv=3, population_size=4, n_generations=3),
    "zoom": ZoomSearchCV(*PACED, cv=3, n_rounds=2, n_candidates=4),
    "self-tuning": NetClassifierCV(estimator=NetClassifier(max_epochs=2, n_neurons=4), n_iter=3, cv=3),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.parametrize("name", SEARCHES)
def test_every_search_tells_every_candidate_in_120_characters(name, capsys):
    search = clone(SEARCHES[name]).set_params(random_state=0, verbose=1)
    lines = printed(search, capsys)
    told = re.findall(r"^\[ *(\d+)(?:/\d+)?\] (?!paused)", "\n".join(lines), re.MULTILINE)
    results = search.cv_results_
    assert [int(number) for number in told] == list(range(1, len(results["params"]) + 1))
    assert max(map(len, lines)) <= 120
    for status in ("failed", "pruned"):
        said = sum(re.match(rf"\[.*\] {status}", line) is not None for line in lines)
        assert said == (results["status"] == status).sum()
    best = re.findall(r"best(?: score)? (-?\d\.\d+)", lines[-1])
    assert best == [f"{search.best_score_:#.4g}"]
    assert not any("net_of_a_long_name" in line or "net__" in line for line in lines)


@pytest.mark.parametrize("backend", ["loky", "threading", "sktune"])
def test_any_backend_tells_all_candidates(backend, capsys):
    with joblib.parallel_config(backend, n_jobs=2):
        lines = printed(ListSearchCV(Moody(), {"quality": [0.5, 0.25, 0.75]}, cv=3, verbose=1), capsys)
    told = sorted(re.sub(r"^\[\d/3\]|,.*", "", line) for line in lines[1:-1])
    assert told == [f" score {score} ± 0" for score in ("0.2500", "0.5000", "0.7500")]
    assert [line[:6] for line in lines[1:-1]] == ["[1/3] ", "[2/3] ", "[3/3] "]


@pytest.mark.parametrize("pruning", [None, "halving"])
def test_what_comes_from_the_storage_is_one_line(pruning, tmp_path, capsys):
    search = BayesSearchCV(*PACED, n_iter=4, cv=3, pruning=pruning, random_state=0, verbose=1)
    search.set_params(storage=tmp_path / "store.db")
    first = printed(clone(search), capsys)
    again = printed(clone(search), capsys)
    assert without_times(again) == without_times([first[0], "4 of 4 candidates from storage", first[-1]])


def test_a_search_that_goes_on_says_how_much_it_had(tmp_path, capsys):
    search = BayesSearchCV(*PACED, n_iter=2, cv=3, random_state=0, verbose=1, storage=tmp_path / "store.db").fit(X, y)
    capsys.readouterr()
    lines = printed(clone(search).set_params(n_iter=3), capsys)
    assert lines[1] == "2 of 3 candidates from storage"
    assert lines[2].startswith("[3/3] score")
    assert lines[3].startswith("Search ended")


@pytest.fixture
def logger():
    """The logger of the library, without what the tests before have set."""
    logger = logging.getLogger("sktune")
    level, handlers = logger.level, list(logger.handlers)
    yield logger
    logger.setLevel(level)
    logger.handlers[:] = handlers


def test_lines_are_log_records_of_the_library(caplog, capsys, logger):
    search = ListSearchCV(Moody(), {"mood": ["raise", "fine"]}, cv=2, batch_size=1)
    with caplog.at_level(logging.INFO, "sktune"), pytest.warns(FitFailedWarning):
        silent = printed(search, capsys)
    records = [(record.name, record.levelname) for record in caplog.records]
    assert records == [("sktune.model_selection._reporter", level) for level in ("INFO", "WARNING", "INFO", "INFO")]
    assert silent == []
    caplog.clear()
    with pytest.warns(FitFailedWarning):
        lines = printed(clone(search).set_params(verbose=1), capsys)
    assert [record.levelname for record in caplog.records] == ["WARNING"]  # the level that is the default
    assert len(lines) == 4


@pytest.mark.parametrize("where", ["sktune", "root"])
@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_no_line_is_on_the_screen_twice(where, level, capsys, logger):
    search = ListSearchCV(Moody(), {"mood": ["raise", "fine"]}, cv=2, batch_size=1, verbose=1)
    with pytest.warns(FitFailedWarning):
        expected = without_times(printed(clone(search), capsys))
    handler, owner = logging.StreamHandler(sys.stderr), logger if where == "sktune" else logging.getLogger()
    handler.setLevel(level)
    owner.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with pytest.warns(FitFailedWarning):
            clone(search).fit(X, y)
    finally:
        owner.removeHandler(handler)
    shown = capsys.readouterr()
    lines = [without_times(text.splitlines()) for text in (shown.out, shown.err)]
    assert sorted(lines[0] + lines[1]) == sorted(expected)
    assert len(lines[1]) == (4 if level == logging.INFO else 1)


def test_a_log_file_takes_nothing_from_the_screen(tmp_path, capsys, logger):
    handler = logging.FileHandler(tmp_path / "log.txt")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    lines = printed(ListSearchCV(Moody(), {"quality": [0.5, 0.25]}, cv=2, verbose=1), capsys)
    handler.close()
    assert (tmp_path / "log.txt").read_text().splitlines() == lines
    assert len(lines) == 4


def test_nobody_hears_of_a_plan(caplog, capsys, logger):
    search = BayesSearchCV(Moody(), {"quality": (0.0, 1.0)}, n_iter=2, cv=2, verbose=1)
    with caplog.at_level(logging.INFO, "sktune"):
        search.plan(X, y)
    assert caplog.records == []
    assert capsys.readouterr().out == ""


def test_starts_are_printed_on_request_and_failures_say_why(capsys):
    with pytest.warns(FitFailedWarning):
        lines = printed(ListSearchCV(Moody(), {"mood": ["fine", "diverge"]}, cv=2, verbose=10), capsys)
    assert sum("START" in line for line in lines) == 4
    assert any(
        "[CV 2/2; 2] END mood=diverge;, score=nan diverged: DivergedError: the loss is nan" in line for line in lines
    )


def test_it_is_quiet_by_default(capsys):
    assert printed(BayesSearchCV(Moody(), {"quality": (0.0, 1.0)}, n_iter=2, cv=2), capsys) == []


def test_bayes_tells_the_size_of_all_spaces_first(capsys):
    spaces = [({"quality": (0.0, 1.0)}, 2), {"quality": [1, 2, 3]}]
    lines = printed(BayesSearchCV(Moody(), spaces, n_iter=9, cv=2, verbose=1), capsys)
    assert lines[0] == "Fitting 2 folds for each of 5 candidates, totalling 10 fits"
    assert len(lines) == 7
