"""What an optimizer has proposed and what it has been told."""

import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

Key = tuple[float, ...]


def key_of(row: np.ndarray) -> Key:
    """Return the key of a point with these coordinates."""
    return tuple(row.tolist())


class Trial(NamedTuple):
    """One finished evaluation.

    Parameters
    ----------
    number : int
        When its point became known: points that were proposed first have the smaller numbers.
    key : tuple of float
        Coordinates of the point.
    params : dict
        The point.
    score : float
        NaN if it failed.
    noise : float
        Known standard error of the score, 0 if unknown.
    fidelity : float
        Share of a whole evaluation that it comes from.
    """

    number: int
    key: Key
    params: dict[str, Any]
    score: float
    noise: float
    fidelity: float


class History:
    """Proposed and told points, each under the tuple of its coordinates.

    Attributes
    ----------
    known : dict
        From the key of every point that was ever proposed or told to its number.
    pending : dict
        From the keys of proposed points that wait for their score to their numbers.
    trials : list of Trial
        In the order in which they were told.
    """

    def __init__(self):
        self.known: dict[Key, int] = {}
        self.pending: dict[Key, int] = {}
        self.trials: list[Trial] = []

    def propose(self, key: Key) -> None:
        """Note that the point `key` is being evaluated."""
        self.known[key] = self.pending[key] = len(self.known)

    def forget(self, key: Key) -> None:
        """Note that the point `key` will not be evaluated."""
        del self.pending[key]

    def add(self, key: Key, params: Mapping[str, Any], score: float, noise: float, fidelity: float) -> None:
        """Note the score of a point."""
        number = self.known.setdefault(key, len(self.known))
        self.pending.pop(key, None)
        self.trials.append(Trial(number, key, dict(params), score, noise, fidelity))

    def drop(self, keys: Collection[Key]) -> None:
        """Forget the scores of points."""
        self.trials = [trial for trial in self.trials if trial.key not in keys]

    def data(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return coordinates (n_trials, n_dims), and scores, known standard errors and fidelities (n_trials,) each.

        They stand in the order of the proposals, so that it does not matter which of several workers was faster.
        """
        trials = sorted(self.trials, key=lambda trial: trial.number)
        names = ("key", "score", "noise", "fidelity")
        return tuple(np.array([getattr(trial, name) for trial in trials]) for name in names)

    def outcomes(self) -> list[float]:
        """Return the last score of every point in the order of the proposals, without those that were forgotten.

        It is ``-inf`` where the evaluation failed or is still pending. Of scores of several fidelities, those of the
        lowest count, which are the ones that most points have.
        """
        scores = dict.fromkeys(self.pending, -math.inf)
        lowest: dict[Key, float] = {}
        for trial in self.trials:
            if trial.fidelity <= lowest.setdefault(trial.key, trial.fidelity):
                lowest[trial.key] = trial.fidelity
                scores[trial.key] = -math.inf if math.isnan(trial.score) else trial.score
        return [scores[key] for key in self.known if key in scores]

    def is_whole(self) -> bool:
        """Tell whether all scores that were told come from whole evaluations."""
        return all(trial.fidelity == 1.0 for trial in self.trials)

    def best(self) -> Trial | None:
        """Return the trial of the best point, with its mean score if it was told several times; None if all failed.

        Scores of the highest fidelity that any success has count, and no others.
        """
        highest = max((trial.fidelity for trial in self.trials if not math.isnan(trial.score)), default=None)
        scores: dict[Key, list[float]] = {}
        last: dict[Key, Trial] = {}
        for trial in self.trials:
            if trial.fidelity == highest and not math.isnan(trial.score):
                scores.setdefault(trial.key, []).append(trial.score)
                last[trial.key] = trial
        if not scores:
            return None
        means = {key: math.fsum(score / len(own) for score in own) for key, own in scores.items()}
        best = max(means, key=lambda key: (means[key], -self.known[key]))  # of equals, the one proposed first
        return last[best]._replace(score=means[best])
