"""Who may import whom: the table ``ARROWS`` is the architecture's, and holds without exceptions."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "gengine"

GROUND = {"core", "errors"}
"""What everything may stand on."""

ARROWS: dict[str, set[str]] = {
    # ground
    "errors": set(),
    "core": set(),
    "checkpoint": set(),
    "config": {"checkpoint"},  # both find what is bundled
    "registry": {"checkpoint"},  # it knows rooms by name only
    "windows": set(),
    "rewinding": {"windows"},
    # rooms that know no other room
    "constraints": set(),
    "inputs": {"encoders"},  # words are found by the phones that are heard
    # timelines are written as subtitles too, voices are heard by the encoder that hears phones
    "emotion": {"checkpoint", "encoders", "inputs"},
    "encoders": {"checkpoint"},
    "retarget": set(),
    # rooms on rooms
    "networks": {"checkpoint", "constraints", "encoders"},  # a2m hears the recogniser's bands
    "avatars": {"retarget"},
    "formats": {"avatars", "retarget"},
    # a photo's face is found, its teeth are an avatar's; its mouth may hear
    "portraits": {"avatars", "checkpoint", "encoders", "inputs", "renderers", "vision"},
    "renderers": {"avatars", "retarget"},
    "vision": {"checkpoint"},
    "capturing": {"exporting", "inputs", "networks", "runs", "vision"},
    # the engine's core
    # words heard where none are given: aligned like a transcript, believed where the phone recogniser agrees
    "recognition": {"encoders", "inputs", "registry"},
    "hearing": {"emotion", "encoders", "recognition", "windows"},  # words of a stream come as it hears
    "cascade": {"config", "networks", "registry"},  # face, then body
    "network_run": {"config", "networks", "windows"},
    "streaming": {
        "cascade", "config", "constraints", "emotion", "encoders", "hearing", "inputs", "networks", "recognition",
        "registry", "windows",
    },
    "session": {"emotion", "inputs", "rewinding", "streaming"},
    # corpora are files of known formats, read or made by the engine itself
    "data": {"config", "formats", "hearing", "inputs", "streaming"},
    # a face's words are aligned, its lips are an avatar's
    "metrics": {
        "avatars", "checkpoint", "config", "data", "encoders", "hearing", "inputs", "network_run", "networks",
        "portraits", "registry", "streaming", "vision",
    },
    "training": {
        "checkpoint", "config", "data", "emotion", "encoders", "hearing", "inputs", "metrics", "network_run",
        "networks", "registry", "session", "avatars", "portraits", "renderers", "vision",
    },
    "serve": {"config", "emotion", "formats", "inputs", "registry", "retarget", "session"},
    # what knows them all
    "runs": set(),
    "exporting": {"registry", "runs"},
    "engine": {
        "capturing", "config", "data", "emotion", "exporting", "formats", "inputs", "recognition", "runs", "streaming",
        "training",
    },
    # many runs at once: what one is told, wherever it is made
    "batch": {"config", "engine", "exporting", "inputs", "registry", "runs"},
    "circle": set(),  # where people stand and whom they look at
    "conversing": {
        "circle", "config", "emotion", "engine", "exporting", "hearing", "inputs", "runs",
    },
    "explaining": {"emotion", "engine", "hearing", "inputs"},
    "showing": {"avatars", "exporting", "formats", "inputs", "portraits", "runs", "serve"},
    "extras": set(),
    "about": {"checkpoint", "extras", "registry"},
    "__init__": {
        "capturing", "config", "conversing", "emotion", "engine", "exporting", "metrics", "runs", "session", "showing",
    },
    "cli": {
        "about", "avatars", "batch", "capturing", "config", "conversing", "data", "emotion", "engine", "explaining",
        "exporting", "metrics", "runs", "serve", "showing",
    },
    "__main__": {"cli"},
}  # fmt: skip
"""Of every room and module, what of the project it may import besides itself and the ground."""

FILES = sorted(PACKAGE.rglob("*.py"))
PLACES = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}


def imports(source: str, package: list[str]) -> set[str]:
    """Absolute names of all modules that a file of ``package`` imports anywhere, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"gengine.{alias.name}" for alias in node.names} if name == "gengine" else {name}
    return found


def imports_of(path: Path) -> set[str]:
    return imports(path.read_text("utf-8"), ["gengine", *path.relative_to(PACKAGE).parts[:-1]])


def place(module: str) -> str:
    """The room, or the module beside the rooms, that a dotted name of the project belongs to."""
    part = module.split(".")[1] if "." in module else "__init__"
    return part if part in PLACES else "__init__"


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(PACKAGE)) for p in FILES])
def test_imports_follow_the_arrows(path):
    where = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert where in ARROWS, f"gengine/{where} is new: say in ARROWS what it may import"
    used = {place(m) for m in imports_of(path) if m.split(".")[0] == "gengine"}
    # the package itself holds the version and lazy names, which import nothing
    allowed = GROUND | {where, "__init__"} | ARROWS[where] if where != "core" else GROUND
    assert used <= allowed, f"imports {', '.join(sorted(used - allowed))}"


def test_the_arrows_make_no_circle():
    rest = {name: targets - {"__init__"} for name, targets in ARROWS.items()}
    while free := [name for name, targets in rest.items() if not targets & rest.keys()]:
        for name in free:
            del rest[name]
    assert not rest, f"circle among {', '.join(rest)}"


def test_core_needs_numpy_alone():
    needed = {m.split(".")[0] for path in (PACKAGE / "core").rglob("*.py") for m in imports_of(path)}
    assert needed - sys.stdlib_module_names - {"gengine"} == {"numpy"}


def test_every_spelling_of_an_import_is_seen():
    source = """
def f():
    from gengine import session
    import gengine.emotion.plan as p
    from gengine.data.speech import x
    from ..encoders import y
    from .. import networks
    from . import z
"""
    seen = {place(m) for m in imports(source, ["gengine", "metrics"])}
    assert seen == {"session", "emotion", "data", "encoders", "networks", "metrics"}
