"""What the files of sktune take from other packages, read from their syntax: nothing of sktune is imported."""

import ast
from pathlib import Path

import joblib

ROOT = Path(__file__).parent.parent / "sktune"
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
#: methods of named tuples, whose underscore only keeps them apart from the fields
_DOCUMENTED = {"_asdict", "_fields", "_make", "_replace"}


def is_drawer(path):
    return path.parent == ROOT and path.name.endswith("_compat.py")


def is_private(name):
    """Whether a dotted name is private; of joblib, all that it does not export."""
    package, *parts = name.split(".")
    if package == "joblib" and parts:
        return parts[0] not in joblib.__all__
    return any(_is_underscored(part) for part in (package, *parts))


def imported_modules(path):
    """Absolute dotted names of all that a file imports, wherever in the file the import stands."""
    package = ("sktune", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            yield module, tuple(alias.name for alias in node.names)


def inherited_names():
    """Names in ``INHERITED``: private methods of other packages that our classes inherit and call on themselves."""
    tree = TREES[ROOT / "_sklearn_compat.py"]
    (table,) = (node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "INHERITED")
    return {key.value for key in table.keys}


def foreign_names(path):
    """Dotted names of other packages that a file imports or looks up; private attributes of unknown owners alone.

    A private attribute is another package's if nothing in sktune defines one of that name.
    """
    for module, names in imported_modules(path):
        if module.split(".")[0] != "sktune":
            yield from (f"{module}.{name}" for name in names) if names else (module,)
    packages = dict(_imported_packages(path))
    ours = _OWN | _DOCUMENTED
    for owner, attribute in _lookups(TREES[path]):
        root, *rest = ast.unparse(owner).split(".")
        is_inherited = root in ("self", "super()") and attribute in inherited_names()
        if root in packages and all(part.isidentifier() for part in rest):
            yield ".".join((packages[root], *rest, attribute))
        elif _is_underscored(attribute) and attribute not in ours and not is_inherited:
            yield attribute


def _is_underscored(name):
    return name.startswith("_") and not name.endswith("__")


def _imported_packages(path):
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name.split(".")[0], alias.name) for alias in node.names)


def _lookups(tree):
    """Owner and name of all attributes that are read, by a dot or by a string."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(owner, attribute, ast.Load()):
                yield owner, attribute
            case ast.Call(ast.Name("getattr" | "hasattr" | "setattr"), [owner, ast.Constant(attribute), *_]):
                yield owner, attribute


def _defined_names(tree):
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name) | ast.ClassDef(name) | ast.Name(name, ast.Store()):
                yield name
            case ast.Attribute(_, name, ast.Store()) | ast.keyword(name):
                yield name
            case ast.Dict(keys):
                yield from (key.value for key in keys if isinstance(key, ast.Constant))


#: all that sktune itself defines, apart from what it takes over from other packages
_OWN = {name for tree in TREES.values() for name in _defined_names(tree)} - inherited_names()
