"""The house as DESIGN draws it: who may import whom, and where private names of other packages may stand."""

import pytest
from private_names import FILES, ROOT, foreign_names, imported_modules, is_drawer, is_private

#: A part may import parts of a lower number only, and not its neighbours.
LEVELS = {
    "_utils": 0, "exceptions": 0, "_sklearn_compat": 0, "_joblib_compat": 0, "_torch_compat": 0, "_numpy_compat": 0,
    "space": 1, "schedules": 1, "modules": 1, "store": 1,
    "engine": 2, "optimize": 2, "inspection": 2,
    "neural_network": 3, "parallel": 3, "persistence": 3,
    "model_selection": 4,
}  # fmt: skip


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
            # exceptions, _utils and the compat drawers form the ground floor: they may lean on each other
            allowed = target == own or LEVELS[target] < LEVELS[own] or LEVELS[target] == LEVELS[own] == 0
            assert allowed, f"{own} (level {LEVELS[own]}) imports {target} (level {LEVELS[target]})"


@pytest.mark.parametrize("path", [path for path in FILES if not is_drawer(path)], ids=relative)
def test_private_names_of_other_packages_stand_in_drawers(path):
    touched = [name for name in foreign_names(path) if is_private(name)]
    assert not touched, f"{path} touches {touched}, which belong into sktune/_<package>_compat.py"


def test_a_drawer_holds_the_names_of_its_own_package_only():
    for drawer in filter(is_drawer, FILES):
        package = drawer.name.removeprefix("_").removesuffix("_compat.py")
        packages = {name.split(".")[0] for name in foreign_names(drawer) if is_private(name) and "." in name}
        assert packages <= {package}


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_skorch_is_imported_in_one_file(path):
    if relative(path) == "neural_network/_skorch.py":
        return
    assert not [module for module, _ in imported_modules(path) if module.split(".")[0] == "skorch"]


def test_every_part_has_a_level():
    assert {part_of(path) for path in FILES} <= set(LEVELS)
