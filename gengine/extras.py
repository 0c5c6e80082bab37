"""The optional parts of the package: which there are, by its own metadata, and which are installed."""

from __future__ import annotations

from importlib import metadata

from packaging.requirements import Requirement

from gengine.errors import checkout, install_command


def extras() -> dict[str, str]:
    """Every extra with ``present``, or what it lacks and the command that installs it."""
    return {extra: _state(extra, needed) for extra, needed in _declared().items()}


def _declared() -> dict[str, list[Requirement]]:
    """Requirements by extra: those of a checkout's pyproject.toml, else of the installed package."""
    home = checkout()
    if home is not None:
        import tomllib

        table = tomllib.loads((home / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
        return {extra: [Requirement(line) for line in lines] for extra, lines in table.items()}
    found = metadata.metadata("gengine").get_all("Provides-Extra") or []
    needed = [Requirement(line) for line in metadata.requires("gengine") or []]
    return {extra: [r for r in needed if r.marker and "extra" in str(r.marker) and _asked(r, extra)] for extra in found}


def _asked(requirement: Requirement, extra: str) -> bool:
    """Whether a requirement of the package's metadata belongs to an extra, on some Python or other."""
    return f'extra == "{extra}"' in str(requirement.marker)


def _state(extra: str, needed: list[Requirement]) -> str:
    here = [r for r in needed if r.marker is None or r.marker.evaluate({"extra": extra})]
    if needed and not here:
        return f"not for this Python ({needed[0]})"
    lacking = [r for r in here if not _installed(r)]
    if not lacking:
        return "present"
    state = "absent" if len(lacking) == len(here) else f"lacks {', '.join(r.name for r in lacking)}"
    return f"{state}: {install_command(extra)}"


def _installed(requirement: Requirement) -> bool:
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)
