"""What stands around the estimator that is trained epoch by epoch: pipelines and transformed targets, one in another.

A container prepares rows, and trains an estimator inside on them. Here it does the first without the second, by its own
``fit``: with a stand-in for the estimator inside, which notes what it is given.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object, process_routing

from ._overriding import overridden

_CONTAINERS = (Pipeline, TransformedTargetRegressor)


class Given(NamedTuple):
    """What an estimator is trained on: rows, targets, and the parameters of its ``fit``."""

    X: Any
    y: Any
    params: dict[str, Any]


def name_inside(container: BaseEstimator) -> str | None:
    """Return the name of the estimator that a container trains; None for what is no container."""
    if isinstance(container, Pipeline):
        return container.steps[-1][0]
    return "regressor" if isinstance(container, TransformedTargetRegressor) else None


def inside(container: BaseEstimator) -> Any:
    """Return the estimator that a container trains; None for what is no container."""
    if isinstance(container, Pipeline):
        return container.steps[-1][1]
    if isinstance(container, TransformedTargetRegressor):
        return vars(container).get("regressor_", container.regressor)
    return None


def last_step(estimator: BaseEstimator) -> BaseEstimator:
    """Return the estimator inside all containers; an estimator that is none is returned itself."""
    while (inner := inside(estimator)) is not None:
        estimator = inner
    return estimator


def last_step_prefix(estimator: BaseEstimator) -> str:
    """Return what stands before the names of the parameters of `last_step(estimator)`."""
    prefix = ""
    while (inner := inside(estimator)) is not None:
        prefix += f"{name_inside(estimator)}__"
        estimator = inner
    return prefix


def containers_of(estimator: BaseEstimator) -> list[BaseEstimator]:
    """Return the containers around the last step, from the outermost one."""
    containers = []
    while (inner := inside(estimator)) is not None:
        containers.append(estimator)
        estimator = inner
    return containers


def check_containers(estimator: BaseEstimator) -> None:
    """Raise a ValueError if a container does more in its ``fit`` than what is done here."""
    for container in containers_of(estimator):
        name = type(container).__name__
        if changed := overridden(container, _CONTAINERS):
            raise ValueError(f"{name} cannot be trained in pieces: it has its own {', '.join(sorted(changed))}")


def fit_steps(estimator: BaseEstimator, given: Given) -> tuple[BaseEstimator, Given]:
    """Fit all but the last step; return that one, and what it is to be trained on."""
    while inside(estimator) is not None:
        given = _fit_around(estimator, given)
        estimator = inside(estimator)
    return estimator, given


def transform_again(estimator: BaseEstimator, given: Given) -> tuple[BaseEstimator, Given]:
    """Do what `fit_steps` does with steps that were fitted to the same rows before."""
    while inside(estimator) is not None:
        given = _transform_around(estimator, given)
        estimator = inside(estimator)
    return estimator, given


def params_of_last(
    estimator: BaseEstimator, params: dict[str, Any], *, is_fitted: bool = True
) -> tuple[BaseEstimator, dict[str, Any]]:
    """Return the last step, and those of the parameters of ``fit`` that are for it.

    As they are, or as steps that are fitted transform those that pipelines list in their `transform_input`.
    """
    while inside(estimator) is not None:
        params_of = _route(estimator, params)
        inner = params_of(name_inside(estimator), "fit")
        params = _transformed(estimator, params, inner) if is_fitted else inner
        estimator = inside(estimator)
    return estimator, params


def _transformed(container, params, inner):
    """Transform what a pipeline lists in its `transform_input`, as its ``fit`` does it."""
    names = [name for name in getattr(container, "transform_input", None) or () if name in inner]
    if not names or len(container.steps) == 1:
        return inner
    before = container[:-1]
    consumed = get_routing_for_object(before).consumes(method="transform", params=params.keys())
    given = {name: value for name, value in params.items() if name in consumed}
    return {**inner, **{name: before.transform(inner[name], **given) for name in names}}


def state_of_steps(estimator: BaseEstimator) -> list[Any]:
    """Return what `fit_steps` has fitted, by container."""
    return [_state_around(container) for container in containers_of(estimator)]


def put_state(estimator: BaseEstimator, states: Sequence[Any]) -> None:
    """Put fitted steps into an estimator that is not fitted."""
    for state in states:
        if isinstance(estimator, Pipeline):
            estimator.steps = [*state, estimator.steps[-1]]
        else:
            vars(estimator).update(state)
            estimator.regressor_ = clone(estimator.regressor)
        estimator = inside(estimator)


def set_params_inside(estimator: BaseEstimator, params: dict[str, Any]) -> None:
    """Set parameters of an estimator in training, and of what it trains in place of a parameter of its own."""
    estimator.set_params(**params)
    prefix = ""
    while (inner := inside(estimator)) is not None:
        prefix += f"{name_inside(estimator)}__"
        if isinstance(estimator, TransformedTargetRegressor) and "regressor_" in vars(estimator):
            inner.set_params(**{k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)})
        estimator = inner


def settings_of_steps(estimator: BaseEstimator) -> list[Any]:
    """Return what the states of two estimators on the same rows depend on."""
    return [_settings_around(container) for container in containers_of(estimator)]


class _End(BaseEstimator):
    """Stands for the estimator inside a container, and notes what it would be trained on."""

    def __init__(self, stands_for):
        self.stands_for = stands_for

    def fit(self, X, y=None, **params):
        self.given_ = Given(X, y, params)
        return self

    def predict(self, X):
        raise NotImplementedError("nothing was trained")

    def get_metadata_routing(self):
        return get_routing_for_object(self.stands_for)


def _fit_around(container, given):
    X, y, params = given
    if isinstance(container, Pipeline):
        name, last = container.steps[-1]
        steps = [*container.steps[:-1], (name, _End(last))]
        own = {"memory": container.memory, "verbose": container.verbose}
        shell = Pipeline(steps, transform_input=container.transform_input, **own).fit(X, y, **params)
        container.steps = [*shell.steps[:-1], (name, last)]
        return shell.steps[-1][1].given_
    own = container.get_params(deep=False)
    shell = TransformedTargetRegressor(**{**own, "regressor": _End(container.regressor)}).fit(X, y, **params)
    vars(container).update(_state_around(shell))
    container.regressor_ = clone(container.regressor)
    return shell.regressor_.given_


def _transform_around(container, given):
    X, y, params = given
    params_of = _route(container, params)
    if isinstance(container, Pipeline):
        for name, step in container.steps[:-1]:
            if step is not None and step != "passthrough":
                X = step.transform(X, **params_of(name, "transform"))
    else:
        fitted = container.transformer_
        shell = TransformedTargetRegressor(_End(container.regressor), transformer=_Fitted(fitted), check_inverse=False)
        y = shell.fit(X, y).regressor_.given_.y
    return Given(X, y, _transformed(container, params, params_of(name_inside(container), "fit")))


class _Fitted(BaseEstimator):
    """A transformer that its clones share, and that is not fitted again."""

    def __init__(self, transformer):
        self.transformer = transformer

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return self.transformer.transform(X)

    def __sklearn_clone__(self):
        return self


def _state_around(container):
    if isinstance(container, Pipeline):
        return container.steps[:-1]
    known = {*container.get_params(deep=False), "regressor_"}
    return {name: value for name, value in vars(container).items() if name not in known}


def _settings_around(container):
    if isinstance(container, Pipeline):
        return [(name, clone(step, safe=False)) for name, step in container.steps[:-1]]
    own = {**container.get_params(deep=False), "regressor": None}
    return {name: clone(value, safe=False) for name, value in own.items()}


def _route(container: BaseEstimator, params: dict[str, Any]) -> Callable[[str, str], dict[str, Any]]:
    """Return what returns the parameters of a method of a step."""
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(container, "fit", **params)
        return lambda name, method: dict(routed[name].get(method, {}))
    if not isinstance(container, Pipeline):
        return lambda name, method: params
    return lambda name, method: {
        full_name.removeprefix(f"{name}__"): value
        for full_name, value in params.items()
        if full_name.startswith(f"{name}__") and method == "fit"
    }
