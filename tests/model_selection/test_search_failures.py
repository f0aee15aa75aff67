"""What goes wrong with a candidate is a record, never the end of a search; and such a candidate never wins."""

import warnings

import numpy as np
import pytest
from joblib import parallel_config
from list_search import ListSearchCV, Moody
from numpy.testing import assert_array_equal
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, KFold

X = np.arange(30.0).reshape(-1, 1)
y = np.arange(30) % 2
#: KFold(3) trains on rows 10.., 0..9 and 20.., 0..19: the first training row is 10 in the first split alone.
FIRST_SPLIT = [10.0]


def search(grid, **options):
    return ListSearchCV(Moody(), grid, **{"cv": KFold(3), **options})


@pytest.mark.parametrize(
    ("mood", "status", "error"),
    [
        ("raise", "failed", "RuntimeError: no fit with quality=2"),
        ("diverge", "diverged", "DivergedError: the loss is nan at epoch 3"),
        ("nan", "failed", "the scorer 'score' gave nan"),
    ],
)
@pytest.mark.parametrize("bad_rows", [None, FIRST_SPLIT], ids=["every split", "one split"])
@pytest.mark.parametrize("error_score", [np.nan, 9.0])
def test_a_failed_candidate_is_recorded_and_ranks_last(mood, status, error, bad_rows, error_score):
    grid = [{"quality": [0.5, 0.7]}, {"quality": [2], "mood": [mood], "bad_rows": [bad_rows]}, {"quality": [0.6]}]
    with pytest.warns(FitFailedWarning, match=f"{3 if bad_rows is None else 1} fits failed out of a total of 12"):
        fitted = search(grid, error_score=error_score).fit(X, y)
    results = fitted.cv_results_
    assert list(results["status"]) == ["ok", "ok", status, "ok"]
    assert list(results["error"]) == [None, None, error, None]
    assert list(results["rank_test_score"]) == [3, 1, 4, 2]
    assert results["rank_test_score"].dtype == np.int32
    assert fitted.best_params_ == {"quality": 0.7}
    assert fitted.best_score_ == pytest.approx(0.7)
    assert_array_equal(results["split0_test_score"][2], error_score)
    assert_array_equal(results["split1_test_score"][2], error_score if bad_rows is None else 2.0)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_there_is_one_warning_for_the_whole_search(n_jobs):
    grid = {"quality": [1, 2, 3], "mood": ["fine", "raise", "diverge"]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search(grid, batch_size=4, n_jobs=n_jobs).fit(X, y)
    assert [warning.category for warning in caught] == [FitFailedWarning]
    message = str(caught[0].message)
    assert "18 fits failed out of a total of 27" in message
    assert "9 fits failed with the following error:\nDivergedError: the loss is nan" in message
    for quality in (1, 2, 3):
        assert f"3 fits failed with the following error:\nRuntimeError: no fit with quality={quality}" in message


def test_failures_equal_those_of_grid_search():
    """With one metric, NaN for failures and failures in every split, scikit-learn's ranks are ours."""
    grid = {"quality": [0.3, 0.9, 0.6], "mood": ["fine", "raise"]}
    with pytest.warns(FitFailedWarning):
        ours = search(grid, return_train_score=True).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = GridSearchCV(Moody(), grid, cv=KFold(3), return_train_score=True).fit(X, y)
    for name, expected in theirs.cv_results_.items():
        if name != "params" and not name.endswith("_time"):
            assert_array_equal(ours.cv_results_[name], expected, err_msg=name)


def test_every_candidate_failing_raises_with_the_reasons():
    grid = {"quality": [1, 2], "mood": ["raise", "diverge"]}
    with pytest.raises(ValueError, match=r"All the 12 fits failed") as caught:
        search(grid, batch_size=1).fit(X, y)
    message = str(caught.value)
    assert "6 fits failed with the following error:\nDivergedError" in message
    assert "3 fits failed with the following error:\nRuntimeError: no fit with quality=1" in message


def test_every_candidate_failing_on_one_split_raises_too():
    grid = {"quality": [1, 2], "mood": ["raise"], "bad_rows": [FIRST_SPLIT]}
    with pytest.raises(ValueError, match="Every candidate failed on at least one split: 2 fits failed out of a total"):
        search(grid).fit(X, y)


def test_a_whole_batch_may_fail():
    with pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 6"):
        fitted = search([{"mood": ["raise"]}, {"mood": ["fine"]}], batch_size=1).fit(X, y)
    assert fitted.best_index_ == 1


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_error_score_raise_raises_what_the_estimator_raised_and_keeps_what_has_finished(n_jobs):
    grid = {"mood": ["fine", "raise"]}
    failing = search(grid, batch_size=1, error_score="raise", n_jobs=n_jobs)
    with parallel_config("threading"), pytest.raises(RuntimeError, match="no fit with quality"):
        failing.fit(X, y)
    assert failing.cv_results_["status"][0] == "ok"


def fails_on_zeros(y_true, y_pred):
    if y_pred[0] == 0:
        raise ArithmeticError("no zeros\nplease")
    return 1.0


@pytest.mark.parametrize("scoring", [make_scorer(fails_on_zeros), {"a": make_scorer(fails_on_zeros)}])
def test_a_scorer_that_raises_is_a_failure(scoring):
    with pytest.raises(ValueError, match="ArithmeticError: no zeros"):
        search({"quality": [1, 2]}, scoring=scoring, refit=False).fit(X, y)


def test_a_metric_that_fails_gets_the_error_score_and_the_others_stay():
    calls = []

    def second_call_fails(estimator, X, y):
        calls.append(1)
        if len(calls) == 2:
            raise ArithmeticError("second call")
        return 1.0

    with pytest.warns(FitFailedWarning, match=r"ArithmeticError: second call \(in the scorer 'bad'\)"):
        fitted = search(
            {"quality": [1, 2]}, scoring={"good": "accuracy", "bad": second_call_fails}, refit="good", error_score=7
        ).fit(X, y)
    results = fitted.cv_results_
    assert list(results["status"]) == ["failed", "ok"]
    assert results["split1_test_bad"][0] == 7
    assert results["split1_test_good"][0] == 0.5
    assert fitted.best_index_ == 1


@pytest.mark.parametrize("score", ["0.5", None, [1.0, 2.0], 1j])
def test_a_score_that_is_no_number_is_told(score):
    with pytest.raises(ValueError, match="ValueError: scoring must return a number, got"):
        search({"quality": [1]}, scoring=lambda estimator, X, y: score).fit(X, y)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_score_is_a_failure(value):
    def scoring(estimator, X, y):
        return value if estimator.quality == 2 else 1.0

    with pytest.warns(FitFailedWarning, match=f"the scorer 'score' gave {value}"):
        fitted = search({"quality": [1, 2]}, scoring=scoring).fit(X, y)
    assert fitted.best_index_ == 0
    assert np.isnan(fitted.cv_results_["mean_test_score"][1])


def test_a_callable_refit_cannot_choose_a_failure_by_accident():
    grid = [{"mood": ["raise"]}, {"mood": ["fine"]}]
    careless = search(grid, refit=lambda results: int(np.argmax(results["mean_test_score"])))
    with pytest.raises(ValueError, match="chose candidate 0, whose status is 'failed'"):
        careless.fit(X, y)
    assert list(careless.cv_results_["status"]) == ["failed", "ok"]  # nothing finished is lost


def test_a_parameter_that_the_estimator_refuses_is_a_failure():
    data = X, X.ravel()
    with pytest.warns(FitFailedWarning, match="InvalidParameterError: The 'alpha' parameter of Ridge must be"):
        fitted = ListSearchCV(Ridge(), {"alpha": [1.0, -1.0, "much"]}).fit(*data)
    assert list(fitted.cv_results_["status"]) == ["ok", "failed", "failed"]


def test_n_epochs_is_read_where_it_is_known():
    grid = [{"mood": ["fine"]}, {"mood": ["raise"], "bad_rows": [FIRST_SPLIT]}, {"mood": ["diverge"]}]
    with pytest.warns(FitFailedWarning):
        fitted = search(grid).fit(X, y)
    assert_array_equal(fitted.cv_results_["n_epochs"], [3, 3, np.nan])
