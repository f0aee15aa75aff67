"""What a search prints is what scikit-learn's searches print, and how far it is."""

import re

import numpy as np
import pytest
from list_search import ListSearchCV, Moody
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, KFold

from sktune.model_selection import BayesSearchCV

X = np.arange(30.0).reshape(-1, 1)
y = np.arange(30) % 2


def printed(search, capsys):
    search.fit(X, y)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("verbose", [2, 3])
@pytest.mark.parametrize("options", [{}, {"return_train_score": True}, {"scoring": ["accuracy", "f1"], "refit": "f1"}])
def test_the_lines_of_the_fits_are_those_of_grid_search(verbose, options, capsys):
    def without_times(lines):
        lines = [re.sub(r"total time=.*", "", line) for line in lines]
        return [re.sub(r"\.{2,}", "..", line) for line in lines if line.startswith(("[CV", "Fitting"))]

    ours, theirs = (
        printed(search_class(Moody(), {"quality": [0.5, 1.0]}, cv=KFold(3), verbose=verbose, **options), capsys)
        for search_class in (ListSearchCV, GridSearchCV)
    )
    assert without_times(ours) == without_times(theirs)
    assert len(without_times(ours)) == 7


def test_each_batch_tells_how_far_the_search_is(capsys):
    grid = [{"mood": ["raise"]}, {"quality": [0.5, 0.25]}]
    with pytest.warns(FitFailedWarning):
        lines = printed(ListSearchCV(Moody(), grid, cv=3, verbose=1, batch_size=1), capsys)
    assert lines == [
        "Fitting 3 folds for each of 3 candidates, totalling 9 fits",
        "[1/3] failed",
        "[2/3] score 0.5, best 0.5 with quality=0.5",
        "[3/3] score 0.25, best 0.5 with quality=0.5",
    ]


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
    assert len(lines) == 6
