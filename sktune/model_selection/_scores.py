"""What a scorer returned, made plain: floats by name, and a reason wherever there is no usable number."""

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from numbers import Real
from typing import Any

#: One score, or one per metric; None stands where the estimator or the scorer failed.
Scores = float | dict[str, float | None] | None


def read_scores(raw: Any, *, on_failure: Callable[[str], None], must_be_finite: bool) -> Scores:
    """Return the scores of one fit as floats, keeping the form (one number, or a dict of them).

    Parameters
    ----------
    raw : number or dict
        What the scorer returned. In a dict, scikit-learn's multimetric scorer leaves a traceback (a str) for a
        metric that raised.
    on_failure : callable
        Told the reason, in one line, for every score that is missing or not usable.
    must_be_finite : bool
        Whether NaN and infinity are failures: a candidate whose score is no number cannot be compared.

    Raises
    ------
    ValueError
        If a score is no number at all, which is an error of the scorer and not of the candidate.
    """
    if isinstance(raw, dict):
        return {name: _read_score(value, name, on_failure, must_be_finite) for name, value in raw.items()}
    return _read_score(raw, "score", on_failure, must_be_finite)


def _read_score(value: Any, name: str, on_failure: Callable[[str], None], must_be_finite: bool) -> float | None:
    if isinstance(value, str) and value.startswith("Traceback"):
        on_failure(f"{_last_line(value)} (in the scorer {name!r})")
        return None
    if hasattr(value, "item"):
        with suppress(ValueError):  # an array of several numbers is refused below
            value = value.item()
    if not isinstance(value, Real):
        raise ValueError(f"scoring must return a number, got {value!r} ({type(value).__name__}) for {name!r}")
    if must_be_finite and not math.isfinite(value):
        on_failure(f"the scorer {name!r} gave {value}")
        return None
    return float(value)


def _last_line(traceback: str) -> str:
    """Return "ExceptionName: message" of a formatted traceback, the name without its module."""
    lines = traceback.splitlines()
    last_frame = max((i for i, line in enumerate(lines) if line.startswith("  File ")), default=-1)
    name, separator, message = next(line for line in lines[last_frame + 1 :] if line[:1].strip()).partition(": ")
    return name.rpartition(".")[2] + separator + message


def leading_metric(names: Iterable[str], refit: Any) -> str:
    """Return the metric that leads a search with several: that of a str `refit`, else the first."""
    return refit if isinstance(refit, str) else next(iter(names))
