"""What can be known to be wrong before a search trains anything: scorers, parameters of ``fit`` and of joblib."""

import inspect
import re
from typing import Any

from sklearn.base import BaseEstimator

from .._sklearn_compat import _num_samples, get_scorer_names
from .._utils.hints import did_you_mean

#: Numbers and what may stand between them.
_EXPRESSION = re.compile(r"\d+(\.\d*)?([-+*/%]+\d+(\.\d*)?)*")


def check_pre_dispatch(pre_dispatch: int | str) -> None:
    """Raise a ValueError unless joblib can read `pre_dispatch`; it does so only where there are several workers."""
    expression = re.sub("[() ]", "", str(pre_dispatch)).replace("n_jobs", "1")
    if expression != "all" and not (_EXPRESSION.fullmatch(expression) and re.search("[1-9]", expression)):
        raise ValueError(
            "pre_dispatch must be a positive int, 'all', or an expression of n_jobs such as '2*n_jobs', "
            f"got {pre_dispatch!r}"
        )


def hint_at_scorer(scoring: Any) -> str:
    """Return a hint at the name that was meant by the first unknown one in `scoring`, or an empty string."""
    named = scoring.values() if isinstance(scoring, dict) else scoring
    names = get_scorer_names()
    unknown = (name for name in named if isinstance(name, str) and name not in names)
    return did_you_mean(next(unknown, None), names)


def check_fit_params(estimator: BaseEstimator, params: dict[str, Any], X: Any) -> None:
    """Check the parameters that go to the estimator's ``fit``: their names, and the number of weights.

    Raises
    ------
    TypeError
        If ``fit`` does not take one of them.
    ValueError
        If there are not as many weights as rows.
    """
    taken = inspect.signature(estimator.fit).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values()):
        for name in params:
            if name not in taken:
                raise TypeError(f"{type(estimator).__name__}.fit takes no {name!r}.{did_you_mean(name, taken)}")
    weight = params.get("sample_weight")
    if hasattr(weight, "__len__") and len(weight) != _num_samples(X):
        raise ValueError(
            f"sample_weight must have one entry for each of the {_num_samples(X)} rows of X, got {len(weight)}"
        )
