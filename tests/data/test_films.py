"""Films in the layouts in which they are published."""

from __future__ import annotations

from pathlib import Path

import pytest

from gengine.data.films import filmed_clips
from gengine.errors import GengineError


def test_layouts_tell_people_and_emotions(tmp_path: Path) -> None:
    for name in (
        "plain.mkv",
        "anna/talk.mp4",
        "1001_DFA_ANG_HI.flv",
        "Actor_07/01-01-03-02-01-01-07.mp4",
        "Actor_07/03-01-03-02-01-01-07.mp4",
        "M003/video/front/surprised/level_1/001.mp4",
        "M003/video/left_30/surprised/level_1/001.mp4",
        "notes.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = {(c.person, c.emotion, round(c.strength, 2)) for c in filmed_clips(tmp_path)}
    assert found == {
        (tmp_path.name, "neutral", 1.0), ("anna", "neutral", 1.0), ("1001", "anger", 1.0),
        ("actor 07", "happiness", 1.0), ("M003", "surprise", 0.33),
    }  # fmt: skip
    (tmp_path / "none").mkdir()
    with pytest.raises(GengineError, match="no film"):
        filmed_clips(tmp_path / "none")
