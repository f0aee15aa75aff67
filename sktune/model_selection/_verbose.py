"""What a search prints: the lines of scikit-learn's searches, and the best so far.

======= =================================================================================
verbose prints
======= =================================================================================
>= 1    the size of the search; after each batch or generation, how far it is and the best
> 1     a line per fit: parameters and time
> 2     its score too, and which split it was
> 9     when it starts, and which candidate it was
======= =================================================================================
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .._joblib_compat import short_format_time

if TYPE_CHECKING:
    from ._evaluation import FoldRecord, Problem, Task
    from ._results import CandidateRecord

WIDTH = 80  # of a terminal, which the dots fill


def announce_size(n_splits: int, n_candidates: int | None) -> None:
    """Print how many fits are to come, as scikit-learn does."""
    if n_candidates is None:
        print(f"Fitting {n_splits} folds for each candidate")
        return
    n_fits = n_splits * n_candidates
    print(f"Fitting {n_splits} folds for each of {n_candidates} candidates, totalling {n_fits} fits")


def announce_batch(
    candidates: list[CandidateRecord], batch: list[CandidateRecord], n_planned: int | None, metric: str | None
) -> None:
    """Print how many candidates are done, what the latest batch gave, and the best so far."""
    of_all = "" if n_planned is None else f"/{n_planned}"
    latest, best = _best_of(batch, metric), _best_of(candidates, metric)
    line = f"[{len(candidates)}{of_all}] "
    line += "failed" if latest is None else f"{metric} {latest.mean_score(metric):.5g}"
    if best is not None:
        line += f", best {best.mean_score(metric):.5g} with {_show_params(best.params)}"
    print(line, flush=True)


def announce_generation(
    number: int, n_generations: int, scores: list[float], n_replaced: int, metric: str | None
) -> None:
    """Print how far a population is, the best score of its members, and how many go on from copies of others."""
    known = [score for score in scores if not math.isnan(score)]
    best = f"best {metric} {max(known):.5g}" if known else "all failed"
    print(f"[generation {number}/{n_generations}] {best}, {n_replaced} of {len(scores)} replaced", flush=True)


def _best_of(candidates: list[CandidateRecord], metric: str | None) -> CandidateRecord | None:
    finished = [candidate for candidate in candidates if candidate.status == "ok"]
    return max(finished, key=lambda candidate: candidate.mean_score(metric), default=None)


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
