"""How much of the project a newcomer's first run loads, and so how much there is to read to follow it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FILES, LINES = 97, 14_860
"""At most so much of gengine is loaded by ``gengine animate demos/speech.wav --emotion happy --formats bvh``."""

COUNT = """
import json, sys
from gengine.cli import main
sys.argv[0] = "gengine"
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
files = {m.__file__ for name, m in sys.modules.items() if name.split(".")[0] == "gengine" and m.__file__}
print("\\n" + json.dumps(sorted(files)))
"""


def test_a_first_run_loads_little(tmp_path: Path) -> None:
    command = ["animate", "demos/speech.wav", "--emotion", "happy", "--formats", "bvh", "--out", str(tmp_path / "run")]
    done = subprocess.run([sys.executable, "-c", COUNT, *command], capture_output=True, text=True, check=True)
    files = json.loads(done.stdout.splitlines()[-1])
    lines = {file: len(Path(file).read_text("utf-8").splitlines()) for file in files}
    listing = "\n".join(f"{count:5} {file}" for file, count in sorted(lines.items()))
    assert len(files) <= FILES and sum(lines.values()) <= LINES, (
        f"{len(files)} files, {sum(lines.values())} lines:\n{listing}"
    )
    assert {Path(f).name for f in files if "/cli/" in f} == {"__init__.py", "animate.py", "console.py", "options.py"}
