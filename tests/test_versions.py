"""The oldest versions that are declared are the oldest that are tested."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: its lower bound is checked by hand, and that of a linter is no one's concern
APART = {"torch", "ruff"}


def declared():
    """Lower bounds of the packages that the library, its extras for users, and the tests need."""
    extras = PROJECT["optional-dependencies"]
    for requirement in [
        *PROJECT["dependencies"],
        *extras["progress"],
        *extras["dataframe"],
        *extras["skops"],
        *extras["test"],
    ]:
        if not requirement.startswith("sktune["):
            name, bound = requirement.split(">=")
            yield name, Version(bound)


def pinned(path):
    lines = re.findall(r"^([\w-]+)==(.+)$", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: Version(version) for name, version in lines}


@pytest.mark.parametrize(("name", "bound"), [item for item in declared() if item[0] not in APART])
def test_the_oldest_version_is_the_one_that_is_tested(name, bound):
    assert pinned(".ci/oldest.txt")[name] == bound


def test_nothing_else_is_pinned():
    assert set(pinned(".ci/oldest.txt")) == dict(declared()).keys() - {"ruff"}
    assert set(pinned("constraints.txt")) == {"torch"}


def test_both_runs_have_the_same_torch_and_it_is_allowed():
    torch = pinned("constraints.txt")["torch"]
    assert pinned(".ci/oldest.txt")["torch"] == torch >= dict(declared())["torch"]
