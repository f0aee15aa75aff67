"""What searches share that train all candidates of a round in step: one space, and an estimator to train in pieces."""

from abc import abstractmethod
from functools import partial
from typing import Any

from ..space import Space
from ._auto_space import OverSpaces
from ._base import BaseTuneSearchCV, Schedule
from ._evaluator import Evaluator
from ._initial_params import place_initial_params
from ._search_spaces import SpaceBudget, whole_epochs


class PacedSearchCV(OverSpaces, BaseTuneSearchCV):
    """A search over one space whose candidates are trained in pieces.

    A subclass has the parameters `search_spaces` and `initial_params`; its `_schedule` is told the space, and the
    number of epochs to plan for.
    """

    @abstractmethod
    def _schedule(self, evaluate: Evaluator, space: Space, max_epochs: int) -> str | None: ...

    def _fit(self, X: Any, y: Any, params: dict[str, Any], schedule: Schedule) -> "PacedSearchCV":
        space = self._one_space(X, y, params)
        max_epochs = whole_epochs(self.estimator, space)
        self._check_knowledge(space)
        return super()._fit(X, y, params, partial(schedule, space=space, max_epochs=max_epochs))

    def _pauses(self) -> bool:
        return True

    def _one_space(self, X: Any, y: Any, params: dict[str, Any]) -> Space:
        (budget, *others) = self._find_budgets(X, y, params, 0)
        if others or budget.n_iter:
            raise ValueError(
                f"search_spaces of {type(self).__name__} must be one dict or Space, got {self.search_spaces!r}; "
                "conditions join several: {'model': [a, b], 'model__alpha': Real(0.1, 10, when={'model': a})}"
            )
        return budget.space

    def _check_knowledge(self, space: Space) -> None:
        """Raise an error for what the search is told beforehand if it is wrong."""
        self._first(space)

    def _first(self, space: Space) -> list[dict[str, Any]]:
        """Return the settings to begin with; a ValueError explains what is wrong with one."""
        n_most = max(1, len(self.initial_params or ()))
        return place_initial_params(self.initial_params, self.estimator, [SpaceBudget(space, n_most)])[0]
