"""Typed configurations: YAML files hold differences from the defaults, ``key=value`` settings come last."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gengine.errors import FormatError, GengineError

Config = TypeVar("Config", bound=BaseModel)


class EngineConfig(BaseModel):
    """How a performance is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    face: str = "visemes"
    """Face network."""
    body: str = "choreographer"
    """Body network: choreographer, camn, or the folder of a trained checkpoint."""
    hop: float = Field(default=2.0, gt=0, le=10)
    """Seconds made at once; with the networks' look-ahead this is the latency of a live session."""
    body_fps: float = Field(default=30.0, ge=15, le=120)
    face_fps: float = Field(default=60.0, ge=15, le=120)


def load_config(kind: type[Config], path: str | Path | None = None, settings: list[str] | None = None) -> Config:
    """A configuration from an optional YAML file and ``key=value`` settings, both strict about names."""
    values: dict[str, Any] = {}
    if path is not None:
        values = read_yaml(path)
    values |= parse_settings(settings or [])
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        allowed = ", ".join(kind.model_fields)
        value = values.get(str(first["loc"][0])) if first["loc"] else None
        raise GengineError(
            f"configuration: {where} = {value!r}: {first['msg'].lower()} (known keys: {allowed})"
        ) from None


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A YAML mapping; anything else is a ``FormatError`` naming the file and line."""
    import yaml

    path = Path(path)
    try:
        values = yaml.load(path.read_text("utf-8"), _loader())
    except OSError as error:
        raise GengineError(f"configuration {path}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise FormatError(f"configuration {path}{line}: not valid YAML") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise FormatError(f"configuration {path}: expected 'key: value' lines, found {type(values).__name__}")
    return values


def parse_settings(settings: list[str]) -> dict[str, Any]:
    """``key=value`` strings; values are read as YAML (numbers, true, lists, text)."""
    import yaml

    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise GengineError(f"--set {setting}: expected key=value, for example hop=0.5")
        try:
            values[key.strip()] = yaml.load(value, _loader())
        except yaml.YAMLError:
            raise GengineError(f"--set {setting}: the value is not a number, word or list") from None
    return values


@cache
def _loader() -> Any:
    """YAML's safe loader that also reads 1e-3 as a number: YAML 1.1, which PyYAML follows, takes it for a word."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), [*"-+0123456789"]
    )
    return Loader
