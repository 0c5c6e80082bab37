"""Someone else's glTF kept whole beside the avatar made of it, so that an export loses nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gengine.avatars.importing.findings import Findings
from gengine.avatars.importing.gltf_document import GltfDocument
from gengine.avatars.importing.gltf_morphs import MorphSources
from gengine.core.avatar import Drives, Origin
from gengine.core.face import ARKIT_NAMES
from gengine.errors import FormatError

_ELSEWHERE = 0.05
"""A figure that stands further (m) from the middle of its file's floor keeps its place there; others stand on it."""
_RICH = 20
"""Mouth shapes of ARKit from which on they speak alone, and visemes beside them rest (of 27; judgement)."""


def kept_origin(
    document: GltfDocument,
    nodes: Sequence[int],
    parents: Sequence[int],
    world: NDArray,
    move: NDArray,
    down: NDArray,
    morphs: MorphSources,
    notes: Findings,
) -> Origin:
    """The document with its bytes. ``nodes`` are those of the avatar's joints, the hips first; ``world (N, 4, 4)`` are
    all nodes at rest in the file's own space, which ``move (4, 4)`` and then minus ``down (3,)`` bring to the avatar's.
    """
    buffers = [document.buffer(k) for k in range(len(document.items("buffers")))]
    for view in document.items("bufferViews"):
        document.view_range(view)
    try:
        text = json.dumps(document.json, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise document.error(f"holds what JSON cannot ({str(error)[:60]}); export it again") from None
    images = {}
    for k, image in enumerate(document.items("images")):
        uri = image.get("uri")
        if isinstance(uri, str) and not uri.startswith("data:"):
            try:
                images[k] = document.resource(uri)
            except FormatError:
                notes.warn(f"image {Path(uri).name[:40]} is missing and stays a link")
    down = down if np.linalg.norm(down) > _ELSEWHERE else np.zeros(3)
    above = parents[nodes[0]] if nodes else -1
    return Origin(
        text, tuple(buffers), images, tuple(nodes), world[above] if above >= 0 else np.eye(4), move, down,
        _drives(document, morphs, notes),
    )  # fmt: skip


def _drives(document: GltfDocument, morphs: MorphSources, notes: Findings) -> dict[int, Drives]:
    """For every mesh with named or used morphs, what moves each of them."""
    counts = {}
    names: dict[int, list[str]] = {}
    for m, mesh in enumerate(document.items("meshes")):
        counts[m] = max((len(p.get("targets", [])) for p in mesh.get("primitives", [])), default=0)
        given = mesh.get("extras", {}).get("targetNames") or []
        names[m] = [str(name) for name in given][: counts[m]]
    drives: dict[int, list[dict[str, float]]] = {m: [{} for _ in range(count)] for m, count in counts.items() if count}
    for arkit, shapes in morphs.items():
        for binds, share in shapes:
            for mesh, target, weight in binds:
                if mesh in drives and 0 <= target < counts[mesh]:
                    drives[mesh][target][arkit] = drives[mesh][target].get(arkit, 0.0) + share * weight
    _drive_visemes(drives, names, notes)
    idle = sorted({name for m, made in drives.items() for name, d in zip(names[m], made, strict=False) if not d})
    if idle:
        notes.note(f"{len(idle)} morphs without a curve are kept at rest ({', '.join(idle[:4])}…)")
    return {m: tuple(made) for m, made in drives.items()}


def _drive_visemes(drives: dict[int, list[dict[str, float]]], names: dict[int, list[str]], notes: Findings) -> None:
    """Visemes and other doubles of ARKit's mouth shapes take part of what those do, so that nothing moves twice."""
    told = {arkit for made in drives.values() for drive in made for arkit in drive}
    mouth = [name for name in ARKIT_NAMES if name.startswith(("mouth", "jaw", "tongue"))]
    rich = sum(name in told for name in mouth) >= _RICH
    doubles: dict[str, list[tuple[int, int, float]]] = {}
    for m, made in drives.items():
        for t, name in enumerate(names[m]):
            key = "".join(c for c in name.rpartition(".")[2] if c.isalnum()).casefold()
            if not made[t]:
                for arkit, share in _visemes().get(key, {}).items():
                    doubles.setdefault(arkit, []).append((m, t, share))
    if rich and doubles:
        notes.note("its visemes are kept at rest: ARKit's shapes speak")
        return
    for arkit, found in doubles.items():
        for m, made in drives.items():
            here = [(t, share) for mesh, t, share in found if mesh == m]
            own = [drive for drive in made if arkit in drive]
            several = len({t for t, share in here if share >= 1}) + bool(own)
            for drive in own:
                drive[arkit] /= max(several, 1)
            for t, share in here:
                made[t][arkit] = share / max(several, 1)


@cache
def _visemes() -> dict[str, dict[str, float]]:
    """Viseme's key → ARKit's shapes that say it, with shares."""
    text = resources.files("gengine.avatars").joinpath("data/visemes.csv").read_text("utf-8")
    found: dict[str, dict[str, float]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["morph"].casefold(), {})[row["arkit"]] = float(row["share"])
    return found
