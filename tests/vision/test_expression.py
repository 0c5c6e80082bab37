"""Which expression a face shows: rendered ones, which the network never saw."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.errors import FormatError
from gengine.vision import load_faces
from gengine.vision.expression import CHECKPOINT, EXPRESSIONS, Expression

TILE, SIZE = 160, 320
"""Side of a picture on the sheet of emotions, and of what is looked at, px."""


def test_surprise_and_happiness_are_told_from_rest() -> None:
    faces, expression, sheet = load_faces(), Expression(), Image.open("docs/emotions.jpg").convert("RGB")
    chances = []
    for row, column in ((0, 0), (4, 1), (0, 5)):
        cut = sheet.crop((column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE))
        picture = np.asarray(cut.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
        (face,) = faces.read(picture)
        chances.append(expression.of(picture, face.landmarks[0]))
        assert abs(chances[-1].sum() - 1) < 1e-5
    assert [EXPRESSIONS[c.argmax()] for c in chances] == ["neutral", "happiness", "surprise"]


def test_a_damaged_checkpoint_is_refused(tmp_path) -> None:
    config, tensors = load_checkpoint(CHECKPOINT)
    del tensors["fc/bias"]
    with pytest.raises(FormatError, match="bias"):
        Expression(save_checkpoint(tmp_path / "a", config, tensors))
