"""Print one of the README's commands: the lines of its n-th block marked as `sh`, joined into one."""

import re
import sys
from pathlib import Path

readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
blocks = re.findall(r"^```sh\n(.*?)^```", readme, flags=re.MULTILINE | re.DOTALL)
print(blocks[int(sys.argv[1]) - 1].replace("\\\n", " ").strip())
