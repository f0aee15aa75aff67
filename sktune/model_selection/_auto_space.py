"""A search space without arithmetic: that of the network in an estimator, for the size of the data that reach it."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._sklearn_compat import _check_method_params
from ..neural_network import NetClassifier, NetRegressor
from ..space import Dimension
from ._containers import Given, check_containers, fit_steps, last_step, last_step_prefix
from ._search_domains import check_domains
from ._search_spaces import SpaceBudget, check_parameter_names, parse_search_spaces

_NETWORKS = (NetClassifier, NetRegressor)


def default_search_space(X: Any, y: Any = None, *, estimator: BaseEstimator | None = None) -> dict[str, Dimension]:
    """Return a search space for the network of an estimator, for data of this size.

    It is what ``search_spaces="auto"`` stands for in all searches, as a dict that can be changed before it is searched.
    What is searched, and how the ranges follow from the numbers of rows and columns, is in the notes of
    `NetClassifier.default_search_space`, which takes these numbers.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        The targets, where a step before the network needs them.
    estimator : estimator object, default=None
        A `NetClassifier` or a `NetRegressor`, or a pipeline or a
        :class:`~sklearn.compose.TransformedTargetRegressor`, one in another too, that ends with one. The steps before
        the network are fitted, in a copy, to count the columns that they make. None is a network alone.

    Returns
    -------
    space : dict of str to dimension
        Names of parameters of `estimator`, such as ``"netclassifier__lr"``, and what to search for each.

    Raises
    ------
    TypeError
        If `estimator` is no estimator.
    ValueError
        If there is no network in `estimator`, or several, or one of which it is not known what it is trained on; or if
        `X` is no table.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sktune import BayesSearchCV, NetClassifier, default_search_space
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), NetClassifier())
    >>> space = default_search_space(X, y, estimator=model)
    >>> space["netclassifier__n_layers"]
    Integer(low=1, high=2, prior='uniform', transform='identity')
    >>> space["netclassifier__mixup"] = (0.0, 0.4)
    >>> search = BayesSearchCV(model, space)
    """
    if estimator is None:
        estimator = NetClassifier()
    return _space_of(estimator, Given(X, y, {}), "estimator")


def _space_of(estimator: BaseEstimator, given: Given, source: str) -> dict[str, Dimension]:
    """Return the space for what `given` becomes in the steps before the network; `source` is what errors are about."""
    network = _only_network(estimator, source)
    if network is not estimator:
        check_containers(estimator)
        _, given = fit_steps(clone(estimator), given)
    return network.default_search_space(*_shape_of(given.X), prefix=last_step_prefix(estimator))


def _shape_of(X: Any) -> tuple[int, int]:
    try:
        n_samples, n_features = getattr(X, "shape", None) or np.shape(X)
    except ValueError as error:
        raise ValueError(
            f"X must be a table of shape (n_samples, n_features) for a search space, got {X!r:.60}"
        ) from error
    return int(n_samples), int(n_features)


def _only_network(estimator: BaseEstimator, source: str) -> BaseEstimator:
    """Return the network that is trained last; a ValueError if it is not the only one."""
    if isinstance(estimator, type) or not hasattr(estimator, "get_params"):
        raise TypeError(f"estimator must be an estimator with a network, or None, got {estimator!r}")
    parts = {"": estimator, **estimator.get_params(deep=True)}
    names = [name for name, part in parts.items() if isinstance(part, _NETWORKS)]
    last = last_step(estimator)
    if not names:
        raise ValueError(
            f"{source} is for a NetClassifier or a NetRegressor, alone or at the end of a pipeline; {estimator!r} has "
            "no network: write a dict of its parameters, such as {'alpha': (1e-6, 1e-1, 'log-uniform')}"
        )
    if len(names) > 1:
        raise ValueError(
            f"{source} is for one network, but there are several: {', '.join(names)}; write a dict of parameters, with "
            "NetClassifier.default_search_space(n_samples, n_features, prefix=...) for each that is to be searched"
        )
    if not isinstance(last, _NETWORKS):
        raise ValueError(
            f"{source} finds a network at the end of pipelines and in a TransformedTargetRegressor; what {names[0]!r} "
            "is trained on is not known: give "
            f"NetClassifier.default_search_space(n_samples, n_features, prefix='{names[0]}__')"
        )
    return last


class OverSpaces:
    """Gives a search its spaces: those of the parameter `search_spaces`, or the default one for "auto"."""

    def _find_budgets(self, X: Any, y: Any, params: dict[str, Any], n_iter: int) -> list[SpaceBudget]:
        """Return the spaces, checked against the estimator, and set ``search_spaces_``."""
        spaces = self._space_for(X, y, params) if self._finds_space() else self.search_spaces
        budgets = parse_search_spaces(spaces, n_iter)
        for space, _ in budgets:
            check_parameter_names(self.estimator, space)
            check_domains(self.estimator, space)
        self.search_spaces_ = [space for space, _ in budgets]
        return budgets

    def _known_budgets(self, n_iter: int) -> list[SpaceBudget]:
        """Return what `_find_budgets` has found."""
        if self._finds_space():
            return [SpaceBudget(space, n_iter) for space in self.search_spaces_]
        return parse_search_spaces(self.search_spaces, n_iter)

    def _finds_space(self) -> bool:
        return isinstance(self.search_spaces, str) and self.search_spaces == "auto"

    def _space_for(self, X, y, params):
        if X is None:
            raise ValueError("X must be an array-like of shape (n_samples, n_features), got None")
        routed = self._get_routed_params_for_fit(_check_method_params(X, params=params))
        return _space_of(self.estimator, Given(X, y, routed.estimator.fit), "search_spaces='auto'")
