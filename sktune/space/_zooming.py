"""Narrower dimensions around a point: from coarse to fine."""

import copy
import math
from typing import Any

import numpy as np

from ._base import Dimension, uniform_source
from ._categorical import Categorical
from ._distribution import Distribution
from ._number import Number


def zoomed_dimension(dimension: Dimension, u: float, width: float) -> Dimension:
    """Return the part of a dimension that lies within `width` on the unit interval around the coordinate `u`.

    The part is moved inwards where it would reach beyond an end, so that its width stays. Choices, and distributions
    of single values, stay whole: nothing lies between them.
    """
    low = min(max(0.0, u - width / 2), 1.0 - width)
    ends = [low, low + width]
    if isinstance(dimension, Number):
        return _zoomed_number(dimension, *dimension.from_unit(ends))
    if isinstance(dimension, Distribution) and math.isinf(dimension.n_values):
        return Distribution(Truncated(dimension.dist, *ends), name=dimension.name, when=dimension.when)
    return copy.copy(dimension)


def _zoomed_number(dimension: Number, low: Any, high: Any) -> Dimension:
    if low == high:
        return Categorical([low], name=dimension.name, when=dimension.when)
    return type(dimension)(
        low,
        high,
        dimension.prior,
        dimension.base,
        name=dimension.name,
        dtype=dimension.dtype,
        step=dimension.step,
        when=dimension.when,
    )


class Truncated:
    """The part of a continuous distribution between two of its quantiles, with what a dimension asks of it.

    Parameters
    ----------
    dist : frozen distribution
    lower, upper : float
        Probabilities that belong to the ends.
    """

    def __init__(self, dist: Any, lower: float, upper: float):
        self.dist, self.lower, self.upper = dist, lower, upper

    def ppf(self, q: Any) -> np.ndarray:
        """Return the quantiles of the probabilities `q`."""
        return self.dist.ppf(self.lower + np.asarray(q) * (self.upper - self.lower))

    def cdf(self, x: Any) -> np.ndarray:
        """Return the probabilities of values up to `x`."""
        return np.clip((self.dist.cdf(x) - self.lower) / (self.upper - self.lower), 0.0, 1.0)

    def rvs(self, size: Any = None, random_state: Any = None) -> np.ndarray:
        """Draw values."""
        return self.ppf(uniform_source(random_state)(size))
