"""A run loads what it needs: no transcript code without a transcript, no reader of another kind with one."""

from __future__ import annotations

import subprocess
import sys

import pytest

RUN = """
import sys
import numpy as np
import gengine
from gengine.core.audio import AudioClip

sound = (0.1 * np.random.default_rng(0).standard_normal(16_000)).astype(np.float32)
gengine.animate(AudioClip(sound), "happy", text={text!r})
print(*sorted(m for m in sys.modules if m.startswith("gengine.inputs.") or "." not in m))
"""

WORDS = "This is what you and I have said to them."


@pytest.mark.parametrize(
    ("text", "loaded", "spared"),
    [
        (None, (), ("align", "forced", "language", "text", "transcript", "letters", "subtitles")),
        (WORDS, ("align", "text"), ("textgrid", "timed_json", "subtitles", "foreign", "encoding")),
    ],
)
def test_loaded(text: str | None, loaded: tuple[str, ...], spared: tuple[str, ...]) -> None:
    code = RUN.format(text=text)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert {f"gengine.inputs.{name}" for name in loaded} <= modules
    unwanted = {f"gengine.inputs.{name}" for name in spared}
    assert not modules & (unwanted | {"pysubs2", "num2words", "py3langid"})
