"""Our optimizer and its peers behind one interface: made from a `Space` and a seed, then `ask()` and `tell()`."""

import warnings
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from sktune.optimize import Optimizer
from sktune.space import Integer


class SktuneGP:
    """Our optimizer."""

    package = "sktune"

    def __init__(self, space, seed):
        self._optimizer = Optimizer(space, random_state=seed)

    def ask(self):
        return self._optimizer.ask()

    def ask_batch(self, n_points):
        return self._optimizer.ask(n_points)

    def tell(self, params, score):
        self._optimizer.tell(params, score)

    add = tell  # what was not asked for


class Random:
    """Independent random settings."""

    package = "numpy"

    def __init__(self, space, seed):
        self._space, self._rng = space, np.random.default_rng([seed, 1])

    def ask(self):
        return self._space.from_unit(self._space.sample(1, self._rng))[0]

    def tell(self, params, score):
        pass

    add = tell


class OptunaGP:
    """Optuna's GPSampler, asked for the parameters one after the other, as its users do."""

    package, sampler = "optuna", "GPSampler"

    def __init__(self, space, seed):
        optuna = import_module("optuna")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")  # samplers warn that they are experimental
        sampler = getattr(optuna.samplers, self.sampler)(seed=seed)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._dimensions = dict(zip(space.names, space.dimensions, strict=True))

    def ask(self):
        self._trial, self._params = self._study.ask(), {}
        for name in self._dimensions:
            self._suggest(name)
        return self._params

    def tell(self, params, score):
        self._study.tell(self._trial, score)

    def add(self, params, score):
        optuna = import_module("optuna")
        distributions = {name: self._distribution(optuna.distributions, self._dimensions[name]) for name in params}
        self._study.add_trial(optuna.create_trial(params=params, distributions=distributions, value=score))

    def _suggest(self, name):
        """Suggest the parameter `name` if it is active, after the parameters on which that depends."""
        dimension = self._dimensions[name]
        for parent in dimension.conditions:
            self._suggest(parent)
        if all(self._params.get(parent) in allowed for parent, allowed in dimension.conditions.items()):
            self._params[name] = self._value(name, dimension)

    def _value(self, name, dimension):
        if dimension.is_categorical:
            return self._trial.suggest_categorical(name, dimension.categories)
        suggest = self._trial.suggest_int if isinstance(dimension, Integer) else self._trial.suggest_float
        return suggest(name, dimension.low, dimension.high, log=dimension.prior == "log-uniform")

    @staticmethod
    def _distribution(distributions, dimension):
        if dimension.is_categorical:
            return distributions.CategoricalDistribution(dimension.categories)
        kind = distributions.IntDistribution if isinstance(dimension, Integer) else distributions.FloatDistribution
        return kind(dimension.low, dimension.high, log=dimension.prior == "log-uniform")


class OptunaTPE(OptunaGP):
    """Optuna's TPESampler."""

    sampler = "TPESampler"


class ScikitOptimize:
    """scikit-optimize's Gaussian process, as its BayesSearchCV uses it. It knows no conditions."""

    package = "scikit-optimize"

    def __init__(self, space, seed):
        warnings.simplefilter("ignore")  # it warns where it proposes a point again
        skopt = import_module("skopt")
        self._names = space.names
        dimensions = [_as_skopt(skopt.space, dimension) for dimension in space.dimensions]
        self._optimizer = skopt.Optimizer(dimensions, base_estimator="GP", random_state=seed)

    def ask(self):
        return dict(zip(self._names, self._optimizer.ask(), strict=True))

    def tell(self, params, score):
        self._optimizer.tell([params[name] for name in self._names], -score)

    add = tell


METHODS = {
    "random": Random,
    "sktune": SktuneGP,
    "optuna-gp": OptunaGP,
    "optuna-tpe": OptunaTPE,
    "scikit-optimize": ScikitOptimize,
}
_MODULES = {"optuna": "optuna", "scikit-optimize": "skopt"}


def available(methods):
    """Return those of `methods` whose packages are installed; say which are not."""
    missing = {METHODS[method].package for method in methods} & set(_MODULES)
    missing = {package for package in missing if find_spec(_MODULES[package]) is None}
    for package in sorted(missing):
        print(f"without {package}, which is not installed: pip install {package}")
    return [method for method in methods if METHODS[method].package not in missing]


def _as_skopt(space, dimension):
    if dimension.is_categorical:
        return space.Categorical(list(dimension.categories))
    kind = space.Integer if isinstance(dimension, Integer) else space.Real
    return kind(dimension.low, dimension.high, dimension.prior, transform="normalize")
