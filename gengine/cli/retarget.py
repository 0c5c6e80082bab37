"""``gengine retarget``: any humanoid's BVH on another skeleton. Parse, call, print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import say
from gengine.cli.options import SKELETON_HELP, AsJson

app = typer.Typer(add_completion=False, rich_markup_mode=None)

RETARGET_HELP = """Write any humanoid's BVH on another skeleton.

\b
Examples:
  gengine retarget dance.bvh dance-mixamo.bvh --to mixamo
  gengine retarget capture.bvh mine.bvh --to my-character.bvh --fps 30
  gengine retarget odd.bvh body.bvh --bones odd.bones.json

Joints are told by their names or their structure, unit and up axis by size and posture; notes say what was told.
"""


@app.command(name="retarget", help=RETARGET_HELP)
def retarget(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A .bvh of any humanoid.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The .bvh to write.")],
    to: Annotated[str, typer.Option(help=SKELETON_HELP)] = "beat",
    fps: Annotated[float | None, typer.Option(help="Frames per second to write; else the file's.")] = None,
    bones: Annotated[Path | None, typer.Option(help="Which joint of IN is which: a JSON map of names.")] = None,
    as_json: AsJson = False,
) -> None:
    from gengine.engine import retarget as run

    written, notes = run(source, out, to, fps, bones)
    if as_json:
        say(json.dumps({"out": str(written), "files": [str(written)], "notes": notes}))
        return
    for note in notes:
        sys.stderr.write(f"gengine: note: {note}\n")
    say(f"  {written}")
