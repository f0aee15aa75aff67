"""Choices as a dimension: `Categorical`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .._utils.hints import did_you_mean
from ._base import Dimension, as_coordinates, is_number
from ._identity import ChoiceIndex, plain, same_value
from ._scales import EqualCells, ProbabilityCells
from ._transforms import CHOICE_TRANSFORMS, ChoiceTransform

_SHOWN = 7  # longer lists of choices are abbreviated
_SHOWN_IN_CODE = 100  # and where they are to be copied


class Categorical(Dimension):
    """A choice between objects of any kind.

    Two choices are the same if they are of one type and equal all through: 1, 1.0 and True are three choices. Numpy's
    scalars count as Python's own.

    Parameters
    ----------
    categories : sequence of length n_categories
        What to choose from: strings, numbers, None, tuples, arrays, estimators, functions. The choices themselves come
        out, not copies.
    prior : array-like of shape (n_categories,) or None, default=None
        Probability of each choice; None makes all equally likely. A choice of probability 0 is never allowed.
    transform : {"onehot", "string", "label", "identity", "normalize"} or None, default=None
        What `transform` does, as in scikit-optimize; None means "onehot".
    name : str or None, default=None
        Name of the parameter.
    when : dict or None, default=None
        Conditions under which the dimension is active, as in `Real`.

    Raises
    ------
    ValueError
        If there is no category, if two are the same, or if the prior is not a distribution over them.

    Examples
    --------
    >>> from sktune.space import Categorical
    >>> Categorical(["relu", "tanh", None]).from_unit([0.1, 0.5, 0.9])
    ['relu', 'tanh', None]
    >>> True in Categorical([0, 1])
    False
    """

    is_categorical = True

    def __init__(
        self,
        categories: Iterable[Any],
        prior: Sequence[float] | None = None,
        transform: str | None = None,
        name: str | None = None,
        *,
        when: Mapping | None = None,
    ):
        super().__init__(name, when)
        self.categories = _as_choices(categories)
        self._index = ChoiceIndex(self.categories)
        self.prior = prior
        n_categories = len(self.categories)
        self.prior_ = np.full(n_categories, 1 / n_categories) if prior is None else _check_prior(prior, n_categories)
        self._possible = np.flatnonzero(self.prior_ > 0)
        self._cell_of = {int(index): cell for cell, index in enumerate(self._possible)}
        equal = prior is None
        self._cells = EqualCells(n_categories) if equal else ProbabilityCells(self.prior_[self._possible])
        self.set_transformer("onehot" if transform is None else transform)

    # -- the unit interval ---------------------------------------------------------------------------------------------

    @property
    def n_values(self) -> int:
        return len(self._possible)

    def to_unit(self, values: Iterable[Any]) -> np.ndarray:
        return self._cells.position(np.array([self._cell(value) for value in values], dtype=np.int64))

    def from_unit(self, u: Sequence[float] | np.ndarray) -> list:
        chosen = self._possible[self._cells.index(as_coordinates(u))]
        return [self.categories[index] for index in chosen.tolist()]

    def snap(self, u: Sequence[float] | np.ndarray) -> np.ndarray:
        return self._cells.position(self._cells.index(as_coordinates(u)))

    def values(self) -> Iterator[Any]:
        return (self.categories[index] for index in self._possible.tolist())

    def _cell(self, value: Any) -> int:
        cell = self._cell_of.get(self._index.find(value))
        if cell is None:
            raise self._invalid(value, hint=did_you_mean(value, self._names_of_choices()))
        return cell

    def _names_of_choices(self) -> list[str]:
        return [choice for choice in self.values() if isinstance(choice, str)]

    def _describe(self) -> str:
        return f"one of {_abbreviated([self.categories[index] for index in self._possible.tolist()])}"

    # -- scikit-optimize's transformations -----------------------------------------------------------------------------

    def set_transformer(self, transform: str = "onehot") -> None:
        """Choose what `transform` does.

        Parameters
        ----------
        transform : {"onehot", "string", "label", "identity", "normalize"}, default="onehot"
            "onehot" gives indicator columns, "string" the choice as a string, "label" its number, "identity" itself,
            "normalize" its number scaled to [0, 1].
        """
        if transform not in CHOICE_TRANSFORMS:
            raise ValueError(
                f"Expected transform to be 'identity', 'string', 'label', 'onehot' or 'normalize', got {transform!r}."
                f"{did_you_mean(transform, CHOICE_TRANSFORMS)}"
            )
        self.transform_ = transform
        self._transformer = ChoiceTransform(transform, self.categories, self._index)

    def transform(self, values: Sequence[Any]) -> Any:
        """Return values as scikit-optimize's models see them.

        Parameters
        ----------
        values : sequence of length n
            Categories.

        Returns
        -------
        list or ndarray of n rows
            Indicator columns, strings, numbers or the values themselves.
        """
        return self._transformer.transform(values)

    def inverse_transform(self, transformed: Any) -> list:
        """Return the values that `transform` maps to `transformed`.

        Parameters
        ----------
        transformed : array-like of n rows
            What `transform` returns.

        Returns
        -------
        list of length n
            Categories.
        """
        return self._transformer.inverse_transform(transformed)

    @property
    def transformed_size(self) -> int:
        """Number of columns after `transform`."""
        return self._transformer.size

    @property
    def transformed_bounds(self) -> tuple | list[tuple]:
        """Bounds of the column after `transform`, or a list of them."""
        size = self.transformed_size
        return (0.0, 1.0) if size == 1 else [(0.0, 1.0)] * size

    # -- comparing -----------------------------------------------------------------------------------------------------

    @property
    def bounds(self) -> tuple:
        """All categories."""
        return self.categories

    def _difference(self, a: Any, b: Any) -> float:
        return 0 if same_value(a, b) else 1

    def _identity(self) -> tuple:
        return (self.categories, self.prior_.tolist(), self._allowed_parents)

    def __repr__(self) -> str:
        shown = _abbreviated(self.categories)
        categories = f"({shown},)" if len(self.categories) == 1 else f"({shown})"
        prior = None if self.prior is None else f"[{_abbreviated(list(map(plain, self.prior)))}]"
        return f"Categorical(categories={categories}, prior={prior}{self._repr_extras()})"

    def _code(self) -> str:
        prior = None if self.prior is None else list(map(plain, self.prior))
        extras = self._repr_extras(prior=prior, transform=None if self.transform_ == "onehot" else self.transform_)
        return f"Categorical([{_abbreviated(self.categories, _SHOWN_IN_CODE)}]{extras})"


def _as_choices(categories: Any) -> tuple:
    if isinstance(categories, np.ndarray):
        if categories.ndim == 0:
            raise ValueError(f"categories must be a list of choices, got {categories!r}")
        # a vector holds Python's own numbers and strings; the choices of a matrix are its rows
        categories = categories.tolist() if categories.ndim == 1 else list(categories)
    elif isinstance(categories, (str, bytes, set, frozenset, Mapping)) or not isinstance(categories, Iterable):
        raise ValueError(f"categories must be a list of choices, got {categories!r}")
    choices = tuple(categories)
    if not choices:
        raise ValueError("categories must hold at least one choice, got none")
    return choices


def _check_prior(prior: Any, n_categories: int) -> np.ndarray:
    values = list(prior) if isinstance(prior, Iterable) else []
    if len(values) != n_categories or not all(map(is_number, values)):
        raise ValueError(f"prior must hold one probability for each of the {n_categories} categories, got {prior!r}")
    probabilities = np.array(values, dtype=np.float64)
    if not (probabilities >= 0).all() or abs(probabilities.sum() - 1) > 1e-6:
        raise ValueError(f"prior must hold probabilities that sum to 1, got {prior!r}")
    return probabilities / probabilities.sum()


def _abbreviated(items: Sequence[Any], n_most: int = _SHOWN) -> str:
    shown = [repr(item) for item in items]
    if len(shown) > n_most:
        shown = [*shown[:3], "...", *shown[-3:]]
    return ", ".join(shown)
