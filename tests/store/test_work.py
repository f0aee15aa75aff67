"""Equal work has equal keys, in processes of different hash seeds; other work has other keys."""

import json
import os
import subprocess
import sys
from pathlib import Path

from work import CASES, MODULES


def start(folder, seed, *columns):
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])
    environment = os.environ | {"PYTHONHASHSEED": str(seed), "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    program = Path(__file__).with_name("work.py")
    command = [sys.executable, "-W", "ignore", str(program), *map(str, columns)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def keys_of(process):
    with process:
        text, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(text)


def test_equal_work_has_equal_keys_and_other_work_another(tmp_path):
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    # at the same time: most of their time they import
    processes = [start(tmp_path, 1, 1, 3), start(tmp_path, 2, 2)]
    (ones, changed), (others,) = map(keys_of, processes)
    assert len(ones) == len(others) == len(changed) == len(CASES)
    names = [case[0] for case in CASES]
    keys = list(zip(names, ones, others, changed, strict=True))
    assert [row for row in keys if any(":" in key for key in row[1:])] == []  # errors
    assert [name for name, one, other, _ in keys if one != other] == []
    assert [name for name, one, _, another in keys if one == another] == []


def test_cases_have_names_of_their_own():
    names = [case[0] for case in CASES]
    assert len(set(names)) == len(names) > 150
