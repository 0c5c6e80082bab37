"""Optional parts: all that the package declares, what each lacks, and a command that installs it here."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gengine import MissingExtraError, errors, extras


def test_every_extra_of_the_package_is_listed() -> None:
    declared = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert list(extras.extras()) == list(declared)
    assert all("present" in s or "pip install" in s or "Python" in s for s in extras.extras().values())


def test_an_installed_package_asks_its_own_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["numpy>=1", "numpy>=1; extra == 'plain'", "nowhere-to-be-found; extra == 'gone'", "numpy; extra == 'half'",
             "nowhere-to-be-found; extra == 'half'", "numpy; python_version < '3' and extra == 'old'",
             "numpy>=9999; extra == 'newer'"]  # fmt: skip
    named = ["plain", "gone", "half", "old", "newer"]
    monkeypatch.setattr(extras.metadata, "requires", lambda _: lines)
    monkeypatch.setattr(extras.metadata, "metadata", lambda _: type("M", (), {"get_all": lambda *_: named}))
    monkeypatch.setattr(extras, "checkout", lambda: None)
    monkeypatch.setattr(errors, "checkout", lambda: None)
    found = extras.extras()
    assert list(found) == named and found["plain"] == "present"
    assert found["gone"] == "absent: pip install 'gengine[gone]'" and found["newer"].startswith("absent")
    assert found["half"] == "lacks nowhere-to-be-found: pip install 'gengine[half]'"
    assert found["old"].startswith("not for this Python")


def test_the_command_is_true_from_a_checkout_and_from_a_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = Path(__file__).resolve().parents[1]
    monkeypatch.chdir(home)
    assert errors.install_command("usd") == "pip install -e '.[usd]'"
    monkeypatch.chdir(tmp_path)
    assert str(MissingExtraError("USD", "usd")).endswith(f"pip install -e '{home}[usd]'")
    monkeypatch.setattr(errors, "checkout", lambda: None)
    assert str(MissingExtraError("USD", "usd")).endswith("pip install 'gengine[usd]'")


def test_extras_that_errors_name_exist() -> None:
    import ast

    named = set()
    for path in Path("gengine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "MissingExtraError":
                named |= {a.value for a in node.args[1:] if isinstance(a, ast.Constant)}
    assert named and named <= set(extras.extras())
