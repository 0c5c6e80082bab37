"""What the pages take from the code itself, so that they cannot drift from it: the command line's help and tables."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def on_page_markdown(markdown: str, **_: object) -> str:
    """Fill in ``{{ help NAME }}`` (of a command), ``{{ code PATH }}`` (a file) and ``{{ csv PATH }}`` (a table)."""
    markdown = re.sub(r"\{\{ help ?([\w ]*?) ?\}\}", lambda m: _help(m.group(1)), markdown)
    markdown = re.sub(r"\{\{ code (\S+) \}\}", lambda m: _code(ROOT / m.group(1)), markdown)
    return re.sub(r"\{\{ csv (\S+) \}\}", lambda m: _table(ROOT / m.group(1)), markdown)


def _help(command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'gengine'; from gengine.cli import main; main()",
         *command.split(), "--help"],
        capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, "COLUMNS": "100"},
    )  # fmt: skip
    return f"```text\n{done.stdout.strip()}\n```"


def _table(path: Path) -> str:
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    rows = list(csv.reader(lines))
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body])


def _code(path: Path) -> str:
    return f"```{path.suffix.lstrip('.').replace('py', 'python')}\n{path.read_text('utf-8').strip()}\n```"
