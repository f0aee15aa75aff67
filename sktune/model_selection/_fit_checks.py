"""What can be known to be wrong before a search trains anything: splits, scores of splits, parameters of ``fit``."""

import inspect
import re
import reprlib
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier

from .._sklearn_compat import _num_samples, get_scorer_names, scorers_of_probabilities
from .._utils.hints import did_you_mean
from ..exceptions import SktuneWarning

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


def draw_splits(cv: Any, X: Any, y: Any, split_params: dict[str, Any]) -> list[tuple]:
    """Return the splits of a splitter that `check_cv` has returned; a ValueError where a list of them has no pairs."""
    try:
        return list(cv.split(X, y, **split_params))
    except (TypeError, ValueError) as error:
        if "unpack" not in str(error):
            raise
        raise ValueError(
            "cv must be a splitter, an int or an iterable of pairs (train, test) of row numbers"
        ) from error


def check_splits(splits: Sequence[tuple], n_samples: int) -> None:
    """Raise a ValueError for what are no row numbers, and for what leaves nothing to train or to score on."""
    for number, split in enumerate(splits):
        for side, rows in zip(("training", "test"), map(np.asarray, split), strict=True):
            is_mask = rows.dtype == bool and rows.shape == (n_samples,)
            if not is_mask and (rows.ndim != 1 or (rows.dtype.kind not in "iu" and rows.size)):
                raise ValueError(
                    f"cv must give 1d arrays of row numbers, but split {number} has the {side} rows {rows.tolist()}"
                )
            if not (rows.any() if is_mask else rows.size):
                raise ValueError(f"cv must leave rows on both sides, but split {number} has no {side} rows")
            if not is_mask and not -n_samples <= rows.min() <= rows.max() < n_samples:
                raise ValueError(
                    f"cv must give row numbers below {n_samples}, the number of samples, but the {side} rows of split "
                    f"{number} go from {rows.min()} to {rows.max()}"
                )


def check_labels_of_splits(estimator: BaseEstimator, y: Any, splits: Iterable[tuple], scorer: Any) -> None:
    """Look for labels that a split tests and does not train.

    A score of predictions is still right: nobody can predict such a label, and these rows count as errors. That
    deserves a warning. A score of probabilities does not exist: they have no column for the label, and where the number
    of columns fits by chance, scikit-learn takes them for those of other labels.

    Raises
    ------
    ValueError
        If a scorer asks for probabilities or decisions.

    Warns
    -----
    SktuneWarning
        Otherwise.
    """
    if y is None or not is_classifier(estimator) or (found := _untrained_labels(y, splits)) is None:
        return
    number, labels = found
    what = f"the test rows of split {number} have the labels {reprlib.repr(labels)}, which its training rows have not"
    advice = "Shuffle the rows, stratify the splits, make fewer of them, or leave out rare classes."
    names = scorers_of_probabilities(scorer)
    if names:
        shown = "scoring" if names == ["score"] else f"the score {names[0]!r} of scoring"
        raise ValueError(f"cv: {what}: there are no probabilities of them, which {shown} asks for. {advice}")
    warnings.warn(f"cv: {what}: no candidate can predict them there. {advice}", SktuneWarning, stacklevel=2)


def _untrained_labels(y: Any, splits: Iterable[tuple]) -> tuple[int, list] | None:
    """Return the number of the first split that tests labels which it does not train, and these labels."""
    try:
        labels, codes = np.unique(np.asarray(y), return_inverse=True)
    except (TypeError, ValueError, RuntimeError):  # labels of several types, or on another device
        return None
    if codes.shape != (len(y),) or (labels.dtype.kind == "f" and (labels % 1 != 0).any()):  # several outputs; no labels
        return None
    for number, (train, test) in enumerate(splits):
        missing = np.setdiff1d(codes[test], codes[train])
        if len(missing):
            return number, labels[missing].tolist()
    return None
