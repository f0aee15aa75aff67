"""From what users pass as ``search_spaces`` to spaces with a number of evaluations, checked against an estimator."""

from collections.abc import Mapping
from itertools import product
from numbers import Integral
from typing import Any, NamedTuple

from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ParameterGrid

from .._utils.hints import did_you_mean
from ..space import Categorical, Space
from ._containers import last_step_prefix
from ._evaluation import make_candidate
from ._resuming import find_resource

#: Settings of a space that are tried where an estimator cannot be trained in pieces as it is.
_N_TRIED = 64


class SpaceBudget(NamedTuple):
    """One space, and how many of its points to evaluate."""

    space: Space
    n_iter: int


def parse_search_spaces(search_spaces: Any, n_iter: int) -> list[SpaceBudget]:
    """Return the spaces of a search.

    Parameters
    ----------
    search_spaces : dict, Space, ParameterGrid, or list of these or of (space, n_iter)
        In a pair, the int is the number of evaluations of that space. A Space of scikit-optimize is one of ours.
    n_iter : int
        The number of evaluations of a space that stands alone.

    Returns
    -------
    list of SpaceBudget

    Raises
    ------
    TypeError
        If `search_spaces`, or an element of the list, has none of these forms.
    ValueError
        If there is no space, if a dimension is not well described, or if a number of evaluations is not a positive
        int.

    Examples
    --------
    >>> [(space.names, n_iter) for space, n_iter in parse_search_spaces([{"C": (0.1, 1)}, ({"tol": [1, 2]}, 3)], 10)]
    [(('C',), 10), (('tol',), 3)]
    """
    if isinstance(search_spaces, ParameterGrid):
        search_spaces = search_spaces.param_grid
    if _is_space(search_spaces):
        search_spaces = [search_spaces]
    if not isinstance(search_spaces, list | tuple):
        raise TypeError(f"search_spaces must be a dict, a Space, a list of them or 'auto', got {search_spaces!r}")
    if not search_spaces:
        raise ValueError(f"search_spaces must hold at least one space, got {search_spaces!r}")
    return [_parse_one(element, n_iter) for element in search_spaces]


def searched_names(search_spaces: Any) -> set[str]:
    """Return the names of the parameters that a search sets; none of no spaces, or of "auto": no step is replaced."""
    budgets = [] if search_spaces is None or isinstance(search_spaces, str) else parse_search_spaces(search_spaces, 1)
    return {name for space, _ in budgets for name in space.names}


def _is_space(spec: Any) -> bool:
    return isinstance(spec, Mapping | Space) or hasattr(spec, "dimensions")  # scikit-optimize's


def _parse_one(element: Any, n_iter: int) -> SpaceBudget:
    if isinstance(element, tuple) and len(element) == 2 and _is_space(element[0]):
        element, n_iter = element
        if not isinstance(n_iter, Integral) or isinstance(n_iter, bool) or n_iter < 1:
            raise ValueError(f"search_spaces: the number of evaluations of a space must be an int >= 1, got {n_iter!r}")
    elif not _is_space(element):
        raise TypeError(f"each element of search_spaces must be a dict, a Space or a pair (dict, int), got {element!r}")
    if isinstance(element, Mapping) and not element:
        raise ValueError("search_spaces: a space needs at least one parameter, got {}")
    return SpaceBudget(element if isinstance(element, Space) else Space(element), int(n_iter))


def check_parameter_names(estimator: BaseEstimator, space: Space) -> None:
    """Check that the estimator has every parameter of the space.

    Raises
    ------
    ValueError
        If it has not; the message names the most similar one that it has.
    """
    listed = estimator.get_params(deep=True)
    named = zip(space.names, space.dimensions, strict=True)
    for name, dimension in sorted(named, key=lambda item: item[0].count("__")):  # a misspelt owner explains the rest
        if name in listed:
            continue
        # a parameter of a choice exists once that choice is made; and skorch takes names that it does not list
        variants = variants_for(estimator, space, name)
        value = dimension.from_unit([0.5])[0]
        if any(_with_params(variant, {name: value}) is not None for variant in variants):
            continue
        known = {*listed, *(known for variant in variants for known in variant.get_params(deep=True))}
        if elsewhere := _other_name(variants, name):
            raise ValueError(f"search_spaces: {type(estimator).__name__} has no parameter {name!r}: {elsewhere}")
        raise ValueError(f"search_spaces: {type(estimator).__name__} has no parameter {name!r}{_hint(name, known)}")


def _other_name(variants: list[BaseEstimator], name: str) -> str | None:
    """Return the advice for a name of another library's parameter, None for any other name."""
    owner, _, own_name = name.rpartition("__")
    owners = (variant.get_params(deep=True).get(owner) if owner else variant for variant in variants)
    return next((found for one in owners if (found := getattr(one, "_other_names", {}).get(own_name))), None)


def whole_epochs(estimator: BaseEstimator, space: Space) -> int:
    """Return the number of epochs that a schedule is made for: those of the estimator as it is.

    Where the estimator that is trained is itself searched, the most epochs of all choices; where it cannot be trained
    in pieces as it is, the most of some settings of the space.

    Raises
    ------
    ValueError
        If nothing can be trained in pieces.
    """
    name = last_step_prefix(estimator)[:-2]
    choices = dict(zip(space.names, space.dimensions, strict=True)).get(name)
    is_searched = isinstance(choices, Categorical)
    known, errors = _epochs_in_pieces(
        estimator, [{name: choice} for choice in choices.categories] if is_searched else [{}]
    )
    if not known and not is_searched:
        known, _ = _epochs_in_pieces(estimator, space.from_unit(space.design(_N_TRIED, 0)))
    if not known:
        raise errors[0]
    return max(known)


def _epochs_in_pieces(estimator, settings) -> tuple[list[int], list[ValueError]]:
    known, errors = [], []
    for params in settings:
        try:
            known.append(find_resource(make_candidate(estimator, params, None)).n_epochs)
        except ValueError as error:
            errors.append(error)
    return known, errors


def _hint(name: str, known: set[str]) -> str:
    hint = did_you_mean(name, known)
    return f".{hint}" if hint else f"; it has {', '.join(sorted(known))}"


def variants_for(estimator: BaseEstimator, space: Space, name: str) -> list[BaseEstimator]:
    """Return copies of the estimator, one for each choice of the searched parameters that `name` is nested in."""
    owners = {
        owner: dimension.categories
        for owner, dimension in zip(space.names, space.dimensions, strict=True)
        if name.startswith(f"{owner}__") and isinstance(dimension, Categorical)
    }
    if not owners:
        return [estimator]
    choices = (dict(zip(owners, values, strict=True)) for values in product(*owners.values()))
    variants = (_with_params(estimator, choice) for choice in choices)
    return [variant for variant in variants if variant is not None]


def _with_params(estimator: BaseEstimator, params: dict[str, Any]) -> BaseEstimator | None:
    """Return a copy of the estimator with `params`, None if it does not take them."""
    try:
        return clone(estimator).set_params(**clone(params, safe=False))
    except (ValueError, TypeError, AttributeError):
        return None
