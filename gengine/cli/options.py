"""Options that several commands share, and what is made of their values."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gengine.errors import GengineError

FORMATS = "bvh,csv,json,npz,mp4"
FORMATS_HELP = "Comma-separated: bvh csv json npz mp4, glb (avatar), avatar (its video), vrma usd fbx smplx."
AVATAR_HELP = "Who is shown in glb, usd, fbx and avatar: a preset (gengine avatar list), a .glb, .vrm or .npz."
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout and nothing else.")]


def chosen_formats(value: str) -> list[str]:
    """The names in a comma-separated list of formats."""
    chosen = [name.strip().lower() for name in value.split(",") if name.strip()]
    if not chosen:
        raise GengineError(f"--formats: empty; choose from {FORMATS}")
    return chosen


def exporter_options(skeleton: str, avatar: str) -> dict[str, dict[str, Any]]:
    """Exporter options by format."""
    return {"bvh": {"skeleton": skeleton}} | {name: {"avatar": avatar} for name in ("glb", "usd", "fbx", "avatar")}
