"""What a network of others reads in photos that are drawn under six emotions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gengine.errors import GengineError
from gengine.metrics.portrait_expression import evaluate_expressions, photos_of, shown
from gengine.metrics.portrait_films import READ
from gengine.metrics.report import lines

pytest.importorskip("torch")
pytest.importorskip("cv2")
pytest.importorskip("numba")
TILE = 160


def test_a_photo_is_read_under_every_emotion_and_a_wall_is_left_out(tmp_path: Path) -> None:
    tile = Image.open("docs/emotions.jpg").convert("RGB").crop((0, 0, TILE, TILE))
    tile.resize((2 * TILE, 2 * TILE)).save(tmp_path / "anna.png")
    Image.new("RGB", (200, 200), (120, 130, 140)).save(tmp_path / "wall.jpg")
    (tmp_path / "notes.txt").write_text("no photo")
    photos = photos_of(tmp_path)
    assert [p.name for p in photos] == ["anna.png", "wall.jpg"]
    table = evaluate_expressions(photos, ["warp"])
    read = {name: sum(table.value(name, f"read_{e}") for e in READ) for name in ("warp", "photo")}
    assert read["warp"] >= 1 and read["photo"] == 0
    assert table.value("photo", "read_neutral") == 1 and table.value("photo", "grows_happiness") == 0
    assert 0.02 < table.value("warp", "identity_moved") < 0.6  # dlib's border of one person
    assert "wall.jpg" in "\n".join(lines(table))
    with pytest.raises(GengineError, match="none of 1 photos"):
        evaluate_expressions(photos[1:], ["warp"])


def test_strength_nothing_shows_nothing() -> None:
    weights, head, gaze = shown("anger", 0.0)
    assert not weights.any() and not gaze.any() and abs(head[0]) == 1
    np.testing.assert_allclose(shown("anger", 0.5)[0], shown("anger", 1.0)[0] / 2)
