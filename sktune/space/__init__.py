"""Search spaces: named dimensions, each laid out on one coordinate of the unit cube."""

from ._base import Dimension
from ._categorical import Categorical
from ._check import check_dimension
from ._dimensions import Integer, Real
from ._distribution import Distribution
from ._space import Space

__all__ = ["Categorical", "Dimension", "Distribution", "Integer", "Real", "Space", "check_dimension"]
