"""The house as DESIGN draws it: who may import whom, and where private names of other packages may stand."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "sktune"
#: A part may import parts of a lower number only, and not its neighbours.
LEVELS = {
    "_utils": 0, "exceptions": 0, "_sklearn_compat": 0,
    "space": 1, "schedules": 1, "modules": 1, "store": 1,
    "engine": 2, "optimize": 2, "inspection": 2,
    "neural_network": 3, "parallel": 3, "persistence": 3,
    "model_selection": 4,
}  # fmt: skip
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def imported_modules(path):
    """Absolute dotted names of all that a file imports, wherever in the file the import stands."""
    package = ("sktune", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            yield module, tuple(alias.name for alias in node.names)


def part_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_imports_point_downwards(path):
    own = part_of(path)
    for module, names in imported_modules(path):
        if module.split(".")[0] != "sktune":
            continue
        assert module != "sktune" or set(names) <= set(LEVELS), f"{path} imports from sktune itself: {names}"
        targets = names if module == "sktune" else [module.split(".")[1]]
        for target in targets:
            # exceptions, _utils and the compat drawer form the ground floor: they may lean on each other
            allowed = target == own or LEVELS[target] < LEVELS[own] or LEVELS[target] == LEVELS[own] == 0
            assert allowed, f"{own} (level {LEVELS[own]}) imports {target} (level {LEVELS[target]})"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_private_names_of_scikit_learn_stand_in_one_file(path):
    if path.name == "_sklearn_compat.py":
        return
    for module, names in imported_modules(path):
        if module.split(".")[0] == "sklearn":
            private = [part for part in (*module.split("."), *names) if part.startswith("_")]
            assert not private, f"{path} touches scikit-learn's private {private}"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_skorch_is_imported_in_one_file(path):
    if relative(path) == "neural_network/_skorch.py":
        return
    assert not [module for module, _ in imported_modules(path) if module.split(".")[0] == "skorch"]


def test_every_part_has_a_level():
    assert {part_of(path) for path in FILES} <= set(LEVELS)
