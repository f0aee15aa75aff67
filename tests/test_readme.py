"""The README's code runs, and its commands name files that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_python_blocks_run(capsys):
    first, *others = blocks("python")
    namespace = {}  # each block continues where the one before has ended
    exec(compile(first, "README.md", "exec"), namespace)
    search = namespace["search"]
    assert capsys.readouterr().out == f"{search.best_score_} {search.best_params_}\n"
    for block in others:
        exec(compile(block, "README.md", "exec"), namespace)


def test_the_two_commands_set_up_and_run():
    first, second = (block.strip() for block in blocks("sh"))
    assert first.endswith("examples/tune_digits.py")
    assert (ROOT / "examples" / "tune_digits.py").is_file()
    assert second.endswith("pytest")
    assert all("-c constraints.txt" in command and (ROOT / "constraints.txt").is_file() for command in (first, second))
