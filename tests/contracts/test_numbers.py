"""Numbers of a method stand in its tables or in named constants, with unit and source, not inside its functions.

Counted are all float literals inside functions, trivial ones (0.0, 0.5, 1.0 ...) too: those are written as integers
where they are no measured quantity, and a half is rare enough.
"""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "gengine"

LIMITS = {
    "networks/a2m": 40,
    "networks/camn": 45,
    "networks/choreographer": 40,
    "networks/visemes": 40,
    "constraints": 40,
}
"""Most float literals inside functions, per thousand lines of a room."""


def literals(path: Path) -> list[float]:
    """Every float literal inside a function of a file, defaults of its parameters included."""
    found = {}
    for function in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for node in ast.walk(function):
                if isinstance(node, ast.Constant) and isinstance(node.value, float):
                    found[id(node)] = node.value
    return list(found.values())


def test_every_network_has_a_limit() -> None:
    rooms = {f"networks/{p.name}" for p in (PACKAGE / "networks").iterdir() if (p / "__init__.py").exists()}
    assert rooms | {"constraints"} == set(LIMITS)


@pytest.mark.parametrize("room", LIMITS)
def test_few_numbers_stand_in_functions(room: str) -> None:
    files = sorted((PACKAGE / room).rglob("*.py"))
    counts = {path.name: len(literals(path)) for path in files}
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in files)
    assert 1000 * sum(counts.values()) / lines <= LIMITS[room], counts


def test_a_literal_is_counted_once_and_only_inside_functions(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text("A = 1.5\n\n\ndef f(x=0.1):\n    def g():\n        return 2.5 * x\n    return g() + 3 + A - -0.5\n")
    assert sorted(literals(path)) == [0.1, 0.5, 2.5]


def test_every_constant_of_the_choreographer_is_used_and_explained() -> None:
    """Rows of ``name,value,unit,source,comment`` that no code reads say nothing; uses without a row fail at work."""
    from gengine.networks.choreographer import parameters

    room = PACKAGE / "networks" / "choreographer"
    used: dict[str, set[str]] = {}
    for path in room.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used.setdefault(node.value.id, set()).add(node.attr)
    tables = {"PLAN": "planner", "HAND": "hand_plan", "JOINTS": "joints", "TRUNK": "trunk", "IDLE": "idle_motion"}
    for name, table in tables.items():
        known = set(vars(getattr(parameters, name)))
        assert used[name] == known, (table, used[name] ^ known)
    for path in (room / "data").glob("*.csv"):
        lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
        rows = list(csv.DictReader(lines))
        assert rows and all(None not in row and None not in row.values() for row in rows), path.name
        if "unit" in rows[0]:
            assert all(row["unit"] and row["source"] for row in rows), path.name
