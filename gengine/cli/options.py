"""Options that several commands share, and what is made of their values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FORMATS_HELP = (
    "Comma-separated: bvh csv json npz mp4, srt and words (.json), glb (avatar), avatar (its video), portrait (a photo "
    "that speaks), vrma usd fbx smplx, textgrid, and mouth shapes: visemes oculus azure moho rhubarb-tsv rhubarb-json "
    "rhubarb-xml rhubarb-dat."
)
AVATAR_HELP = "Who is shown in glb, usd, fbx and avatar: a preset (gengine avatar list), a .glb, .vrm or .npz."
BONES_HELP = "Which of the avatar's bones is which: a JSON map (gengine avatar map)."
DECIMATE_HELP = "Triangles to keep of the avatar's meshes (20000), or the share of them (0.25)."
SKELETON_HELP = (
    "Joint names of body.bvh: beat, mixamo, readyplayerme, vrm, vrm0, unity, godot, ue5 or smplx; "
    "or the path of a .bvh of your own skeleton."
)
OptionSettings = Annotated[
    list[str] | None, typer.Option("--option", help="An option of one format: format.key=value (bvh.tpose_frame=true).")
]
VOICE_HELP = "The speaker's neutral voice, against which auto reads; else learned while they speak."
VoiceReference = Annotated[Path | None, typer.Option(help=VOICE_HELP)]
Strict = Annotated[bool, typer.Option("--strict", help="Make an error of what is dropped or guessed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout and nothing else.")]
