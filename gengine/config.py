"""Typed configurations: YAML files hold differences from the defaults, ``key=value`` settings come last."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gengine.checkpoint import bundled_folders
from gengine.core.look_at import parse_look_at
from gengine.errors import FormatError, GengineError, brief, unknown

Config = TypeVar("Config", bound=BaseModel)


class EngineConfig(BaseModel):
    """How a performance is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    face: str = "visemes"
    """Face network: visemes, a2m, auto (a2m where no words are known), the folder of a trained checkpoint, or the face
    that a film shows: capture, capture:2 …."""
    body: str = "choreographer"
    """Body network: choreographer, camn, or the folder of a trained checkpoint."""
    words: str = "auto"
    """Who hears the words of a recording without a transcript: auto, whisper, whisper:MODEL, or none (sounds alone)."""
    hop: float = Field(default=2.0, gt=0, le=10)
    """Seconds made at once; with the networks' look-ahead this is the latency of a live session."""
    latency: float | None = Field(default=None, ge=0.1, le=10)
    """Seconds of sound after the beginning of a hop with which its face and body are made, whatever is known by then
    (a multiple of 0.05, at least the hop); none: all that the networks may ask for is waited for."""
    hears: bool = True
    """Whether phones are heard in the sound where no words are known; else lips follow known words alone."""
    phones: str = "phones-v2"
    """The checkpoint that hears them where no ``latency`` presses; phones-v1 takes a fifth of its time and hears
    unfamiliar voices less well."""
    body_fps: float = Field(default=30.0, ge=15, le=120)
    """Frames of the body in a second."""
    face_fps: float = Field(default=60.0, ge=15, le=120)
    """Frames of the face in a second."""
    calm: float = Field(default=0.0, ge=0, le=1)
    """From 0 to 1, how much smaller and rarer body and head move than the speaker usually would."""
    look_at: str = "listener"
    """Whom the eyes rest on: listener, camera, none (the eyes go along with the head), or x,y,z in metres."""

    @field_validator("look_at")
    @classmethod
    def _a_place(cls, said: str) -> str:
        parse_look_at(said)
        return said


def load_config(kind: type[Config], path: str | Path | None = None, settings: list[str] | None = None) -> Config:
    """A configuration from an optional YAML file and ``key=value`` settings, both strict about names.

    ``path`` is a file or the name of a bundled configuration. Raises ``GengineError`` for what ``kind`` does not allow.
    """
    values: dict[str, Any] = {}
    if path is not None:
        path = find_config("engine", path)
        values = read_yaml(path)
    return checked(kind, values | parse_settings(settings or []), f"configuration {path}" if path else "configuration")


def checked(kind: type[Config], values: dict[str, Any], what: str = "configuration") -> Config:
    """``values`` as a ``kind``; an unknown key or a value out of range is a ``GengineError`` that lists what is
    allowed, and begins with ``what``."""
    try:
        return kind(**values)
    except ValidationError as error:
        first: Any = error.errors()[0]
        raise _explained(kind, values, what, first) from None


def _explained(kind: type[BaseModel], values: dict[str, Any], what: str, first: dict[str, Any]) -> GengineError:
    """What is wrong with a configuration, from the ``first`` thing that pydantic found."""
    where = ".".join(str(p) for p in first["loc"])
    key = str(first["loc"][0]) if first["loc"] else ""
    value = values.get(key)
    if first["type"] == "extra_forbidden":
        return unknown(f"{what}: key", where, kind.model_fields)
    if key in kind.model_fields and value is None:
        about = kind.model_fields[key].description
        return GengineError(
            f"{what}: {where} is missing{f': {about}' if about else ''}; name it in the file or with --set {where}=…"
        )
    if "expected" in first.get("ctx", {}):
        reason = "choose from " + first["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
    else:
        reason = first["msg"].removeprefix("Value error, ")
        reason = reason[:1].lower() + reason[1:]
    return GengineError(f"{what}: {where} = {brief(value)}: {reason}")


def bundled_configs(kind: str) -> list[str]:
    """Names of the configurations that come with gengine; ``kind`` is "train" or "engine"."""
    return sorted({p.stem for folder in bundled_folders(f"configs/{kind}") for p in folder.glob("*.yaml")})


def find_config(kind: str, name_or_path: str | Path) -> Path:
    """The file of a configuration: a path, or the name of a bundled one (``kind`` "train": "camn-synthetic").

    Raises ``GengineError`` that lists the bundled names where there is neither.
    """
    path = Path(name_or_path)
    if os.path.isfile(path):  # a name that no file can have is none
        return path
    if path.name == str(name_or_path):
        for folder in bundled_folders(f"configs/{kind}"):
            if (found := folder / f"{path.name.removesuffix('.yaml')}.yaml").is_file():
                return found
    raise unknown("configuration", name_or_path, bundled_configs(kind), "or give a YAML file")


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A YAML mapping; anything else is a ``FormatError`` naming the file and line."""
    import yaml

    from gengine.core import bounds

    path = Path(path)
    data = bounds.read_bounded(path, bounds.CONFIG_BYTES, "give a configuration's YAML file")
    try:
        values = _yaml(data.decode("utf-8"))
    except (yaml.YAMLError, *bounds.FOREIGN) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise FormatError(f"configuration {path}{line}: not valid YAML") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise FormatError(f"configuration {path}: expected 'key: value' lines, found {type(values).__name__}")
    if strange := [key for key in values if not isinstance(key, str)]:
        raise FormatError(f"configuration {path}: the key {strange[0]!r:.40} is no word, expected 'key: value' lines")
    return values


def parse_settings(settings: list[str]) -> dict[str, Any]:
    """``key=value`` strings; values are read as YAML (numbers, true, lists, text)."""
    values: dict[str, Any] = {}
    if not settings:
        return values
    import yaml

    from gengine.core import bounds

    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise GengineError(f"--set {setting}: expected key=value, for example hop=0.5")
        try:
            values[key.strip()] = _yaml(value)
        except (yaml.YAMLError, *bounds.FOREIGN):
            raise GengineError(f"--set {setting}: the value is not a number, word or list") from None
    return values


def _yaml(text: str) -> Any:
    """What YAML says, at most ``NESTING`` deep, without the anchors by which a few lines become gigabytes."""
    import yaml

    from gengine.core import bounds

    depth = 0
    for event in yaml.parse(text, _loader()):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("anchors are not read")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > bounds.NESTING:
            raise ValueError(f"lists nest deeper than {bounds.NESTING}")
    return yaml.load(text, _loader())


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
