"""scikit-learn's own checks of an estimator."""

import pytest
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from sktune import NetClassifier, NetRegressor

#: float32 rounds after 7 digits, and the check compares 7 digits of two trainings
ROUNDING = {
    f"check_sample_weight_equivalence_on_{kind}_data": "float32 rounds differently; passes with float64"
    for kind in ("dense", "sparse")
}


@parametrize_with_checks([NetClassifier(), NetRegressor()], expected_failed_checks=lambda estimator: ROUNDING)
def test_float32(estimator, check):
    check(estimator)


#: trains in a third of the default's time, to the accuracy that the checks ask for
QUICK = {"dtype": "float64", "n_neurons": 32, "max_epochs": 30, "lr": 0.01}


@parametrize_with_checks([NetClassifier(**QUICK), NetRegressor(**QUICK)])
def test_float64(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [NetClassifier(max_epochs=5), NetRegressor(max_epochs=5)])
@pytest.mark.filterwarnings("ignore")  # what the checks warn of does not concern which of them are skipped
def test_no_check_is_skipped(estimator):
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    skipped = {result["check_name"] for result in results if result["status"] == "skipped"}
    # as for MLPClassifier: probabilities need no decision function beside them
    assert skipped <= {"check_classifiers_multilabel_output_format_decision_function"}
