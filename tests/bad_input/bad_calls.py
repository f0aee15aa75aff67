"""What the tables of bad calls are written in."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

NAN, INF = float("nan"), float("inf")


@dataclass(frozen=True)
class Bad:
    """A call that must be refused: whose parameter is wrong, how, and what the error must say."""

    owner: str
    parameter: str
    value: Any
    call: Callable[[], Any]
    message: str
    error: type[Exception] = ValueError

    def __str__(self):
        value = re.sub(" at 0x[0-9a-f]+", "", repr(self.value))  # each process collects the same names
        return f"{self.owner}({self.parameter}={value})"[:80]


def bad(owner, parameter, values, call, message, error=ValueError) -> list[Bad]:
    """One bad call for each of `values`; ``call(value)`` makes it, ``<value>`` in the message stands for its repr."""
    return [
        Bad(owner, parameter, value, lambda value=value: call(value), message.replace("<value>", shown(value)), error)
        for value in values
    ]


def shown(value) -> str:
    """The repr as a pattern, whatever the spaces in it."""
    return re.escape(repr(value))


def must_be(owner: str, parameter: str, allowed: str) -> str:
    """The message of scikit-learn's own validation of parameters."""
    return f"The '{parameter}' parameter of {owner} must be {allowed}\\. Got <value> instead\\."


def among(*names: str) -> str:
    """A set of names in any order, as scikit-learn prints it."""
    return "a str among \\{" + "".join(f"(?=[^}}]*'{name}')" for name in names) + "[^}]*\\}"


def flattened(tables: Iterable[list[Bad]]) -> list[Bad]:
    return [one for table in tables for one in table]


def an_int(least: int) -> str:
    return f"an int in the range \\[{least}, inf\\)"


def no_files(owner: str, parameter: str, call: Callable) -> list[Bad]:
    """Bad calls for strings that cannot be the name of a file."""
    values = ["", " ", ":memory:", "file::memory:", "sqlite:///study.db", "file:study.db", "s3://a/b.db", "a\0.db"]
    return bad(owner, parameter, values, call, f"{parameter} must be the name of a file( and not a URL)?, got <value>")


BOOLEAN = "an instance of 'bool' or an instance of 'numpy\\.bool'"
VERBOSE = "an int in the range \\[0, inf\\), an instance of 'bool' or an instance of 'numpy\\.bool'"
RANDOM_STATE = "an int in the range \\[0, 4294967295\\], an instance of 'numpy\\.random\\.mtrand\\.RandomState' or None"
N_JOBS = "an int in the range \\(-inf, -1\\], an int in the range \\[1, inf\\) or None"
STORAGE = "an instance of 'str', an instance of 'os\\.PathLike' or None"
