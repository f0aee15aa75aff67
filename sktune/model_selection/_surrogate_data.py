"""From the evaluations of a search to what a surrogate learns: coordinates, standardised values, their noise."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._utils.floats import power_of_two
from ..optimize import ScoreTransform
from ..space import Real, Space
from ._finished_search import Evaluations

#: The dimension of the resources; no parameter of an estimator has such a name.
_RESOURCES = "(resources)"
#: Known standard errors count up to this multiple of the deviation of the values: such a value says nothing anyway.
_MAX_KNOWN_DEVIATION = 1e3
#: Differences below this share of the scores are rounding.
_SMALLEST_DIFFERENCE = 1e-12


@dataclass(frozen=True)
class SurrogateData:
    """What a surrogate learns from.

    Parameters
    ----------
    space : Space
        The parameters, and the resources if candidates had different ones.
    U : ndarray of shape (n_candidates, n_dims)
        Coordinates of the candidates.
    y : ndarray of shape (n_candidates,)
        Standardised scores, all 0 if the scores are all the same.
    known_variance : ndarray of shape (n_candidates,)
        Variances of their noise, as far as known.
    parameters : ndarray of int of shape (n_params,)
        The dimensions that are parameters.
    varying : ndarray of int of shape (n_varying,)
        The parameters that have several values.
    n_failed : int
        How many of the candidates failed.
    scale : str
        "normal" or "raw".
    """

    space: Space
    U: np.ndarray
    y: np.ndarray
    known_variance: np.ndarray
    parameters: np.ndarray
    varying: np.ndarray
    n_failed: int
    scale: str

    @classmethod
    def of(cls, space: Space, params: list[dict[str, Any]], found: Evaluations, scale: str) -> "SurrogateData":
        """Return the data of a finished search, in an order that does not depend on that of its candidates.

        Raises
        ------
        ValueError
            If the space does not hold all candidates, if no parameter varies, or if there are too few candidates.
        """
        space, params = _with_resources(space, params, found.resources)
        is_parameter = np.array([name != _RESOURCES for name in space.names])
        varies = np.array([dimension.n_values > 1 for dimension in space.dimensions])
        try:
            U = space.to_unit(params)
        except ValueError as error:
            raise ValueError(f"space must hold all candidates of search, and does not: {error}") from error
        _check_enough(U[:, is_parameter & varies])
        y, known_variance = _standardised(found.scores, found.errors, scale)
        order = np.lexsort((known_variance, y, *U.T))
        return cls(
            space,
            U[order],
            y[order],
            known_variance[order],
            parameters=np.flatnonzero(is_parameter),
            varying=np.flatnonzero(is_parameter & varies),
            n_failed=int(np.sum(~np.isfinite(found.scores))),
            scale=scale,
        )

    def points(self, u: np.ndarray) -> np.ndarray:
        """Return the snapped points, shape (n, n_dims), at coordinates `u` (n, n_varying), with all resources."""
        points = np.ones((len(u), self.space.n_dims))
        points[:, self.varying] = u
        return self.space.snap(points)

    @property
    def settings(self) -> np.ndarray:
        """The number of the setting of each candidate, shape (n_candidates,): that of equals is the same."""
        return _numbered(self.U[:, self.parameters])

    @property
    def expected(self) -> np.ndarray:
        """Mean value of the candidates with the same resources, shape (n_candidates,); of all if each has its own."""
        levels = _numbered(np.delete(self.U, self.parameters, axis=1))
        counts = np.bincount(levels)
        return (
            (np.bincount(levels, self.y) / counts)[levels] if counts.max() > 1 else np.full(len(self.y), self.y.mean())
        )


def _numbered(rows: np.ndarray) -> np.ndarray:
    if not rows.shape[1]:
        return np.zeros(len(rows), dtype=np.intp)
    return np.unique(rows, axis=0, return_inverse=True)[1].ravel()


def _with_resources(
    space: Space, params: list[dict[str, Any]], resources: np.ndarray | None
) -> tuple[Space, list[dict[str, Any]]]:
    if resources is None:
        return space, params
    dimension = Real(resources.min(), resources.max(), "log-uniform")
    space = Space({**dict(zip(space.names, space.dimensions, strict=True)), _RESOURCES: dimension})
    return space, [{**one, _RESOURCES: own} for one, own in zip(params, resources.tolist(), strict=True)]


def _check_enough(U: np.ndarray) -> None:
    if not U.shape[1]:
        raise ValueError("search has no parameter that varies: there is nothing to compare")
    n_settings, minimum = len(np.unique(U, axis=0)), 2 * (1 + U.shape[1])
    if n_settings < minimum:
        parameters = "parameter" if U.shape[1] == 1 else "parameters"
        raise ValueError(
            f"search has {n_settings} different candidates; for {U.shape[1]} varying {parameters} at least {minimum} "
            "are needed"
        )


def _standardised(scores: np.ndarray, errors: np.ndarray, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """The values of the scores, and the known variances of these values; a failure has the value of the worst."""
    if scale == "normal":
        transform = ScoreTransform(scores)
        values, slope = transform(scores), transform.slope(scores)
    else:
        finite = scores[np.isfinite(scores)]
        unit = power_of_two(finite)  # divided by first: squares of huge scores would overflow
        filled = np.where(np.isfinite(scores), scores, finite.min()) / unit
        is_rounding = np.ptp(filled) <= _SMALLEST_DIFFERENCE * np.abs(filled).max()
        filled = filled - filled.min()
        inverse = 0.0 if is_rounding else 1.0 / filled.std()
        values, slope = (filled - filled.mean()) * inverse, inverse / unit
    return values, np.minimum(slope * errors, _MAX_KNOWN_DEVIATION) ** 2
