"""Lines about a running search: pure, nothing here prints or measures.

That of a candidate has at most 120 characters::

    [12/40] score 0.9512 ± 0.012, best 0.9601; 1m03s, 2m30s left; lr=0.00123, n_layers=3
    [13/40] score 0.9612 ± 0.009, the best so far; 1m09s, 2m20s left; n_layers=4
    [14/40] failed (ValueError: dropout must be below 1), best 0.9612; 1m09s, 2m16s left; dropout=1
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ._results import CandidateRecord, value_of

#: Characters of a line.
WIDTH = 120
#: The most characters of the value of a parameter, and of an error that must leave room for parameters.
_VALUE, _ERROR = 30, 50


def size_line(n_splits: int, n_candidates: int | None, *, all_folds: bool) -> str:
    """Say how many fits are to come, as scikit-learn does; `all_folds` says whether there will be all of them."""
    at_most = "" if all_folds else "at most "
    if n_candidates is None:
        return f"Fitting {at_most}{n_splits} folds for each candidate"
    n_fits = f", totalling {n_splits * n_candidates} fits" if all_folds else ""
    return f"Fitting {at_most}{n_splits} folds for each of {n_candidates} candidates{n_fits}"


def generation_line(number: int, n_generations: int, scores: list[float], n_replaced: int, metric: str | None) -> str:
    """Say how far a population is, the best score of its members, and how many go on from copies of others."""
    known = [score for score in scores if not math.isnan(score)]
    best = f"best {metric} {digits(max(known))}" if known else "all failed"
    return f"[generation {number}/{n_generations}] {best}, {n_replaced} of {len(scores)} replaced"


def candidate_line(
    candidate: CandidateRecord,
    best: CandidateRecord | None,
    former_best: CandidateRecord | None,
    metric: str | None,
    *,
    count: str,
    times: str,
    is_paused: bool = False,
) -> str:
    """Return the line of a candidate that has ended or is paused.

    Parameters
    ----------
    candidate : CandidateRecord
    best : CandidateRecord or None
        The best so far, the candidate included; None if all have failed.
    former_best : CandidateRecord or None
        The best before this candidate ended.
    metric : str or None
        The metric that leads the search.
    count : str
        How many candidates have ended, of how many.
    times : str
        How long the search has taken, and what is expected to remain.
    is_paused : bool, default=False
        Whether the candidate may be trained on.
    """
    status = "paused" if is_paused else candidate.status
    line = f"[{count}] {_outcome(candidate, status, metric)}"
    if best is candidate:
        line += ", the best so far"
    elif best is not None:
        line += f", best {digits(best.mean_score(metric))}"
    line += f"; {times}"
    other = former_best if best is candidate else best
    own, others = candidate.params, {} if other is None else other.params
    return with_params(line + "; ", different_params(own, others), own.keys() | others.keys())


def with_params(line: str, params: Mapping[str, Any], names: Iterable[str] = ()) -> str:
    """Return a line with as many parameters at its end as it has room for; those left out are counted.

    Parameters
    ----------
    line : str
    params : mapping of str to object
    names : iterable of str, default=()
        More names of parameters: the prefix that all share is left out.
    """
    prefix = shared_prefix([*params, *names])
    shown = [f"{name.removeprefix(prefix)}={_show_value(value)}" for name, value in sorted(params.items())]
    for n_shown in range(len(shown), -1, -1):
        left_out = [f"{len(shown) - n_shown} more"] if n_shown < len(shown) else []
        whole = (line + ", ".join(shown[:n_shown] + left_out)).rstrip("; ")
        if len(whole) <= WIDTH:
            return whole
    return cut(line.rstrip("; "), WIDTH)


def different_params(own: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that have another value than in `others`, or none there."""
    return {name: value for name, value in own.items() if name not in others or not _are_equal(value, others[name])}


def _are_equal(value, other) -> bool:
    try:
        return value is other or bool(np.all(value == other))
    except Exception:  # arrays of different shapes, and whatever else a user's class may raise
        return False


def shared_prefix(names: Iterable[str]) -> str:
    """Return the prefix that all names share, up to a double underscore.

    Examples
    --------
    >>> shared_prefix(["net__lr", "net__dropout"]), shared_prefix(["scale", "net__lr"])
    ('net__', '')
    """
    parts = [name.split("__")[:-1] for name in names]
    shared = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "".join(f"{part}__" for part in shared)


def digits(score: float) -> str:
    """Return a score in four significant digits.

    Examples
    --------
    >>> digits(0.95), digits(-1234.5678), digits(float("nan"))
    ('0.9500', '-1235', 'nan')
    """
    return f"{score:#.4g}".rstrip(".")


def span(seconds: float) -> str:
    """Return a time in a form that is easy to read.

    Examples
    --------
    >>> span(0.84), span(42.3), span(183), span(7500)
    ('0.8s', '42s', '3m03s', '2h05m')
    """
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    minutes, seconds = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{seconds}s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{minutes}m{seconds:02d}s" if hours == 0 else f"{hours}h{minutes_left:02d}m"


def cut(text: str, width: int) -> str:
    """Return the first line of a text, in at most `width` characters.

    Examples
    --------
    >>> cut("short", 8), cut("rather long", 8)
    ('short', 'rathe...')
    """
    first = text.strip().partition("\n")[0]
    return first if len(first) <= width else first[: width - 3] + "..."


def _outcome(candidate, status, metric) -> str:
    if status in ("failed", "diverged"):
        return f"{status} ({cut(candidate.error or '', _ERROR)})"
    scores = _known_scores(candidate, metric)
    if status == "ok":
        spread = f" ± {np.std(scores):.2g}" if len(scores) > 1 else ""
        return f"{cut(metric, _VALUE)} {digits(np.mean(scores))}{spread}"
    where = "" if len(scores) == len(candidate.folds) else f" on {len(scores)} of {len(candidate.folds)} folds"
    return f"{status} at {digits(np.mean(scores))}{where}" if scores else status


def _known_scores(candidate, metric) -> list[float]:
    """The latest scores on all splits that have one."""
    folds = [fold for fold in candidate.folds if fold is not None and fold.test_scores is not None]
    scores = [value_of(fold.test_scores, metric) for fold in folds]
    return [score for score in scores if score is not None and math.isfinite(score)]


def _show_value(value) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    return cut(str(value) if isinstance(value, str) else repr(value), _VALUE)
