"""Hints for names that were mistyped, or that are those of another library."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from inspect import signature
from typing import Any


def closest_name(name: Any, names: Iterable[str]) -> str | None:
    """Return the most similar of `names`, whatever their case, or None if none is similar to `name`.

    Examples
    --------
    >>> closest_name("Dropuot", ["dropout", "lr"])
    'dropout'
    """
    if not isinstance(name, str):
        return None
    by_lower_case = {other.lower(): other for other in sorted(names)}
    close = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
    return by_lower_case[close[0]] if close else None


def did_you_mean(name: Any, names: Iterable[str]) -> str:
    """Return a hint at the most similar name, to stand behind a sentence, or an empty string.

    Examples
    --------
    >>> "There is no 'rleu'." + did_you_mean("rleu", ["relu", "tanh"])
    "There is no 'rleu'. Did you mean 'relu'?"
    """
    closest = closest_name(name, names)
    return f" Did you mean {closest!r}?" if closest else ""


def unknown_name(owner: str, name: str, known: Iterable[str], elsewhere: Mapping[str, str]) -> str:
    """Return the sentence about a parameter that there is not.

    Parameters
    ----------
    owner : str
        What does not have it.
    name : str
        The parameter.
    known : iterable of str
        Names of all parameters that there are.
    elsewhere : mapping
        From names that other libraries have to what to do instead.

    Examples
    --------
    >>> unknown_name("Net", "eta", ["lr"], {"eta": "use lr"})
    "Net has no parameter 'eta': use lr"
    >>> unknown_name("Net", "Lr", ["lr"], {})
    "Net has no parameter 'Lr'. Did you mean 'lr'?"
    >>> unknown_name("Net", "tree", ["lr", "tol"], {})
    "Net has no parameter 'tree'; it has lr, tol"
    """
    sentence = f"{owner} has no parameter {name!r}"
    if name in elsewhere:
        return f"{sentence}: {elsewhere[name]}"
    hint = did_you_mean(name, known)
    return f"{sentence}.{hint}" if hint else f"{sentence}; it has {', '.join(sorted(known))}"


def explains_names(init: Callable[..., None]) -> Callable[..., None]:
    """Decorate a constructor: its error about an unknown parameter says what to write instead.

    It reads the class's `_other_names`, the mapping of `unknown_name`. The signature stays as it was.
    """
    parameters = list(signature(init).parameters.values())[1:]
    names = {parameter.name for parameter in parameters}
    n_positional = sum(parameter.kind is parameter.POSITIONAL_OR_KEYWORD for parameter in parameters)

    @wraps(init)
    def explaining(self, *args, **kwargs):
        owner = type(self).__name__
        for name in kwargs:
            if name not in names:
                raise TypeError(unknown_name(owner, name, names, self._other_names))
        if len(args) > n_positional and n_positional < len(parameters):
            example = f"{parameters[n_positional].name}=..."
            raise TypeError(
                f"{owner} takes this parameter by its name, such as {example}; got {args[n_positional]!r} without one"
            )
        init(self, *args, **kwargs)

    return explaining
