"""Which of the searched parameters may change while an estimator is being trained."""

from collections.abc import Collection, Iterable

from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

from .._utils.hints import did_you_mean
from ..neural_network import NetClassifier, NetRegressor
from ..space import Categorical, Space
from ._containers import last_step, last_step_prefix

#: Estimators, and their parameters that only count when training begins: the shape of a network, the rows it is trained
#: on; scikit-learn's networks keep the optimizer of their first epoch with all of its settings.
_FIXED_AT_THE_START = [
    (
        (NetClassifier, NetRegressor),
        {"n_layers", "n_neurons", "activation", "normalization"}
        | {"early_stopping", "validation_fraction", "device", "dtype", "warm_start"},
    ),
    (
        (MLPClassifier, MLPRegressor),
        {"hidden_layer_sizes", "activation", "loss", "solver", "learning_rate", "learning_rate_init", "power_t"}
        | {"momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon", "early_stopping"},
    ),
    (
        (HistGradientBoostingClassifier, HistGradientBoostingRegressor),
        {"loss", "max_bins", "categorical_features", "early_stopping", "validation_fraction"},
    ),
]


def mutable_params(estimator: BaseEstimator, space: Space, fixed_params: Collection[str] | None) -> frozenset[str]:
    """Return the names of a space that may change during training.

    These do not: what is not a parameter of the last step of a pipeline, because the steps before it are fitted once;
    whole estimators; random states; what is known of some estimators; `fixed_params`; and what decides whether one of
    all these is active.

    Raises
    ------
    ValueError
        If `fixed_params` has a name that is not searched, or if nothing may change.
    """
    unknown = next((name for name in fixed_params or () if name not in space.names), None)
    if unknown is not None:
        hint = did_you_mean(unknown, space.names) or f" It has {', '.join(space.names)}."
        raise ValueError(f"fixed_params names {unknown!r}, which search_spaces does not have.{hint}")
    dimensions = dict(zip(space.names, space.dimensions, strict=True))
    fixed = {*(fixed_params or ()), *_known_fixed(estimator, dimensions)}
    names = list(fixed)
    while names:  # a parameter cannot stay where its condition ceases to hold
        parents = set(dimensions[names.pop()].conditions) - fixed
        fixed |= parents
        names += parents
    if fixed >= set(space.names):
        raise ValueError(
            "PopulationSearchCV changes parameters during training, but of those in search_spaces none can change: "
            f"{', '.join(space.names)}"
        )
    return frozenset(space.names) - fixed


def _known_fixed(estimator, dimensions) -> Iterable[str]:
    prefix = last_step_prefix(estimator)
    whole = {name for name, dimension in dimensions.items() if _is_choice_of_estimators(dimension)}
    models = [last_step(estimator)]
    if prefix[:-2] in whole:
        models += dimensions[prefix[:-2]].categories
    of_models = {prefix + name for model in models for name in _fixed_at_the_start(model)}
    for name in dimensions:
        if not name.startswith(prefix) or name in whole | of_models or name.endswith("random_state"):
            yield name
        elif any(map(_is_skorch, models)) and name.removeprefix(prefix).startswith("module"):
            yield name  # skorch would begin with a new module


def _is_choice_of_estimators(dimension):
    return isinstance(dimension, Categorical) and any(hasattr(value, "get_params") for value in dimension.categories)


def _fixed_at_the_start(model) -> set[str]:
    return next((names for classes, names in _FIXED_AT_THE_START if isinstance(model, classes)), set())


def _is_skorch(model) -> bool:
    return any(base.__module__.startswith("skorch.") for base in type(model).__mro__)
