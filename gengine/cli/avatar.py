"""``gengine avatar …``: which persons there are, and making one. Parse, call, print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gengine.cli.console import say

app = typer.Typer(
    help="Persons to show a performance on.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)


@app.command(name="list")
def presets() -> None:
    """The presets that come with gengine."""
    from gengine.avatars import avatar_names

    for name in avatar_names():
        say(name)


MAKE_HELP = """Make an avatar of your own from phenotypes (needs the extra "avatars"; minutes the first time).

\b
Example:
  gengine avatar make grandpa.npz --sex 0 --age 72 --height 1.74 --weight 0.6 --look david
  gengine animate speech.wav --formats glb --avatar grandpa.npz
"""


@app.command(name="make", help=MAKE_HELP)
def make(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Where to save it (.npz).")],
    sex: Annotated[float, typer.Option(help="0 male to 1 female.")] = 1.0,
    age: Annotated[float, typer.Option(help="Years, 14 to 90.")] = 30.0,
    height: Annotated[float, typer.Option(help="Metres, 1.4 to 2.1.")] = 1.70,
    weight: Annotated[float, typer.Option(help="0 thin to 1 heavy.")] = 0.5,
    muscle: Annotated[float, typer.Option(help="0 slight to 1 strong.")] = 0.5,
    look: Annotated[str | None, typer.Option(help="Hair and clothes of a preset; default the nearest.")] = None,
) -> None:
    from gengine.avatars import make_avatar

    make_avatar(out, sex=sex, age=age, height=height, weight=weight, muscle=muscle, look=look)
    say(str(out))


MAP_HELP = """Draft a map of an avatar's bones: which node is which joint, to complete by hand and give by --bones.

\b
Example:
  gengine avatar map my.glb                     (writes my.bones.json beside it)
  gengine animate talk.wav --formats glb --avatar my.glb --bones my.bones.json

Joints that nothing tells have an empty name; "unmatched" lists the file's bones that are left.
"""


@app.command(name="map", help=MAP_HELP)
def draft(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A .glb, .gltf or .vrm.")],
    out: Annotated[Path | None, typer.Option(help="Where to write it; default <name>.bones.json beside it.")] = None,
) -> None:
    from gengine.avatars import draft_bones
    from gengine.exporting import write_text

    table = draft_bones(source)
    target = out or source.with_name(f"{source.stem}.bones.json")
    write_text(target, json.dumps(table, indent=2, ensure_ascii=False) + "\n")
    empty = [beat for beat, name in table["bones"].items() if not name]
    say(f"{len(table['bones']) - len(empty)} joints told by {table['told']}")
    if empty:
        say(f"without a bone: {', '.join(empty)}")
    say(f"  {target}")
