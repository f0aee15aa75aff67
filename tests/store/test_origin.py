"""Whose code is it? Installed distributions in all layouts that installers make, and what looks like one but is not."""

import json
import os
import subprocess
import sys
import textwrap
import venv
import zipfile
import zlib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import sktune

ROOT = Path(sktune.__file__).parents[1]
FILES = {
    "fakelib/__init__.py": "from .sub import function",
    "fakelib/sub.py": "def function(): pass\nclass Class: pass",
    "fake_single.py": "",
    "fakespace/part/__init__.py": "",
}
MODULES = ["fakelib", "fakelib.sub", "fake_single", "fakespace.part"]
OTHERS = ["own_module", "code", "fakespace.mine", "__main__", "json.decoder", "math", "_ctypes", "sys", "os"]


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def install(folder, version="1.0", name="fake_dist", files=FILES, **more):
    """Write what pip writes for a wheel, without its hashes."""
    info = f"{name}-{version}.dist-info"
    names = [*files, f"{info}/METADATA", f"{info}/RECORD"]
    record = "".join(f"{name},sha256={zlib.crc32(files.get(name, '').encode())},1\n" for name in names)
    record += "../../bin/tool,,\nfakelib/__pycache__/sub.cpython-311.pyc,,\n"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    write(folder, files | {f"{info}/METADATA": metadata, f"{info}/RECORD": record} | more)
    return folder


def origins(*path, python=sys.executable, modules=(*MODULES, *OTHERS), arguments=("-s",), **environment):
    """Return the origins of modules in a fresh process, which loads nothing of sktune but the one file."""
    program = f"""
        import importlib, json, sys
        from importlib.util import module_from_spec, spec_from_file_location
        spec = spec_from_file_location("sktune.store._origin", {str(ROOT / "sktune" / "store" / "_origin.py")!r})
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        for name in {list(modules)}:
            try: importlib.import_module(name)
            except ModuleNotFoundError: pass
        print(json.dumps({{name: module.origin_of(name) for name in {list(modules)}}}))
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    kept |= {"PYTHONPATH": os.pathsep.join(map(str, path))} if path else {}
    command = [python, *arguments, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=kept | environment, timeout=60)
    return json.loads(done.stdout)


def users(folder):
    """Files of the user's own: one has the name of a module of Python, one lies in a namespace of a library."""
    write(folder, {"own_module.py": "", "code.py": "", "fakespace/mine.py": "", "pyproject.toml": ""})
    return folder


def check(found, installed="fake-dist 1.0"):
    assert {found[name] for name in MODULES} == {installed}
    assert {found[name] for name in ("json.decoder", "math", "_ctypes", "sys", "os")} == {"python"}
    assert {found[name] for name in ("own_module", "code", "fakespace.mine", "__main__")} == {None}


def new_venv(folder):
    venv.create(folder, symlinks=True)  # without pip: that takes seconds
    (site,) = folder.glob("lib/python*/site-packages")
    return str(folder / "bin" / "python"), site


def test_a_folder_on_the_path(tmp_path):
    check(origins(users(tmp_path / "own"), install(tmp_path / "target")))


def test_everything_in_one_folder(tmp_path):
    check(origins(install(users(tmp_path / "all"))))


@pytest.mark.skipif(sys.platform == "win32", reason="the folders have other names there")
def test_an_environment_and_the_users_site_and_a_path_file(tmp_path):
    python, site = new_venv(tmp_path / "env")
    own = users(tmp_path / "own")
    install(site)
    check(origins(own, python=python))
    # a link to the environment, and the same environment as lib64
    (tmp_path / "link").symlink_to(tmp_path / "env")
    check(origins(own, python=str(tmp_path / "link" / "bin" / "python")))
    python, site = new_venv(tmp_path / "other")
    (site / "more.pth").write_text(str(install(tmp_path / "dist-packages")))
    check(origins(own, python=python))
    base = getattr(sys, "_base_executable", sys.executable)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    install(tmp_path / "user" / "lib" / version / "site-packages")
    check(origins(own, python=base, arguments=(), PYTHONUSERBASE=str(tmp_path / "user")))


def test_each_distribution_in_a_folder_of_its_own_shares_a_namespace(tmp_path):
    one = install(tmp_path / "one")
    two = install(tmp_path / "two", "2.0", "second", {"fakespace/other.py": ""})
    found = origins(users(tmp_path / "own"), one, two, modules=[*MODULES, *OTHERS, "fakespace.other"])
    check(found)
    assert found["fakespace.other"] == "second 2.0"


