"""Bad calls of everything public: refused before any training, with an error that teaches.

The tables are in the modules `calls_*`; each row has the exception and what its message must say: the parameter, the
value, and what is allowed.
"""

import importlib
import inspect
import pkgutil

import calls_data
import calls_networks
import calls_optimizer
import calls_searches
import calls_selftuning
import calls_spaces
import calls_store
import pytest

import sktune

pytest_plugins = "training_doors"

TABLE = [
    *calls_networks.TABLE,
    *calls_searches.TABLE,
    *calls_selftuning.TABLE,
    *calls_spaces.TABLE,
    *calls_optimizer.TABLE,
    *calls_data.TABLE,
    *calls_store.TABLE,
]
#: Parts that serve others: what they are given has been checked where users gave it.
FOR_THE_HOUSE = {"engine", "modules"}
#: Public names that users do not make themselves.
NOT_MADE_BY_USERS = {
    "BaseTuneSearchCV": "abstract: the table has its parameters for every subclass",
    "Dimension": "abstract: the table has its parameters for every subclass",
    "FeatureEncoder": "a part of Optimizer, which checks",
    "FunctionDraws": "a part of Optimizer, which checks",
    "GaussianProcess": "a part of Optimizer, which checks",
    "Hyperparameters": "a part of Optimizer, which checks",
    "Layout": "a part of Optimizer, which checks",
    "ScoreTransform": "a part of Optimizer, which checks",
    "draw_hyperparameters": "a part of Optimizer, which checks",
    "fit_gaussian_process": "a part of Optimizer, which checks",
    "leave_out_predictions": "a part of Optimizer, which checks",
    "log_expected_improvement": "a part of Optimizer, which checks",
    "one_blas_thread": "has no parameters",
    "ParameterImportance": "an answer",
    "SearchPlan": "an answer",
    "Result": "a row of a store, which searches write",
    "data_key": "takes any values",
    "fingerprint": "takes any values",
    "from_plain": "a part of Store, given what to_plain gave",
    "open_existing": "a part of load_results, which checks",
    "read_trials": "a part of load_results, which checks",
    "to_plain": "takes any value",
    "versions": "has no parameters",
    "VarianceShares": "an answer",
    "SktuneBackend": "made by joblib, whose parameters it has",
}


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_bad_calls_are_refused_before_any_training(case, no_work):
    with pytest.raises(case.error, match=f"(?s){case.message}"):
        case.call()
    assert not no_work


def public():
    """Every class and function that a package exports, by its own name."""
    found = {name: getattr(sktune, name) for name in sktune.__all__}
    for package in pkgutil.iter_modules(sktune.__path__):
        if package.name.startswith("_") or package.name in FOR_THE_HOUSE:
            continue
        module = importlib.import_module(f"sktune.{package.name}")
        own = [name for name, item in vars(module).items() if getattr(item, "__module__", "") == module.__name__]
        names = getattr(module, "__all__", own)
        found |= {name: getattr(module, name) for name in names if not name.startswith("_")}
    return {
        name: item
        for name, item in found.items()
        if callable(item) and not (isinstance(item, type) and issubclass(item, BaseException))
    }


PUBLIC = public()


@pytest.mark.parametrize("name", sorted(PUBLIC.keys() - NOT_MADE_BY_USERS))
def test_every_parameter_of_everything_public_has_a_bad_call(name):
    covered = {case.parameter for case in TABLE if case.owner == name}
    parameters = set(inspect.signature(PUBLIC[name]).parameters)
    assert parameters, f"{name} has no parameters: there is nothing to check"
    assert not parameters - covered, f"{name} has parameters without a bad call: {sorted(parameters - covered)}"


def test_exceptions_are_not_out_of_date():
    assert PUBLIC.keys() >= NOT_MADE_BY_USERS.keys()
    assert not NOT_MADE_BY_USERS.keys() & {case.owner for case in TABLE} - {"SktuneBackend"}


def test_rows_of_the_table_differ():
    shown = [(case.owner, case.parameter, repr(case.value), case.message, case.error) for case in TABLE]
    assert len(set(shown)) == len(shown) > 300
