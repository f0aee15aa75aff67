"""The README's code runs, and its commands name files that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_python_blocks_run(capsys):
    namespace = {}  # the second goes on where the first has ended
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)
    score = float(capsys.readouterr().out.split()[0])
    assert score > 0.95


def test_the_two_commands_set_up_and_run():
    first, second = (block.strip() for block in blocks("sh"))
    assert first.endswith("examples/tune_digits.py")
    assert (ROOT / "examples" / "tune_digits.py").is_file()
    assert second.endswith("pytest")
    assert all("-c constraints.txt" in command and (ROOT / "constraints.txt").is_file() for command in (first, second))
