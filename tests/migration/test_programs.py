"""Programs for scikit-optimize, OptunaSearchCV and MLP*, and what they become here: other imports, other names.

Each is a pair of files of one name, in ``before`` and ``after``. README.md says what has no counterpart.
"""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.validation import check_is_fitted

HERE = Path(__file__).parent
LIBRARIES = {"scikit_optimize": "skopt", "optuna_search_cv": "optuna_integration", "mlp": "sklearn"}
BEFORE = sorted(HERE.glob("*/before/*.py"))
AFTER = sorted(HERE.glob("*/after/*.py"))


def short(path):
    return f"{path.parts[-3]}-{path.stem}"


def run(path):
    """Run a program, and return its variables."""
    return runpy.run_path(str(path))


def check(found):
    """Every program ends with fitted estimators, or with a search that has all its scores."""
    for name in ("search", "model", "stopping", "adaptive", "online", "warm"):
        if name in found and getattr(found[name], "refit", True):
            check_is_fitted(found[name])
    if "search" in found:
        scores = found["search"].cv_results_["mean_test_score"]
        assert len(scores) == (4 if "good_enough" in found or "stop" in found else 8)


def test_there_are_five_of_each():
    assert [short(path) for path in BEFORE] == [short(path) for path in AFTER]
    assert {library: sum(library in path.parts for path in AFTER) for library in LIBRARIES} == dict.fromkeys(
        LIBRARIES, 5
    )


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.FitFailedWarning", "ignore::sklearn.exceptions.ConvergenceWarning"
)
@pytest.mark.parametrize("path", AFTER, ids=short)
def test_what_programs_become(path, capsys):
    assert not re.search(r"skopt|optuna|MLPRegressor", path.read_text().replace("optuna_search_cv", ""))
    check(run(path))
    assert capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", BEFORE, ids=short)
def test_what_programs_were(path, capsys):
    """They run where the other library is installed."""
    pytest.importorskip(LIBRARIES[path.parts[-3]])
    run(path)
    assert capsys.readouterr().out


@pytest.mark.parametrize("path", [path for path in BEFORE if "mlp" in path.parts], ids=short)
def test_a_program_of_which_only_the_class_was_changed_is_told_what_to_change(path, tmp_path):
    text = path.read_text().replace("MLPClassifier", "NetClassifier").replace("MLPRegressor", "NetRegressor")
    (tmp_path / "program.py").write_text(text.replace("from sklearn.neural_network", "from sktune"))
    with pytest.raises(TypeError, match=r"has no parameter '\w+': use |takes this parameter by its name"):
        run(tmp_path / "program.py")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_numbers_of_the_networks_have_the_same_shapes():
    before, after = (run(HERE / "mlp" / side / "classifier.py") for side in ("before", "after"))
    assert before["network"].n_iter_ == after["network"].n_iter_ == len(after["network"].history_["train_loss"])
    shapes = [found["model"].predict_proba(found["X_test"]).shape for found in (before, after)]
    assert shapes[0] == shapes[1]
    assert np.isfinite(after["network"].history_["train_loss"]).all()
