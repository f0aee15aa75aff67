"""Dimensions of scikit-optimize and distributions of Optuna: neither library has to be there."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from sktune import Categorical, Integer, Real, Space
from sktune.space import check_dimension


def stand_in(module, kind, bases=(), **attributes):
    """An object of a class that has the name, the module and the attributes of one of another library."""
    one = type(kind, bases, {"__module__": module})()
    vars(one).update(attributes)
    return one


def skopt_number(kind, low, high, prior="uniform", own_name=None):
    given = {"low": low, "high": high, "prior": prior, "base": 10, "transform_": "identity", "name": own_name}
    return stand_in("skopt.space.space", kind, **given, dtype=float if kind == "Real" else int)


def skopt_choices(categories, prior=None):
    given = {"categories": categories, "prior": prior, "transform_": "onehot", "name": None}
    return stand_in("skopt.space.space", "Categorical", **given)


def optuna_number(kind, low, high, log=False, step=None):
    return stand_in("optuna.distributions", kind, low=low, high=high, log=log, step=step)


PAIRS = [
    (skopt_number("Real", 1e-2, 1e2, "log-uniform"), Real(1e-2, 1e2, "log-uniform")),
    (skopt_number("Integer", 1, 4), Integer(1, 4, dtype=int)),
    (skopt_choices(("rbf", "poly")), Categorical(["rbf", "poly"])),
    (skopt_choices(("rbf", "poly"), [0.3, 0.7]), Categorical(["rbf", "poly"], [0.3, 0.7])),
    (optuna_number("FloatDistribution", 0.0, 1.0), Real(0, 1)),
    (optuna_number("FloatDistribution", 1e-4, 1.0, log=True), Real(1e-4, 1, "log-uniform")),
    (optuna_number("FloatDistribution", 0.0, 0.9, step=0.3), Real(0, 0.9, step=0.3)),
    (optuna_number("IntDistribution", 1, 9, step=1), Integer(1, 9)),
    (optuna_number("IntDistribution", 1, 9, log=True, step=1), Integer(1, 9, "log-uniform")),
    (optuna_number("IntDistribution", 16, 128, step=16), Integer(16, 128, step=16)),
    (optuna_number("IntDistribution", 3, 3, step=1), Categorical([3])),
    (stand_in("optuna.distributions", "CategoricalDistribution", choices=("a", None)), Categorical(["a", None])),
]


@pytest.mark.parametrize(("theirs", "ours"), PAIRS, ids=lambda pair: repr(pair) if "sktune" in str(type(pair)) else "")
def test_what_other_libraries_say_is_said_by_ours(theirs, ours):
    assert check_dimension(theirs) == ours
    assert Space({"a": theirs}) == Space({"a": ours})


def test_a_class_derived_from_theirs_is_known_too():
    base = type(optuna_number("IntDistribution", 1, 9))
    old = stand_in("optuna.distributions", "IntUniformDistribution", (base,), low=1, high=9, log=False, step=2)
    assert check_dimension(old) == Integer(1, 9, step=2)


def test_a_whole_space_of_scikit_optimize():
    theirs = stand_in("skopt.space.space", "Space", dimensions=[skopt_number("Real", 0, 1, own_name="a"), (1, 3)])
    assert Space(theirs) == Space([Real(0, 1, name="a"), (1, 3)])


def test_other_libraries_with_such_names_are_not_taken_for_them():
    with pytest.raises(ValueError, match="Invalid dimension"):
        check_dimension(stand_in("numbers_of_mine", "Real", low=0, high=1))
    with pytest.raises(ValueError, match="Invalid dimension"):
        check_dimension(SimpleNamespace(low=0, high=1))


def test_the_real_classes():
    skopt, optuna = pytest.importorskip("skopt.space"), pytest.importorskip("optuna.distributions")
    assert check_dimension(skopt.Real(1e-2, 1e2, prior="log-uniform")) == Real(1e-2, 1e2, "log-uniform")
    assert check_dimension(skopt.Integer(1, 4)) == Integer(1, 4)
    assert check_dimension(skopt.Categorical(["rbf", "poly"])) == Categorical(["rbf", "poly"])
    assert Space(skopt.Space([skopt.Real(0, 1, name="a")])).names == ("a",)
    assert check_dimension(optuna.FloatDistribution(1e-4, 1, log=True)) == Real(1e-4, 1, "log-uniform")
    assert check_dimension(optuna.IntDistribution(16, 128, step=16)) == Integer(16, 128, step=16)
    assert check_dimension(optuna.CategoricalDistribution(("a", None))) == Categorical(["a", None])


def test_neither_library_is_imported():
    code = "import sktune, sys; print({'skopt', 'optuna'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
