"""Docstrings follow numpydoc where users read them, and exist wherever a package exports a name."""

import importlib
import inspect
import pkgutil

import pytest
from numpydoc.validate import validate

import sktune

#: what numpydoc asks for that the house does without
IGNORED = {
    "SA01",  # a See Also section where nothing is related
    "ES01",  # an extended summary where the first line says it all
    "EX01",  # an example for each method: classes and functions have theirs (test_public_objects_have_examples)
    "RT01",  # a Returns section where the first line says what is returned
    "RT02",  # the type alone: scikit-learn names what is returned
    "RT03",  # a description of what is returned, where the type says it
    "YD01",  # a Yields section
}
#: parts that users import from by name; the others serve these
FOR_USERS = ("space", "inspection", "neural_network", "model_selection")


def exported():
    """Path and object of every name that a package lists in ``__all__``."""
    for name in sktune.__all__:
        yield f"sktune.{name}", getattr(sktune, name)
    for package in pkgutil.iter_modules(sktune.__path__):
        if not package.name.startswith("_"):
            module = importlib.import_module(f"sktune.{package.name}")
            names = getattr(module, "__all__", ())
            yield from ((f"sktune.{package.name}.{name}", getattr(module, name)) for name in names)


EXPORTED = {path: item for path, item in exported() if callable(item)}


def own_methods(item):
    """Names of the public methods and properties that the project itself defines."""
    for name, member in inspect.getmembers(item):
        target = member.fget if isinstance(member, property) else member
        if name.startswith("_") or not callable(target):
            continue
        if (getattr(inspect.unwrap(target), "__module__", None) or "").startswith("sktune"):
            yield name


def paths_for_users():
    for path, item in EXPORTED.items():
        part, *names = path.split(".")[1:]
        is_repeated = names and getattr(sktune, item.__name__, None) is item
        if is_repeated or (names and part not in FOR_USERS):
            continue
        yield path
        if inspect.isclass(item):
            # a method without a docstring of its own has its base's, which is validated there
            yield from (f"{path}.{name}" for name in own_methods(item) if getattr(item, name).__doc__)


@pytest.mark.parametrize("path", sorted(set(paths_for_users())))
def test_docstring_follows_numpydoc(path):
    errors = [f"{code}: {text}" for code, text in validate(path)["errors"] if code not in IGNORED]
    assert not errors


@pytest.mark.parametrize("path", sorted(EXPORTED))
def test_every_exported_name_is_documented(path):
    item = EXPORTED[path]
    assert inspect.getdoc(item)
    if inspect.isclass(item):
        assert not [name for name in own_methods(item) if not inspect.getdoc(getattr(item, name))]


@pytest.mark.parametrize("name", sktune.__all__)
def test_public_objects_have_examples(name):
    assert ">>>" in inspect.getdoc(getattr(sktune, name))
