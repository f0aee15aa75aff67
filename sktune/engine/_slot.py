"""Where the plans of a thread go: to be trained at once, or to whoever gathers them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ._fit import fit_plans
from ._plan import FitPlan, FitResult, TrainingState

_SUBMIT: ContextVar[Callable[..., FitResult] | None] = ContextVar("sktune_submit", default=None)


@contextmanager
def plans_go_to(submit: Callable[..., FitResult] | None) -> Iterator[None]:
    """Let `submit` train the plans of the enclosed work of this thread.

    Parameters
    ----------
    submit : callable or None
        ``submit(plan, reporter, state)`` returns the result of the plan. None trains them at once.
    """
    token = _SUBMIT.set(submit)
    try:
        yield
    finally:
        _SUBMIT.reset(token)


def train_plan(plan: FitPlan, reporter=None, state: TrainingState | None = None) -> FitResult:
    """Have one plan trained, wherever the plans of this thread go; see `fit_plans`."""
    submit = _SUBMIT.get()
    if submit is None:
        return fit_plans([plan], reporters=[reporter], states=[state])[0]
    return submit(plan, reporter, state)
