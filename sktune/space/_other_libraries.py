"""Dimensions of scikit-optimize and distributions of Optuna as dimensions of ours.

They are known by the names of their classes and modules: neither library is imported.
"""

from typing import Any

from ._base import Dimension
from ._categorical import Categorical
from ._dimensions import Integer, Real

_LIBRARIES = ("skopt", "optuna")


def converted(spec: Any) -> Dimension | None:
    """Return the dimension that says what an object of another library says, None for any other object."""
    # deprecated classes of Optuna (LogUniformDistribution) have a present one among their bases
    names = [_name_of(base) for base in type(spec).__mro__]
    return next((_CONVERTERS[name](spec) for name in names if name in _CONVERTERS), None)


def is_foreign_space(value: Any) -> bool:
    """Tell whether `value` is a ``skopt.Space``, a list of dimensions in its attribute `dimensions`."""
    return any(_name_of(base) == ("skopt", "Space") for base in type(value).__mro__)


def _name_of(kind: type) -> tuple[str, str] | None:
    library = kind.__module__.split(".")[0]
    return (library, kind.__name__) if library in _LIBRARIES else None


def _number_of_skopt(kind, spec):
    return kind(spec.low, spec.high, spec.prior, spec.base, spec.transform_, spec.name, spec.dtype)


def _real_of_skopt(spec):
    return _number_of_skopt(Real, spec)


def _integer_of_skopt(spec):
    return _number_of_skopt(Integer, spec)


def _categorical_of_skopt(spec):
    return Categorical(spec.categories, spec.prior, spec.transform_, spec.name)


def _float_of_optuna(spec):
    return _number_of_optuna(Real, spec, spec.step)


def _int_of_optuna(spec):
    return _number_of_optuna(Integer, spec, None if spec.step == 1 else spec.step)


def _number_of_optuna(kind, spec, step):
    if spec.low == spec.high:
        return Categorical([spec.low])
    return kind(spec.low, spec.high, "log-uniform" if spec.log else "uniform", step=step)


def _categorical_of_optuna(spec):
    return Categorical(spec.choices)


_CONVERTERS = {
    ("skopt", "Real"): _real_of_skopt,
    ("skopt", "Integer"): _integer_of_skopt,
    ("skopt", "Categorical"): _categorical_of_skopt,
    ("optuna", "FloatDistribution"): _float_of_optuna,
    ("optuna", "IntDistribution"): _int_of_optuna,
    ("optuna", "CategoricalDistribution"): _categorical_of_optuna,
}
