"""Whose face it is: one person in two moods is nearer than two people; rendered ones, whom the network never saw."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.errors import FormatError
from gengine.vision import load_faces
from gengine.vision.identity import CHECKPOINT, Identity

TILE, SIZE = 160, 320
"""Side of a picture on the sheet of emotions, and of what is looked at, px."""


def test_a_person_is_nearer_to_themself_than_to_others() -> None:
    faces, identity, sheet = load_faces(), Identity(), Image.open("docs/emotions.jpg").convert("RGB")
    people = []
    for row in range(3):
        moods = []
        for column in (0, 1):
            cut = sheet.crop((column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE))
            picture = np.asarray(cut.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
            (face,) = faces.read(picture)
            moods.append(identity.of(picture, face.landmarks[0]))
        people.append(moods)
    same = [np.linalg.norm(a - b) for a, b in people]
    other = [np.linalg.norm(people[i][0] - people[j][0]) for i in range(3) for j in range(i)]
    assert people[0][0].shape == (128,) and max(same) < min(other), (same, other)


def test_a_damaged_checkpoint_is_refused(tmp_path) -> None:
    config, tensors = load_checkpoint(CHECKPOINT)
    del tensors["fc"]
    with pytest.raises(FormatError, match="fc"):
        Identity(save_checkpoint(tmp_path / "a", config, tensors))


def test_what_is_blurred_looks_less_alike_than_what_is_a_little_brighter() -> None:
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(0, 255, (12, 16, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    soft = np.kron(picture.reshape(6, 8, 8, 8, 3).mean((1, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    pale = np.clip(picture.astype(int) + 6, 0, 255).astype(np.uint8)
    own, brighter, blurred = Identity().looks(np.stack([picture, pale, soft]), np.stack([picture] * 3))
    assert own < 1e-6 < brighter < blurred
