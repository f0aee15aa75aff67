"""What is read from a finished search: the right metric, failures as NaN, the errors of means over paired splits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from sktune.model_selection._finished_search import read_search
from sktune.model_selection._paired_scores import paired_standard_errors

X, y = load_iris(return_X_y=True)
GRID = {"max_depth": [1, 2, 3, 4]}


def results(scores, **columns):
    return {"params": [{"a": number} for number in range(len(scores))], "mean_test_score": scores, **columns}


# -- scores ------------------------------------------------------------------------------------------------------------


def test_a_search_and_its_results_are_the_same():
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), GRID).fit(X, y)
    one, two = read_search(search, None), read_search(search.cv_results_, None)
    assert one.params == two.params == search.cv_results_["params"]
    assert_array_equal(one.scores, search.cv_results_["mean_test_score"])
    assert_array_equal(one.errors, two.errors)
    assert np.all(one.errors > 0)
    assert one.resources is None


def test_the_metric_of_refit_leads_and_another_can_be_asked_for():
    search = GridSearchCV(
        DecisionTreeClassifier(random_state=0), GRID, scoring=["accuracy", "f1_macro"], refit="f1_macro"
    ).fit(X, y)
    assert_array_equal(read_search(search, None).scores, search.cv_results_["mean_test_f1_macro"])
    assert_array_equal(read_search(search, "accuracy").scores, search.cv_results_["mean_test_accuracy"])
    with pytest.raises(ValueError, match=r"metric must name one of the metrics of the search \(accuracy, f1_macro\)"):
        read_search(search.cv_results_, None)
    with pytest.raises(ValueError, match="metric must be one of 'accuracy', 'f1_macro', got 'recall'"):
        read_search(search, "recall")


def test_a_candidate_that_is_not_ok_has_failed_whatever_its_score():
    status = np.array(["ok", "failed", "diverged", "ok"], dtype=object)
    scores = read_search(results([1.0, 9.0, 9.0, 2.0], status=status), None).scores
    assert_array_equal(scores, [1.0, np.nan, np.nan, 2.0])


def test_what_was_ended_from_outside_is_left_out():
    columns = {"status": ["ok", "timeout", "failed", "interrupted"], "stopped_by": [None, "timeout", None, "interrupt"]}
    found = read_search(results([1.0, np.nan, np.nan, np.nan], **columns), None)
    assert found.params == [{"a": 0}, {"a": 2}]
    assert_array_equal(found.scores, [1.0, np.nan])


def test_results_survive_a_data_frame():
    pandas = pytest.importorskip("pandas")
    given = results([1.0, 2.0, np.nan], status=["ok", "ok", "failed"], stopped_by=[None, None, None])
    found = read_search(pandas.DataFrame(given), None)
    assert_array_equal(found.scores, [1.0, 2.0, np.nan])
    assert found.params == given["params"]


# -- resources ---------------------------------------------------------------------------------------------------------


def test_a_halving_search_tells_its_resources():
    search = HalvingGridSearchCV(SVC(), {"C": [0.1, 1, 10, 100]}, random_state=0, min_resources=30).fit(X, y)
    assert_array_equal(read_search(search, None).resources, search.cv_results_["n_resources"])


def test_a_parameter_that_is_the_resource_is_none_to_explain():
    params = [{"n": 2, "a": 1}, {"n": 2, "a": 4}, {"n": 4, "a": 4}]
    found = read_search({"params": params, "mean_test_score": [1.0, 2.0, 3.0], "n_resources": [2, 2, 4]}, None)
    assert found.params == [{"a": 1}, {"a": 4}, {"a": 4}]
    assert_array_equal(found.resources, [2, 2, 4])


def test_equal_resources_are_not_mentioned():
    assert read_search(results([1.0, 2.0], n_resources=[30, 30]), None).resources is None


# -- errors of the means -----------------------------------------------------------------------------------------------


def test_what_splits_have_in_common_is_no_error():
    means = np.array([[0.1], [0.5], [0.9]])
    assert_allclose(paired_standard_errors(means + np.array([0.3, -0.1, 0.0, 0.2])), 0, atol=1e-15)


def test_errors_are_those_of_independent_noise():
    rng = np.random.default_rng(0)
    noise = 0.3 * rng.standard_normal((2000, 5))
    errors = paired_standard_errors(noise + rng.standard_normal(5) + rng.standard_normal((2000, 1)))
    assert_allclose(np.sqrt(np.mean(errors**2)), 0.3 / np.sqrt(5), rtol=0.1)


def test_an_absurd_candidate_does_not_make_the_others_uncertain():
    noise = 0.01 * np.random.default_rng(0).standard_normal((20, 5))
    alone = paired_standard_errors(noise)
    noise[0] = [-1e6, -3e6, 0, 0, -2e7]
    assert_allclose(paired_standard_errors(noise)[1:], alone[1:], rtol=0.5)


@pytest.mark.parametrize("shape", [(5, 0), (5, 1), (1, 5), (0, 5)])
def test_without_repetition_there_is_no_known_error(shape):
    assert_array_equal(paired_standard_errors(np.random.default_rng(0).random(shape)), np.zeros(shape[0]))


# -- what is no finished search ----------------------------------------------------------------------------------------


def test_other_things_are_refused():
    with pytest.raises(NotFittedError, match="GridSearchCV"):
        read_search(GridSearchCV(SVC(), {"C": [1, 2]}), None)
    with pytest.raises(TypeError, match=r"search must be a fitted search, .* got \[1, 2\]"):
        read_search([1, 2], None)
    with pytest.raises(TypeError, match="search must be a fitted search"):
        read_search(GridSearchCV, None)
    with pytest.raises(TypeError, match="search must have cv_results_, and Pipeline has none"):
        read_search(make_pipeline(SVC()).fit(X, y), None)
    with pytest.raises(ValueError, match=r"a dict with 'params' and 'mean_test_score' .* got a dict with 'C'"):
        read_search({"C": [1, 2]}, None)
    with pytest.raises(ValueError, match="search has no candidate that succeeded, of 2"):
        read_search(results([np.nan, -np.inf]), None)


def test_scores_of_candidates_that_were_stopped_are_free_of_what_their_splits_add_to_all():
    rng = np.random.default_rng(0)
    quality = rng.random(12)
    folds = quality[:, None] + 1e-3 * rng.standard_normal((12, 5))
    pruned = np.arange(12) % 3 > 0

    def read(origins):
        seen = folds + origins
        seen[pruned, 2:] = np.nan
        columns = {f"split{split}_test_score": seen[:, split] for split in range(5)}
        columns["status"] = np.where(pruned, "pruned", "ok")
        columns["n_epochs"] = np.full(12, 9.0)
        return read_search(results(seen.mean(axis=1), **columns), None)

    plain, shifted = read(np.zeros(5)), read(np.array([0.4, 0.2, -0.1, -0.3, -0.2]))
    assert_allclose(shifted.scores, plain.scores, atol=1e-12)
    assert_allclose(shifted.errors, plain.errors, atol=1e-12)
    assert_allclose(plain.scores, quality, atol=3e-3)
