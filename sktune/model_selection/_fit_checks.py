"""What can be known to be wrong before a search trains anything: scorers, parameters of ``fit`` and of joblib."""

import inspect
import re
from typing import Any

from sklearn.base import BaseEstimator

from .._sklearn_compat import _check_method_params, _num_samples, get_scorer_names
from .._utils.hints import did_you_mean

#: Parameters of ``fit`` that have rows of their own, and no entry for each row of X: validation data.
_OF_OTHER_ROWS = ("X_val", "y_val", "sample_weight_val")
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
    """Check the parameters that go to the estimator's ``fit``: their names, and the numbers of weights and labels.

    Raises
    ------
    TypeError
        If ``fit`` does not take one of them.
    ValueError
        If there are not as many weights as rows, or not as many labels to validate on as rows.
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
    for name in params:
        prefix, _, last = name.rpartition("X_val")
        if not last and (y_val := params.get(f"{prefix}y_val")) is not None:
            n_val, n_labels = _num_samples(params[name]), _num_samples(y_val)
            if n_val != n_labels:
                raise ValueError(f"{name} and {prefix}y_val must have as many rows, got {n_val} and {n_labels}")


def params_of_rows(X: Any, params: dict[str, Any], rows: Any) -> dict[str, Any]:
    """Return the parameters of ``fit`` for some rows of `X`.

    What has an entry for each row of `X` is divided, as scikit-learn does it, which looks at the lengths alone. But
    validation data stay whole, however many rows they have.
    """
    whole = {name: value for name, value in params.items() if name.rpartition("__")[2] in _OF_OTHER_ROWS}
    divided = {name: value for name, value in params.items() if name not in whole}
    return {**_check_method_params(X, params=divided, indices=rows), **whole}


def metadata_of_callbacks(params: dict[str, Any]) -> dict[str, Any] | None:
    """Return the parameters of ``fit`` that callbacks receive as metadata."""
    weight = params.get("sample_weight")
    return None if weight is None else {"sample_weight": weight}
