"""Options that several commands share, and what is made of their values."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gengine.errors import GengineError

FORMATS = "bvh,csv,json,npz,mp4"
FORMATS_HELP = (
    "Comma-separated: bvh csv json npz mp4, srt and words (.json), glb (avatar), avatar (its video), vrma usd fbx "
    "smplx, textgrid, and mouth shapes: visemes oculus azure moho rhubarb-tsv rhubarb-json rhubarb-xml rhubarb-dat."
)
AVATAR_HELP = "Who is shown in glb, usd, fbx and avatar: a preset (gengine avatar list), a .glb, .vrm or .npz."
BONES_HELP = "Which of the avatar's bones is which: a JSON map (gengine avatar map)."
SKELETON_HELP = (
    "Joint names of body.bvh: beat, mixamo, readyplayerme, vrm, vrm0, unity, godot, ue5 or smplx; "
    "or the path of a .bvh of your own skeleton."
)
OptionSettings = Annotated[
    list[str] | None, typer.Option("--option", help="An option of one format: format.key=value (bvh.tpose_frame=true).")
]
Strict = Annotated[bool, typer.Option("--strict", help="Make an error of what is dropped or guessed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout and nothing else.")]


def chosen_formats(value: str) -> list[str]:
    """The names in a comma-separated list of formats."""
    chosen = [name.strip().lower() for name in value.split(",") if name.strip()]
    if not chosen:
        raise GengineError(f"--formats: empty; choose from {FORMATS}")
    return chosen


def exporter_options(formats: list[str], settings: list[str] | None, **shared: Any) -> dict[str, dict[str, Any]]:
    """Exporter options by format: ``shared`` ones for those that have them, then ``format.key=value`` settings."""
    from gengine.exporting import exporter, options_for

    texts: dict[str, dict[str, str]] = {name: {} for name in formats}
    for setting in settings or []:
        key, equals, value = setting.partition("=")
        name, dot, option = key.strip().partition(".")
        if not (equals and dot and option):
            raise GengineError(f"--option {setting}: expected format.key=value, for example bvh.tpose_frame=true")
        if name not in texts:
            raise GengineError(f"--option {setting}: '{name}' is none of the chosen formats, {', '.join(formats)}")
        texts[name][option] = value.strip()
    kinds = {name: exporter(name) for name in formats}
    return {name: options_for(kind, **shared) | kind.parse_options(texts[name]) for name, kind in kinds.items()}
