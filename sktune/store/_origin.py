"""Where a module comes from: Python itself, a distribution that was installed, or files of the user's own.

What was installed does not change behind its version, so its version speaks for its code. Everything else may change
from one run to the next: scripts, notebooks, source trees on the path, editable installs.

Distributions are found by what their installers wrote beside the modules, never by the name of a folder: packages lie
in ``site-packages``, ``dist-packages``, a user's site, a folder of ``pip install --target``, or each in a folder of its
own. `importlib.metadata.packages_distributions` answers a similar question, but reads every record on the path, and
knows neither which of two folders a module was loaded from nor who owns a part of a namespace package.
"""

import functools
import hashlib
import os
import re
import sys
import sysconfig
from importlib.util import find_spec

#: The origin of what comes with Python; the version of Python stands in every key of a result.
PYTHON = "python"
#: Where the modules of Python lie; `os` is imported from there, wherever that is.
_STDLIB_FOLDERS = tuple({os.path.dirname(os.__file__), sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
_OURS = __name__.partition(".")[0]


def origin_of(module_name: str | None, find: bool = False) -> str | None:
    """Return who a module comes from.

    Parameters
    ----------
    module_name : str or None
        As in ``__module__``.
    find : bool, default=False
        Look for it if it was not imported.

    Returns
    -------
    str or None
        ``"python"``, or name and version of the distribution; None for code of the user's own.

    Raises
    ------
    ModuleNotFoundError
        With `find`, if there is no such module.
    """
    name = module_name or "__main__"
    top = name.partition(".")[0]
    if top in ("__main__", "__mp_main__"):
        return None
    file = file_of(name)
    if file is None and find and top not in sys.modules:
        file = _find_file(top)
    if file is not None:
        return _origin_of_file(top, file)
    if top in sys.stdlib_module_names:  # built in, or frozen
        return PYTHON
    parent = name.rpartition(".")[0]
    return origin_of(parent) if parent else None  # some packages make modules, such as six.moves


def file_of(module_name: str) -> str | None:
    """Return the file of a module that was imported, or of its outermost package, None if there is none."""
    top = module_name.partition(".")[0]
    module = sys.modules.get(module_name) or sys.modules.get(top)
    file = getattr(module, "__file__", None)
    return os.path.abspath(file) if isinstance(file, str) else None


def _find_file(top):
    spec = find_spec(top)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {top!r}")
    return os.path.abspath(spec.origin) if spec.has_location else None


@functools.cache
def _origin_of_file(top: str, file: str) -> str | None:
    if top in sys.stdlib_module_names and _is_in_stdlib(top, file):
        return PYTHON
    # the file as it was found first: links lead from where a package is installed to where it is cached
    owners = _owners(file) or _owners(os.path.realpath(file))
    if owners:
        return " ".join(owners)
    if top == _OURS:
        return f"{_OURS} {_tree_digest(os.path.dirname(os.path.dirname(__file__)))}"
    return None


def _is_in_stdlib(top, file):
    for folder in _STDLIB_FOLDERS:
        for path, base in ((file, folder), (os.path.realpath(file), os.path.realpath(folder))):
            if path.startswith(base + os.sep):
                first = path[len(base) + 1 :].split(os.sep)[0]
                return first.partition(".")[0] in (top, "lib-dynload")
    return False


def _owners(file: str) -> list[str]:
    """Return the distributions that installed a file; several may share the one of a namespace package."""
    folder, relative = os.path.split(file)
    while True:
        owners = [info.identity for info in _installed_in(folder) if info.owns(relative)]
        parent, name = os.path.split(folder)
        if owners or parent == folder:
            return sorted(owners)
        folder, relative = parent, f"{name}/{relative}"


@functools.cache
def _installed_in(folder: str) -> list["_Installed"]:
    """Return the distributions whose modules lie in a folder."""
    try:
        names = os.listdir(folder)
    except OSError:  # a zip file, or one that may not be read
        return []
    # beside a source tree, setuptools leaves an .egg-info without a version: that is no installation
    kinds = [name for name in names if name.endswith(".dist-info") or (name.endswith(".egg-info") and "-" in name[:-9])]
    return [_Installed(os.path.join(folder, name)) for name in kinds]


class _Installed:
    """What an installer wrote about one distribution.

    Parameters
    ----------
    path : str
        Folder ``name-version.dist-info``, or folder or file ``name-version.egg-info``.
    """

    def __init__(self, path: str):
        self._path = path
        stem, kind = os.path.splitext(os.path.basename(path))
        self._name, _, version = stem.partition("-")
        self._version = version if kind == ".dist-info" else re.sub(r"-py\d.*$", "", version)
        lines = self._record()
        self._has_files = bool(lines)
        self._tops = self._top_names(lines)

    def owns(self, relative: str) -> bool:
        """Whether a file, by its path from where the distribution is installed, belongs to it."""
        if relative.partition("/")[0].partition(".")[0] not in self._tops:
            return False
        # systems that strip the record (Debian) leave one package to one distribution
        return not self._has_files or relative in self._files or relative.removesuffix("c") in self._files

    @functools.cached_property
    def identity(self) -> str:
        """Name and version; with the files' digests, if it was not fetched from an index but built from a folder."""
        name = re.sub(r"[-_.]+", "-", self._name).lower()
        # a project of one's own is installed again and again under the same version
        return f"{name} {self._version}" + (f" {self._files_digest()}" if self._read("direct_url.json") else "")

    @functools.cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(map(_path_in, self._record()))

    def _record(self):
        return (self._read("RECORD") or "").splitlines()

    def _top_names(self, lines):
        if lines:
            paths = {line.partition("/")[0].partition(",")[0].strip('"') for line in lines}
        else:
            paths = (self._read("top_level.txt") or self._name).split()
        return {path.partition(".")[0] for path in paths}

    def _files_digest(self):
        own = os.path.basename(self._path) + "/"  # when and by whom it was installed
        lines = [line for line in self._record() if not _path_in(line).startswith((own, "../"))]
        return _digest(sorted(line for line in lines if ".pyc," not in line))

    def _read(self, name):
        try:
            with open(os.path.join(self._path, name), encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
        except OSError:
            return None


def _path_in(line):
    """Return the path in a line of a RECORD, in which paths with a comma are quoted."""
    return line[1:].partition('"')[0] if line.startswith('"') else line.partition(",")[0]


def _tree_digest(folder: str) -> str:
    """Return what the modules below a folder are."""
    lines = []
    for path, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if name.endswith(".py"):
                lines += [os.path.relpath(os.path.join(path, name), folder), file_digest(os.path.join(path, name))]
    return _digest(lines)


@functools.lru_cache(maxsize=4096)
def file_digest(path: str) -> str:
    """Return what a file holds; it is read once."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).hexdigest()


def _digest(lines):
    text = "\n".join(lines).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=10).hexdigest()
