"""What a search prints besides its candidates: the lines of scikit-learn's searches.

======= =================================================================================
verbose prints
======= =================================================================================
>= 1    the size of the search, and what `Reporter` tells
> 1     a line per fit: parameters and time
> 2     its score too, and which split it was
> 9     when it starts, and which candidate it was
======= =================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._joblib_compat import short_format_time

if TYPE_CHECKING:
    from ._evaluation import FoldRecord, Problem, Task

WIDTH = 80  # of a terminal, which the dots fill


def announce_start(problem: Problem, task: Task) -> None:
    """Print that a fit starts, in the process that runs it."""
    if problem.verbose > 9:
        line = f"[CV{_position(problem, task)}] START {_show_params(task.params)}"
        print(line.ljust(WIDTH, "."))


def announce_end(problem: Problem, task: Task, record: FoldRecord) -> None:
    """Print what a fit gave and how long it took, in the process that ran it."""
    if problem.verbose <= 1:
        return
    result = _show_params(task.params) + (";" if task.params else "")
    if problem.verbose > 2:
        result += _show_scores(record)
    if record.status != "ok":
        result += f" {record.status}: {record.error}"
    result += f" total time={short_format_time(record.fit_time + record.score_time)}"
    start = f"[CV{_position(problem, task)}] END "
    print(start + "." * (WIDTH - len(start) - len(result)) + result)


def _position(problem: Problem, task: Task) -> str:
    split = f" {task.split + 1}/{problem.n_splits}" if problem.verbose > 2 else ""
    return split + (f"; {task.candidate + 1}" if problem.verbose > 9 else "")


def _show_params(params: dict) -> str:
    return ", ".join(f"{name}={params[name]}" for name in sorted(params))


def _show_scores(record: FoldRecord) -> str:
    """Format as ", score=0.900" for one metric and " a: (test=0.900) b: (...)" for several, train scores before."""
    if not isinstance(record.test_scores, dict):
        train, test = _show_score(record.train_scores), _show_score(record.test_scores)
        return f", score={test}" if record.train_scores is None else f", score=(train={train}, test={test})"
    text = ""
    for name, score in sorted(record.test_scores.items()):
        train = f"train={_show_score(record.train_scores[name])}, " if record.train_scores else ""
        text += f" {name}: ({train}test={_show_score(score)})"
    return text


def _show_score(score: float | None) -> str:
    return "nan" if score is None else f"{score:.3f}"
