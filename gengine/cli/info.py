"""``gengine info``: what is installed. Parse, call, print."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gengine.cli.console import say

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(name="info")
def info(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Version, device, optional parts present, and checkpoints."""
    from gengine.about import about

    facts = about()
    if as_json:
        say(json.dumps(facts, indent=2))
        return
    for key, value in facts.items():
        if isinstance(value, dict):
            say(f"{key}:")
            for name, state in value.items():
                say(f"  {name:<14} {state}")
        else:
            say(f"{key}: {value}")
