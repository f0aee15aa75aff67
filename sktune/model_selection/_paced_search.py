"""What searches share that train all candidates of a round in step: one space, and an estimator to train in pieces."""

from abc import abstractmethod
from functools import partial
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from ..space import Categorical, Space
from ._base import BaseTuneSearchCV, Schedule
from ._evaluator import Evaluator
from ._initial_params import place_initial_params
from ._resuming import find_resource
from ._search_spaces import SpaceBudget, check_parameter_names, parse_search_spaces


class PacedSearchCV(BaseTuneSearchCV):
    """A search over one space whose candidates are trained in pieces.

    A subclass has the parameters `search_spaces` and `initial_params`; its `_schedule` is told the space, and the
    number of epochs to plan for.
    """

    @abstractmethod
    def _schedule(self, evaluate: Evaluator, space: Space, max_epochs: int) -> str | None: ...

    def _trains_in_pieces(self) -> bool:
        return True

    def _fit(self, X: Any, y: Any, params: dict[str, Any], schedule: Schedule) -> "PacedSearchCV":
        space = self._one_space()
        check_parameter_names(self.estimator, space)
        max_epochs = whole_epochs(self.estimator, space)
        self._first(space)
        return super()._fit(X, y, params, partial(schedule, space=space, max_epochs=max_epochs))

    def _one_space(self) -> Space:
        (budget, *others) = parse_search_spaces(self.search_spaces, 0)
        if others or budget.n_iter:
            raise ValueError(
                f"search_spaces of {type(self).__name__} must be one dict or Space, got {self.search_spaces!r}; "
                "conditions join several: {'model': [a, b], 'model__alpha': Real(0.1, 10, when={'model': a})}"
            )
        return budget.space

    def _first(self, space: Space) -> list[dict[str, Any]]:
        """Return the settings to begin with; a ValueError explains what is wrong with one."""
        n_most = max(1, len(self.initial_params or ()))
        return place_initial_params(self.initial_params, self.estimator, [SpaceBudget(space, n_most)])[0]


def whole_epochs(estimator: BaseEstimator, space: Space) -> int:
    """Return the number of epochs that a schedule is made for: those of the estimator as it is.

    Where the estimator that is trained is itself searched, the most epochs of all choices.

    Raises
    ------
    ValueError
        If nothing can be trained in pieces.
    """
    name = _name_of_last_step(estimator)
    choices = dict(zip(space.names, space.dimensions, strict=True)).get(name)
    if not isinstance(choices, Categorical):
        return find_resource(estimator).n_epochs
    known, errors = [], []
    for choice in choices.categories:
        try:
            known.append(find_resource(clone(estimator).set_params(**{name: clone(choice, safe=False)})).n_epochs)
        except ValueError as error:
            errors.append(error)
    if not known:
        raise errors[0]
    return max(known)


def _name_of_last_step(estimator: BaseEstimator) -> str:
    names = []
    while isinstance(estimator, Pipeline):
        name, estimator = estimator.steps[-1]
        names.append(name)
    return "__".join(names)
