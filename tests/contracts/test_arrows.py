"""Who may import whom: core <- rooms <- session <- engine <- cli. Rooms never import each other."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "gengine"
ROOMS = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))} - {"core"}
GROUND = {"core", "errors"}
"""What everything may stand on."""

EXCEPTIONS = {
    # Training makes the weights of readers and networks from corpora, and measures them.
    "training": {"data", "emotion", "encoders", "inputs", "metrics", "networks"},
    # A file for another rig has that rig's joints and names; a 3D file carries its avatar.
    "exporters": {"retarget", "avatars"},
    # A corpus is files of known formats: their own readers and writers are used.
    "data": {"exporters", "inputs"},
    # A figure is posed on its own rig before it is drawn, and chosen by name where its video is a format.
    "renderers": {"retarget", "avatars"},
    # A rig that is brought in is recognised by its joints' names.
    "avatars": {"retarget"},
}
MODULES = {
    "errors": set(),
    "windows": set(),
    "registry": {"checkpoint"},  # it knows rooms by name only
    "config": set(),
    "checkpoint": set(),
    "session": {"config", "registry", "windows", "checkpoint"} | ROOMS,
    "engine": {"config", "registry", "windows", "checkpoint", "session", "gengine"} | ROOMS,
    "synthesis": {"config", "session", "gengine"} | ROOMS,
    "evaluation": {"config", "session"} | ROOMS,
    "__init__": {"config", "engine", "session"},
    "cli_data": {"synthesis", "data"},
    "cli_evaluate": {"evaluation", "metrics"},
    "cli": {"config", "registry", "engine", "gengine", "cli_data", "cli_evaluate"},
    "__main__": {"cli"},
}
"""Modules beside the rooms, and what of the project they may import."""

FILES = sorted(PACKAGE.rglob("*.py"))


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
    part = module.split(".")[1] if "." in module else "gengine"
    return part if part in ROOMS | GROUND or (PACKAGE / f"{part}.py").exists() else "gengine"


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(PACKAGE)) for p in FILES])
def test_imports_follow_the_arrows(path):
    where = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    used = {place(m) for m in imports_of(path) if m.split(".")[0] == "gengine"}
    if where == "core":
        allowed = GROUND
    elif where in ROOMS:
        allowed = GROUND | {where, "checkpoint"} | EXCEPTIONS.get(where, set())
    else:
        assert where in MODULES, f"gengine/{path.name} is new beside the rooms: say here what it may import"
        allowed = GROUND | MODULES[where]
    assert used <= allowed, f"imports {', '.join(sorted(used - allowed))}"


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