def test_two_distributions_in_one_folder_share_a_namespace(tmp_path):
    install(tmp_path, "2.0", "second", {"fakespace/other.py": ""})
    found = origins(install(users(tmp_path)), modules=[*MODULES, *OTHERS, "fakespace.other"])
    check(found)
    assert found["fakespace.other"] == "second 2.0"


def test_a_file_of_ones_own_in_an_installed_package_is_ones_own(tmp_path):
    write(install(tmp_path), {"fakelib/mine.py": ""})
    assert origins(tmp_path, modules=["fakelib", "fakelib.mine"]) == {"fakelib": "fake-dist 1.0", "fakelib.mine": None}


def test_without_records_the_top_level_names_decide(tmp_path):
    write(tmp_path, FILES)
    write(tmp_path, {"Fake_Dist-1.5-py3.11.egg-info/top_level.txt": "fakelib\nfake_single\nfakespace\n"})
    found = origins(tmp_path, modules=MODULES)
    assert set(found.values()) == {"fake-dist 1.5"}
    other = tmp_path / "other"
    write(other, FILES)
    write(other, {"fakelib-1.5.dist-info/METADATA": ""})
    assert origins(other, modules=["fakelib.sub", "fake_single"]) == {"fakelib.sub": "fakelib 1.5", "fake_single": None}


def test_source_trees_and_editable_installs_are_ones_own(tmp_path):
    source = tmp_path / "project" / "src"
    write(source, FILES)
    write(source, {"fake_dist.egg-info/top_level.txt": "fakelib\n", "fake_dist.egg-info/SOURCES.txt": "fakelib/sub.py"})
    assert set(origins(source, modules=MODULES).values()) == {None}
    python, site = new_venv(tmp_path / "env")
    install(site, files={"__editable__.fake_dist-1.0.pth": str(source)})
    assert set(origins(python=python, modules=MODULES).values()) == {None}


def test_a_zip_file_is_ones_own(tmp_path):
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    assert set(origins(tmp_path / "own.zip", modules=MODULES).values()) == {None}


def test_what_was_built_from_a_folder_counts_by_its_files_as_well(tmp_path):
    def origin(name, text="", **more):
        files = FILES | {"fake_single.py": text}
        folder = install(tmp_path / name, files=files, **more)
        return origins(folder, modules=["fakelib"])["fakelib"]

    local = {"fake_dist-1.0.dist-info/direct_url.json": '{"dir_info": {}, "url": "file:///project"}'}
    assert origin("a") == origin("b", "a = 1") == "fake-dist 1.0"  # from an index: its version speaks
    built = origin("c", **local)
    assert built == origin("d", **local) != origin("e", "a = 1", **local)
    assert built.startswith("fake-dist 1.0 ")


def test_another_version_is_another_origin(tmp_path):
    assert origins(install(tmp_path, "2.0+cpu"), modules=["fakelib"]) == {"fakelib": "fake-dist 2.0+cpu"}


def test_a_module_that_its_package_makes_is_of_the_same_origin():
    spec = spec_from_file_location("sktune.store._origin_again", ROOT / "sktune" / "store" / "_origin.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.origin_of("numpy.no.such.module") == module.origin_of("numpy") is not None
    assert module.origin_of("nowhere") is None
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        module.origin_of("nowhere", find=True)


def test_a_search_with_storage_runs_where_no_library_lies_in_the_interpreters_own_folder(tmp_path):
    python, _ = new_venv(tmp_path / "env")
    libraries = sorted(
        {str(Path(module.__file__).parents[1]) for module in map(__import__, ["numpy", "torch", "joblib"])}
    )
    program = """
        from sklearn.datasets import load_iris
        from sklearn.svm import SVC
        from sktune import BayesSearchCV
        from sktune.store import versions
        X, y = load_iris(return_X_y=True)
        search = BayesSearchCV(SVC(), {"C": (0.1, 10.0)}, n_iter=2, storage="a.db", random_state=0).fit(X, y)
        print(search.best_score_)
        print(*versions(), sep=";")
    """
    path = os.pathsep.join([str(ROOT), *libraries])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    command = [python, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    score, versions = done.stdout.split("\n")[:2]
    assert float(score) > 0.9
    assert "scikit-learn 1." in versions
